package io.dragonfly.common.id;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskIdentityTest {
  @ParameterizedTest
  @CsvSource({
    "foo, bar, v1.0, 1024, 5844f27a257287e9b734256bb25603d8005422ced8c0377f15063ec11963b25f",
    "foo, bar, , , 06408fbf247ddaca478f8cb9565fe5591c28efd0994b8fea80a6a87d3203c5ca",
    "foo, , , , 3c3f230ef9f191dd2821510346a7bc138e4894bee9aee184ba250a3040701d2a",
    ", bar, , , c9f9261b7305c24371244f9f149f5d4589ed601348fdf22d7f6f4b10658fdba2",
    ", , , 1024, 9f7c9aafbc6f30f8f41a96ca77eeae80c5b60964b3034b0ee43ccf7b2f9e52b8",
    ", , v1.0, , b171331534b80e0bf91da38ebbfcdbf4d177898f4b9beac44f14733e3f004d4e",
  })
  void standardIdsAgreeWithUpstream(
      String tag, String application, String revision, Long pieceLength, String id) {
    TaskIdentity identity =
        new TaskIdentity(
            "https://example.com",
            Optional.ofNullable(tag),
            Optional.ofNullable(application),
            Optional.ofNullable(revision),
            pieceLength == null ? OptionalLong.empty() : OptionalLong.of(pieceLength),
            List.of(),
            Optional.empty(),
            false);

    assertThat(identity.taskId().value()).isEqualTo(id);
  }

  @Test
  void filteredParametersDoNotCount() {
    assertThat(filtered("https://example.com?foo=foo&bar=bar", "foo", "bar").taskId())
        .isEqualTo(new TaskId("457b4328cde278e422c9e243f7bfd1e97f511fec43a80f535cf6b0ef6b086776"))
        .isEqualTo(TaskIdentity.ofUrl("https://example.com").taskId());
  }

  @Test
  void contentTakesTheUrlsPlace() {
    TaskIdentity identity =
        new TaskIdentity(
            "not a URL at all",
            Optional.of("tag"),
            Optional.empty(),
            Optional.empty(),
            OptionalLong.empty(),
            List.of(),
            Optional.of("This is a test file"),
            true);

    assertThat(identity.taskId().value())
        .isEqualTo("e2d0fe1585a63ec6009c8016ff8dda8b17719a637405a4e23c0ff81339148249")
        .isEqualTo(TaskIdentity.contentTaskId("This is a test file").value());
  }

  @Test
  void anEmptyTagIsNoTag() {
    assertThat(withTag("").taskId()).isEqualTo(TaskIdentity.ofUrl("https://example.com").taskId());
    assertThat(withTag("foo").taskId())
        .isNotEqualTo(TaskIdentity.ofUrl("https://example.com").taskId());
  }

  @Test
  void persistentIdsAgreeWithUpstream() {
    assertThat(
            TaskIdentity.persistentTaskId(
                    "my-object-key", "us-west-1", "https://s3.us-west-1.amazonaws.com")
                .value())
        .isEqualTo("b51f4f44921bb585277a5cbac13e7f6e2858238e98546f3ee6bfeb56369979c0");
  }

  @ParameterizedTest
  @CsvSource({
    "tag1, app1, 1024, 7160a071a9acea5ac341e770c14d0211c38a4b15b3bbe2c5f848a706fd47419e",
    ", app1, , 0d0f8536f51227fda07141308f5ae8149b561b51b61c6517125f25dfa27acf5b",
    "tag1, , , a98b76813681e30cf83733fe055792b86393bba6f18e3d89fd8c18253922d992",
    ", , 1024, e894374a39e39cfa78c409cac02f2cdbb5605a24f5ff55c7bc2b624877556c03",
  })
  void persistentCacheIdsAgreeWithUpstream(
      String tag, String application, Long pieceLength, String id) throws IOException {
    TaskId actual =
        TaskIdentity.persistentCacheTaskId(
            new ByteArrayInputStream("This is a test file".getBytes(UTF_8)),
            Optional.ofNullable(tag),
            Optional.ofNullable(application),
            pieceLength == null ? OptionalLong.empty() : OptionalLong.of(pieceLength));

    assertThat(actual.value()).isEqualTo(id);
  }

  @ParameterizedTest
  @CsvSource({
    "HTTPS://Example.COM:443/A/./b/../c/%2e%2E/d/%2E, https://example.com/A/d/",
    "https://example.com, https://example.com",
    "https://example.com/, https://example.com",
    "https://example.com?, https://example.com",
    "https://example.com//, https://example.com//",
    "https://example.com/a/, https://example.com/a/",
    "https://example.com/?b=2&a=1&b, https://example.com/?b=2&a=1&b=",
    "https://example.com/?a=x%20y+z~*-._%2f&&=, https://example.com/?a=x+y+z%7E*-._%2F&=",
    "https://example.com/?a=%zz%e4%bd%a0, https://example.com/?a=%25zz%E4%BD%A0",
    "https://example.com/x#frag ment, https://example.com/x#frag%20ment",
    "https://example.com/#x/, https://example.com/#x",
    "https://user:p@ss@example.com:8443/x, https://user:p%40ss@example.com:8443/x",
    "https://user:@example.com/x, https://user@example.com/x",
    "https://:@example.com/x, https://example.com/x",
    "https:example.com/x, https://example.com/x",
    "https:\\\\example.com\\x\\..\\y, https://example.com/y",
    "https://example.com:/x, https://example.com/x",
    "http://example.com:0080/x, http://example.com/x",
    "https://exa%6dple.com/x, https://example.com/x",
    "https://bücher.example/ü{}|^`, https://xn--bcher-kva.example/%C3%BC%7B%7D|^%60",
    "http://0x7f.1/x, http://127.0.0.1/x",
    "http://010.0.0.1./x, http://8.0.0.1/x",
    "http://[2001:DB8:0:0:1:0:0:1]:8080/x, http://[2001:db8::1:0:0:1]:8080/x",
    "http://[::ffff:1.2.3.4]/x, http://[::ffff:102:304]/x",
    "http://[::]/x, http://[::]/x",
    "http://[1:0:2:3:4:5:6:7]/x, http://[1:0:2:3:4:5:6:7]/x",
    "http://[1:2:3:4:5:6:7::]/x, http://[1:2:3:4:5:6:7:0]/x",
    "s3://Bucket/Key/../other, s3://Bucket/other",
    "s3://bucket/, s3://bucket",
    "s3://bucket, s3://bucket",
    "hf://owner/repo/file.bin?x=1, hf://owner/repo/file.bin?x=1",
    "hdfs://host:9000/a b, hdfs://host:9000/a%20b",
    "file://localhost/a/../b, file:///b",
    "foo:/.//p, foo:/.//p",
    "urn:a:b, urn:a:b",
  })
  void urlsAreNormalisedAsTheUrlStandardSays(String url, String normalized) {
    assertThat(TaskIdentity.ofUrl(url).normalizedUrl()).isEqualTo(normalized);
  }

  @Test
  void spaceAroundAndLineBreaksInsideAUrlAreDropped() {
    assertThat(TaskIdentity.ofUrl(" \n https://exam\nple.com/a\tb \r").normalizedUrl())
        .isEqualTo("https://example.com/ab");
  }

  @Test
  void parametersAreFilteredByTheirDecodedNameAndTheOthersKeepTheirOrder() {
    assertThat(
            filtered("https://h/x?z=1&X%2DAmz-Date=2&a=3&x-amz-date=4#f", "X-Amz-Date")
                .normalizedUrl())
        .isEqualTo("https://h/x?z=1&a=3&x-amz-date=4#f");
    assertThat(filtered("https://h/x?a+b=1", "a b").normalizedUrl()).isEqualTo("https://h/x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "example.com/x",
        "://x",
        "1http://x",
        "http://",
        "http:///?q",
        "http://user:secret@/x",
        "http://h:65536/x",
        "http://h:8o/x",
        "http://a b/x",
        "http://1.2.3.256/x",
        "http://1.2.3.4.5/x",
        "http://09.1/x",
        "http://[1::2::3]/x",
        "http://[1:2:3]/x",
        "http://[::1/x",
        "http://[::01.2.3.4]/x",
        "http://[12345::]/x",
        "s3://user:secret@/x",
        "s3://a^b/x",
      })
  void whatIsNotAUrlIsRefused(String url) {
    assertThatThrownBy(() -> TaskIdentity.ofUrl(url + "?token=secret").taskId())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not valid: it")
        .hasMessageNotContaining("secret");
  }

  @Test
  void aBlobsDigestIsTheIdWhenAskedFor() {
    String hex = "0123456789abcdef".repeat(4);
    String url = "https://registry/v2/library/nginx/blobs/sha256:" + hex;

    assertThat(byDigest(url).taskId().value()).isEqualTo(hex);
    assertThat(byDigest(url + "?ns=docker.io").taskId().value()).isEqualTo(hex);
    assertThat(TaskIdentity.ofUrl(url).taskId().value()).isNotEqualTo(hex);
    assertThat(byDigest("https://r/v2//blobs/x/blobs/crc32:0123").taskId().value())
        .isEqualTo("0123");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://registry/v2/library/nginx/manifests/sha256:0000",
        "https://registry/v2/library/nginx/blobs/sha256:0000",
        "https://registry/v2/blobs/crc32:1",
        "https://registry/v1/x/blobs/crc32:1",
        "https://registry/v2/x/blobs/?crc32:1",
      })
  void otherUrlsKeepTheirStandardId(String url) {
    assertThat(byDigest(url).taskId()).isEqualTo(TaskIdentity.ofUrl(url).taskId());
  }

  @Test
  void theDefaultFilterHasEveryParameterOnce() {
    assertThat(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS).hasSize(30).doesNotHaveDuplicates();
    assertThat(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS)
        .startsWith("X-Amz-Algorithm")
        .endsWith("x-cos-security-token", "ns");
  }

  @Test
  void itsTextHidesTheUrl() {
    assertThat(TaskIdentity.ofUrl("https://user:secret@h").toString()).doesNotContain("secret");
  }

  private static TaskIdentity filtered(String url, String... names) {
    return new TaskIdentity(
        url,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        List.of(names),
        Optional.empty(),
        false);
  }

  private static TaskIdentity withTag(String tag) {
    return new TaskIdentity(
        "https://example.com",
        Optional.of(tag),
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        List.of(),
        Optional.empty(),
        false);
  }

  private static TaskIdentity byDigest(String url) {
    return new TaskIdentity(
        url,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        List.of(),
        Optional.empty(),
        true);
  }
}
