/**
 * Writes a download to the file its caller named: under a temporary name in the same directory,
 * piece by piece as they come in, and under its own name only when it is whole. {@link
 * io.dragonfly.daemon.output.OutputFile} is the front door; {@code rpc} and {@code local} call it.
 * Each file that is being written has one virtual thread that copies inside the kernel.
 */
@NullMarked
package io.dragonfly.daemon.output;

import org.jspecify.annotations.NullMarked;
