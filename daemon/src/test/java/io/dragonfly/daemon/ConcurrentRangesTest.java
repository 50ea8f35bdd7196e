package io.dragonfly.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A client that asks for all of a blob in parts at once, as containerd 2.1 does. */
class ConcurrentRangesTest {
  private static final int LENGTH = 40_000_000;

  @TempDir Path dir;
  private final HttpClient http = HttpClient.newHttpClient();
  private ProxyOrigin origin;
  private ProxyDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    origin = new ProxyOrigin(LENGTH);
    daemon = ProxyDaemon.of(dir, "", "");
  }

  @AfterEach
  void stop() {
    http.close();
    daemon.close();
    origin.close();
  }

  private CompletableFuture<HttpResponse<byte[]>> part(int start, int end) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.port() + origin.path()))
            .header("X-Dragonfly-Registry", origin.base())
            .header("Range", "bytes=" + start + "-" + (end - 1))
            .build();
    return http.sendAsync(request, BodyHandlers.ofByteArray());
  }

  @ParameterizedTest
  @CsvSource({"6, 6666667", "5, 8388608", "40, 1000000", "39, 1048576"})
  void eachByteIsReadAtTheOriginOnce(int parts, int length) throws Exception {
    byte[] blob = origin.blob();
    List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      answers.add(part(i * length, Math.min(LENGTH, (i + 1) * length)));
    }
    for (int i = 0; i < parts; i++) {
      HttpResponse<byte[]> answer = answers.get(i).get();
      assertThat(answer.statusCode()).isEqualTo(206);
      assertThat(answer.body())
          .isEqualTo(Arrays.copyOfRange(blob, i * length, Math.min(LENGTH, (i + 1) * length)));
    }
    assertThat(origin.served.get()).isEqualTo(LENGTH);
  }
}
