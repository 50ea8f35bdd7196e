package io.dragonfly.lab.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dragonfly.lab.origin.LabContent;
import io.dragonfly.lab.process.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** pip with --proxy and an index; by a rule packages come through the swarm, the index does not. */
record PipClient(Bench bench, FileTree files) implements Client {
  private static final int BYTES = 6_000_001;

  @Override
  public List<Tool> tools() {
    return List.of(Tool.PIP);
  }

  @Override
  public Content publish(String name) throws Exception {
    String file = name + "-1.0-py3-none-any.whl";
    writeWheel(files.directory().resolve(file), name);
    FileTree.Served wheel = files.served(file);
    Path index = Files.createDirectories(files.directory().resolve("simple").resolve(name));
    Files.writeString(
        index.resolve("index.html"),
        "<!DOCTYPE html><a href=\"/%1$s#sha256=%2$s\">%1$s</a>".formatted(file, wheel.sha256()));
    return wheel;
  }

  private static void writeWheel(Path file, String name) throws IOException {
    String about = name + "-1.0.dist-info/";
    byte[] data = new byte[BYTES];
    new LabContent(name.hashCode(), BYTES).read(0, data, BYTES);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      add(zip, name + ".bin", data);
      add(zip, about + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n");
      add(zip, about + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
      add(
          zip,
          about + "RECORD",
          "%1$s.bin,,\n%2$sMETADATA,,\n%2$sWHEEL,,\n".formatted(name, about));
    }
  }

  private static void add(ZipOutputStream zip, String name, String text) throws IOException {
    add(zip, name, text.getBytes(UTF_8));
  }

  private static void add(ZipOutputStream zip, String name, byte[] data) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(data);
    zip.closeEntry();
  }

  @Override
  public void get(String daemon, Content content) throws Exception {
    download(
        (FileTree.Served) content,
        List.of(Tool.PIP.path(), "--isolated"),
        "--proxy=" + bench.proxy(daemon),
        "--trusted-host=" + bench.place().address());
  }

  /** With the configuration of a user. */
  void get(Path home, Content content) throws Exception {
    download((FileTree.Served) content, List.of("HOME=" + home, Tool.PIP.path()));
  }

  private void download(FileTree.Served wheel, List<String> pip, String... options)
      throws Exception {
    Path output = bench.newDirectory();
    List<String> command = new ArrayList<>(pip);
    command.addAll(List.of("download", "--quiet", "--disable-pip-version-check"));
    command.addAll(List.of("--no-cache-dir", "--no-deps"));
    command.addAll(List.of(options));
    command.add("--index-url=" + files.url() + "simple/");
    command.add("--dest=" + output);
    command.add(wheel.name().substring(0, wheel.name().indexOf('-')));
    bench.run(command);
    assertThat(LabContent.sha256(output.resolve(wheel.name()))).isEqualTo(wheel.sha256());
  }

  @Override
  public String toString() {
    return "pip";
  }
}
