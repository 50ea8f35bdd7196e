/**
 * Addresses, the rings that map a task to one of them, and URLs fit for a log.
 *
 * <p>The rings agree bit for bit with upstream's, since all members of a cluster must choose alike.
 * Immutable values, any thread.
 */
@NullMarked
package io.dragonfly.common.net;

import org.jspecify.annotations.NullMarked;
