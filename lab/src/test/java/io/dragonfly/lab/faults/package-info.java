/**
 * Faults and bad input against real daemon processes; {@link io.dragonfly.lab.faults.Fault} is the
 * table.
 */
@NullMarked
package io.dragonfly.lab.faults;

import org.jspecify.annotations.NullMarked;
