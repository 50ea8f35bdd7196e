/**
 * The port that other programs use without knowing of Dragonfly: a mirror of registries and a
 * forward proxy. The front door is {@link io.dragonfly.daemon.proxy.ProxyServer}.
 *
 * <p>Netty reads and writes HTTP on the event loops; each request is answered on a virtual thread
 * of its own, which blocks where the client or the origin is slow.
 */
@NullMarked
package io.dragonfly.daemon.proxy;

import org.jspecify.annotations.NullMarked;
