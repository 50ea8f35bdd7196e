package io.dragonfly.common.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserHomeTest {
  @Test
  void isThatOfTheEnvironmentWhateverTheListOfUsersSays() {
    assertThat(UserHome.of(Map.of("HOME", "/home/me/."))).contains(Path.of("/home/me"));
    assertThat(UserHome.standalone(Map.of("HOME", "/home/me")))
        .contains(Path.of("/home/me/.dragonfly"));
    assertThat(UserHome.of(Map.of())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/..", "me", "/a\u0000b"})
  void isNoneThatIsNoUsers(String home) {
    assertThat(UserHome.of(Map.of("HOME", home))).isEmpty();
  }
}
