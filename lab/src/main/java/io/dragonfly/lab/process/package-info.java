/**
 * Real programs as child processes: {@link io.dragonfly.lab.process.ProcessCluster} starts a
 * scheduler, a seed and peers, each a JVM of its own with a configuration file in upstream's words,
 * and can kill, stop and restart them one by one. Tests and measurements use it from one thread.
 */
@NullMarked
package io.dragonfly.lab.process;

import org.jspecify.annotations.NullMarked;
