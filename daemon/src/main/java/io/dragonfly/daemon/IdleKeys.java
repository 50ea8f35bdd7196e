package io.dragonfly.daemon;

import static java.util.Objects.requireNonNullElse;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keys of upstream's file that are accepted here and do nothing. What a file says of them is told
 * once, so that nobody relies on it. A value that asks for what is done anyway is not told.
 */
final class IdleKeys {
  /** A key, and the value that changes nothing, if there is one. */
  private record Idle(String path, String harmless) {}

  private static final List<Idle> KEYS =
      List.of(
          idle("server.pluginDir"),
          idle("server.cacheDir"),
          idle("server.adaptiveRateLimit"),
          new Idle("storage.server.tcpFastopen", "false"),
          idle("storage.cacheCapacity"),
          idle("backend.putConcurrentChunkCount"),
          idle("backend.putChunkSize"),
          idle("backend.putTimeout"),
          new Idle("backend.enableHickoryDNS", "false"),
          idle("gc.policy.persistentTaskTTL"),
          idle("gc.policy.persistentCacheTaskTTL"),
          idle("proxy.registryMirror.cert"),
          idle("proxy.prefetchBandwidthLimit"),
          idle("proxy.readBufferSize"),
          new Idle("security.enable", "false"),
          idle("stats"),
          idle("tracing"));

  /** Sections with files for TLS, which is used when all three are given. */
  private static final List<String> TLS =
      List.of("upload.server", "upload.client", "manager", "scheduler");

  private static final List<String> TLS_FILES = List.of("caCert", "cert", "key");

  private IdleKeys() {}

  private static Idle idle(String path) {
    return new Idle(path, "");
  }

  /** The sections of a file as they were written. */
  @SuppressWarnings("NullAway") // absent sections arrive as null
  record Written(
      Map<String, Object> server,
      Map<String, Object> download,
      Map<String, Object> upload,
      Map<String, Object> manager,
      Map<String, Object> scheduler,
      Map<String, Object> storage,
      Map<String, Object> backend,
      Map<String, Object> gc,
      Map<String, Object> proxy,
      Map<String, Object> security,
      Map<String, Object> stats,
      Map<String, Object> tracing) {
    Written {
      server = requireNonNullElse(server, Map.of());
      download = requireNonNullElse(download, Map.of());
      upload = requireNonNullElse(upload, Map.of());
      manager = requireNonNullElse(manager, Map.of());
      scheduler = requireNonNullElse(scheduler, Map.of());
      storage = requireNonNullElse(storage, Map.of());
      backend = requireNonNullElse(backend, Map.of());
      gc = requireNonNullElse(gc, Map.of());
      proxy = requireNonNullElse(proxy, Map.of());
      security = requireNonNullElse(security, Map.of());
      stats = requireNonNullElse(stats, Map.of());
      tracing = requireNonNullElse(tracing, Map.of());
    }

    Map<String, Object> section(String name) {
      return switch (name) {
        case "server" -> server;
        case "download" -> download;
        case "upload" -> upload;
        case "manager" -> manager;
        case "scheduler" -> scheduler;
        case "storage" -> storage;
        case "backend" -> backend;
        case "gc" -> gc;
        case "proxy" -> proxy;
        case "security" -> security;
        case "stats" -> stats;
        case "tracing" -> tracing;
        default -> throw new IllegalArgumentException("no section " + name);
      };
    }

    /** What stands at a path; null when nothing does. */
    @Nullable Object at(String path) {
      String[] names = path.split("\\.", -1);
      @Nullable Object value = section(names[0]);
      for (int i = 1; i < names.length; i++) {
        value = value instanceof Map<?, ?> map ? map.get(names[i]) : null;
      }
      return value instanceof Map<?, ?> map && map.isEmpty() ? null : value;
    }
  }

  /** Which of them a file has. */
  static List<String> in(Path file) throws ConfigException {
    Written written = ConfigLoader.load(file, Written.class).value();
    List<String> found = new ArrayList<>();
    for (Idle key : KEYS) {
      @Nullable Object value = written.at(key.path());
      if (value != null && !value.toString().equals(key.harmless())) {
        found.add(key.path());
      }
    }
    for (String section : TLS) {
      List<String> files =
          TLS_FILES.stream()
              .map(name -> section + "." + name)
              .filter(path -> written.at(path) != null)
              .toList();
      if (files.size() < TLS_FILES.size()) {
        found.addAll(files);
      }
    }
    return found;
  }
}
