package io.dragonfly.daemon.proxy;

import io.dragonfly.daemon.source.Passage.Field;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Which header lines go on: never those of one connection, nor those that speak to the proxy. */
final class Fields {
  static final String OURS = "x-dragonfly-";

  /** RFC 9110, 7.6.1, and what is decided here for each connection. */
  private static final Set<String> OF_THE_CONNECTION =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authenticate",
          "proxy-authorization",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "http2-settings");

  /** Named anew for each request. */
  private static final Set<String> OF_THE_REQUEST = Set.of("host", "content-length", "expect");

  /** Decided by the download of a task, which asks for parts and versions itself. */
  private static final Set<String> OF_THE_ANSWER =
      Set.of(
          "range",
          "if-range",
          "if-match",
          "if-none-match",
          "if-modified-since",
          "if-unmodified-since",
          "accept-encoding");

  private Fields() {}

  /** The lines of a request that its origin gets. */
  static List<Field> ofRequest(HttpHeaders headers) {
    Set<String> named = named(headers.getAll(HttpHeaderNames.CONNECTION));
    List<Field> kept = new ArrayList<>();
    for (Map.Entry<String, String> header : headers) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!OF_THE_CONNECTION.contains(name)
          && !OF_THE_REQUEST.contains(name)
          && !named.contains(name)
          && !name.startsWith(OURS)) {
        kept.add(new Field(header.getKey(), header.getValue()));
      }
    }
    return kept;
  }

  /** The lines of a request with which a task is read at its origin; repeated ones joined. */
  static Map<String, String> ofTask(HttpHeaders headers) {
    Map<String, String> kept = new LinkedHashMap<>();
    for (Field field : ofRequest(headers)) {
      String name = field.name().toLowerCase(Locale.ROOT);
      if (!OF_THE_ANSWER.contains(name)) {
        kept.merge(name, field.value(), (a, b) -> a + (name.equals("cookie") ? "; " : ", ") + b);
      }
    }
    return kept;
  }

  /** Puts the lines of an origin's answer that its client gets. */
  static void ofAnswer(List<Field> answer, HttpHeaders target) {
    Set<String> named =
        named(
            answer.stream()
                .filter(field -> field.name().equalsIgnoreCase("connection"))
                .map(Field::value)
                .toList());
    for (Field field : answer) {
      String name = field.name().toLowerCase(Locale.ROOT);
      if (!OF_THE_CONNECTION.contains(name) && !named.contains(name)) {
        target.add(field.name(), field.value());
      }
    }
  }

  private static Set<String> named(List<String> connection) {
    Set<String> names = new HashSet<>();
    for (String value : connection) {
      for (String name : value.split(",", -1)) {
        names.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    return names;
  }
}
