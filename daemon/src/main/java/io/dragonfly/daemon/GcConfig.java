package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.dragonfly.common.config.ByteSize;
import io.dragonfly.daemon.storage.GcPolicy;
import java.time.Duration;

/** {@code gc.policy}: how long content stays and how full the disk may become. */
// Absent keys arrive as null and leave as defaults.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record GcConfig(
    @JsonProperty("taskTTL") Duration taskTtl,
    @JsonProperty("persistentTaskTTL") Duration persistentTaskTtl,
    @JsonProperty("persistentCacheTaskTTL") Duration persistentCacheTaskTtl,
    Duration pageCacheIdleTimeout,
    @JsonAlias("distThreshold") ByteSize diskThreshold,
    @JsonAlias("distHighThresholdPercent") Integer diskHighThresholdPercent,
    @JsonAlias("distLowThresholdPercent") Integer diskLowThresholdPercent) {

  static final GcConfig DEFAULT = new GcConfig(null, null, null, null, null, null, null);

  public GcConfig {
    taskTtl = Bounds.duration("taskTTL", taskTtl, Duration.ofDays(30));
    persistentTaskTtl = Bounds.duration("persistentTaskTTL", persistentTaskTtl, Duration.ofDays(1));
    persistentCacheTaskTtl =
        Bounds.duration("persistentCacheTaskTTL", persistentCacheTaskTtl, Duration.ofDays(1));
    pageCacheIdleTimeout =
        Bounds.duration("pageCacheIdleTimeout", pageCacheIdleTimeout, Duration.ofMinutes(40));
    diskThreshold = requireNonNullElse(diskThreshold, new ByteSize(0));
    diskHighThresholdPercent = requireNonNullElse(diskHighThresholdPercent, 80);
    diskLowThresholdPercent = requireNonNullElse(diskLowThresholdPercent, 60);
    Bounds.check("diskHighThresholdPercent", diskHighThresholdPercent, 1, 99);
    Bounds.check("diskLowThresholdPercent", diskLowThresholdPercent, 1, 99);
    if (diskLowThresholdPercent > diskHighThresholdPercent) {
      throw new IllegalArgumentException(
          "diskLowThresholdPercent: "
              + diskLowThresholdPercent
              + " is above diskHighThresholdPercent "
              + diskHighThresholdPercent);
    }
  }

  GcPolicy forStore() {
    return new GcPolicy(
        taskTtl,
        persistentTaskTtl,
        persistentCacheTaskTtl,
        diskHighThresholdPercent,
        diskLowThresholdPercent);
  }
}
