package io.dragonfly.daemon.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.dragonfly.api.common.v2.Download;
import io.dragonfly.api.common.v2.HDFS;
import io.dragonfly.api.common.v2.HuggingFace;
import io.dragonfly.api.common.v2.ObjectStorage;
import io.dragonfly.api.common.v2.Range;
import io.dragonfly.common.id.TaskIdentity;
import io.dragonfly.daemon.link.DownloadRequest;
import io.dragonfly.daemon.local.LineRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class DownloadMessagesTest {
  @Test
  void theTaskIdIsTheOneThatUpstreamCalculates() {
    Download download =
        Download.newBuilder()
            .setUrl("https://example.com")
            .setTag("foo")
            .setApplication("bar")
            .build();
    assertThat(DownloadMessages.taskId(download).value())
        .isEqualTo("06408fbf247ddaca478f8cb9565fe5591c28efd0994b8fea80a6a87d3203c5ca");
    assertThat(
            DownloadMessages.taskId(
                    Download.newBuilder()
                        .setUrl("https://example.com")
                        .setHuggingFace(HuggingFace.newBuilder().setRevision("v1.0"))
                        .build())
                .value())
        .isEqualTo("b171331534b80e0bf91da38ebbfcdbf4d177898f4b9beac44f14733e3f004d4e");
  }

  @Test
  void aRangeInTheMessageWinsOverTheHeader() {
    Download.Builder download =
        Download.newBuilder()
            .setUrl("http://h/f")
            .putRequestHeader("rAnge", "bytes=5-")
            .putRequestHeader("X-A", "1");
    DownloadRequest byHeader = DownloadMessages.request(download.build());
    assertThat(byHeader.rangeHeader()).hasValue("bytes=5-");
    assertThat(byHeader.requestHeaders()).containsOnlyKeys("X-A");
    download.setRange(Range.newBuilder().setStart(10).setLength(20));
    assertThat(DownloadMessages.request(download.build()).rangeHeader()).hasValue("bytes=10-29");
  }

  @Test
  void whatCannotBeUnderstoodIsRefused() {
    assertThatThrownBy(() -> DownloadMessages.request(Download.getDefaultInstance()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            DownloadMessages.request(
                Download.newBuilder()
                    .setUrl("http://h/f")
                    .setRange(Range.newBuilder().setStart(-1).setLength(Long.MAX_VALUE))
                    .build()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            DownloadMessages.request(
                Download.newBuilder().setUrl("http://h/f").setDigest("nonsense").build()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void fieldsOfANewerProgramSurviveForwarding() {
    UnknownFieldSet newer =
        UnknownFieldSet.newBuilder()
            .addField(
                34,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFromUtf8("csg"))
                    .build())
            .build();
    Download download = Download.newBuilder().setUrl("http://h/f").setUnknownFields(newer).build();
    assertThat(DownloadMessages.download(DownloadMessages.request(download)).build())
        .isEqualTo(download);
  }

  @Test
  void credentialsAreTakenOutOfWhatIsKept() {
    Download download =
        Download.newBuilder()
            .setUrl("http://h/f")
            .putRequestHeader("Authorization", "Bearer s3cret")
            .putRequestHeader("cookie", "s3cret")
            .putRequestHeader("Accept", "*/*")
            .setObjectStorage(
                ObjectStorage.newBuilder()
                    .setRegion("r")
                    .setAccessKeyId("s3cret")
                    .setAccessKeySecret("s3cret")
                    .setSessionToken("s3cret")
                    .setSecurityToken("s3cret"))
            .setHuggingFace(HuggingFace.newBuilder().setRevision("main").setToken("s3cret"))
            .build();
    Download clean = DownloadMessages.withoutCredentials(download);
    assertThat(clean.toString()).doesNotContain("s3cret").contains("main").contains("*/*");
    assertThat(DownloadMessages.taskId(clean)).isEqualTo(DownloadMessages.taskId(download));
    assertThat(DownloadMessages.request(download).toString()).doesNotContain("s3cret");
  }

  @Test
  void credentialsInTheUrlAndInHeadersOfAnyMakerAreTakenOutToo() {
    Download download =
        Download.newBuilder()
            .setUrl("http://user:s3cret@h/f?X-Amz-Signature=s3cret&v=1")
            .addAllFilteredQueryParams(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS)
            .putRequestHeader("X-Vault-Token", "s3cret")
            .putRequestHeader("X-JFrog-Art-Api", "s3cret")
            .setHdfs(HDFS.newBuilder().setDelegationToken("s3cret"))
            .build();
    Download clean = DownloadMessages.withoutCredentials(download);
    assertThat(clean.toString()).doesNotContain("s3cret");
    assertThat(clean.getUrl()).isEqualTo("http://h/f?v=1");
    assertThat(DownloadMessages.request(download).guard()).isNotEmpty();
    assertThat(DownloadMessages.request(clean).guard()).isEmpty();
  }

  @Test
  void aUserOfTheLineProtocolGetsTheSameTaskAsOneOfGrpc() {
    LineRequest line =
        new LineRequest(
            LineRequest.Verb.DOWNLOAD,
            "http://h/f?X-Amz-Date=1",
            Optional.empty(),
            false,
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            6,
            OptionalLong.empty(),
            List.of("X-A: 1:2"),
            Optional.empty(),
            true,
            Optional.of(Duration.ofSeconds(2)),
            Optional.empty(),
            OptionalLong.of(1000));
    DownloadRequest request = DownloadMessages.request(line);
    assertThat(request.taskId())
        .isEqualTo(
            DownloadMessages.taskId(
                Download.newBuilder()
                    .setUrl("http://h/f?X-Amz-Date=1")
                    .setTag("")
                    .setApplication("")
                    .addAllFilteredQueryParams(TaskIdentity.DEFAULT_FILTERED_QUERY_PARAMS)
                    .build()));
    assertThat(request.requestHeaders()).containsEntry("X-A", "1:2");
    assertThat(request.disableBackToSource()).isTrue();
    assertThat(request.timeout()).hasValue(Duration.ofSeconds(2));
    assertThat(request.bytesPerSecond()).hasValue(1000);
    assertThat(request.encoded()).isNotEmpty();
  }
}
