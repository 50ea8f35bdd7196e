/**
 * Names of tasks, hosts and peers, and how a task's name follows from what is asked for.
 *
 * <p>Every process uses them; the names must come out the same as upstream's, or two peers that
 * want the same content do not find each other. Values only: no state, any thread.
 */
@NullMarked
package io.dragonfly.common.id;

import org.jspecify.annotations.NullMarked;
