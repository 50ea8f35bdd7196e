/**
 * The shaped swarm: ours and its rivals distribute the same content in the same shaped network, one
 * after the other, and one table compares them with what the links allow. {@link
 * io.dragonfly.lab.swarm.SwarmCommand} reads the command line, {@link
 * io.dragonfly.lab.swarm.SwarmRun} goes through it.
 */
@NullMarked
package io.dragonfly.lab.swarm;

import org.jspecify.annotations.NullMarked;
