/**
 * Reading content where it comes from: one {@link io.dragonfly.daemon.source.Source} per kind of
 * origin, found by the scheme of the URL through {@link io.dragonfly.daemon.source.Sources}.
 *
 * <p>Called by {@code download} (a seed or a peer that goes to the origin) and by the command line
 * tools that download without a daemon. Everything blocks: call it from virtual threads or from
 * bounded workers. A {@link io.dragonfly.daemon.source.Source} may be used by any number of
 * threads; one {@link io.dragonfly.daemon.source.OriginResponse} belongs to one thread, and its
 * request's cancellation may come from any other.
 */
@NullMarked
package io.dragonfly.daemon.source;

import org.jspecify.annotations.NullMarked;
