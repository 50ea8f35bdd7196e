package io.dragonfly.lab.upstream;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Reads an origin as upstream does: a GET for one byte tells the length, each piece is one GET. */
final class UpstreamOrigin {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final URI url;

  UpstreamOrigin(String url) {
    this.url = URI.create(url);
  }

  long length() throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = get("bytes=0-0");
    String range = answer.headers().firstValue("content-range").orElse("");
    return switch (answer.statusCode()) {
      case 206 -> Long.parseLong(range.substring(range.indexOf('/') + 1));
      case 200 -> answer.body().length;
      case 416 -> 0;
      default -> throw new IOException("origin answered " + answer.statusCode());
    };
  }

  byte[] read(long offset, long length) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = get("bytes=" + offset + "-" + (offset + length - 1));
    if (answer.statusCode() != 206 || answer.body().length != length) {
      throw new IOException(
          "origin answered " + answer.statusCode() + " with " + answer.body().length + " bytes");
    }
    return answer.body();
  }

  private HttpResponse<byte[]> get(String range) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(url).header("Range", range).timeout(TIMEOUT).build();
      return client.send(request, BodyHandlers.ofByteArray());
    }
  }
}
