/**
 * The program as it is shipped: {@link io.dragonfly.dist.Main} with every role as a subcommand,
 * what runs several roles in one process ({@link io.dragonfly.dist.LocalCluster}, standalone,
 * demo), and the training from which the JVM's cache of prepared classes is made. Called by the
 * scripts in {@code bin/}.
 */
@NullMarked
package io.dragonfly.dist;

import org.jspecify.annotations.NullMarked;
