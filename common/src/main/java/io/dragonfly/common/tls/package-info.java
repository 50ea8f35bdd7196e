/**
 * TLS between the programs of a cluster, from PEM files as upstream's configuration names them, and
 * the authority that certifies the hosts for which a proxy answers. Contexts are immutable and
 * shared by all threads.
 */
@NullMarked
package io.dragonfly.common.tls;

import org.jspecify.annotations.NullMarked;
