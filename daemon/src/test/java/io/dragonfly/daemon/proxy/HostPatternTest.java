package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.net.HostPort;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPatternTest {
  @ParameterizedTest
  @CsvSource({
    "registry.example, registry.example:443, true",
    "registry.example, registry.example:8443, true",
    "Registry.Example, REGISTRY.example:443, true",
    "registry.example, a.registry.example:443, false",
    "registry.example, registry.example.org:443, false",
    "registry.example, xregistry.example:443, false",
    "registry.example:8443, registry.example:8443, true",
    "registry.example:8443, registry.example:443, false",
    "*.example.org, a.example.org:443, true",
    "*.example.org, a.b.example.org:1, true",
    "*.example.org, example.org:443, false",
    "*.example.org, badexample.org:443, false",
    "*.example.org:443, a.example.org:444, false",
    "10.0.0.1, 10.0.0.1:5000, true",
    "[fd00::1], [fd00::1]:443, true",
    "[fd00::1]:5000, [fd00::1]:443, false",
    "localhost, localhost:443, true"
  })
  void includes(String pattern, String place, boolean included) {
    assertThat(HostPattern.parse(pattern).includes(HostPort.parse(place))).isEqualTo(included);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "*.",
        "*.*.example",
        "a*.example",
        "https://registry.example",
        "registry.example/v2",
        "registry.example:",
        "registry.example:0",
        "registry.example:99999",
        "registry.example:https",
        "user@registry.example",
        "fd00::1",
        "[fd00::1",
        "..example",
        "^registry"
      })
  void whatNamesNoHostsIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> HostPattern.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("\"" + text + "\" names no hosts: write a host (registry.example)");
  }
}
