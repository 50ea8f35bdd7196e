package io.dragonfly.common.id;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dragonfly.common.digest.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What makes two requests the same task. Task ids are equal wherever these are equal, in every
 * program of a cluster (upstream's included), so the calculation is exact:
 *
 * <ol>
 *   <li>with {@code content}: SHA-256 of that text;
 *   <li>else with {@code byBlobDigest} and a URL like {@code
 *       scheme://registry/v2/name/blobs/algorithm:encoded}: the encoded part of the digest itself;
 *   <li>else SHA-256 over, without separators: the normalised URL, tag, application, revision, the
 *       piece length in decimal (only one that the user chose), and the word {@code STANDARD}.
 * </ol>
 *
 * The URL is normalised as WHATWG's URL standard says. Query parameters whose decoded name is in
 * {@code filteredQueryParams} are dropped; what remains is written again as form-urlencoded, in the
 * same order; a query of which nothing remains goes away, with its question mark. The slash of an
 * empty path goes away. Credentials and fragment stay.
 */
public record TaskIdentity(
    String url,
    Optional<String> tag,
    Optional<String> application,
    Optional<String> revision,
    OptionalLong pieceLength,
    List<String> filteredQueryParams,
    Optional<String> content,
    boolean byBlobDigest) {

  /**
   * Parameters that carry signatures or credentials, by the name of the object store that uses
   * them. Programs supply them where the user names none; a request with an empty list means
   * "filter nothing".
   */
  public static final List<String> DEFAULT_FILTERED_QUERY_PARAMS =
      List.of(
          // S3
          "X-Amz-Algorithm",
          "X-Amz-Credential",
          "X-Amz-Date",
          "X-Amz-Expires",
          "X-Amz-SignedHeaders",
          "X-Amz-Signature",
          "X-Amz-Security-Token",
          "X-Amz-User-Agent",
          // Google Cloud Storage
          "X-Goog-Algorithm",
          "X-Goog-Credential",
          "X-Goog-Date",
          "X-Goog-Expires",
          "X-Goog-SignedHeaders",
          "X-Goog-Signature",
          // Alibaba OSS, Huawei OBS
          "OSSAccessKeyId",
          "Expires",
          "Signature",
          "SecurityToken",
          "AccessKeyId",
          "X-Obs-Date",
          "X-Obs-Security-Token",
          // Tencent COS
          "q-sign-algorithm",
          "q-ak",
          "q-sign-time",
          "q-key-time",
          "q-header-list",
          "q-url-param-list",
          "q-signature",
          "x-cos-security-token",
          // containerd
          "ns");

  public TaskIdentity {
    filteredQueryParams = List.copyOf(filteredQueryParams);
    if (pieceLength.isPresent() && pieceLength.getAsLong() < 1) {
      throw new IllegalArgumentException(
          "piece length " + pieceLength.getAsLong() + " is not valid: it must be at least 1");
    }
  }

  /** A URL and nothing else; no parameter is filtered. */
  public static TaskIdentity ofUrl(String url) {
    return new TaskIdentity(
        url,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        List.of(),
        Optional.empty(),
        false);
  }

  /** Throws {@link IllegalArgumentException} when the URL is needed and is not one. */
  public TaskId taskId() {
    if (content.isPresent()) {
      return sha256(content.get());
    }
    if (byBlobDigest) {
      Optional<String> encoded = BlobUrl.encodedDigest(url);
      if (encoded.isPresent()) {
        return new TaskId(encoded.get());
      }
    }
    StringBuilder text = new StringBuilder(normalizedUrl());
    tag.ifPresent(text::append);
    application.ifPresent(text::append);
    revision.ifPresent(text::append);
    pieceLength.ifPresent(text::append);
    return sha256(text.append("STANDARD").toString());
  }

  /** The URL as it enters the task id. May hold credentials: not for logs. */
  String normalizedUrl() {
    Set<String> filtered = new LinkedHashSet<>(filteredQueryParams);
    return TaskUrl.normalize(url, filtered);
  }

  /**
   * The id of a persistent task, which is kept in an object store: here the URL is the object's
   * key, taken as it is.
   */
  public static TaskId persistentTaskId(String url, String region, String endpoint) {
    return sha256(url + region + endpoint + "PERSISTENT");
  }

  /**
   * The id of a persistent cache task, which is made from a file's bytes (all that the stream holds
   * from here on).
   */
  public static TaskId persistentCacheTaskId(
      InputStream file,
      Optional<String> tag,
      Optional<String> application,
      OptionalLong pieceLength)
      throws IOException {
    MessageDigest digest = Sha256.begin();
    byte[] buffer = new byte[64 * 1024];
    for (int n = file.read(buffer); n >= 0; n = file.read(buffer)) {
      digest.update(buffer, 0, n);
    }
    StringBuilder text = new StringBuilder();
    tag.ifPresent(text::append);
    application.ifPresent(text::append);
    pieceLength.ifPresent(text::append);
    digest.update(text.append("PERSISTENT_CACHE").toString().getBytes(UTF_8));
    return new TaskId(Sha256.hex(digest));
  }

  /** The id of a task whose user named its content by a text of his own. */
  public static TaskId contentTaskId(String content) {
    return sha256(content);
  }

  private static TaskId sha256(String text) {
    return new TaskId(Sha256.hex(text));
  }

  /** Without URL (credentials, signatures) and content. */
  @Override
  public String toString() {
    return "TaskIdentity[tag="
        + tag
        + ", application="
        + application
        + ", revision="
        + revision
        + "]";
  }
}
