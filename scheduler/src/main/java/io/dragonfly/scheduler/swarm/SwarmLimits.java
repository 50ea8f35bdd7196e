package io.dragonfly.scheduler.swarm;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the dynamic configuration says; it changes while the scheduler runs.
 *
 * @param candidateParents parents of a child, 1..20
 * @param filterParents candidates that are looked at for one decision, 10..1000
 * @param clientSlots children a normal host serves at once, over all tasks
 * @param seedSlots the same for a seed
 */
public record SwarmLimits(
    int candidateParents,
    int filterParents,
    int clientSlots,
    int seedSlots,
    List<ApplicationPriority> applications) {
  /**
   * The priority of an application's downloads: the value of the first URL pattern that is found in
   * the URL, else the application's.
   */
  public record ApplicationPriority(String name, int priority, List<UrlPriority> urls) {
    public ApplicationPriority {
      urls = List.copyOf(urls);
    }
  }

  public record UrlPriority(Pattern url, int priority) {}

  public SwarmLimits {
    check("candidateParentLimit", candidateParents, 1, 20);
    check("filterParentLimit", filterParents, 10, 1000);
    check("client loadLimit", clientSlots, 1, 2000);
    check("seed loadLimit", seedSlots, 1, 50_000);
    applications = List.copyOf(applications);
  }

  public static SwarmLimits defaults() {
    return new SwarmLimits(4, 15, 200, 2000, List.of());
  }

  int slots(boolean seed) {
    return seed ? seedSlots : clientSlots;
  }

  /** The download's own priority, or its application's when it has none (LEVEL0). */
  int priority(DownloadSpec download) {
    if (download.priority() != 0) {
      return download.priority();
    }
    Optional<ApplicationPriority> application =
        applications.stream()
            .filter(candidate -> candidate.name().equals(download.application().orElse("")))
            .findFirst();
    if (application.isEmpty()) {
      return 0;
    }
    return application.get().urls().stream()
        .filter(url -> url.url().matcher(download.url()).find())
        .findFirst()
        .map(UrlPriority::priority)
        .orElse(application.get().priority());
  }

  private static void check(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " is " + value + ", allowed is " + least + ".." + most);
    }
  }
}
