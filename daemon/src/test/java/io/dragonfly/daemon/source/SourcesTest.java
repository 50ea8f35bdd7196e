package io.dragonfly.daemon.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SourcesTest {
  /** A kind of origin that is not there by itself. */
  private static final class MemoryFactory implements Source.Factory {
    private boolean closed;

    @Override
    public Set<String> schemes() {
      return Set.of("memory");
    }

    @Override
    public Source create(SourceOptions options) {
      return new Source() {
        @Override
        public Set<String> schemes() {
          return Set.of("memory");
        }

        @Override
        public OriginResponse open(OriginRequest request) throws OriginException {
          throw new OriginException(Kind.IO, "reached", null);
        }

        @Override
        public void close() {
          closed = true;
        }
      };
    }
  }

  private static OriginException failure(Sources sources, String url) {
    return catchThrowableOfType(
        OriginException.class, () -> sources.open(OriginRequest.of(url)).close());
  }

  @Test
  void schemeThatNobodyReadsIsNamedWithThoseThatAreRead() {
    try (Sources sources = Sources.of(TestSource.options().build())) {
      OriginException failure = failure(sources, "s3://bucket/key?secret");

      assertThat(failure.kind()).isEqualTo(Kind.UNSUPPORTED_SCHEME);
      assertThat(failure)
          .hasMessageContaining("begin with s3")
          .hasMessageContaining("Supported are http, https.")
          .hasMessageNotContaining("secret");
      assertThat(failure(sources, "no scheme?secret"))
          .hasMessageContaining("it has no scheme")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void sourceIsFoundByItsSchemeAndMadeOnce() throws Exception {
    MemoryFactory memory = new MemoryFactory();
    try (Sources sources = Sources.of(TestSource.options().build(), List.of(memory))) {
      assertThat(failure(sources, "MEMORY:x")).hasMessage("reached");
      assertThat(sources.forUrl("memory:x")).isSameAs(sources.forUrl("memory:y"));
      assertThat(sources.forUrl("http://h/")).isSameAs(sources.forUrl("HTTPS://h/"));
    }
    assertThat(memory.closed).isTrue();
  }

  @Test
  void everyLookIsTold() throws Exception {
    List<String> told = new ArrayList<>();
    OriginWatch watch =
        new OriginWatch() {
          @Override
          public void asked(String scheme, String method) {
            told.add("asked " + scheme + " " + method);
          }

          @Override
          public void answered(String scheme, String method, Duration time) {
            assertThat(time).isGreaterThanOrEqualTo(Duration.ZERO);
            told.add("answered " + scheme + " " + method);
          }

          @Override
          public void failed(String scheme, String method) {
            told.add("failed " + scheme + " " + method);
          }
        };
    try (Sources sources = Sources.of(TestSource.options().build(), watch);
        TestOrigin origin = TestOrigin.start(TestOrigin.serving(new byte[100]))) {
      sources.open(OriginRequest.of(origin.url("/file"))).close();
      assertThat(failure(sources, "HTTP://127.0.0.1:1/")).isNotNull();
      // Nobody was asked.
      assertThat(failure(sources, "s3://bucket/key")).isNotNull();
    }
    assertThat(told)
        .containsExactly(
            "asked http GET", "answered http GET", "asked http GET", "failed http GET");
  }

  @Test
  void nothingIsReadAfterClosing() {
    Sources sources = Sources.of(TestSource.options().build());
    sources.close();

    assertThat(failure(sources, "http://127.0.0.1:1/").kind()).isEqualTo(Kind.CANCELLED);
  }

  @Test
  void defaultsAreUsable() {
    try (Sources sources = Sources.of(SourceOptions.defaults())) {
      assertThat(SourceOptions.defaults().userAgent()).startsWith("dragonfly/");
      assertThat(failure(sources, "http://").kind()).isEqualTo(Kind.BAD_URL);
    }
  }
}
