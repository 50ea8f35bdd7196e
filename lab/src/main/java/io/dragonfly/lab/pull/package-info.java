/**
 * A cold pull: what a registry mirror adds to the time in which one client gets a layer that no
 * host has yet, in a shaped network. {@link io.dragonfly.lab.pull.PullCommand} reads the command
 * line, {@link io.dragonfly.lab.pull.PullRun} goes through it.
 */
@NullMarked
package io.dragonfly.lab.pull;

import org.jspecify.annotations.NullMarked;
