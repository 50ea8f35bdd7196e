/**
 * A whole swarm in one thread: the deciding classes of scheduler and daemon, which are the ones
 * that production runs, on a virtual clock and a fluid network, with everything that goes wrong
 * drawn from a seed. The front door is {@link io.dragonfly.lab.sim.SimulateCommand}.
 */
@NullMarked
package io.dragonfly.lab.sim;

import org.jspecify.annotations.NullMarked;
