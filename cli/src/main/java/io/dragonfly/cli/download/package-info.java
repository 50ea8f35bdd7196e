/**
 * How content gets from a daemon, or from the origin when there is none, into the user's file:
 * {@link io.dragonfly.cli.download.DaemonClient} and {@link
 * io.dragonfly.cli.download.DirectDownload}. A file appears under its name only when it is whole
 * and verified ({@link io.dragonfly.cli.download.PartialFile}).
 *
 * <p>Called by {@code Dfget} and by the gRPC client in {@code rpc}. Blocking; a client belongs to
 * one thread, except that any thread may close it, which ends the download.
 */
@NullMarked
package io.dragonfly.cli.download;

import org.jspecify.annotations.NullMarked;
