/**
 * Figures that are measured by hand, each as a ratio against a peer or a limit of the same run:
 * {@code dragonfly lab figures}. The programs are those of the distribution, started by its
 * scripts; CPU time is the kernel's accounting of their processes. Nothing here is part of a test.
 */
@NullMarked
package io.dragonfly.lab.figures;

import org.jspecify.annotations.NullMarked;
