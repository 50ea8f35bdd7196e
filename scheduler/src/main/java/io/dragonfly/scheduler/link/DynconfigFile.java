package io.dragonfly.scheduler.link;

import static java.util.Objects.requireNonNullElse;

import io.dragonfly.scheduler.swarm.SwarmLimits;
import io.dragonfly.scheduler.swarm.SwarmLimits.ApplicationPriority;
import io.dragonfly.scheduler.swarm.SwarmLimits.UrlPriority;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The local file with the dynamic configuration: upstream's keys, matched in any case. The last
 * three are for daemons, who may read the same file.
 */
record DynconfigFile(
    List<Application> applications,
    SeedPeerCluster seedPeerClusterConfig,
    SchedulerCluster schedulerClusterConfig,
    Clients schedulerClusterClientConfig,
    @Nullable Object scheduler,
    @Nullable Object clientConfig,
    @Nullable Object seedClientConfig) {

  /** What is written when there is no file. */
  static final String DEFAULTS =
      """
      # Read again every dynConfig.refreshInterval of the scheduler.

      # Priorities of applications: 0 to 6, for all URLs or for those that a pattern is found in.
      # - name: registry
      #   priority:
      #     value: 0
      #     urls:
      #       - regex: blobs/sha256.*
      #         value: 3
      applications: []

      # Children a seed, and a normal host, serves at once.
      seedPeerClusterConfig:
        loadLimit: 2000
      schedulerClusterClientConfig:
        loadLimit: 200

      # Parents of a child, and candidates that are looked at for one decision.
      schedulerClusterConfig:
        candidateParentLimit: 4
        filterParentLimit: 15
      """;

  private static final SwarmLimits USUAL = SwarmLimits.defaults();

  DynconfigFile {
    applications = applications == null ? List.of() : List.copyOf(applications);
    seedPeerClusterConfig =
        seedPeerClusterConfig == null
            ? new SeedPeerCluster(USUAL.seedSlots())
            : seedPeerClusterConfig;
    schedulerClusterConfig =
        schedulerClusterConfig == null
            ? new SchedulerCluster(USUAL.candidateParents(), USUAL.filterParents())
            : schedulerClusterConfig;
    schedulerClusterClientConfig =
        schedulerClusterClientConfig == null
            ? new Clients(USUAL.clientSlots())
            : schedulerClusterClientConfig;
  }

  SwarmLimits limits() {
    return new SwarmLimits(
        schedulerClusterConfig.candidateParentLimit(),
        schedulerClusterConfig.filterParentLimit(),
        schedulerClusterClientConfig.loadLimit(),
        seedPeerClusterConfig.loadLimit(),
        applications.stream().map(Application::priorities).toList());
  }

  /** Children of a seed. */
  record SeedPeerCluster(Integer loadLimit) {
    SeedPeerCluster {
      loadLimit = bounded("loadLimit", requireNonNullElse(loadLimit, USUAL.seedSlots()), 1, 50_000);
    }
  }

  /** Children of a normal host. */
  record Clients(Integer loadLimit) {
    Clients {
      loadLimit = bounded("loadLimit", requireNonNullElse(loadLimit, USUAL.clientSlots()), 1, 2000);
    }
  }

  /** How parents are chosen. */
  record SchedulerCluster(Integer candidateParentLimit, Integer filterParentLimit) {
    SchedulerCluster {
      candidateParentLimit =
          bounded(
              "candidateParentLimit",
              requireNonNullElse(candidateParentLimit, USUAL.candidateParents()),
              1,
              20);
      filterParentLimit =
          bounded(
              "filterParentLimit",
              requireNonNullElse(filterParentLimit, USUAL.filterParents()),
              10,
              1000);
    }
  }

  /** An application, by the name that downloads carry. */
  record Application(String name, @Nullable Priority priority) {
    Application {
      if (name == null || name.isBlank()) {
        throw new IllegalArgumentException("name: an application needs one");
      }
    }

    ApplicationPriority priorities() {
      return priority == null
          ? new ApplicationPriority(name, 0, List.of())
          : new ApplicationPriority(
              name,
              priority.value().value(),
              priority.urls().stream()
                  .map(url -> new UrlPriority(url.regex(), url.value().value()))
                  .toList());
    }
  }

  /** The priority of an application. */
  record Priority(Level value, List<Url> urls) {
    Priority {
      value = value == null ? new Level(0) : value;
      urls = urls == null ? List.of() : List.copyOf(urls);
    }
  }

  /** The priority of some URLs of an application. */
  record Url(Pattern regex, Level value) {
    Url {
      if (regex == null) {
        throw new IllegalArgumentException("regex: a pattern is needed");
      }
      value = value == null ? new Level(0) : value;
    }
  }

  /** A priority: 0 to 6, also written LEVEL0 to LEVEL6. */
  record Level(int value) {
    static Level parse(String text) {
      String digits = text.startsWith("LEVEL") ? text.substring("LEVEL".length()) : text;
      if (digits.length() != 1 || digits.charAt(0) < '0' || digits.charAt(0) > '6') {
        throw new IllegalArgumentException(
            "priority '" + text + "' is not valid: write 0 to 6, or LEVEL0 to LEVEL6");
      }
      return new Level(digits.charAt(0) - '0');
    }
  }

  private static int bounded(String key, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(key + ": " + value + " is not in " + least + ".." + most);
    }
    return value;
  }
}
