package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.List;

/** What has to be in the daemon's own configuration for content that is no registry's mirror's. */
final class Rules {
  private Rules() {}

  /** For the blobs of registries that are asked by https through the daemon. */
  static String forBlobs(List<Wish.Registry> registries) {
    List<String> rules = new ArrayList<>();
    for (Wish.Registry registry : registries) {
      if (registry.tls()) {
        rules.add("{regex: '^" + escaped(registry.url()) + "/v2/.*/blobs/'}");
      }
    }
    return note(rules);
  }

  /**
   * For a rule list.
   *
   * @param rules such as <code>{regex: '...'}</code>
   */
  static String note(List<String> rules) {
    return "The daemon's configuration (dfdaemon.yaml) needs proxy: {rules: ["
        + String.join(", ", rules)
        + "]}. It is not written here: a rule decides for all who use that daemon, which may be"
        + " another host's, and counts from its restart on.";
  }

  /** As a part of a regular expression that stands for itself. */
  static String escaped(String text) {
    return text.replace(".", "\\.");
  }
}
