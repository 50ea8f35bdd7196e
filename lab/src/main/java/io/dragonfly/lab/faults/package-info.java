/**
 * Faults and bad input against real processes. {@link io.dragonfly.lab.faults.Fault} is the table
 * of what may happen and how long a download may then take. {@link
 * io.dragonfly.lab.faults.FaultsCommand} lets the cases of {@link
 * io.dragonfly.lab.faults.FaultCase} happen to swarms in a shaped network; the tests of this
 * package let more of them happen on loopback.
 */
@NullMarked
package io.dragonfly.lab.faults;

import org.jspecify.annotations.NullMarked;
