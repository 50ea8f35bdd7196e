package io.dragonfly.common.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNullElse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.dragonfly.common.net.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  @TempDir private Path directory;

  enum Protocol {
    TCP,
    @JsonProperty("quic")
    QUIC_V1
  }

  record Server(@Nullable String ip, @Nullable Integer port, boolean fast) {
    Server {
      ip = requireNonNullElse(ip, "0.0.0.0");
      port = requireNonNullElse(port, 4000);
      new Checks().range("port", port, 0, 65535).done();
    }
  }

  record Policy(
      @JsonProperty("diskHighThresholdPercent") @JsonAlias("distHighThresholdPercent")
          @Nullable Integer high,
      @JsonProperty("diskLowThresholdPercent") @JsonAlias("distLowThresholdPercent")
          @Nullable Integer low) {
    Policy {
      high = requireNonNullElse(high, 80);
      low = requireNonNullElse(low, 60);
      new Checks()
          .range("high", high, 1, 99)
          .that(low < high, "low", low, "it must be less than diskHighThresholdPercent, " + high)
          .done();
    }
  }

  record Rule(Pattern regex, boolean useTLS) {
    Rule {
      regex = requireNonNullElse(regex, Pattern.compile(".*"));
    }
  }

  record Auth(@Nullable String username, @Nullable String password) {
    Auth {
      if (requireNonNullElse(username, "").isEmpty()) {
        throw new IllegalArgumentException("username is missing");
      }
      new Checks()
          .that(
              requireNonNullElse(password, "").length() < 4,
              "password",
              password + "",
              "it is too long")
          .done();
    }
  }

  record Pair(int first, int second) {
    Pair {
      if (second < first) {
        throw new IllegalArgumentException("second: " + second + " is less than first");
      }
    }
  }

  record Limits(@Nullable Integer buckets) {}

  record Settings(
      Server server,
      Policy policy,
      Protocol protocol,
      Duration timeout,
      ByteSize bandwidth,
      List<Rule> rules,
      Map<String, String> headers,
      Optional<String> idc,
      Optional<Auth> auth,
      OptionalInt count,
      OptionalLong size,
      double ratio,
      Path dir,
      Optional<Limits> limits,
      @JsonProperty("service-name") @Nullable String serviceName,
      List<HostPort> addrs,
      Map<String, Object> features,
      Optional<Pair> pair) {
    Settings {
      server = requireNonNullElse(server, new Server(null, null, false));
      policy = requireNonNullElse(policy, new Policy(null, null));
      protocol = requireNonNullElse(protocol, Protocol.TCP);
      timeout = requireNonNullElse(timeout, Duration.ofMinutes(6));
      bandwidth = requireNonNullElse(bandwidth, ByteSize.parse("50GB"));
      rules = requireNonNullElse(rules, List.of());
      headers = requireNonNullElse(headers, Map.of());
      dir = requireNonNullElse(dir, Path.of("/var/lib/dragonfly"));
      addrs = requireNonNullElse(addrs, List.of());
      features = requireNonNullElse(features, Map.of());
    }
  }

  @Test
  void aFileThatSaysNothingGivesTheDefaults() throws ConfigException {
    Settings settings = ConfigLoader.defaults(Settings.class);

    assertThat(settings.server()).isEqualTo(new Server("0.0.0.0", 4000, false));
    assertThat(settings.policy()).isEqualTo(new Policy(80, 60));
    assertThat(settings.timeout()).isEqualTo(Duration.ofMinutes(6));
    assertThat(settings.bandwidth()).isEqualTo(new ByteSize(50_000_000_000L));
    assertThat(settings.idc()).isEmpty();
    assertThat(settings.count()).isEmpty();
    assertThat(settings.size()).isEmpty();
    assertThat(settings.ratio()).isZero();
    assertThat(settings.limits()).isEmpty();
    assertThat(settings.serviceName()).isNull();
  }

  @Test
  void everyKindOfValueIsRead() throws IOException, ConfigException {
    Path file =
        write(
            """
            # comment
            server: &server
              ip: "::1"
              port: 4001
              fast: true
            policy:
              distHighThresholdPercent: 90
              diskLowThresholdPercent: '70'
            protocol: QUIC
            timeout: 10m30s
            bandwidth: 1.5GiB
            rules:
              - regex: 'blobs/sha256.*'
                useTLS: yes
              - useTLS: false
            headers: {X-Number: 012, X-Bool: true}
            idc: ~
            auth: {username: me, password: abc}
            count: 1.0e+03
            size: 9000000000
            ratio: 0.25
            dir: /tmp/x
            limits: null
            service-name: scheduler
            addrs: ["a:1", "[::1]:2"]
            features: {a: 1, b: "1", c: [true, 2.5, x], d: {e: 012}, n: ~}
            """);

    Loaded<Settings> loaded = ConfigLoader.load(file, Settings.class);
    Settings settings = loaded.value();

    assertThat(loaded.unknownKeys()).isEmpty();
    assertThat(settings.server()).isEqualTo(new Server("::1", 4001, true));
    assertThat(settings.policy()).isEqualTo(new Policy(90, 70));
    assertThat(settings.protocol()).isEqualTo(Protocol.QUIC_V1);
    assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(630));
    assertThat(settings.bandwidth()).isEqualTo(new ByteSize(3L << 29));
    assertThat(settings.rules())
        .extracting(rule -> rule.regex().pattern())
        .containsExactly("blobs/sha256.*", ".*");
    assertThat(settings.rules()).extracting(Rule::useTLS).containsExactly(true, false);
    assertThat(settings.headers())
        .containsExactly(Map.entry("X-Number", "012"), Map.entry("X-Bool", "true"));
    assertThat(settings.idc()).isEmpty();
    assertThat(settings.auth()).contains(new Auth("me", "abc"));
    assertThat(settings.count()).hasValue(1000);
    assertThat(settings.size()).hasValue(9_000_000_000L);
    assertThat(settings.ratio()).isEqualTo(0.25);
    assertThat(settings.dir()).isEqualTo(Path.of("/tmp/x"));
    assertThat(settings.limits()).isEmpty();
    assertThat(settings.serviceName()).isEqualTo("scheduler");
    assertThat(settings.addrs()).containsExactly(new HostPort("a", 1), new HostPort("::1", 2));
    assertThat(settings.features())
        .isEqualTo(Map.of("a", 1L, "b", "1", "c", List.of(true, 2.5, "x"), "d", Map.of("e", 12L)));
  }

  @Test
  void unknownKeysAreNamedInTheFilesOrderAndDoNotFail() throws ConfigException {
    Loaded<Settings> loaded =
        parse(
            """
            zeta: {a: 1}
            server:
              ip: 1.2.3.4
              foo: [1, 2]
              Port: 1
            rules:
              - regexp: x
            security:
              enable: false
            """);

    assertThat(loaded.unknownKeys())
        .containsExactly("zeta", "server.foo", "server.Port", "rules[0].regexp", "security");
    assertThat(loaded.value().server()).isEqualTo(new Server("1.2.3.4", 4000, false));
  }

  @Test
  void keysMatchInAnyCaseWhereThatIsAskedFor() throws ConfigException {
    Loaded<Settings> loaded =
        ConfigLoader.parse(
            "SERVER: {PORT: 1, Ip: x, foo: 1}\nService-Name: y\n",
            "test",
            Settings.class,
            Keys.ANY_CASE);

    assertThat(loaded.value().server()).isEqualTo(new Server("x", 1, false));
    assertThat(loaded.value().serviceName()).isEqualTo("y");
    assertThat(loaded.unknownKeys()).containsExactly("server.foo");
  }

  @Test
  void allMistakesAreToldAtOnceWithTheirPlace() {
    assertThatThrownBy(() ->
            parse(
                """
                server:
                  port: 70000
                policy:
                  distHighThresholdPercent: 0
                protocol: udp
                timeout: 30
                bandwidth: 50 gallons
                rules:
                  - regex: "["
                  - 12
                headers: text
                auth:
                  username: ""
                count: 1.5
                ratio: high
                dir: ["a"]
                addrs: a:1
                """))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            """
            test cannot be used, correct this:
              line 2: server.port: '70000' is not valid: it must be 0 to 65535
              line 4: policy.diskHighThresholdPercent: '0' is not valid: it must be 1 to 99
              line 4: policy.diskLowThresholdPercent: '60' is not valid: it must be less than diskHighThresholdPercent, 0
              line 5: protocol: 'udp' is not valid: write one of tcp, quic
              line 6: timeout: '30' is not valid: the unit is missing: write a duration like 500ms, 30s, 10m30s or 1h
              line 7: bandwidth: '50 gallons' is not valid: write a size like 64MiB, 50GB or 1024
              line 9: rules[0].regex: '[' is not valid: write a regular expression (Unclosed character class)
              line 10: rules[1]: this is a section: write its keys under it, further to the right
              line 11: headers: this is a section: write 'name: value' lines under it, further to the right
              line 13: auth: username is missing
              line 14: count: '1.5' is not valid: write a whole number from -2147483648 to 2147483647
              line 15: ratio: 'high' is not valid: write a number
              line 16: dir: this needs one value: write it on the same line
              line 17: addrs: this is a list: write [a, b], or each item on a line of its own after '- '\
            """);
  }

  @Test
  void aMessageThatBeginsWithAKeyIsToldAtThatKey() {
    assertThatThrownBy(() -> parse("pair:\n  first: 1\n  second: 0\n"))
        .hasMessage(
            "test cannot be used, correct this:\n  line 3: pair.second: 0 is less than first");
  }

  @Test
  void secretsAreNotShown() {
    assertThatThrownBy(() -> parse("auth: {username: me, password: hunter2}"))
        .hasMessageContaining("auth.password: the value is not valid: it is too long")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aKeyThatIsThereTwiceIsAMistake() {
    assertThatThrownBy(() -> parse("server:\n  port: 1\n  ip: x\n  port: 2\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "line 4: server.port: this key is already there on line 2: keep one of them");
    assertThatThrownBy(
            () -> ConfigLoader.parse("dir: /a\nDIR: /b\n", "test", Settings.class, Keys.ANY_CASE))
        .hasMessageContaining("line 2: DIR: this key is already there on line 1");
  }

  @Test
  void twoNamesOfOneSettingAreAMistake() {
    assertThatThrownBy(() ->
            parse("policy:\n  diskHighThresholdPercent: 80\n  distHighThresholdPercent: 90\n"))
        .hasMessageContaining(
            "line 3: policy.distHighThresholdPercent: this is another name of what line 2 sets: keep one of them");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# only a comment\n", "---\n"})
  void anEmptyFileLeavesEverythingAtItsDefault(String text) throws Exception {
    assertThat(ConfigLoader.load(write(text), Settings.class).value())
        .isEqualTo(ConfigLoader.load(write("{}"), Settings.class).value());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dir: /a\\n timeout: 1s | line 2, column 9: this is not YAML: mapping values are not allowed here; look at",
        "server:\\n\\tip: x | line 2, column 1: this is not YAML: while scanning for the next token: found character",
        "dir: 'secret | line 1, column 13: this is not YAML: while scanning a quoted scalar: found unexpected end",
        "rules: [1, | line 1, column 11: this is not YAML: while parsing a flow node",
        "dir: @x | line 1, column 6: this is not YAML",
        "dir: /a\\n---\\ndir: /b | line 2: there is more than one YAML document",
        "- a | has no keys at its top level",
        "dir: *nowhere | line 1: dir: there is no anchor &nowhere above",
        "? [a]\\n: 1 | line 1: a key must be text",
      })
  void whatIsNotYamlIsRefusedWithItsPlace(String yaml, String message) {
    assertThatThrownBy(() -> parse(yaml.replace("\\n", "\n").replace("\\t", "\t")))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("test")
        .hasMessageContaining(message)
        .hasMessageNotContaining("secret");
  }

  @Test
  void anchorsAndMergeKeysAreResolved() throws ConfigException {
    Settings settings =
        parse(
                """
                base: &base {ip: 1.1.1.1, port: 1}
                server:
                  port: 2
                  <<: *base
                rules:
                  - &rule {regex: a}
                  - *rule
                """)
            .value();

    assertThat(settings.server()).isEqualTo(new Server("1.1.1.1", 2, false));
    assertThat(settings.rules())
        .extracting(rule -> rule.regex().pattern())
        .containsExactly("a", "a");
  }

  @Test
  void aliasesAreLimitedInNumber() {
    String yaml = "idc: &a x\nother: [" + "*a, ".repeat(100) + "*a]\n";

    assertThatThrownBy(() -> parse(yaml)).hasMessageContaining("there are more than 100 aliases");
  }

  @Test
  void nestingIsLimited() {
    assertThatThrownBy(() -> parse("a: " + "[".repeat(5000) + "]".repeat(5000)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("nested deeper than 50");
  }

  @Test
  void aFewAliasesDoNotGrowIntoMuch() {
    StringBuilder yaml = new StringBuilder("features:\n  a0: &a0 [x]\n");
    for (int i = 1; i <= 48; i++) {
      yaml.append("  a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
    }

    assertThatThrownBy(() -> parse(yaml.toString()))
        .hasMessageContaining("there are more than 100000 values");
  }

  @Test
  void missingAndUnreadableFilesAreToldApart() throws IOException {
    Path missing = directory.resolve("missing.yaml");
    Path large = directory.resolve("large.yaml");
    Files.write(large, ("# " + "x".repeat(ConfigLoader.MAX_FILE_BYTES)).getBytes(UTF_8));
    Path binary = directory.resolve("binary.yaml");
    Files.write(binary, new byte[] {'a', ':', ' ', (byte) 0xFF});

    assertThatThrownBy(() -> ConfigLoader.load(missing, Settings.class))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "configuration file "
                + missing
                + " does not exist: create it, or name another file with --config");
    assertThatThrownBy(() -> ConfigLoader.load(directory, Settings.class))
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> ConfigLoader.load(large, Settings.class))
        .hasMessageContaining("is larger than 1 MiB");
    assertThatThrownBy(() -> ConfigLoader.load(binary, Settings.class))
        .hasMessageContaining("is not text in UTF-8");
  }

  @Test
  void aByteOrderMarkIsSkipped() throws IOException, ConfigException {
    assertThat(ConfigLoader.load(write("\uFEFFidc: x\n"), Settings.class).value().idc())
        .contains("x");
  }

  record Careless(String name) {}

  @Test
  void aComponentWithoutDefaultIsAMistakeOfTheProgram() {
    assertThatThrownBy(() -> ConfigLoader.defaults(Careless.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("name has no default");
  }

  @Test
  void manyMistakesAreCutShort() {
    String yaml = "rules:\n" + "  - regex: '['\n".repeat(60);

    assertThatThrownBy(() -> parse(yaml))
        .hasMessageContaining("rules[49]")
        .hasMessageEndingWith("and 10 more");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("config.yaml"), text);
  }

  private static Loaded<Settings> parse(String yaml) throws ConfigException {
    return ConfigLoader.parse(yaml, "test", Settings.class, Keys.EXACT);
  }
}
