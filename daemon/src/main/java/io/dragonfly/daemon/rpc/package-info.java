/**
 * Everything of this daemon that speaks gRPC: the services on the unix socket and on the upload
 * port, the links to schedulers (one adapter for ours, one for a Go scheduler), the following of
 * parents, and the calls to schedulers and manager. Protocol messages appear here and nowhere else.
 *
 * <p>The composition root wires these classes to the interfaces of {@code link}, {@code download}
 * and {@code local}. Control streams run on the event loop and never block; a download's answers
 * are written by one virtual thread for each call.
 */
@NullMarked
package io.dragonfly.daemon.rpc;

import org.jspecify.annotations.NullMarked;
