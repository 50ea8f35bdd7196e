package io.dragonfly.cli.download;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.dragonfly.common.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** What a daemon, or whoever has its socket, answers to dfget. */
final class AnswerLineFuzzTest {
  static Stream<byte[]> answers() {
    return Stream.of(
            "DONE length=5 task=abc cache=1 peers=2 seed=3 origin=4",
            "PROGRESS done=9223372036854775807 length=",
            "FAILED code=backend text=no%20such%20file%0a",
            "ACCEPTED")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("answers")
  @FuzzTest(maxDuration = "1m")
  void answer(byte[] input) {
    AnswerLine line = AnswerLine.parse(new String(input, StandardCharsets.UTF_8));
    try {
      assertThat(line.shares()).isNotNull();
      long _ = line.number("length", -1);
      String text = line.value("text");
      if (text != null) {
        assertThat(text).hasSizeLessThanOrEqualTo(input.length);
      }
    } catch (DownloadFailure e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void answersThatAreNearlyRight() {
    Mutations.tryAll(answers(), this::answer);
  }
}
