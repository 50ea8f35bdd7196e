package io.dragonfly.cli.download;

import io.dragonfly.common.url.PercentCoding;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A request of the line protocol in the making, within the bounds that a daemon accepts. */
final class RequestText {
  private static final int LARGEST_REQUEST = 64 << 10;
  private static final int MOST_LINES = 512;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);
  private int lines;

  RequestText() {
    out.writeBytes("DRAGONFLY/1 DOWNLOAD\n".getBytes(StandardCharsets.US_ASCII));
  }

  void add(String key, String value) {
    out.writeBytes(key.getBytes(StandardCharsets.US_ASCII));
    out.write(':');
    out.write(' ');
    out.writeBytes(PercentCoding.encode(value, "%").getBytes(StandardCharsets.US_ASCII));
    out.write('\n');
    lines++;
  }

  void add(String key, Optional<String> value) {
    if (value.isPresent()) {
      add(key, value.get());
    }
  }

  void flag(String key, boolean set) {
    if (set) {
      add(key, "true");
    }
  }

  byte[] end() throws DownloadFailure {
    out.write('\n');
    if (lines > MOST_LINES || out.size() > LARGEST_REQUEST) {
      throw DownloadFailure.of(
          "the request has "
              + lines
              + " lines and "
              + out.size()
              + " bytes; a daemon takes at most "
              + MOST_LINES
              + " lines and "
              + LARGEST_REQUEST
              + " bytes: pass fewer or shorter headers");
    }
    return out.toByteArray();
  }
}
