/**
 * Downloads of tasks on this host. Downloads is the front door; each task that is being fetched has
 * one TaskDownload, which decides (which piece from which parent, when to leave one, when to read
 * the origin), and one RunningDownload, which does what was decided.
 *
 * <p>Called by {@code rpc}, {@code local} and {@code proxy}. TaskDownload and its parts have no
 * threads, clocks or sockets: events and the time go in, actions come out. A RunningDownload feeds
 * it from one mailbox on a virtual thread; piece transfers run on a bounded pool of platform
 * threads, origin reads on virtual threads.
 */
@NullMarked
package io.dragonfly.daemon.download;

import org.jspecify.annotations.NullMarked;
