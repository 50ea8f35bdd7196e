/**
 * A swarm that downloads for a long time while hosts come and go, and whether its programs grow:
 * {@code dragonfly lab soak}.
 */
@NullMarked
package io.dragonfly.lab.soak;

import org.jspecify.annotations.NullMarked;
