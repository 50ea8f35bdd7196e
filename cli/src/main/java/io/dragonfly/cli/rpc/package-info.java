/**
 * The same download over gRPC, for a daemon that does not speak the line protocol (upstream's). The
 * only place in this module that knows proto types; it is loaded, and Netty with it, only when it
 * is needed.
 */
@NullMarked
package io.dragonfly.cli.rpc;

import org.jspecify.annotations.NullMarked;
