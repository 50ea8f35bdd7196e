package io.dragonfly.cli.setup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the clients themselves make of the files, where they are installed. */
@Timeout(120)
class RealClientsTest {
  @TempDir private Path root;
  private SetupRun setup;
  private HttpServer server;
  private final List<String> asked = new CopyOnWriteArrayList<>();

  /** What the server answers, by the path; else 404. */
  private volatile Map<String, String> answers = Map.of();

  @BeforeEach
  void begin() throws IOException {
    setup = new SetupRun(root);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void end() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      String text = answers.get(exchange.getRequestURI().getPath());
      byte[] body = text == null ? new byte[0] : text.getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/vnd.git-lfs+json");
      exchange.sendResponseHeaders(text == null ? 404 : 200, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private String proxy() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private static void needs(String program, String packageName) {
    boolean there = false;
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      there |= Files.isExecutable(Path.of(directory, program));
    }
    assumeTrue(there, program + " is not here: apt-get install " + packageName);
  }

  /** What a program prints. */
  private String output(Map<String, String> environment, String... command) throws Exception {
    Path out = root.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(root.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(List.of(command).toString()).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(out);
  }

  @Test
  void containerdTakesTheDirectoryIntoItsOwnDefaults() throws Exception {
    needs("containerd", "containerd");
    String file = "etc/containerd/config.toml";
    String line = "config_path = \"/etc/containerd/certs.d\"";
    assertThat(setup.run("containerd")).as(setup.err).isZero();
    assertThat(
            output(Map.of(), "containerd", "-c", root.resolve(file).toString(), "config", "dump"))
        .containsOnlyOnce(line);

    assertThat(setup.run("containerd --undo")).isZero();
    setup.write(file, output(Map.of(), "containerd", "config", "default"));
    assertThat(setup.run("containerd")).as(setup.err).isZero();
    assertThat(
            output(Map.of(), "containerd", "-c", root.resolve(file).toString(), "config", "dump"))
        .containsOnlyOnce(line);
  }

  /** What podman says to a pull with a variable that names a path below the root. */
  private String podmanPull(String variable, String path) throws Exception {
    return output(
        Map.of(variable, root.resolve(path).toString()),
        "podman",
        "--root=" + root.resolve("storage"),
        "--runroot=" + root.resolve("run"),
        "--storage-driver=vfs",
        "pull",
        "registry.invalid/team/app:1");
  }

  @Test
  void podmanAsksTheMirrorByTheRegistrysName() throws Exception {
    needs("podman", "podman");
    answers = Map.of("/v2/", "{}");
    assertThat(setup.run("podman --registry registry.invalid --proxy http://" + proxy()))
        .as(setup.err)
        .isZero();
    String said =
        podmanPull(
            "CONTAINERS_REGISTRIES_CONF", "etc/containers/registries.conf.d/50-dragonfly.conf");
    assertThat(asked).as(said).contains("GET /v2/registry.invalid/team/app/manifests/1");
    assertThat(said).as("the registry itself is asked last").contains("registry.invalid");
  }

  @Test
  void podmanReadsAUsersOwnFiles() throws Exception {
    needs("podman", "podman");
    answers = Map.of("/v2/", "{}");
    assertThat(setup.run("podman --user --registry registry.invalid --proxy http://" + proxy()))
        .as(setup.err)
        .isZero();
    String said = podmanPull("HOME", "home/me");
    assertThat(asked).as(said).contains("GET /v2/registry.invalid/team/app/manifests/1");
  }

  @Test
  void pipReadsTheProxyAndTheIndex() throws Exception {
    needs("pip", "python3-pip");
    String file = "home/me/.config/pip/pip.conf";
    setup.write(file, "[global]\n# ours\ntimeout = 61\n");
    assertThat(setup.run("pip --index-url http://index.example/simple/")).as(setup.err).isZero();
    assertThat(
            output(
                Map.of("PIP_CONFIG_FILE", root.resolve(file).toString()), "pip", "config", "list"))
        .contains("global.proxy='http://127.0.0.1:4001'")
        .contains("global.index-url='http://index.example/simple/'")
        .contains("global.trusted-host='index.example'")
        .contains("global.timeout='61'");
  }

  @Test
  void gitLfsFetchesFromTheNamedHostThroughTheProxy() throws Exception {
    needs("git-lfs", "git-lfs");
    String content = "large, in principle";
    String oid =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest(content.getBytes(UTF_8)));
    String batch =
        """
        {"transfer": "basic", "objects": [{"oid": "%s", "size": %d, "authenticated": true,
          "actions": {"download": {"href": "https://storage.example/objects/%s"}}}]}
        """
            .formatted(oid, content.length(), oid);
    answers = Map.of("/lfs/objects/batch", batch, "/objects/" + oid, content);
    assertThat(setup.run("git-lfs --registry storage.example --proxy http://" + proxy()))
        .as(setup.err)
        .isZero();
    Map<String, String> environment =
        Map.of(
            "HOME",
            root.resolve("home/me").toString(),
            "XDG_CONFIG_HOME",
            root.resolve("home/me/.config").toString(),
            "GIT_CONFIG_NOSYSTEM",
            "1",
            "GIT_TERMINAL_PROMPT",
            "0");
    Path repository = root.resolve("repository");
    setup.write("repository/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    setup.write(
        "repository/a.bin",
        "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
            .formatted(oid, content.length()));
    setup.write("repository/.lfsconfig", "[lfs]\n\turl = http://" + proxy() + "/lfs\n");
    String said =
        output(
            environment,
            "sh",
            "-c",
            "cd "
                + repository
                + " && git init -q . && git add . && git -c user.name=a -c user.email=a@example"
                + " commit -q -m a && git lfs install --local && git lfs pull");
    assertThat(asked).as(said).contains("GET http://storage.example/objects/" + oid);
    assertThat(Files.readString(repository.resolve("a.bin"))).as(said).isEqualTo(content);
  }
}
