package io.dragonfly.lab.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A program of the system that a measurement needs.
 *
 * @param name of the executable
 * @param debianPackage what installs it
 */
public record Tool(String name, String debianPackage) {
  public static final Tool IP = new Tool("ip", "iproute2");
  public static final Tool TC = new Tool("tc", "iproute2");
  public static final Tool BASH = new Tool("bash", "bash");
  public static final Tool MOUNT = new Tool("mount", "mount");
  public static final Tool UMOUNT = new Tool("umount", "mount");
  public static final Tool DU = new Tool("du", "coreutils");
  public static final Tool CP = new Tool("cp", "coreutils");
  public static final Tool NGINX = new Tool("nginx", "nginx-light");
  public static final Tool TINYPROXY = new Tool("tinyproxy", "tinyproxy-bin");
  public static final Tool SQUID = new Tool("squid", "squid");
  public static final Tool WRK = new Tool("wrk", "wrk");
  public static final Tool CURL = new Tool("curl", "curl");
  public static final Tool WGET = new Tool("wget", "wget");
  public static final Tool DOCKER_REGISTRY = new Tool("docker-registry", "docker-registry");
  public static final Tool HTPASSWD = new Tool("htpasswd", "apache2-utils");
  public static final Tool SKOPEO = new Tool("skopeo", "skopeo");
  public static final Tool CONTAINERD = new Tool("containerd", "containerd");
  public static final Tool CTR = new Tool("ctr", "containerd");
  public static final Tool RUNC = new Tool("runc", "runc");
  public static final Tool DOCKERD = new Tool("dockerd", "docker.io");
  public static final Tool DOCKER = new Tool("docker", "docker.io");
  public static final Tool NSENTER = new Tool("nsenter", "util-linux");
  public static final Tool PODMAN = new Tool("podman", "podman");
  public static final Tool ZSTD = new Tool("zstd", "zstd");
  public static final Tool PIP = new Tool("pip3", "python3-pip");
  public static final Tool APT = new Tool("apt-get", "apt");
  public static final Tool DPKG_DEB = new Tool("dpkg-deb", "dpkg");
  public static final Tool GIT = new Tool("git", "git");
  public static final Tool GIT_LFS = new Tool("git-lfs", "git-lfs");
  public static final Tool ARIA2 = new Tool("aria2c", "aria2");
  public static final Tool OPENTRACKER = new Tool("opentracker", "opentracker");
  public static final Tool MKTORRENT = new Tool("mktorrent", "mktorrent");

  private static final Duration LIMIT = Duration.ofMinutes(10);

  /** Where root's tools are, whether or not they are on the PATH. */
  private static final List<String> MORE_PLACES = List.of("/usr/sbin", "/sbin", "/usr/local/sbin");

  /** Where it is on this machine. */
  public Optional<Path> find() {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    return Stream.concat(Stream.of(path.split(":", -1)), MORE_PLACES.stream())
        .filter(place -> !place.isEmpty())
        .map(place -> Path.of(place, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Its path; an error that says how to install it where it is missing. */
  public String path() throws IOException {
    return find()
        .orElseThrow(() -> new IOException(name + " is missing: apt-get install " + debianPackage))
        .toString();
  }

  /** Fails, naming all that are missing in one line that installs them. */
  public static void require(Tool... tools) throws IOException {
    List<String> missing = new ArrayList<>();
    List<String> packages = new ArrayList<>();
    for (Tool tool : tools) {
      if (tool.find().isEmpty()) {
        missing.add(tool.name);
        if (!packages.contains(tool.debianPackage)) {
          packages.add(tool.debianPackage);
        }
      }
    }
    if (!missing.isEmpty()) {
      throw new IOException(
          String.join(", ", missing)
              + (missing.size() == 1 ? " is" : " are")
              + " missing: apt-get install "
              + String.join(" ", packages));
    }
  }

  /** Runs it to its end and returns what it printed; an exit code other than 0 is an error. */
  public String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(path());
    command.addAll(List.of(arguments));
    return run(command);
  }

  /**
   * As {@link #run(String...)}, for a whole command line. A program that takes longer than ten
   * minutes is killed, together with those that it started, and that is an error as well.
   */
  public static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    Executor afterLimit = CompletableFuture.delayedExecutor(LIMIT.toSeconds(), TimeUnit.SECONDS);
    CompletableFuture<Void> killing = CompletableFuture.runAsync(() -> kill(process), afterLimit);
    String output;
    int code;
    try {
      output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      code = process.waitFor();
    } finally {
      killing.cancel(false);
    }
    if (killing.isDone() && !killing.isCancelled()) {
      throw new IOException(String.join(" ", command) + " took longer than " + LIMIT);
    }
    if (code != 0) {
      throw new IOException(
          String.join(" ", command) + " failed with " + code + ": " + output.strip());
    }
    return output;
  }

  private static void kill(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
