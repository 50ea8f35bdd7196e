/**
 * {@code dragonfly setup}: writes the configuration of clients so that they ask this host's daemon.
 */
@NullMarked
package io.dragonfly.cli.setup;

import org.jspecify.annotations.NullMarked;
