package io.dragonfly.cli.setup;

import io.dragonfly.cli.ExitCode;
import io.dragonfly.cli.Terminal;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.file.UserHome;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.lifecycle.BuildInfo;
import io.dragonfly.common.net.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code dragonfly setup CLIENT}: writes the client's configuration so that it pulls through this
 * host's daemon, or takes that back. Exit codes: 0 it is set up (whether or not something had to be
 * written), 1 it is not and nothing was written, 2 the command line is wrong.
 */
public final class Setup {
  private static final Map<String, Client> CLIENTS = clients();

  private Setup() {}

  private static Map<String, Client> clients() {
    Map<String, Client> clients = new LinkedHashMap<>();
    clients.put("containerd", new Containerd());
    clients.put("docker", new Docker());
    clients.put("podman", RegistriesConf.podman());
    clients.put("crio", RegistriesConf.crio());
    clients.put("apptainer", RegistriesConf.apptainer());
    clients.put("pip", new PipConf());
    clients.put("git-lfs", new GitLfs());
    return clients;
  }

  private static Flags flags() {
    return new Flags(
            "dragonfly setup",
            "Writes a client's configuration so that it pulls through the daemon of this host, and"
                + " shows what it changes. What it was is kept beside each file for --undo.")
        .positional("CLIENT", String.join(", ", CLIENTS.keySet()))
        .group(
            "What to do",
            Flag.toggle("dry-run").help("Show what would change, and write nothing"),
            Flag.toggle("undo").help("Bring back what was there before"),
            Flag.toggle("restart").help("Also run the command that makes a running client read it"))
        .group(
            "What to write",
            Flag.value("proxy", "URL")
                .defaultsTo("http://127.0.0.1:4001")
                .help("Where the daemon's proxy listens"),
            Flag.value("registry", "HOST")
                .repeatable()
                .help(
                    "A registry, such as ghcr.io or http://10.0.0.1:5000; for git-lfs a host with its"
                        + " content. May be repeated"),
            Flag.value("index-url", "URL")
                .help("For pip: the index of packages, such as http://pypi.example/simple/"),
            Flag.value("ca", "FILE")
                .help(
                    "For docker, podman, pip and git-lfs: the certificate that 'dragonfly ca export'"
                        + " gave, to speak https through the daemon and trust it there"))
        .group(
            "Where",
            Flag.toggle("system")
                .help(
                    "For pip, git-lfs, and podman and apptainer of a user who is not root: the files"
                        + " of all users instead of this user's"),
            Flag.toggle("user")
                .help("For podman and apptainer of root: its own files instead of those of all"),
            Flag.value("root", "DIR")
                .defaultsTo("/")
                .help("What stands for /, such as an image that is being made"));
  }

  public static void main(String[] args) {
    System.exit(run(args, Terminal.ofProcess()));
  }

  /** Runs the program; returns its exit code. */
  public static int run(String[] args, Terminal terminal) {
    Flags flags = flags();
    try {
      ParsedFlags parsed = flags.parse(Arrays.asList(args), terminal.environment());
      if (parsed.wantsHelp()) {
        terminal.out().print(flags.help());
        return ExitCode.OK.value();
      }
      if (parsed.wantsVersion()) {
        terminal.out().println(BuildInfo.load().line("dragonfly"));
        return ExitCode.OK.value();
      }
      run(parsed, terminal);
      return ExitCode.OK.value();
    } catch (UsageException e) {
      terminal.err().println("setup: " + e.getMessage() + "\nTry 'dragonfly setup --help'.");
      return ExitCode.USAGE.value();
    } catch (SetupException e) {
      terminal.err().println("setup: " + e.getMessage());
      return ExitCode.FAILED.value();
    }
  }

  private static void run(ParsedFlags parsed, Terminal terminal)
      throws UsageException, SetupException {
    String name = parsed.argument(0);
    @Nullable Client client = CLIENTS.get(name);
    if (client == null) {
      throw new UsageException(
          "'" + name + "' can't be set up. Known are " + String.join(", ", CLIENTS.keySet()) + ".");
    }
    Path root = root(parsed, terminal);
    boolean restart = parsed.isOn("restart");
    if (restart && (parsed.isOn("dry-run") || root.getNameCount() > 0)) {
      throw new UsageException("--restart excludes --dry-run and --root.");
    }
    Task task =
        new Task(
            name,
            client,
            root,
            wish(name, client, root, parsed, terminal),
            parsed.isOn("dry-run"),
            terminal.out());
    Set<String> changed = parsed.isOn("undo") ? task.undo() : task.write();
    if (!changed.isEmpty()) {
      task.reload(changed, restart);
    }
    if (!parsed.isOn("undo")) {
      task.explain();
    }
  }

