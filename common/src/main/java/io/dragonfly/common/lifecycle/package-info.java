/**
 * Starting, cancelling and stopping. A composition root owns one {@link
 * io.dragonfly.common.lifecycle.Closer}; whatever waits or holds a socket listens to a {@link
 * io.dragonfly.common.lifecycle.Cancellation}; a program's {@code main} hands its role to {@link
 * io.dragonfly.common.lifecycle.ServerMain}. All types may be used from any thread.
 */
@NullMarked
package io.dragonfly.common.lifecycle;

import org.jspecify.annotations.NullMarked;
