/**
 * Stand-ins for the upstream programs, strict where the real ones are strict: a manager, a
 * scheduler and a peer daemon (child, parent and seed), with a dfget for the unix socket. Tests put
 * them on either side of ours. They are written from the observable behaviour of upstream and share
 * no code with the modules that they test. Each runs its own threads; what breaks a rule of
 * upstream is collected in {@link io.dragonfly.lab.upstream.Violations}.
 */
@NullMarked
package io.dragonfly.lab.upstream;

import org.jspecify.annotations.NullMarked;
