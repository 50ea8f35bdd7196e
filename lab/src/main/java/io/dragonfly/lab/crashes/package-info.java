/**
 * A daemon that is killed again and again while it downloads, and what its store is worth
 * afterwards. {@link io.dragonfly.lab.crashes.CrashesCommand} is the front door.
 */
@NullMarked
package io.dragonfly.lab.crashes;

import org.jspecify.annotations.NullMarked;
