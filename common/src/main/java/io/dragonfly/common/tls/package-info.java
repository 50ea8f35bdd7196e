/**
 * TLS between the programs of a cluster, from PEM files as upstream's configuration names them.
 * Called by composition roots when they start; contexts are immutable and shared by all threads.
 */
@NullMarked
package io.dragonfly.common.tls;

import org.jspecify.annotations.NullMarked;
