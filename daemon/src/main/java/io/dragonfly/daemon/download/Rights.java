package io.dragonfly.daemon.download;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dragonfly.common.digest.Sha256;
import io.dragonfly.common.net.Credentials;
import io.dragonfly.common.net.OriginScope;
import io.dragonfly.common.piece.ContentInfo;
import io.dragonfly.daemon.download.DownloadException.Code;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.source.OriginException;
import io.dragonfly.daemon.source.OriginRange;
import io.dragonfly.daemon.source.OriginRequest;
import io.dragonfly.daemon.source.OriginResponse;
import io.dragonfly.daemon.source.Sources;
import io.dragonfly.daemon.source.Validators;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether an origin lets a caller have what this host or its swarm may hold already. The origin is
 * asked for one byte (by HEAD for a manifest) with the caller's own headers. Its yes is an answer
 * with that content: one that hands out something else to outsiders, such as a page to sign in, has
 * not said yes. It is remembered for each credential and repository (or URL, where there is none)
 * and is asked for once by all who wait for it. Of the credentials only a hash is kept. Safe for
 * many threads.
 */
final class Rights {
  private static final int MOST = 4096;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final String DIGEST = "docker-content-digest";
  private static final Pattern NAMED = Pattern.compile("/(manifests|blobs)/sha256:[0-9a-f]{64}");
  private static final Pattern MANIFEST = Pattern.compile("/manifests/sha256:[0-9a-f]{64}");

