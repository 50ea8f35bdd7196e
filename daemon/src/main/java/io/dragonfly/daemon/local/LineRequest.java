package io.dragonfly.daemon.local;

import io.dragonfly.common.url.PercentCoding;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a user asks for on the line protocol.
 *
 * <pre>
 * request  = "DRAGONFLY/1 " verb LF *( key ": " value LF ) LF
 * verb     = "DOWNLOAD" / "PING"
 * key      = one of those read below; a key that is not known is an error
 * value    = UTF-8, with "%" and control characters written as %XX; all others may be too
 *
 * answer   = ping / download
 * ping     = "pong version=" LF
 * download = *( started / progress / content ) ( done / error )
 * started  = "started task= peer= host= length= piece-length=" LF
 * progress = "progress bytes= cache= peers= seed= origin=" LF        ; at most 10 a second
 * content  = "content offset= length=" LF *OCTET                     ; without an output, in order
 * done     = "done bytes= millis= cache= peers= seed= origin=" LF
 * error    = "error code= [status=] message=" LF                     ; status is the origin's
 * </pre>
 *
 * <p>A request has at most 64 KiB and 512 lines. Closing the connection ends the download.
 *
 * @param output where to write the content; absent to stream it
 * @param filteredQueryParams absent for the usual list
 * @param timeout absent for none
 * @param bytesPerSecond how fast the content may come in; absent for no limit
 */
