package io.dragonfly.daemon.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.common.net.HostPort;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationsTest {
  @ParameterizedTest
  @ValueSource(strings = {"169.254.169.254:80", "[fe80::1]:443", "100.100.100.200:80"})
  void addressesThatGiveAwayAMachinesCredentialsAreRefusedUnlessAllowed(String place)
      throws Exception {
    HostPort asked = HostPort.parse(place);
    assertThatThrownBy(() ->
            new Destinations(/* allowLinkLocal= */ false, 1).resolve(asked, /* byProxy= */ false))
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.status().code()).isEqualTo(403));
    List<InetAddress> allowed =
        new Destinations(/* allowLinkLocal= */ true, 1).resolve(asked, /* byProxy= */ false);
    assertThat(allowed).containsExactly(InetAddress.getByName(asked.host()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0xA9FEA9FE:80", "0251.0376.0251.0376:80", "0xa9.0xfe.0xa9.0xfe:80"})
  void nobodyElseIsAskedForThemInAnotherSpelling(String place) throws Exception {
    HostPort asked = HostPort.parse(place);
    assertThatThrownBy(() ->
            new Destinations(/* allowLinkLocal= */ false, 1).resolve(asked, /* byProxy= */ true))
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.status().code()).isEqualTo(403));
  }
}
