package io.dragonfly.daemon.download;

import io.dragonfly.daemon.source.OriginException;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Why a read of the origin ended early.
 *
 * @param retryable the same request may succeed later
 */
public record OriginProblem(
    OriginException.Kind kind,
    OptionalInt status,
    Map<String, String> headers,
    String message,
    boolean retryable) {}