public record LineRequest(
    Verb verb,
    String url,
    Optional<Path> output,
    boolean overwrite,
    boolean forceHardLink,
    Optional<String> digest,
    Optional<String> tag,
    Optional<String> application,
    int priority,
    OptionalLong pieceLength,
    List<String> headers,
    Optional<List<String>> filteredQueryParams,
    boolean disableBackToSource,
    Optional<Duration> timeout,
    Optional<String> contentForTaskId,
    OptionalLong bytesPerSecond) {

  static final int LARGEST_REQUEST = 64 << 10;
  static final int MOST_LINES = 512;

  public LineRequest {
    headers = List.copyOf(headers);
    filteredQueryParams = filteredQueryParams.map(List::copyOf);
  }

  /** What is asked for. */
  public enum Verb {
    DOWNLOAD,
    PING
  }

  /** Reads and checks one request, from its first byte to its empty line. */
  static LineRequest parse(byte[] request) throws MalformedRequestException {
    return new Reader(lines(request)).read();
  }

  /** Whether a request ends among the first {@code length} bytes: at its empty line. */
  static boolean isWhole(byte[] bytes, int length) {
    for (int i = 1; i < length; i++) {
      if (bytes[i] == '\n' && bytes[i - 1] == '\n') {
        return true;
      }
    }
    return false;
  }

  private static List<String> lines(byte[] request) throws MalformedRequestException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(request)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedRequestException("the request is not UTF-8");
    }
    List<String> lines = new ArrayList<>();
    for (int start = 0, end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
      if (lines.size() == MOST_LINES) {
        throw new MalformedRequestException("the request has more than " + MOST_LINES + " lines");
      }
      lines.add(text.substring(start, end));
    }
    return lines;
  }

  private static final class Reader {
    private final List<String> lines;
    private Optional<String> url = Optional.empty();
    private Optional<Path> output = Optional.empty();
    private boolean overwrite;
    private boolean forceHardLink;
    private Optional<String> digest = Optional.empty();
    private Optional<String> tag = Optional.empty();
    private Optional<String> application = Optional.empty();
    private int priority;
    private OptionalLong pieceLength = OptionalLong.empty();
    private final List<String> headers = new ArrayList<>();
    private final List<String> filteredQueryParams = new ArrayList<>();
    private boolean filteredQueryParamsSet;
    private boolean disableBackToSource;
    private Optional<Duration> timeout = Optional.empty();
    private Optional<String> contentForTaskId = Optional.empty();
    private OptionalLong bytesPerSecond = OptionalLong.empty();

    Reader(List<String> lines) {
      this.lines = lines;
    }

    LineRequest read() throws MalformedRequestException {
      Verb verb =
          switch (lines.isEmpty() ? "" : lines.getFirst()) {
            case "DRAGONFLY/1 DOWNLOAD" -> Verb.DOWNLOAD;
            case "DRAGONFLY/1 PING" -> Verb.PING;
            default ->
                throw new MalformedRequestException(
                    "the first line is not \"DRAGONFLY/1 DOWNLOAD\" or \"DRAGONFLY/1 PING\"");
          };
      for (int i = 1; i < lines.size() && !lines.get(i).isEmpty(); i++) {
        String line = lines.get(i);
        int colon = line.indexOf(": ");
        if (colon < 0) {
          throw new MalformedRequestException("line " + (i + 1) + " is not \"key: value\"");
        }
        take(line.substring(0, colon), decoded(line.substring(colon + 2)));
      }
      if (verb == Verb.DOWNLOAD && url.isEmpty()) {
        throw new MalformedRequestException("url is missing");
      }
      return new LineRequest(
          verb,
          url.orElse(""),
          output,
          overwrite,
          forceHardLink,
          digest,
          tag,
          application,
          priority,
          pieceLength,
          headers,
          filteredQueryParamsSet || !filteredQueryParams.isEmpty()
              ? Optional.of(filteredQueryParams)
              : Optional.empty(),
          disableBackToSource,
          timeout,
          contentForTaskId,
          bytesPerSecond);
    }

    private void take(String key, String value) throws MalformedRequestException {
      switch (key) {
        case "url" -> url = Optional.of(value);
        case "output" -> output = Optional.of(path(value));
        case "overwrite" -> overwrite = flag(key, value);
        case "force-hard-link" -> forceHardLink = flag(key, value);
        case "digest" -> digest = Optional.of(value);
        case "tag" -> tag = Optional.of(value);
        case "application" -> application = Optional.of(value);
        case "priority" -> priority = Math.toIntExact(number(key, value, 0, 6));
        case "piece-length" -> pieceLength = OptionalLong.of(number(key, value, 1, 1L << 40));
        case "header" -> headers.add(value);
        case "filtered-query-param" -> filteredQueryParams.add(value);
        case "filtered-query-params-set" -> filteredQueryParamsSet = flag(key, value);
        case "disable-back-to-source" -> disableBackToSource = flag(key, value);
        case "timeout-millis" ->
            timeout = Optional.of(Duration.ofMillis(number(key, value, 1, 365L * 86_400_000)));
        case "content-for-calculating-task-id" -> contentForTaskId = Optional.of(value);
        case "limit-rate" -> bytesPerSecond = OptionalLong.of(number(key, value, 1, 1L << 50));
        default ->
            throw new MalformedRequestException("the key \"" + shown(key) + "\" is not known");
      }
    }

    private static String decoded(String value) throws MalformedRequestException {
      for (int i = value.indexOf('%'); i >= 0; i = value.indexOf('%', i + 1)) {
        boolean escape =
            i + 2 < value.length()
                && HexFormat.isHexDigit(value.charAt(i + 1))
                && HexFormat.isHexDigit(value.charAt(i + 2));
        if (!escape) {
          throw new MalformedRequestException("a % that is not followed by two hex digits");
        }
      }
      return PercentCoding.decode(value);
    }

    private static Path path(String value) throws MalformedRequestException {
      try {
        return Path.of(value);
      } catch (InvalidPathException e) {
        throw new MalformedRequestException("output is not a path: " + e.getReason());
      }
    }

    private static boolean flag(String key, String value) throws MalformedRequestException {
      return switch (value) {
        case "true" -> true;
        case "false" -> false;
        default ->
            throw new MalformedRequestException(
                key + " is \"" + shown(value) + "\", not true or false");
      };
    }

    private static long number(String key, String value, long low, long high)
        throws MalformedRequestException {
      long number;
      try {
        number = Long.parseLong(value);
      } catch (NumberFormatException e) {
        throw new MalformedRequestException(key + " is \"" + shown(value) + "\", not a number");
      }
      if (number < low || number > high) {
        throw new MalformedRequestException(
            key + " is " + number + ", not between " + low + " and " + high);
      }
      return number;
    }

    private static String shown(String value) {
      return value.length() <= 80 ? value : value.substring(0, 80) + "...";
    }
  }
}
