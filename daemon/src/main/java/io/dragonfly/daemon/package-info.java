/**
 * The peer daemon: the composition root {@link io.dragonfly.daemon.Daemon}, its configuration and
 * its program. Called by the launcher, the demo and tests; several daemons run in one process. The
 * constructor only wires, {@code start} opens sockets and threads, {@code close} undoes it in
 * reverse.
 */
@NullMarked
package io.dragonfly.daemon;

import org.jspecify.annotations.NullMarked;
