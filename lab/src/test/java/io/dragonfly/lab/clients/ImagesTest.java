package io.dragonfly.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.lab.faults.LabCertificates;
import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.ProcessCluster;
import io.dragonfly.lab.process.Tool;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images of all kinds, and registries that are not for everybody, with containerd and curl. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ImagesTest {
  private static final String USER = "lab:s3cret";

  /** That which names of registries leave out, as the path of a mirror has to. */
  private static final int TLS_PORT = 443;

  private static final String CREDS = "--creds=" + USER;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Bench bench;

  @SuppressWarnings("NullAway.Init")
  private LabCertificates certificates;

  @SuppressWarnings("NullAway.Init")
  private ContainerdClient containerd;

  @SuppressWarnings("NullAway.Init")
  private Path directory;

  @BeforeAll
  void open() throws Exception {
    bench = Bench.open();
    directory = bench.newDirectory();
    certificates = LabCertificates.create(directory);
    containerd = new ContainerdClient(bench, bench.registry());
    Bench.require(containerd.tools());
    bench.start("backend:\n  caCert: " + certificates.authority() + "\n");
  }

  @AfterAll
  void close() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  private Image image(String architecture, Layer... layers) throws Exception {
    return Image.of(directory, architecture, List.of(layers));
  }

  private void assertReadOnce(Registry.Pushed pushed, String... options) throws Exception {
    bench.assertReadOnce(pushed, daemon -> containerd.get(daemon, pushed, pushed.name(), options));
  }

  /** On a starved machine the lease may move on midway, and what was under way is read again. */
  @Test
  void aLargeLayer() throws Exception {
    Layer large = Layer.plain(directory, "large", 300_000_000);
    Registry.Pushed pushed = bench.registry().push("large", image("amd64", large));
    Bench.Get pull = daemon -> containerd.get(daemon, pushed, pushed.name());
    bench.during(Bench.ONE, () -> pull.through(Bench.ONE));
    bench.assertFromPeers(pushed, pull);
    Bench.assertRead(2, pushed);
  }

  /** As containerd asks from 2.1 on: for all of a layer in chunks, many of them at once. */
  @ParameterizedTest
  @ValueSource(ints = {6, 40})
  void aLayerInChunksAtOnce(int chunks) throws Exception {
    Path file = directory.resolve("chunks" + chunks);
    new LabContent(chunks, 40_000_000).write(file);
    String name = "v2/chunks/blobs/sha256:" + LabContent.sha256(file);
    Path place = bench.files().directory().resolve(name);
    Files.move(file, Files.createDirectories(place.getParent()).resolve(place.getFileName()));
    FileTree.Served layer = bench.files().served(name);
    bench.assertReadOnce(layer, daemon -> getInChunks(daemon, layer, chunks));
  }

  private void getInChunks(String daemon, FileTree.Served layer, int chunks) throws Exception {
    Path output = bench.newDirectory();
    long length = Math.ceilDiv(layer.bytes(), chunks);
    List<String> command = new ArrayList<>(List.of(Tool.CURL.path(), "-Z", "--parallel-max", "50"));
    for (int i = 0; i < chunks; i++) {
      command.addAll(i == 0 ? List.of() : List.of("--next"));
      command.addAll(List.of("-sS", "--fail", "-o", output.resolve("" + i).toString()));
      command.addAll(
          List.of("-H", "X-Dragonfly-Registry: " + bench.files().url().replaceAll("/$", "")));
      command.addAll(List.of("-r", i * length + "-" + ((i + 1) * length - 1)));
      command.add(bench.proxy(daemon) + "/" + layer.name());
    }
    bench.run(command);
    Path all = output.resolve("all");
    try (OutputStream out = Files.newOutputStream(all)) {
      for (int i = 0; i < chunks; i++) {
        Files.copy(output.resolve("" + i), out);
      }
    }
    assertThat(LabContent.sha256(all)).isEqualTo(layer.sha256());
  }

  @Test
  void manySmallLayers() throws Exception {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      layers.add(Layer.gzip(directory, "small" + i, 1000 + i * 5000));
    }
    assertReadOnce(bench.registry().push("many", Image.of(directory, "amd64", layers)));
  }

  @Test
  void aLayerThatZstdCompressed() throws Exception {
    Bench.require(List.of(Tool.ZSTD));
    Layer layer = Layer.zstd(directory, "zstd", 5_000_000);
    assertReadOnce(bench.registry().push("zstd", image("amd64", layer)));
  }

  @Test
  void anIndexOfSeveralPlatforms() throws Exception {
    List<Image> images = new ArrayList<>();
    List<String> descriptors = new ArrayList<>();
    for (String architecture : List.of("amd64", "arm64")) {
      Image one = image(architecture, Layer.gzip(directory, architecture, 2_000_000));
      images.add(one);
      descriptors.add(
          one.manifest()
              .descriptor(
                  ",\"platform\":{\"architecture\":\"%s\",\"os\":\"linux\"}"
                      .formatted(architecture)));
    }
    Blob index = Image.index(directory, descriptors);
    Registry.Pushed pushed = bench.registry().push("platforms", images, index);
    assertReadOnce(pushed, "--all-platforms");
    assertThat(containerd.on(Bench.TWO).digests()).contains(index.digest());
  }

  @Test
  void anArtifactThatRefersToAnImage() throws Exception {
    Registry.Pushed image =
        bench.registry().push("subject", image("amd64", Layer.gzip(directory, "subject", 1000)));
    Blob subject = image.image().manifest();
    Path file = directory.resolve("signature");
    new LabContent(1, 3_000_000).write(file);
    String type = "application/vnd.example.signature";
    Image signature = Image.attachedTo(subject, type, directory, Blob.of(type, file));
    Registry.Pushed pushed = bench.registry().push("subject", signature);
    Blob referrers =
        Image.index(
            directory,
            List.of(signature.manifest().descriptor(",\"artifactType\":\"%s\"".formatted(type))));
    // A registry without the API for referrers has them under a tag that clients make.
    String tag = subject.digest().replace(':', '-');
    bench.registry().pushManifest("subject", tag, referrers);
    String registry = bench.registry().url();
    bench.assertReadOnce(
        pushed,
        daemon -> {
          String api = "/v2/subject/referrers/" + subject.digest();
          assertThatThrownBy(() -> curl(daemon, registry, api)).hasMessageContaining("404");
          assertThat(digest(daemon, registry, "/v2/subject/manifests/" + tag))
              .isEqualTo(referrers.digest());
          Blob manifest = signature.manifest();
          assertThat(digest(daemon, registry, "/v2/subject/manifests/" + manifest.digest()))
              .isEqualTo(manifest.digest());
          for (Blob blob : signature.blobs()) {
            assertThat(digest(daemon, registry, "/v2/subject/blobs/" + blob.digest()))
                .isEqualTo(blob.digest());
          }
        });

    // One with the API answers itself.
    Path place = bench.files().directory().resolve("v2/subject/referrers");
    Files.copy(referrers.file(), Files.createDirectories(place).resolve(subject.digest()));
    String other = bench.files().url().replaceAll("/$", "");
    String asked = "/v2/subject/referrers/" + subject.digest() + "?artifactType=" + type;
    assertThat(digest(Bench.TWO, other, asked)).isEqualTo(referrers.digest());
  }

  /** The digest of what curl gets of a registry through a daemon. */
  private String digest(String daemon, String registry, String path) throws Exception {
    return "sha256:" + LabContent.sha256(curl(daemon, registry, path));
  }

  private Path curl(String daemon, String registry, String path) throws Exception {
    Path output = bench.newDirectory().resolve("file");
    bench.run(
        Tool.CURL.path(),
        "-sS",
        "--fail",
        "-H",
        "X-Dragonfly-Registry: " + registry,
        "-H",
        "Accept: " + Image.INDEX + ", " + Image.MANIFEST,
        "-o",
        output.toString(),
        bench.proxy(daemon) + path);
    return output;
  }

  /** A registry that is not for everybody. */
  private Registry registry(String scheme, boolean passwords) throws Exception {
    return registry(scheme, passwords, ProcessCluster.freePort());
  }

  private Registry registry(String scheme, boolean passwords, int port) throws Exception {
    String tls =
        ", tls: {certificate: %s, key: %s}"
            .formatted(certificates.certificate("good"), certificates.key("good"));
    Path users = Files.createTempFile(directory, "users", "");
    String[] user = USER.split(":", 2);
    Bench.require(List.of(Tool.HTPASSWD));
    Tool.HTPASSWD.run("-Bbc", users.toString(), user[0], user[1]);
    return Registry.start(
        bench,
        scheme,
        port,
        scheme.equals("https") ? tls : "",
        passwords ? "auth: {htpasswd: {realm: lab, path: " + users + "}}" : "",
        List.of("--cacert", certificates.authority().toString(), "-u", USER));
  }

  @ParameterizedTest
  @CsvSource({"http, true", "https, false", "https, true"})
  void aRegistryWithTlsOrPasswords(String scheme, boolean passwords) throws Exception {
    Registry registry = registry(scheme, passwords);
    Registry.Pushed image = registry.pushSmall("private");
    ContainerdClient client = new ContainerdClient(bench, registry);
    String[] options = passwords ? new String[] {"--user", USER} : new String[0];
    bench.assertReadOnce(image, daemon -> client.get(daemon, image, image.name(), options));
    if (passwords) {
      ContainerdClient other = new ContainerdClient(bench, registry);
      assertThatThrownBy(() -> other.get(Bench.TWO, image, image.name(), "--user", "lab:wrong"))
          .hasMessageContaining("401");
      assertThat(other.on(Bench.TWO).digests()).isEmpty();
    }
  }

  /** By the mirror that {@code dragonfly setup podman} gives a user; the daemon asks by TLS. */
  @Test
  void aUsersOwnFilesLeadPodmanAndSkopeoToARegistryWithTls() throws Exception {
    Bench.require(List.of(Tool.PODMAN, Tool.SKOPEO));
    Registry registry = registry("https", /* passwords= */ false, TLS_PORT);
    Registry.Pushed podman = registry.pushSmall("podman");
    Registry.Pushed skopeo = registry.pushSmall("skopeo");
    PodmanClient first = new PodmanClient(bench);
    SkopeoClient second = new SkopeoClient(bench);
    bench.assertReadOnce(
        podman,
        daemon ->
            first.pull(List.of(home(daemon, registry)), podman, registry.name(podman.name())));
    bench.assertReadOnce(
        skopeo,
        daemon ->
            second.copy(List.of(home(daemon, registry)), skopeo, registry.name(skopeo.name())));
  }

  private String home(String daemon, Registry registry, String... options) throws Exception {
    Path root = bench.newDirectory();
    List<String> setup = new ArrayList<>(List.of("podman", "--user"));
    setup.addAll(List.of("--proxy", bench.proxy(daemon), "--registry", registry.address()));
    setup.addAll(List.of(options));
    Bench.setUp(root, setup.toArray(String[]::new));
    return "HOME=" + root.resolve("root");
  }

  /** Inside of HTTPS, where they trust the daemon, for no mirror gets a registry's passwords. */
  @Test
  void podmanAndSkopeoGetWhatNeedsAPassword() throws Exception {
    Bench.require(List.of(Tool.PODMAN, Tool.SKOPEO));
    Registry registry = registry("https", /* passwords= */ true);
    Registry.Pushed podman = registry.pushSmall("podman");
    Registry.Pushed skopeo = registry.pushSmall("skopeo");
    PodmanClient first = new PodmanClient(bench);
    SkopeoClient second = new SkopeoClient(bench);
    bench.assertReadOnce(
        podman,
        daemon ->
            first.pull(trusting(daemon, registry), podman, registry.name(podman.name()), CREDS));
    bench.assertReadOnce(
        skopeo,
        daemon ->
            second.copy(
                trusting(daemon, registry),
                skopeo,
                registry.name(skopeo.name()),
                "--src-creds=" + USER));
    assertThatThrownBy(
            () -> second.copy(trusting(Bench.TWO, registry), skopeo, registry.name(skopeo.name())))
        .hasMessageContaining("unauthorized");
  }

  private List<String> trusting(String daemon, Registry registry) throws Exception {
    String home = home(daemon, registry, "--ca", bench.authority(daemon).toString());
    return List.of(home, "HTTPS_PROXY=" + bench.proxy(daemon));
  }

  /** Docker asks mirrors for images of Docker Hub only, and the daemon as its proxy for others. */
  @Test
  void dockerGetsWhatNeedsAPassword() throws Exception {
    Bench.require(new DockerClient(bench).tools());
    Registry registry = registry("https", /* passwords= */ true);
    Registry.Pushed image = registry.pushSmall("docker");
    bench.assertReadOnce(
        image,
        daemon -> {
          Path root = bench.newDirectory();
          String authority = bench.authority(daemon).toString();
          Bench.setUp(
              root,
              "docker",
              "--proxy",
              bench.proxy(daemon),
              "--registry",
              registry.address(),
              "--ca",
              authority);
          // Docker waits 15 s for a first answer, for which a starved machine may need longer.
          bench.run(
              Tool.CURL.path(),
              "-sS",
              "-x",
              bench.proxy(daemon),
              "--cacert",
              authority,
              registry.url() + "/v2/");
          try (Dockerd docker = Dockerd.start(bench, root)) {
            docker.logIn(registry.address(), USER);
            DockerClient.assertPulls(docker, image, registry.name(image.name()));
          }
        });
  }
}
