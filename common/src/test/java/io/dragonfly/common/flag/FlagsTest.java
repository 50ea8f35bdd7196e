package io.dragonfly.common.flag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

final class FlagsTest {
  private static Flags flags() {
    return new Flags("dfget", "Download a file through the daemon of this machine.")
        .positional("URL", "What to download")
        .group(
            "Output",
            Flag.value("output", "PATH").letter('O').required().help("Where the file goes"),
            Flag.toggle("overwrite")
                .env("DFGET_OVERWRITE")
                .help("Replace a file that is there already"),
            Flag.toggle("quiet").letter('q').help("No progress"))
        .group(
            "Download",
            Flag.value("timeout", "DURATION")
                .env("DFGET_TIMEOUT")
                .defaultsTo("2h")
                .help("Give up after this time; at most some hours, and more words to wrap around"),
            Flag.value("header", "NAME: VALUE").letter('H').repeatable().help("Sent to the origin"),
            Flag.value("priority", "NUMBER").letter('p').defaultsTo("6").help("0 to 6"),
            Flag.bool("storage-insecure-skip-verify")
                .env("DFGET_SKIP")
                .help("Trust any certificate"),
            Flag.toggle("secret-switch").hidden());
  }

  private static ParsedFlags parse(String... arguments) throws UsageException {
    return flags().parse(List.of(arguments), Map.of());
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertUsage(String... arguments) {
    return assertThatThrownBy(() -> parse(arguments)).isInstanceOf(UsageException.class);
  }

  @Test
  void allWaysToWriteAnOptionAreRead() throws UsageException {
    assertThat(parse("u", "--output", "f").string("output")).isEqualTo("f");
    assertThat(parse("u", "--output=f=g").string("output")).isEqualTo("f=g");
    assertThat(parse("u", "--output=").string("output")).isEmpty();
    assertThat(parse("-O", "f", "u").string("output")).isEqualTo("f");
    assertThat(parse("-Of", "u").string("output")).isEqualTo("f");
    assertThat(parse("-O=f", "u").string("output")).isEqualTo("f");
    ParsedFlags cluster = parse("-qOf", "u");
    assertThat(cluster.string("output")).isEqualTo("f");
    assertThat(cluster.isOn("quiet")).isTrue();
    assertThat(cluster.argument(0)).isEqualTo("u");
  }

  @Test
  void optionsMayStandAnywhereUntilTwoDashes() throws UsageException {
    ParsedFlags parsed = parse("-q", "--output", "f", "--", "--overwrite");

    assertThat(parsed.positionals()).containsExactly("--overwrite");
    assertThat(parsed.isOn("overwrite")).isFalse();
  }

  @Test
  void switchesMayHaveAValue() throws UsageException {
    assertThat(parse("u", "-Of", "--overwrite").isOn("overwrite")).isTrue();
    assertThat(parse("u", "-Of", "--overwrite=true").isOn("overwrite")).isTrue();
    assertThat(parse("u", "-Of", "--overwrite=false").isOn("overwrite")).isFalse();
    assertThat(parse("u", "-Of").isOn("overwrite")).isFalse();
    assertUsage("u", "-Of", "--overwrite=maybe")
        .hasMessage("invalid value 'maybe' for --overwrite: expected true or false");
  }

  @Test
  void aBooleanMustHaveAValueAndMayBeAbsent() throws UsageException {
    String name = "storage-insecure-skip-verify";
    assertThat(parse("u", "-Of", "--" + name, "true").bool(name)).contains(true);
    assertThat(parse("u", "-Of", "--" + name + "=false").bool(name)).contains(false);
    assertThat(parse("u", "-Of").bool(name)).isEmpty();
    assertUsage("u", "-Of", "--" + name).hasMessageContaining("needs a value");
    assertUsage("u", "-Of", "--" + name, "yes").hasMessageContaining("expected true or false");
  }

  @Test
  void theLineWinsOverTheEnvironmentAndThatOverTheDefault() throws UsageException {
    Map<String, String> environment = Map.of("DFGET_TIMEOUT", "30s", "DFGET_OVERWRITE", "true");
    ParsedFlags both =
        flags().parse(List.of("u", "-Of", "--timeout", "1m", "--overwrite=false"), environment);
    ParsedFlags fromEnvironment = flags().parse(List.of("u", "-Of"), environment);
    ParsedFlags none = flags().parse(List.of("u", "-Of"), Map.of("DFGET_TIMEOUT", ""));

    assertThat(both.string("timeout")).isEqualTo("1m");
    assertThat(both.isOn("overwrite")).isFalse();
    assertThat(fromEnvironment.string("timeout")).isEqualTo("30s");
    assertThat(fromEnvironment.isOn("overwrite")).isTrue();
    assertThat(fromEnvironment.isGiven("timeout")).isTrue();
    assertThat(none.string("timeout")).isEqualTo("2h");
    assertThat(none.isGiven("timeout")).isFalse();
  }

  @Test
  void anErrorInTheEnvironmentNamesTheVariable() {
    assertThatThrownBy(
            () -> flags().parse(List.of("u", "-Of"), Map.of("DFGET_OVERWRITE", "perhaps")))
        .hasMessage(
            "invalid value 'perhaps' for --overwrite (from the environment variable"
                + " DFGET_OVERWRITE): expected true or false");
  }

  @Test
  void repeatedValuesAreKeptInOrder() throws UsageException {
    assertThat(parse("u", "-Of", "-H", "a: 1", "--header=b: 2", "-Hc: 3").values("header"))
        .containsExactly("a: 1", "b: 2", "c: 3");
    assertThat(parse("u", "-Of").values("header")).isEmpty();
    assertUsage("u", "-Of", "--output", "g")
        .hasMessage("--output is given twice; it takes one value");
  }

  @Test
  void numbersAreChecked() throws UsageException {
    assertThat(parse("u", "-Of").number("priority", 0, 6)).isEqualTo(6);
    assertThat(parse("u", "-Of", "-p", "-1").number("priority", -1, 6)).isEqualTo(-1);
    for (String wrong : List.of("7", "-1", "x", "")) {
      assertThatThrownBy(() -> parse("u", "-Of", "--priority=" + wrong).number("priority", 0, 6))
          .hasMessage(
              "invalid value '" + wrong + "' for --priority: expected a whole number from 0 to 6");
    }
  }

  @Test
  void anUnknownOptionIsNamedWithTheNearest() {
    assertUsage("u", "--ouput", "f").hasMessage("unknown option --ouput, did you mean --output?");
    assertUsage("u", "--over").hasMessage("unknown option --over, did you mean --overwrite?");
    assertUsage("u", "--zzzzz").hasMessage("unknown option --zzzzz");
    assertUsage("u", "--secret-swich").hasMessage("unknown option --secret-swich");
    assertUsage("u", "-x").hasMessage("unknown option -x");
    assertUsage("u", "-qx").hasMessage("unknown option -x in '-qx'");
  }

  @Test
  void whatIsMissingOrTooMuchIsNamed() {
    assertUsage("u").hasMessage("missing --output <PATH>");
    assertUsage("-Of").hasMessage("missing argument <URL>");
    assertUsage("u", "--output").hasMessage("--output needs a value: --output <PATH>");
    assertUsage("u", "--output", "--overwrite").hasMessageContaining("--output needs a value");
    assertUsage("u", "-Of", "v").hasMessage("unexpected argument 'v' after <URL>");
  }

  @Test
  void aValueMayBeginWithADashIfItIsNoOption() throws UsageException {
    assertThat(parse("u", "--output", "-").string("output")).isEqualTo("-");
    assertThat(parse("u", "--output", "--strange").string("output")).isEqualTo("--strange");
  }

  @Test
  void helpAndVersionWinOverErrors() throws UsageException {
    assertThat(parse("--help").wantsHelp()).isTrue();
    assertThat(parse("--nonsense", "-h").wantsHelp()).isTrue();
    assertThat(parse("-V").wantsVersion()).isTrue();
    assertThat(parse("u", "-Of").wantsHelp()).isFalse();
  }

  @Test
  void theHelpIsAlignedAndComplete() {
    assertThat(flags().help())
        .isEqualTo(
            """
            Download a file through the daemon of this machine.

            Usage: dfget [OPTIONS] --output <PATH> <URL>

            Arguments:
              <URL>                       What to download

            Output:
              -O, --output <PATH>         Where the file goes
                  --overwrite             Replace a file that is there already [env: DFGET_OVERWRITE]
              -q, --quiet                 No progress

            Download:
                  --timeout <DURATION>    Give up after this time; at most some hours, and more words to wrap
                                          around [env: DFGET_TIMEOUT] [default: 2h]
              -H, --header <NAME: VALUE>  Sent to the origin [repeatable]
              -p, --priority <NUMBER>     0 to 6 [default: 6]
                  --storage-insecure-skip-verify <true|false>
                                          Trust any certificate [env: DFGET_SKIP]

            General:
              -h, --help                  Print this text
              -V, --version               Print the version
            """);
    assertThat(flags().help().lines()).allMatch(line -> line.length() <= 100);
    assertThat(flags().help()).doesNotContain("secret-switch");
  }

  @Test
  void commandsTakeTheRestOfTheLine() throws UsageException {
    Flags flags =
        new Flags("dfctl", "Look into a daemon.")
            .group("General", Flag.toggle("console"))
            .command("task", "Tasks of the daemon")
            .command("host", "The daemon itself");

    ParsedFlags parsed =
        flags.parse(List.of("--console", "task", "--console", "ls", "-x"), Map.of());

    assertThat(parsed.command()).contains("task");
    assertThat(parsed.rest()).containsExactly("--console", "ls", "-x");
    assertThatThrownBy(() -> flags.parse(List.of("tusk"), Map.of()))
        .hasMessage("unknown command 'tusk', did you mean 'task'?");
    assertThatThrownBy(() -> flags.parse(List.of("zzz"), Map.of()))
        .hasMessage("unknown command 'zzz': one of task, host");
    assertThatThrownBy(() -> flags.parse(List.of(), Map.of()))
        .hasMessage("missing command: one of task, host");
    assertThat(flags.help())
        .contains(
            "Usage: dfctl [OPTIONS] <COMMAND>", "\nCommands:\n  task ", "Tasks of the daemon");
  }

  @Test
  void mistakesInTheProgramAreFoundAtOnce() {
    assertThatThrownBy(() -> flags().group("More", Flag.toggle("quiet")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> flags().group("More", Flag.toggle("quick").letter('q')))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> parse("u", "-Of").value("nothing"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Flag.toggle("-x")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void editDistanceCountsASwapAsOne() {
    assertThat(Suggestion.distance("output", "ouptut")).isEqualTo(1);
    assertThat(Suggestion.distance("", "abc")).isEqualTo(3);
    assertThat(Suggestion.distance("kitten", "sitting")).isEqualTo(3);
  }
}
