package io.dragonfly.daemon.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineRequestTest {
  private static LineRequest parse(String text) throws MalformedRequestException {
    return LineRequest.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void everyKeyIsRead() throws MalformedRequestException {
    LineRequest request =
        parse(
            """
            DRAGONFLY/1 DOWNLOAD
            url: http://h/a%0Ab 100%25
            output: /tmp/file name
            overwrite: true
            force-hard-link: true
            digest: sha256:00
            tag: t
            application: a
            priority: 6
            piece-length: 4194304
            header: X-A: 1
            header: X-B: 2
            filtered-query-params-set: true
            disable-back-to-source: true
            timeout-millis: 1500
            content-for-calculating-task-id: c

            """);
    assertThat(request.url()).isEqualTo("http://h/a\nb 100%");
    assertThat(request.output()).hasValue(Path.of("/tmp/file name"));
    assertThat(request.overwrite()).isTrue();
    assertThat(request.forceHardLink()).isTrue();
    assertThat(request.digest()).hasValue("sha256:00");
    assertThat(request.priority()).isEqualTo(6);
    assertThat(request.pieceLength()).hasValue(4194304);
    assertThat(request.headers()).containsExactly("X-A: 1", "X-B: 2");
    assertThat(request.filteredQueryParams()).hasValue(List.of());
    assertThat(request.disableBackToSource()).isTrue();
    assertThat(request.timeout()).hasValue(Duration.ofMillis(1500));
    assertThat(request.contentForTaskId()).hasValue("c");
  }

  @Test
  void anAbsentListOfQueryParametersMeansTheUsualOne() throws MalformedRequestException {
    assertThat(parse("DRAGONFLY/1 DOWNLOAD\nurl: u\n\n").filteredQueryParams()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "GET / HTTP/1.1\n\n",
        "DRAGONFLY/2 DOWNLOAD\nurl: u\n\n",
        "DRAGONFLY/1 DOWNLOAD\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\nno colon\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\nunknown: 1\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: %zz\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: %4\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\npriority: 7\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\noverwrite: yes\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\ntimeout-millis: 0\n\n",
        "DRAGONFLY/1 DOWNLOAD\nurl: u\noutput: a%00b\n\n",
      })
  void whatDoesNotKeepToTheProtocolIsRefused(String text) {
    assertThatThrownBy(() -> parse(text)).isInstanceOf(MalformedRequestException.class);
  }

  @Test
  void tooManyLinesAreRefused() {
    String text = "DRAGONFLY/1 DOWNLOAD\nurl: u\n" + "header: a: b\n".repeat(600) + "\n";
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(MalformedRequestException.class)
        .hasMessageContaining("512");
  }

  @Test
  void whatIsNotAsciiMayBeEscapedOrNot() throws MalformedRequestException {
    LineRequest request = parse("DRAGONFLY/1 DOWNLOAD\nurl: u\ntag: \u00e9%C3%A9%20%25\n\n");
    assertThat(request.tag()).hasValue("\u00e9\u00e9 %");
  }
}