  /**
   * How the clients of this host are set up.
   *
   * @param root {@code /}, or the directory that stands for it
   * @param proxy where the daemon's proxy listens
   */
  public static List<ClientState> survey(
      Path root, Map<String, String> environment, HostPort proxy) {
    Optional<String> home = UserHome.of(environment).map(Path::toString);
    List<ClientState> states = new ArrayList<>();
    CLIENTS.forEach(
        (name, client) -> states.add(state(name, client, root, environment, home, proxy)));
    return states;
  }

  private static ClientState state(
      String name,
      Client client,
      Path root,
      Map<String, String> environment,
      Optional<String> home,
      HostPort proxy) {
    boolean installed = isInstalled(client.program(), environment);
    ClientState.State state = ClientState.State.DOES_NOT;
    try {
      for (Optional<String> files : new LinkedHashSet<>(List.of(home, Optional.<String>empty()))) {
        Wish wish = Wish.of(proxy, files);
        Book book = new Book(root, /* fresh= */ false);
        if (client.uses(book, wish)) {
          return new ClientState(name, installed, ClientState.State.USES, "");
        }
        for (String place : client.places(new Book(root, /* fresh= */ false), wish)) {
          if (book.file(place).isSetUp()) {
            state = ClientState.State.ELSEWHERE;
          }
        }
      }
      return new ClientState(name, installed, state, "");
    } catch (SetupException e) {
      return new ClientState(
          name, installed, ClientState.State.UNCLEAR, String.valueOf(e.getMessage()));
    }
  }

  private static boolean isInstalled(String program, Map<String, String> environment) {
    for (String directory : environment.getOrDefault("PATH", "").split(":", -1)) {
      if (directory.startsWith("/") && Files.isExecutable(Path.of(directory, program))) {
        return true;
      }
    }
    return false;
  }

  private static Path root(ParsedFlags parsed, Terminal terminal) throws UsageException {
    try {
      Path root = terminal.directory().resolve(parsed.string("root")).normalize();
      if (!Files.isDirectory(root)) {
        throw parsed.invalid("root", "there is no such directory");
      }
      return root;
    } catch (InvalidPathException e) {
      throw parsed.invalid("root", e.getReason());
    }
  }

  private static Wish wish(
      String name, Client client, Path root, ParsedFlags parsed, Terminal terminal)
      throws UsageException {
    for (String option : List.of("registry", "index-url", "ca")) {
      if (!parsed.values(option).isEmpty() && !client.options().contains(option)) {
        throw new UsageException("--" + option + " means nothing for " + name + ".");
      }
    }
    List<Wish.Registry> registries = new ArrayList<>();
    for (String text : parsed.values("registry")) {
      try {
        registries.add(Wish.Registry.parse(text));
      } catch (IllegalArgumentException e) {
        throw new UsageException("invalid value '" + text + "' for --registry: " + e.getMessage());
      }
    }
    Optional<String> index = parsed.value("index-url");
    if (index.isPresent() && !index.get().matches("https?://[^\\s%]+")) {
      throw parsed.invalid("index-url", "expected a URL of http or https");
    }
    return new Wish(
        proxy(parsed),
        registries,
        home(client, root, parsed, terminal),
        index,
        authority(parsed, terminal));
  }

  /** The directory of the user whose files are to be written; empty for those of all users. */
  private static Optional<String> home(
      Client client, Path root, ParsedFlags parsed, Terminal terminal) throws UsageException {
    boolean system = parsed.isOn("system");
    boolean user = parsed.isOn("user");
    if (user && (system || client.owner() == Client.Owner.SYSTEM)) {
      throw new UsageException(
          system
              ? "--user excludes --system."
              : "--user means nothing here: there are only files of all users.");
    }
    boolean own =
        switch (client.owner()) {
          case SYSTEM -> false;
          case USER -> !system;
          case USER_UNLESS_ROOT -> user || (!system && root.getNameCount() == 0 && !isRoot());
        };
    if (!own) {
      return Optional.empty();
    }
    Optional<String> home = UserHome.of(terminal.environment()).map(Path::toString);
    if (home.isEmpty()) {
      throw new UsageException("HOME is no directory of a user: pass --system.");
    }
    return home;
  }

  private static boolean isRoot() {
    try {
      return ManagedFile.isRoot();
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<String> authority(ParsedFlags parsed, Terminal terminal)
      throws UsageException {
    Optional<String> file = parsed.value("ca");
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Authority.read(terminal.directory().resolve(file.get())));
    } catch (InvalidPathException e) {
      throw parsed.invalid("ca", e.getReason());
    } catch (IOException e) {
      throw parsed.invalid("ca", FileProblem.of(e) + "; 'dragonfly ca export -o FILE' makes one");
    }
  }

  private static HostPort proxy(ParsedFlags parsed) throws UsageException {
    String url = parsed.string("proxy");
    String expected = "expected http://HOST:PORT, without a user and a path";
    if (!url.startsWith("http://")) {
      throw parsed.invalid("proxy", expected);
    }
    try {
      return HostPort.parse(url.substring(7).replaceAll("/$", ""));
    } catch (IllegalArgumentException e) {
      throw parsed.invalid("proxy", expected);
    }
  }
}