  private final Sources sources;
  private final long freshNanos;
  private final long graceNanos;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Known> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
          return size() > MOST;
        }
      };

  /** What is known of one credential; guarded by the map it is in. */
  private static final class Known {
    boolean accepted;
    long acceptedAt;
    @Nullable CompletableFuture<Optional<DownloadException>> asking;
  }

  Rights(Sources sources, DownloadOptions options, LongSupplier nanoTime) {
    this.sources = sources;
    this.freshNanos = options.rightsFresh().toNanos();
    this.graceNanos = options.rightsGrace().toNanos();
    this.nanoTime = nanoTime;
  }

  /** The origin answered such a request just now. */
  synchronized void accepted(DownloadRequest request) {
    Known one = known.computeIfAbsent(key(request), _ -> new Known());
    one.accepted = true;
    one.acceptedAt = nanoTime.getAsLong();
  }

  /** Whether a caller may have a content without asking the origin for it now. */
  boolean allow(ContentInfo content, DownloadRequest request) {
    String guard = content.guard();
    return guard.isEmpty() || (guard.equals(request.place()) && areFresh(request));
  }

  /** Whether the origin accepted this a moment ago. */
  synchronized boolean areFresh(DownloadRequest request) {
    Known one = known.get(key(request));
    return one != null && isWithin(one, freshNanos);
  }

  private boolean isWithin(Known one, long nanos) {
    return one.accepted && nanoTime.getAsLong() - one.acceptedAt < nanos;
  }

  /**
   * Asks the origin, unless it said yes a moment ago; empty when it does. Blocks.
   *
   * @param content that it would be for
   */
  Optional<DownloadException> refusal(DownloadRequest request, ContentInfo content) {
    Known one;
    CompletableFuture<Optional<DownloadException>> answer;
    boolean first = false;
    synchronized (this) {
      one = known.computeIfAbsent(key(request), _ -> new Known());
      if (isWithin(one, freshNanos)) {
        return Optional.empty();
      }
      if (one.asking == null) {
        one.asking = new CompletableFuture<>();
        first = true;
      }
      answer = one.asking;
    }
    if (first) {
      try {
        answer.complete(settle(one, ask(request, content)));
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
        settled(one);
      }
    }
    try {
      return answer.join();
    } catch (CompletionException e) {
      return Optional.of(
          new DownloadException(
              Code.INTERNAL,
              "Cannot ask the origin of "
                  + request.urlForDisplay()
                  + " whether it may be given: "
                  + Messages.of(e)));
    }
  }

  private synchronized void settled(Known one) {
    one.asking = null;
  }

  private synchronized Optional<DownloadException> settle(
      Known one, Optional<DownloadException> failure) {
    one.asking = null;
    if (failure.isEmpty()) {
      one.accepted = true;
      one.acceptedAt = nanoTime.getAsLong();
      return failure;
    }
    if (failure.get().code() == Code.ORIGIN_UNAVAILABLE && isWithin(one, graceNanos)) {
      return Optional.empty();
    }
    one.accepted = false;
    return failure;
  }

  private Optional<DownloadException> ask(DownloadRequest request, ContentInfo content) {
    OriginRequest question =
        OriginRequest.of(request.url())
            .withHeaders(request.requestHeaders())
            .withRange(OriginRange.between(0, 1))
            .withCertificateChain(request.certificateChain())
            .withTimeout(PATIENCE);
    // To ask for a manifest by GET counts as a pull at some registries. All else may lead to a URL
    // that is signed for GET.
    boolean head = MANIFEST.matcher(request.url()).find();
    try {
      try (OriginResponse answer = sources.open(head ? question.asHead() : question)) {
        if (!head || isTelling(content, answer)) {
          return other(request, content, answer, head);
        }
      } catch (OriginException e) {
        if (!head || e.status().orElse(0) != 405) {
          throw e;
        }
      }
      try (OriginResponse answer = sources.open(question)) {
        return other(request, content, answer, false);
      }
    } catch (OriginException e) {
      boolean refused = e.kind() == OriginException.Kind.REFUSED;
      if (refused && e.status().orElse(0) == 416) {
        return Optional.empty();
      }
      return Optional.of(
          new DownloadException(
              refused ? Code.ORIGIN_REFUSED : Code.ORIGIN_UNAVAILABLE,
              e.status(),
              e.headers(),
              "Cannot give "
                  + request.urlForDisplay()
                  + ", which is here for those who may read its origin: "
                  + Messages.of(e)));
    }
  }

  /**
   * Whether an answer without a body shows that it is about the content, or about something else: a
   * registry may leave the digest out. Then its length has to do, and where that is another one (of
   * a page, perhaps, or of another form of the manifest) the content itself is asked for.
   */
  private static boolean isTelling(ContentInfo content, OriginResponse answer) {
    Optional<String> held = digest(content.headers());
    return held.isEmpty()
        || digest(answer.headers()).isPresent()
        || (answer.contentLength().isPresent() && answer.contentLength().equals(content.length()));
  }

  private static Optional<DownloadException> other(
      DownloadRequest request, ContentInfo content, OriginResponse answer, boolean head) {
    return difference(request, content, answer, head)
        .map(why ->
            new DownloadException(
                Code.CONTENT_CHANGED,
                "Cannot give "
                    + request.urlForDisplay()
                    + ", which is here for those who may read its origin: the origin answers with"
                    + " something else ("
                    + why
                    + "). Either these credentials are not accepted, or it has changed: then delete"
                    + " what is here, or wait until it expires."));
  }

  /** What shows that an answer is not this content; nothing that shows it counts as that, too. */
  private static Optional<String> difference(
      DownloadRequest request, ContentInfo content, OriginResponse answer, boolean head) {
    Optional<String> held = digest(content.headers());
    Optional<String> said = digest(answer.headers());
    if (held.isPresent() && said.isPresent()) {
      return held.equals(said)
          ? Optional.empty()
          : Optional.of("its digest was " + held.get() + " and is " + said.get());
    }
    if (head) {
      return Optional.empty();
    }
    // What a digest names may come from several places, each with validators of its own.
    Validators stored =
        NAMED.matcher(request.url()).find()
            ? Validators.of(Map.of(), content.length())
            : Validators.of(content.headers(), content.length());
    Validators came = answer.validators();
    Optional<String> difference = stored.difference(came);
    boolean part = answer.status() == 206;
    if (difference.isPresent() || part || agree(stored.etag(), came.etag())) {
      return difference;
    }
    boolean same = came.length().isPresent() || agree(stored.lastModified(), came.lastModified());
    return same ? Optional.empty() : Optional.of("nothing in its answer names the content");
  }

  private static boolean agree(Optional<String> stored, Optional<String> came) {
    return stored.isPresent() && stored.equals(came);
  }

  private static Optional<String> digest(Map<String, String> headers) {
    return headers.entrySet().stream()
        .filter(header -> header.getKey().equalsIgnoreCase(DIGEST))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static String key(DownloadRequest request) {
    MessageDigest hash = Sha256.begin();
    String place = OriginScope.repository(request.url()).orElse(request.url());
    hash.update(place.getBytes(UTF_8));
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    headers.putAll(request.requestHeaders());
    headers.forEach((name, value) -> {
      if (Credentials.isNamed(name)) {
        hash.update((byte) 0);
        hash.update(name.toLowerCase(Locale.ROOT).getBytes(UTF_8));
        hash.update((byte) 0);
        hash.update(value.getBytes(UTF_8));
      }
    });
    return Sha256.hex(hash);
  }
}
