/**
 * The unix socket on which users of this machine ask for downloads. One socket serves two protocols
 * told apart by the first byte: gRPC, handed to Netty, and the line protocol of {@link
 * io.dragonfly.daemon.local.LineRequest}. The front door is {@link
 * io.dragonfly.daemon.local.LocalServer}. One virtual thread accepts; each connection is looked at,
 * and each line conversation held, on a virtual thread of its own.
 */
@NullMarked
package io.dragonfly.daemon.local;

import org.jspecify.annotations.NullMarked;
