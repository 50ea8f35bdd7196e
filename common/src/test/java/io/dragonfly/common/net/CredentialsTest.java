package io.dragonfly.common.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CredentialsTest {
  @Test
  void namesTellCredentials() {
    assertThat(List.of("Authorization", "COOKIE", "X-Amz-Security-Token", "X-Api-Key", "sessionid"))
        .allMatch(Credentials::isNamed);
    assertThat(List.of("Accept", "User-Agent", "X-Trace")).noneMatch(Credentials::isNamed);
  }

  @Test
  void userAndPasswordAreTakenOutOfTheUrl() {
    assertThat(Credentials.takenOutOf("https://u:p@h:1/a@b?c=d@e", List.of()))
        .isEqualTo("https://h:1/a@b?c=d@e");
    assertThat(Credentials.takenOutOf("https://u@x:p@h", List.of())).isEqualTo("https://h");
    assertThat(Credentials.takenOutOf("https://h/a@b", List.of())).isEqualTo("https://h/a@b");
    assertThat(Credentials.isInUrl("https://u@h/f")).isTrue();
    assertThat(Credentials.isInUrl("https://h/u@h")).isFalse();
    assertThat(Credentials.isInUrl("u@h")).isFalse();
  }

  @Test
  void onlyParametersThatMayGoAndAreCredentialsGo() {
    List<String> droppable = List.of("X-Amz-Signature", "X-Amz-Date");
    assertThat(
            Credentials.takenOutOf(
                "https://h/f?X-Amz-Signature=s&a=1&X-Amz-Date=2&token=3#X-Amz-Signature=4",
                droppable))
        .isEqualTo("https://h/f?a=1&X-Amz-Date=2&token=3#X-Amz-Signature=4");
    assertThat(Credentials.takenOutOf("https://h/f?X-Amz-Signature=s", droppable))
        .isEqualTo("https://h/f");
    assertThat(Credentials.takenOutOf("https://h/f#?X-Amz-Signature=s", droppable))
        .isEqualTo("https://h/f#?X-Amz-Signature=s");
  }
}
