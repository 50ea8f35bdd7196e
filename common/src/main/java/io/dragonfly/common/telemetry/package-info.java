/**
 * What an operator sees of a role: {@link io.dragonfly.common.telemetry.Metrics} and {@link
 * io.dragonfly.common.telemetry.MetricsServer}, {@link io.dragonfly.common.telemetry.HealthServer},
 * and {@link io.dragonfly.common.telemetry.Logging} for the program as a whole. Metrics may be
 * counted from any thread; the servers have two threads each and answer within bounds.
 */
@NullMarked
package io.dragonfly.common.telemetry;

import org.jspecify.annotations.NullMarked;
