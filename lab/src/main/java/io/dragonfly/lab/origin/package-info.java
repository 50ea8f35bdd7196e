/**
 * An HTTP origin under the control of a test: it counts what it sends and misbehaves on demand.
 * Front door {@link io.dragonfly.lab.origin.LabOrigin}; one virtual thread for each connection.
 */
@NullMarked
package io.dragonfly.lab.origin;

import org.jspecify.annotations.NullMarked;
