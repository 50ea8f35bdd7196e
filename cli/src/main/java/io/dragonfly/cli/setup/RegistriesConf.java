package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Mirrors for what reads containers-registries.conf(5): Podman, Buildah, Skopeo, CRI-O, and
 * Apptainer for {@code docker://}. A registry that no file names yet gets an entry in a file of our
 * own; one that its owner has an entry for gets the mirror in there, before the owner's own
 * mirrors, for an entry in another file would replace it. The registry itself stays the last to be
 * asked.
 */
final class RegistriesConf implements Client {
  private static final String MAIN = "/etc/containers/registries.conf";
  private static final String DIRECTORY = "/etc/containers/registries.conf.d";
  private static final String OWN = DIRECTORY + "/50-dragonfly.conf";
  private static final List<Wish.Registry> USUAL =
      List.of(
          Wish.Registry.HUB,
          new Wish.Registry("gcr.io", true),
          new Wish.Registry("ghcr.io", true),
          new Wish.Registry("quay.io", true),
          new Wish.Registry("registry.k8s.io", true));

  private final String program;
  private final Optional<List<String>> reload;
  private final List<String> notes;

  private RegistriesConf(String program, Optional<List<String>> reload, List<String> notes) {
    this.program = program;
    this.reload = reload;
    this.notes = notes;
  }

  static RegistriesConf podman() {
    return new RegistriesConf(
        "podman",
        Optional.empty(),
        List.of("Podman, Buildah and Skopeo read it at their next pull."));
  }

  static RegistriesConf crio() {
    return new RegistriesConf(
        "crio", Optional.of(List.of("systemctl", "reload", "crio")), List.of());
  }

  static RegistriesConf apptainer() {
    return new RegistriesConf(
        "apptainer",
        Optional.empty(),
        List.of(
            "Apptainer reads it for docker:// at its next pull. It knows no mirrors for oras://:"
                + " name the daemon, 'apptainer pull --no-https oras://127.0.0.1:4001/ghcr.io/NAME'."));
  }

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    List<Wish.Registry> registries = wish.registries().isEmpty() ? USUAL : wish.registries();
    StringBuilder own = new StringBuilder();
    for (Wish.Registry registry : registries) {
      @Nullable String file = owner(book, registry);
      if (file == null) {
        own.append(own.isEmpty() ? "" : "\n").append(entry(registry, wish));
      } else {
        addTo(book, file, registry, wish);
      }
    }
    if (!own.isEmpty()) {
      book.write(OWN, own.toString());
    }
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
  private static @Nullable String owner(Book book, Wish.Registry registry) throws SetupException {
    @Nullable String owner = null;
    List<String> files = new ArrayList<>();
    files.add(MAIN);
    files.addAll(book.list(DIRECTORY, ".conf"));
    for (String name : files) {
      Optional<String> text = name.equals(OWN) ? Optional.empty() : book.read(name);
      if (text.isEmpty()) {
        continue;
      }
      TomlFile file = TomlFile.parse(name, text.get());
      checkFormat(file);
      if (index(file, registry) >= 0) {
        owner = name;
      }
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
  public String program() {
    return program;
  }

  @Override
  public List<String> places(Book book, Wish wish) throws SetupException {
    List<String> places = new ArrayList<>(book.list(DIRECTORY, ".conf"));
    places.add(MAIN);
    return places;
  }

  @Override
  public Optional<List<String>> reload() {
    return reload;
  }

  @Override
  public List<String> notes(Book book, Wish wish) {
    return notes;
  }
}
