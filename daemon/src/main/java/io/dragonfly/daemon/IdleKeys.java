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
 * once, so that nobody relies on it.
 */
final class IdleKeys {
  private static final List<String> PATHS =
      List.of(
          "server.pluginDir",
          "server.cacheDir",
          "server.adaptiveRateLimit",
          "download.protocol",
          "download.server.requestBufferSize",
          "download.collectedPieceTimeout",
          "upload.server.requestBufferSize",
          "storage.server.tcpFastopen",
          "storage.server.quicPort",
          "storage.writePieceTimeout",
          "storage.cacheCapacity",
          "backend.putConcurrentChunkCount",
          "backend.putChunkSize",
          "backend.putTimeout",
          "backend.enableHickoryDNS",
          "gc.policy.pageCacheIdleTimeout",
          "proxy",
          "security",
          "stats",
          "tracing");

  private IdleKeys() {}

  /** The sections of a file as they were written. */
  record Written(
      Map<String, Object> server,
      Map<String, Object> download,
      Map<String, Object> upload,
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
        case "storage" -> storage;
        case "backend" -> backend;
        case "gc" -> gc;
        case "proxy" -> proxy;
        case "security" -> security;
        case "stats" -> stats;
        case "tracing" -> tracing;
        default -> Map.of();
      };
    }
  }

  /** Which of them a file has. */
  static List<String> in(Path file) throws ConfigException {
    Written written = ConfigLoader.load(file, Written.class).value();
    List<String> found = new ArrayList<>();
    for (String path : PATHS) {
      String[] names = path.split("\\.", -1);
      if (isWritten(written.section(names[0]), names)) {
        found.add(path);
      }
    }
    return found;
  }

  private static boolean isWritten(Map<String, Object> section, String[] names) {
    if (names.length == 1) {
      return !section.isEmpty();
    }
    @Nullable Object value = section;
    for (int i = 1; i < names.length; i++) {
      if (!(value instanceof Map<?, ?> map) || !map.containsKey(names[i])) {
        return false;
      }
      value = map.get(names[i]);
    }
    return true;
  }
}
