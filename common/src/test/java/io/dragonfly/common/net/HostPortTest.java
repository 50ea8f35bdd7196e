package io.dragonfly.common.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
  @ParameterizedTest
  @CsvSource({
    "scheduler:8002, scheduler, 8002",
    "10.0.0.1:0, 10.0.0.1, 0",
    "[::1]:65535, ::1, 65535",
    "[fe80::1%eth0]:1, fe80::1%eth0, 1",
  })
  void addressesAreReadAndWrittenTheSame(String text, String host, int port) {
    assertThat(HostPort.parse(text)).isEqualTo(new HostPort(host, port)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":80",
        "host:x",
        "host:65536",
        "host:+1",
        "host:-1",
        "host: 1",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[host]:80",
        "http://host:80",
        "a b:80",
        "h\n:80",
        "host:000080"
      })
  void otherAddressesAreRefused(String text) {
    assertThatThrownBy(() -> HostPort.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not valid: write host:port or [ipv6]:port");
  }

  @Test
  void anErrorShowsNoCredentials() {
    assertThatThrownBy(() -> HostPort.parse("user:secret@host")).hasMessageNotContaining("secret");
  }

  @Test
  void hostsAndPortsHaveBounds() {
    assertThatThrownBy(() -> new HostPort("h", 65536)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HostPort("h".repeat(256), 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void socketAddressesAreConverted() {
    assertThat(HostPort.of(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 80)))
        .isEqualTo(new HostPort("10.0.0.1", 80));
    assertThat(new HostPort("h", 80).unresolved())
        .isEqualTo(InetSocketAddress.createUnresolved("h", 80));
    assertThat(HostPort.of(new HostPort("h", 80).unresolved())).isEqualTo(new HostPort("h", 80));
  }
}
