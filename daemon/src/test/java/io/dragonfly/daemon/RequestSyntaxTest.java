package io.dragonfly.daemon;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that two programs on the way could understand in two ways (RFC 9112, 11.2), by the names
 * that testers of servers give them. In the tables {@code ~} is the end of a line, {@code ^} a line
 * feed alone and {@code %} the origin.
 */
class RequestSyntaxTest {
  @TempDir Path dir;
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(1000);
    daemon = ProxyDaemon.of(dir, "", "");
  }

  @AfterEach
  void stop() {
    daemon.close();
    origin.close();
  }

  private String wire(String table) {
    return table
        .replace("~", "\r\n")
        .replace("^", "\n")
        .replace("%", origin.base())
        .replace("\\r", "\r")
        .replace("\\0", "\0")
        .replace("\\t", "\t")
        .replace("\\v", "\u000b")
        .replace("\\x", "\u00a0")
        .replace("_", " ");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "CL and TE | POST % HTTP/1.1~Host: h~Content-Length: 3~Transfer-Encoding: chunked~~0~~",
        "TE and CL | POST % HTTP/1.1~Host: h~Transfer-Encoding: chunked~Content-Length: 3~~0~~",
        "duplicate CL that differ | POST % HTTP/1.1~Host: h~Content-Length: 3~Content-Length: 4~~abcd",
        "CL as a list that differs | POST % HTTP/1.1~Host: h~Content-Length: 3, 4~~abcd",
        "CL as a list | POST % HTTP/1.1~Host: h~Content-Length: 3, 3~~abc",
        "CL with a plus | POST % HTTP/1.1~Host: h~Content-Length: +3~~abc",
        "CL negative | POST % HTTP/1.1~Host: h~Content-Length: -3~~abc",
        "CL negative that overflows | POST % HTTP/1.1~Host: h~Content-Length: -1234567890987654321987654321~~abc",
        "CL that overflows | POST % HTTP/1.1~Host: h~Content-Length: 99999999999999999999~~abc",
        "CL not a number | POST % HTTP/1.1~Host: h~Content-Length: abc~~abc",
        "CL in hex | POST % HTTP/1.1~Host: h~Content-Length: 0x3~~abc",
        "CL with a space inside | POST % HTTP/1.1~Host: h~Content-Length: 1_1~~abc",
        "CL with other digits | POST % HTTP/1.1~Host: h~Content-Length: 3\\x~~abc",
        "CL empty | POST % HTTP/1.1~Host: h~Content-Length:~~abc",
        "TE unknown | POST % HTTP/1.1~Host: h~Transfer-Encoding: xchunked~~0~~",
        "TE of several | POST % HTTP/1.1~Host: h~Transfer-Encoding: gzip, chunked~~0~~",
        "TE chunked not last | POST % HTTP/1.1~Host: h~Transfer-Encoding: chunked, identity~~0~~",
        "TE chunked twice | POST % HTTP/1.1~Host: h~Transfer-Encoding: chunked, chunked~~0~~",
        "TE twice | POST % HTTP/1.1~Host: h~Transfer-Encoding: chunked~Transfer-Encoding: identity~~0~~",
        "TE with a vertical tab | POST % HTTP/1.1~Host: h~Transfer-Encoding: \\vchunked~~0~~",
        "TE in quotes | POST % HTTP/1.1~Host: h~Transfer-Encoding: \"chunked\"~~0~~",
        "TE in HTTP/1.0 | POST % HTTP/1.0~Host: h~Transfer-Encoding: chunked~~0~~",
        "TE empty | POST % HTTP/1.1~Host: h~Transfer-Encoding:~~0~~",
        "space before the colon | GET % HTTP/1.1~Host: h~Content-Length_: 3~~abc",
        "tab before the colon | POST % HTTP/1.1~Host: h~Transfer-Encoding\\t: chunked~~0~~",
        "obs-fold of TE | POST % HTTP/1.1~Host: h~Transfer-Encoding:~_chunked~~0~~",
        "space before the first line of headers | GET % HTTP/1.1~_Host: h~~",
        "header without colon | GET % HTTP/1.1~Host: h~X-A~~",
        "header without name | GET % HTTP/1.1~Host: h~: a~~",
        "bracket in a name | GET % HTTP/1.1~Host: h~X[A: a~~",
        "space in a name | GET % HTTP/1.1~Host: h~X A: a~~",
        "NUL in a value | GET % HTTP/1.1~Host: h~X-A: a\\0b~~",
        "CR in a value | GET % HTTP/1.1~Host: h~X-A: a\\rTransfer-Encoding: chunked~~",
        "bare LF | GET % HTTP/1.1^Host: h^^",
        "bare LF after the first line | GET % HTTP/1.1^Host: h~~",
        "bare LF after a header | GET % HTTP/1.1~Host: h^X-A: a~~",
        "bare LF before a header of the body | POST % HTTP/1.1~Host: h~X-A: a^Transfer-Encoding: chunked~~0~~",
        "CR without LF | GET % HTTP/1.1~Host: h\\rX-A: a~~",
        "no Host | GET % HTTP/1.1~~",
        "two Hosts | GET % HTTP/1.1~Host: h~Host: h~~",
        "version without a dot | GET % HTTP/11~Host: h~~",
        "no version | GET %~Host: h~~",
        "three spaces in the first line | GET % x HTTP/1.1~Host: h~~",
        "NUL in the target | GET %/\\0 HTTP/1.1~Host: h~~",
        "target of another scheme | GET ftp://h/ HTTP/1.1~Host: h~~",
        "target of a star | GET * HTTP/1.1~Host: h~~",
        "CONNECT without a port | CONNECT h HTTP/1.1~Host: h~~",
        "CONNECT with a path | CONNECT h:80/x HTTP/1.1~Host: h~~",
        "user in a registry's name | GET /v2/x HTTP/1.1~Host: h~X-Dragonfly-Registry: http://h@x~~"
      })
  void isRefused(String name, String request) throws Exception {
    String closing = request.replaceFirst("~~", "~Connection: close~~");
    assertThat(daemon.raw(wire(closing))).as(name).startsWith("HTTP/1.1 400 ");
    assertThat(origin.asked).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({"HTTP/9.9, 505", "HTTP/2.0, 505", "HTTP/0.9, 505"})
  void otherVersionsAreRefused(String version, int status) throws Exception {
    assertThat(daemon.raw(wire("GET % " + version + "~Host: h~~")))
        .startsWith("HTTP/1.1 " + status + " ");
    assertThat(origin.asked).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "no hex digits | zz~",
        "prefix 0x | 0x3~abc~0~~",
        "negative | -3~abc~0~~",
        "with a plus | +3~abc~0~~",
        "with a space before | _3~abc~0~~",
        "empty | ~abc~0~~",
        "that overflows | fffffffffffffffff~abc~0~~",
        "that overflows an int | 100000003~abc",
        "smaller than its data | 2~abc~0~~",
        "bare LF after it | 3^abc~0~~",
        "bare LF in an extension | 3;a^abc~0~~",
        "bare LF after the data | 3~abc^0~~",
        "data without an end of line | 3~abcX0~~"
      })
  void aChunksSizeIsNotGuessed(String name, String chunks) throws Exception {
    String answer =
        daemon.raw(wire("POST %/x HTTP/1.1~Host: h~Transfer-Encoding: chunked~~" + chunks));
    assertThat(answer).as(name).doesNotEndWith("0\r\n\r\n");
    assertThat(answer.split("HTTP/1.1 ", -1).length).isLessThanOrEqualTo(2);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "plain | GET % HTTP/1.1~Host: h~",
        "absolute form with another Host | GET % HTTP/1.1~Host: other.example~",
        "absolute form with an empty Host | GET % HTTP/1.1~Host:~",
        "spaces around a value | GET % HTTP/1.1~Host:\\t h_ ~X-A:_\\t_a_ ~",
        "no space after the colon | GET % HTTP/1.1~Host:h~X-A:a~",
        "obs-fold, which becomes a space | GET % HTTP/1.1~Host: h~X-A: a~_b~",
        "lower-case version | GET % http/1.1~Host: h~",
        "empty value | GET % HTTP/1.1~Host: h~X-A:~",
        "an empty line before | ~GET % HTTP/1.1~Host: h~",
        "HTTP/1.0 without Host | GET % HTTP/1.0~",
        "CL with leading zeros | POST % HTTP/1.1~Host: h~Content-Length: 000~",
        "TE in capitals | POST % HTTP/1.1~Host: h~Transfer-Encoding: CHUNKED~Connection: close~~0~"
      })
  void isPassedOnAsItsTargetSays(String name, String request) throws Exception {
    String end = request.contains("CHUNKED") ? "~" : "Connection: close~~";
    assertThat(daemon.raw(wire(request + end))).as(name).startsWith("HTTP/1.1 200 ");
    assertThat(origin.asked).hasSize(1);
    assertThat(origin.asked.getFirst().headers().get("Host"))
        .isEqualTo(List.of(origin.base().substring("http://".length())));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7})
  void inPiecesItIsTheSame(int size) throws Exception {
    String request = wire("POST %/x HTTP/1.1~Host: h~Content-Length: 3~Connection: close~~abc");
    try (Socket socket = daemon.connect()) {
      socket.setTcpNoDelay(true);
      for (int at = 0; at < request.length(); at += size) {
        String part = request.substring(at, Math.min(request.length(), at + size));
        socket.getOutputStream().write(part.getBytes(ISO_8859_1));
        socket.getOutputStream().flush();
      }
      assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
          .startsWith("HTTP/1.1 200 ")
          .contains("abc");
    }
  }

  @Test
  void whatFollowsAMistakeIsNotRead() throws Exception {
    String smuggled = "GET %/smuggled HTTP/1.1~Host: h~~";
    String answer =
        daemon.raw(
            wire(
                "POST % HTTP/1.1~Host: h~Content-Length: 3~Transfer-Encoding: chunked~~0~~"
                    + smuggled));
    assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(2);
    assertThat(answer).startsWith("HTTP/1.1 400 ").containsIgnoringCase("connection: close");
    assertThat(origin.asked).isEmpty();
  }

  @Test
  void tooMuchIsRefused() throws Exception {
    String large = "GET /v2/ HTTP/1.1~Host: h~Connection: close~X: " + "a".repeat(50_000) + "~~";
    assertThat(daemon.raw(wire(large))).startsWith("HTTP/1.1 200 ");
    String many = "GET /v2/ HTTP/1.1~Host: h~X: " + "a".repeat(70_000) + "~~";
    assertThat(daemon.raw(wire(many))).startsWith("HTTP/1.1 431 ");
    String line = "GET /v2/" + "a".repeat(17_000) + " HTTP/1.1~Host: h~~";
    assertThat(daemon.raw(wire(line))).startsWith("HTTP/1.1 414 ");
  }
}
