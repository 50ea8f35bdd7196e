package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Mirrors for what reads containers-registries.conf(5): Podman, Buildah, Skopeo, CRI-O, and
 * Apptainer for {@code docker://}. A registry that no file names yet gets an entry in a file of our
 * own; one that its owner has an entry for gets the mirror in there, before the owner's own
 * mirrors, for an entry in another file would replace it. The registry itself stays the last to be
 * asked. A user's own files are read after those of all users, but for {@code registries.conf},
 * instead of which they are read.
 */
final class RegistriesConf implements Client {
  private static final String SYSTEM = "/etc/containers";
  private static final String MAIN = "/registries.conf";
  private static final String DIRECTORY = "/registries.conf.d";
  private static final String OWN = DIRECTORY + "/50-dragonfly.conf";
  private static final String CERTIFICATES = "/certs.d";
  private static final List<Wish.Registry> USUAL =
      List.of(
          Wish.Registry.HUB,
          new Wish.Registry("gcr.io", true),
          new Wish.Registry("ghcr.io", true),
          new Wish.Registry("quay.io", true),
          new Wish.Registry("registry.k8s.io", true));

  private final String program;
  private final Owner owner;
  private final Set<String> options;
  private final Optional<List<String>> reload;

  /** In which {@code %s} stands for the daemon's address. */
  private final List<String> notes;

  private RegistriesConf(
      String program,
      Owner owner,
      Set<String> options,
      Optional<List<String>> reload,
      List<String> notes) {
    this.program = program;
    this.owner = owner;
    this.options = options;
    this.reload = reload;
    this.notes = notes;
  }

  static RegistriesConf podman() {
    return new RegistriesConf(
        "podman",
        Owner.USER_UNLESS_ROOT,
        Set.of("registry", "ca"),
        Optional.empty(),
        List.of("Podman, Buildah and Skopeo read it at their next pull."));
  }

  static RegistriesConf crio() {
    return new RegistriesConf(
        "crio",
        Owner.SYSTEM,
        Set.of("registry"),
        Optional.of(List.of("systemctl", "reload", "crio")),
        List.of());
  }

  static RegistriesConf apptainer() {
    return new RegistriesConf(
        "apptainer",
        Owner.USER_UNLESS_ROOT,
        Set.of("registry"),
        Optional.empty(),
        List.of(
            "Apptainer reads it for docker:// at its next pull. It knows no mirrors for oras://:"
                + " name the daemon, 'apptainer pull --no-https oras://%s/ghcr.io/NAME'."));
  }

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    List<Wish.Registry> registries = wish.registries().isEmpty() ? USUAL : wish.registries();
    StringBuilder own = new StringBuilder();
    for (Wish.Registry registry : registries) {
      if (registry.name().indexOf(':') >= 0) {
        checkTrusted(registry, wish);
        continue;
      }
      @Nullable String file = owner(book, wish, registry);
      if (file == null) {
        own.append(own.isEmpty() ? "" : "\n").append(entry(registry, wish));
      } else {
        addTo(book, file, registry, wish);
      }
    }
    if (!own.isEmpty()) {
      book.write(directory(wish) + OWN, own.toString());
    }
    if (wish.authority().isPresent()) {
      for (Wish.Registry registry : registries) {
        if (registry.tls()) {
          book.write(certificate(wish, registry.name()), wish.authority().get());
        }
      }
    }
  }

  /** A mirror's path names the registry, and no path of an image may have a colon. */
  private static void checkTrusted(Wish.Registry registry, Wish wish) throws SetupException {
    if (!registry.tls() || wish.authority().isEmpty()) {
      throw new SetupException(
          registry.name()
              + " can't have a mirror here, for its name has a port. "
              + (registry.tls()
                  ? "Pass --ca FILE as well, for podman, and pull with HTTPS_PROXY="
                      + wish.proxyUrl()
                      + "."
                  : "Let it listen on port 80, or on 443 with TLS."));
    }
  }

  /** Where the files are that are written. */
  private static String directory(Wish wish) {
    return wish.userFiles().map(home -> home + "/.config/containers").orElse(SYSTEM);
  }

  /** It counts beside the system's authorities; see containers-certs.d(5). */
  private static String certificate(Wish wish, String registry) {
    return directory(wish) + CERTIFICATES + "/" + registry + "/dragonfly.crt";
  }

  private static String location(Wish.Registry registry, Wish wish) {
    return wish.proxy() + "/" + registry.name();
  }

  private static String entry(Wish.Registry registry, Wish wish) {
    return "[[registry]]\nprefix = \""
        + registry.name()
        + "\"\nlocation = \""
        + registry.name()
        + "\"\n"
        + (registry.tls() ? "" : "insecure = true\n")
        + "\n"
        + mirror("", location(registry, wish));
  }

  private static String mirror(String indent, String location) {
    return indent
        + "[[registry.mirror]]\n"
        + indent
        + "location = \""
        + location
        + "\"\n"
        + indent
        + "insecure = true\n";
  }

  /** The file of the registry's owner that counts for it: the last that names it. */
  private static @Nullable String owner(Book book, Wish wish, Wish.Registry registry)
      throws SetupException {
    @Nullable String owner = null;
    String own = directory(wish);
    List<String> files = new ArrayList<>();
    files.add(book.present(List.of(own + MAIN, SYSTEM + MAIN)));
    files.addAll(book.list(SYSTEM + DIRECTORY, ".conf"));
    if (!own.equals(SYSTEM)) {
      files.addAll(book.list(own + DIRECTORY, ".conf"));
    }
    for (String name : files) {
      Optional<String> text = name.endsWith(OWN) ? Optional.empty() : book.read(name);
      if (text.isEmpty()) {
        continue;
      }
      TomlFile file = TomlFile.parse(name, text.get());
      checkFormat(file);
      if (index(file, registry) >= 0) {
        owner = name;
      }
    }
    if (owner != null && !owner.startsWith(own + "/")) {
      throw new SetupException(
          owner
              + " has an entry for "
              + registry.name()
              + ", which one of yours would replace. Run this as root, or name other registries"
              + " with --registry HOST.");
    }
    return owner;
  }

  /** The format of old has no mirrors, and is not read together with the other one. */
  private static void checkFormat(TomlFile file) throws SetupException {
    Map<String, Object> old = TomlFile.asTable(file.value("registries"));
    for (String section : List.of("search", "insecure", "block")) {
      if (old.containsKey(section)) {
        throw file.mistake(
            file.line("registries", section),
            "[registries."
                + section
                + "] is the format of old, without mirrors. Write it in the format of"
                + " containers-registries.conf(5) (unqualified-search-registries, [[registry]]),"
                + " then run this again.");
      }
    }
  }

  private static List<?> entries(TomlFile file) {
    return file.value("registry").orElse(null) instanceof List<?> list ? list : List.of();
  }

  private static int index(TomlFile file, Wish.Registry registry) {
    List<?> entries = entries(file);
    for (int i = 0; i < entries.size(); i++) {
      Map<String, Object> entry = TomlFile.asTable(Optional.of(entries.get(i)));
      Object prefix = entry.get("prefix");
      Object name = prefix == null || prefix.equals("") ? entry.get("location") : prefix;
      if (registry.name().equals(name)) {
        return i;
      }
    }
    return -1;
  }

  private static void addTo(Book book, String name, Wish.Registry registry, Wish wish)
      throws SetupException {
    TomlFile file = TomlFile.parse(name, book.read(name).orElseThrow());
    int index = index(file, registry);
    List<Integer> headers = file.headers(true, "registry");
    List<Object> entries = new ArrayList<>(entries(file));
    Map<String, Object> entry =
        new LinkedHashMap<>(TomlFile.asTable(Optional.of(entries.get(index))));
    int header = index < headers.size() ? headers.get(index) : 0;
    if (Boolean.TRUE.equals(entry.get("blocked"))) {
      throw file.mistake(
          header + 1,
          registry.name() + " is blocked here. Name other registries with --registry HOST.");
    }
    List<Object> mirrors = new ArrayList<>();
    mirrors.add(Map.of("location", location(registry, wish), "insecure", true));
    if (entry.get("mirror") instanceof List<?> present) {
      for (Object one : present) {
        Object location = TomlFile.asTable(Optional.of(one)).get("location");
        if (location(registry, wish).equals(location)) {
          return;
        }
        mirrors.add(one);
      }
    }
    entry.put("mirror", mirrors);
    entries.set(index, entry);
    Map<String, Object> expected = file.content();
    expected.put("registry", entries);
    int next = file.nextHeader(header + 1);
    int at = file.afterLastSetting(next);
    String block = "\n" + mirror(file.indent(header), location(registry, wish));
    book.write(name, file.edited(at, 0, block, expected));
  }

  @Override
  public Set<String> options() {
    return options;
  }

  @Override
  public Owner owner() {
    return owner;
  }

  @Override
  public String program() {
    return program;
  }

  @Override
  public List<String> places(Book book, Wish wish) throws SetupException {
    String directory = directory(wish);
    List<String> places = new ArrayList<>(book.list(directory + DIRECTORY, ".conf"));
    places.add(directory + MAIN);
    for (String host : book.list(directory + CERTIFICATES, "")) {
      places.add(certificate(wish, host.substring(host.lastIndexOf('/') + 1)));
    }
    return places;
  }

  @Override
  public Optional<List<String>> reload(Set<String> changed) {
    return reload;
  }

  @Override
  public List<String> notes(Book book, Wish wish) {
    List<String> all = new ArrayList<>();
    notes.forEach(note -> all.add(note.formatted(wish.proxy())));
    if (wish.authority().isEmpty()) {
      return all;
    }
    all.add(
        "What a mirror can't give, an image that needs a password above all, then comes through the"
            + " daemon with HTTPS_PROXY="
            + wish.proxyUrl()
            + " in the environment of podman, buildah or skopeo. It is not set for good, for podman"
            + " would hand it on to containers.");
    all.add(Rules.forBlobs(wish.registries().isEmpty() ? USUAL : wish.registries()));
    return all;
  }
}
