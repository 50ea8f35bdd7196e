/**
 * What the scheduler learns from outside its swarm. {@link io.dragonfly.scheduler.link.Dynconfig}
 * reads the dynamic configuration from a local file, on a thread of its own; used by the
 * composition root.
 */
@NullMarked
package io.dragonfly.scheduler.link;

import org.jspecify.annotations.NullMarked;
