package io.dragonfly.daemon.download;

import java.time.Duration;

/**
 * How a download that succeeded went: the bytes asked for, by where they came from, and the time.
 */
public record DownloadSummary(ByteCounts bytes, Duration duration) {}
