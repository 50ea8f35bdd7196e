package io.dragonfly.daemon.link;

import io.dragonfly.common.config.ByteSize;
import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.config.Keys;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the cluster's dynamic configuration tells its hosts: {@code clientConfig} of the local file
 * or of the manager, for seeds {@code seedClientConfig}. The rates are keys of ours, at the paths
 * and in the syntax of {@code dfdaemon.yaml}, over which they go; one that is absent leaves the
 * file's.
 *
 * <pre>
 * download: {bandwidthLimit: 1GiB, backToSourceBandwidthLimit: 100MiB}
 * upload: {bandwidthLimit: 1GiB}
 * proxy: {prefetchBandwidthLimit: 50MiB}
 * blockList: ...              # upstream's
 * </pre>
 */
// Absent keys arrive as null.
@SuppressWarnings({"NullAway", "NullOptional", "NullableOptional"})
public record ClusterRates(
    Download download, Upload upload, Proxy proxy, Optional<Map<String, Object>> blockList) {
  /** Says nothing. */
  public static final ClusterRates NONE = new ClusterRates(null, null, null, null);

  public ClusterRates {
    download = Objects.requireNonNullElse(download, new Download(null, null));
    upload = Objects.requireNonNullElse(upload, new Upload(null));
    proxy = Objects.requireNonNullElse(proxy, new Proxy(null));
    blockList = present(blockList);
  }

  /**
   * Reads the manager's JSON, which YAML includes.
   *
   * @throws ConfigException says what is wrong
   */
  public static ClusterRates parse(String json, String name) throws ConfigException {
    return json.isBlank()
        ? NONE
        : ConfigLoader.parse(json, name, ClusterRates.class, Keys.EXACT).value();
  }

  /** Bytes per second, of everything that comes in and of what is read at origins. */
  public record Download(
      Optional<ByteSize> bandwidthLimit, Optional<ByteSize> backToSourceBandwidthLimit) {
    public Download {
      bandwidthLimit = checked("bandwidthLimit", bandwidthLimit);
      backToSourceBandwidthLimit =
          checked("backToSourceBandwidthLimit", backToSourceBandwidthLimit);
    }
  }

  /** Bytes per second served to other hosts. */
  public record Upload(Optional<ByteSize> bandwidthLimit) {
    public Upload {
      bandwidthLimit = checked("bandwidthLimit", bandwidthLimit);
    }
  }

  /** Bytes per second of what nobody waits for yet. */
  public record Proxy(Optional<ByteSize> prefetchBandwidthLimit) {
    public Proxy {
      prefetchBandwidthLimit = checked("prefetchBandwidthLimit", prefetchBandwidthLimit);
    }
  }

  private static Optional<ByteSize> checked(String key, @Nullable Optional<ByteSize> rate) {
    Optional<ByteSize> given = present(rate);
    if (given.isPresent() && given.get().bytes() < 1) {
      throw new IllegalArgumentException(
          key + ": " + given.get().bytes() + " is not at least 1 byte per second");
    }
    return given;
  }

  private static <T> Optional<T> present(@Nullable Optional<T> value) {
    return value == null ? Optional.empty() : value;
  }
}
