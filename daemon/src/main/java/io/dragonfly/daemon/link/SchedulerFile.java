package io.dragonfly.daemon.link;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.net.HostPort;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The local dynconfig file.
 *
 * <pre>
 * scheduler:
 *   addr: NAME:PORT           # every address of the name is a scheduler
 *   addrs: ["IP:PORT", ...]   # instead of addr
 * clientConfig: {}            # {@link ClusterRates} of normal hosts
 * seedClientConfig: {}        # and of seeds
 * </pre>
 *
 * Names are resolved at each reading, IPv4 preferred. The block lists that upstream's file may hold
 * have no effect here, which is told once. For one thread.
 */
public final class SchedulerFile implements SchedulerSource {
  private static final Logger logger = LoggerFactory.getLogger(SchedulerFile.class);

  private final Path file;
  private final boolean seed;
  private final Consumer<ClusterRates> rates;
  private List<String> told = List.of();

  /**
   * @param seed whether this host obeys what is said to seeds
   * @param rates is told what each reading says
   */
  public SchedulerFile(Path file, boolean seed, Consumer<ClusterRates> rates) {
    this.file = file;
    this.seed = seed;
    this.rates = rates;
  }

  /** The whole file. */
  @SuppressWarnings({"NullAway", "NullOptional"}) // absent keys arrive as null
  record Content(
      Schedulers scheduler,
      Optional<ClusterRates> clientConfig,
      Optional<ClusterRates> seedClientConfig) {
    /** What the file has and nobody obeys. */
    List<String> keysWithoutEffect() {
      List<String> keys = new ArrayList<>();
      if (says(clientConfig.flatMap(ClusterRates::blockList))) {
        keys.add("clientConfig.blockList");
      }
      if (says(seedClientConfig.flatMap(ClusterRates::blockList))) {
        keys.add("seedClientConfig.blockList");
      }
      return keys;
    }

    /** Upstream writes the sections also where there is nothing to say. */
    private static boolean says(@Nullable Object value) {
      return switch (value) {
        case null -> false;
        case Optional<?> optional -> says(optional.orElse(null));
        case Map<?, ?> map -> map.values().stream().anyMatch(Content::says);
        case List<?> list -> !list.isEmpty();
        default -> !value.toString().isEmpty();
      };
    }

    Content {
      scheduler = Objects.requireNonNullElse(scheduler, new Schedulers(null, null));
      clientConfig = clientConfig == null ? Optional.empty() : clientConfig;
      seedClientConfig = seedClientConfig == null ? Optional.empty() : seedClientConfig;
    }

    ClusterRates rates(boolean seed) {
      return (seed ? seedClientConfig : clientConfig).orElse(ClusterRates.NONE);
    }
  }

  /** Either a name or a list. */
  @SuppressWarnings("NullAway") // absent keys arrive as null
  record Schedulers(@Nullable String addr, List<String> addrs) {
    Schedulers {
      addrs = List.copyOf(Objects.requireNonNullElse(addrs, List.of()));
    }
  }

  @Override
  public List<InetSocketAddress> read() throws IOException {
    if (!Files.exists(file)) {
      throw new IOException(
          "there is no file "
              + file
              + ": write \"scheduler: {addrs: [\\\"IP:PORT\\\"]}\" into it, or set manager.addr");
    }
    Content content;
    try {
      content = ConfigLoader.load(file, Content.class).value();
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
    tell(content.keysWithoutEffect());
    Schedulers schedulers = content.scheduler();
    List<String> texts = new ArrayList<>(schedulers.addrs());
    if (schedulers.addr() != null && !schedulers.addr().isEmpty()) {
      texts.add(schedulers.addr());
    }
    LinkedHashSet<InetSocketAddress> addresses = new LinkedHashSet<>();
    for (String text : texts) {
      addresses.addAll(resolve(text));
    }
    if (addresses.isEmpty()) {
      throw new IOException("the file " + file + " names no scheduler: set scheduler.addrs in it");
    }
    rates.accept(content.rates(seed));
    return List.copyOf(addresses);
  }

  private void tell(List<String> idle) {
    if (!idle.equals(told)) {
      told = idle;
      if (!idle.isEmpty()) {
        logger.warn("event=keys_without_effect file={} keys={}", file, idle);
      }
    }
  }

  private List<InetSocketAddress> resolve(String text) throws IOException {
    HostPort hostPort;
    try {
      hostPort = HostPort.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IOException("the file " + file + " is wrong: " + e.getMessage(), e);
    }
    InetAddress[] all;
    try {
      all = InetAddress.getAllByName(hostPort.host());
    } catch (UnknownHostException e) {
      throw new IOException("the scheduler's name " + hostPort.host() + " can't be resolved", e);
    }
    List<InetAddress> v4 = Arrays.stream(all).filter(Inet4Address.class::isInstance).toList();
    return (v4.isEmpty() ? List.of(all) : v4)
        .stream()
            .distinct()
            .sorted(Comparator.comparing(InetAddress::getHostAddress))
            .map(address -> new InetSocketAddress(address, hostPort.port()))
            .toList();
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
