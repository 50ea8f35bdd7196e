/**
 * A network of hosts on one machine: {@link io.dragonfly.lab.shaped.ShapedNetwork} makes a network
 * namespace for each host, joins them by a bridge in one more, and shapes both directions of each
 * link by a token bucket. Needs root on Linux, and iproute2. Nothing outside these namespaces is
 * changed. Used from one thread; {@code close} may be called from a shutdown hook.
 */
@NullMarked
package io.dragonfly.lab.shaped;

import org.jspecify.annotations.NullMarked;
