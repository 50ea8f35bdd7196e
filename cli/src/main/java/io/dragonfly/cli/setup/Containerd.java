package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * containerd's CRI plugin, and whatever else reads its directory of registries: {@code config_path}
 * in configuration versions 2 and 3, and in that directory a {@code hosts.toml} for all registries
 * ({@code _default}, where containerd says by {@code ns=} which one it means) and for each that was
 * named. See containerd's docs/hosts.md.
 */
final class Containerd implements Client {
  private static final String CONFIG = "/etc/containerd/config.toml";
  private static final String DIRECTORY = "/etc/containerd/certs.d";
  private static final String PLUGIN_2 = "io.containerd.grpc.v1.cri";
  private static final String PLUGIN_3 = "io.containerd.cri.v1.images";

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    String directory = configPath(book);
    hosts(book, wish, directory + "/_default/hosts.toml", Optional.empty());
    for (Wish.Registry registry : wish.registries()) {
      hosts(book, wish, directory + "/" + registry.name() + "/hosts.toml", Optional.of(registry));
    }
  }

  /** Sees to it that there is a directory of registries; returns it. */
  private static String configPath(Book book) throws SetupException {
    String text = book.read(CONFIG).orElse("");
    if (text.isBlank()) {
      // Version 2 is what containerd 1 and 2 both read.
      book.write(CONFIG, text + "version = 2\n\n" + table(PLUGIN_2));
      return DIRECTORY;
    }
    TomlFile file = TomlFile.parse(CONFIG, text);
    Map<String, Object> content = file.content();
    checkEnabled(file, content);
    String plugin = plugin(file, content);
    String[] path = {"plugins", plugin, "registry"};
    Map<String, Object> registry = TomlFile.asTable(file.value(path));
    Object present = registry.getOrDefault("config_path", "");
    if (!(present instanceof String text2)) {
      throw file.mistake(
          file.line("plugins", plugin, "registry", "config_path"), "config_path is no text.");
    }
    if (!text2.isEmpty()) {
      return first(file, text2, plugin);
    }
    checkNothingOlder(file, registry, plugin);
    set(content, DIRECTORY, path);
    if (!content.containsKey("version")) {
      content.put("version", 2L);
      book.write(CONFIG, withVersion(file, content, plugin));
    } else {
      book.write(CONFIG, withConfigPath(file, registry, content, plugin));
    }
    return DIRECTORY;
  }

  private static String table(String plugin) {
    return "[plugins.\"" + plugin + "\".registry]\n  " + setting();
  }

  private static String setting() {
    return "config_path = \"" + DIRECTORY + "\"\n";
  }

  private static String first(TomlFile file, String configPath, String plugin)
      throws SetupException {
    String first = configPath.split(":", 2)[0].strip();
    if (!first.startsWith("/") || first.contains("/../") || first.endsWith("/..")) {
      throw file.mistake(
          file.line("plugins", plugin, "registry", "config_path"),
          "config_path begins with '" + first + "': name an absolute directory.");
    }
    return first.length() > 1 && first.endsWith("/")
        ? first.substring(0, first.length() - 1)
        : first;
  }

  private static void checkEnabled(TomlFile file, Map<String, Object> content)
      throws SetupException {
    if (content.get("disabled_plugins") instanceof List<?> disabled) {
      for (Object plugin : disabled) {
        if (plugin.equals("cri") || plugin.equals(PLUGIN_2) || plugin.equals(PLUGIN_3)) {
          throw file.mistake(
              file.line("disabled_plugins"),
              "the plugin that pulls images for Kubernetes is disabled. Remove \""
                  + plugin
                  + "\" from disabled_plugins; where containerd only serves Docker, run 'dragonfly"
                  + " setup docker' instead.");
        }
      }
    }
  }

  private static String plugin(TomlFile file, Map<String, Object> content) throws SetupException {
    Object version = content.getOrDefault("version", 1L);
    if (version.equals(2L)) {
      return PLUGIN_2;
    }
    if (version.equals(3L)) {
      return PLUGIN_3;
    }
    boolean older = version.equals(1L);
    if (older
        && !content.containsKey("version")
        && !content.containsKey("plugins")
        && !content.containsKey("disabled_plugins")
        && !content.containsKey("required_plugins")) {
      return PLUGIN_2; // nothing in it is called otherwise in version 2
    }
    throw file.mistake(
        content.containsKey("version") ? file.line("version") : 1,
        older
            ? "this is a configuration of version 1, which has no directory of registries. Convert"
                + " it ('containerd config migrate' prints it, or write version = 2 and full names"
                + " of plugins), then run this again."
            : "version is "
                + version
                + ": versions 2 and 3 are known here. Set config_path by"
                + " hand.");
  }

  /** containerd refuses a directory beside what was before it. */
  private static void checkNothingOlder(TomlFile file, Map<String, Object> registry, String plugin)
      throws SetupException {
    Map<String, Object> mirrors = TomlFile.asTable(Optional.ofNullable(registry.get("mirrors")));
    for (String host : mirrors.keySet()) {
      throw file.mistake(
          file.line("plugins", plugin, "registry", "mirrors", host),
          "registry.mirrors and config_path exclude each other in containerd. Move this mirror to "
              + DIRECTORY
              + "/"
              + host
              + "/hosts.toml (host.\"URL\"), remove it here, then run this again.");
    }
    Map<String, Object> configs = TomlFile.asTable(Optional.ofNullable(registry.get("configs")));
    for (Map.Entry<String, Object> config : configs.entrySet()) {
      if (!TomlFile.asTable(Optional.of(config.getValue())).containsKey("tls")) {
        continue;
      }
      throw file.mistake(
          file.line("plugins", plugin, "registry", "configs", config.getKey(), "tls"),
          "registry.configs with tls and config_path exclude each other in containerd. Move it to "
              + DIRECTORY
              + "/"
              + config.getKey()
              + "/hosts.toml (ca, client, skip_verify), remove it here, then run this again.");
    }
  }

  @SuppressWarnings("unchecked") // tables of TomlFile have such keys
  private static void set(Map<String, Object> content, String value, String... path) {
    Map<String, Object> at = content;
    for (String key : path) {
      at = (Map<String, Object>) at.computeIfAbsent(key, _ -> new LinkedHashMap<String, Object>());
    }
    at.put("config_path", value);
  }

  private static String withVersion(TomlFile file, Map<String, Object> expected, String plugin)
      throws SetupException {
    Map<String, Object> versioned = file.content();
    versioned.put("version", 2L);
    String line = file.nextHeader(0) == 0 ? "version = 2\n\n" : "version = 2\n";
    String first = file.edited(0, 0, line, versioned);
    TomlFile second = TomlFile.parse(CONFIG, first);
    return second.edited(second.size(), 0, "\n" + table(plugin), expected);
  }

  private static String withConfigPath(
      TomlFile file, Map<String, Object> registry, Map<String, Object> expected, String plugin)
      throws SetupException {
    if (registry.containsKey("config_path")) {
      int line = file.line("plugins", plugin, "registry", "config_path") - 1;
      return file.edited(line, 1, file.indent(line) + setting(), expected);
    }
    List<Integer> headers = file.headers(false, "plugins", plugin, "registry");
    if (headers.isEmpty()) {
      return file.edited(file.size(), 0, "\n" + table(plugin), expected);
    }
    int line = headers.getFirst();
    return file.edited(line + 1, 0, file.indent(line) + "  " + setting(), expected);
  }

  private static void hosts(Book book, Wish wish, String name, Optional<Wish.Registry> registry)
      throws SetupException {
    String text = book.read(name).orElse("");
    String url = wish.proxyUrl();
    if (text.isBlank()) {
      String server = registry.map(one -> "server = \"" + one.url() + "\"\n\n").orElse("");
      book.write(name, text + server + host(url, registry.map(Wish.Registry::url)));
      return;
    }
    TomlFile file = TomlFile.parse(name, text);
    if (file.value("host", url).isPresent()) {
      return;
    }
    Optional<String> server =
        file.value("server").map(String::valueOf).or(() -> registry.map(Wish.Registry::url));
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("capabilities", List.of("pull", "resolve"));
    server.ifPresent(one -> entry.put("header", Map.of("X-Dragonfly-Registry", one)));
    Map<String, Object> expected = file.content();
    Map<String, Object> hosts = new LinkedHashMap<>(TomlFile.asTable(file.value("host")));
    hosts.put(url, entry);
    expected.put("host", hosts);
    int at = file.nextHeader(0);
    String block = host(url, server);
    boolean last = at == file.size();
    book.write(name, file.edited(at, 0, last ? "\n" + block : block + "\n", expected));
  }

  private static String host(String url, Optional<String> server) {
    StringBuilder text = new StringBuilder();
    text.append("[host.\"").append(url).append("\"]\n");
    text.append("  capabilities = [\"pull\", \"resolve\"]\n");
    if (server.isPresent()) {
      text.append("  [host.\"").append(url).append("\".header]\n");
      text.append("    X-Dragonfly-Registry = \"").append(server.get()).append("\"\n");
    }
    return text.toString();
  }

  @Override
  public Set<String> options() {
    return Set.of("registry");
  }

  @Override
  public String program() {
    return "containerd";
  }

  @Override
  public boolean uses(Book book, Wish wish) throws SetupException {
    plan(book, wish);
    return book.changes().isEmpty();
  }

  @Override
  public List<String> places(Book book, Wish wish) throws SetupException {
    List<String> places = new ArrayList<>();
    String directory = DIRECTORY;
    Optional<String> text = book.read(CONFIG);
    if (text.isPresent() && !text.get().isBlank()) {
      directory = directory(TomlFile.parse(CONFIG, text.get()));
    }
    for (String host : book.list(directory, "")) {
      places.add(host + "/hosts.toml");
    }
    places.add(CONFIG);
    return places;
  }

  private static String directory(TomlFile file) throws SetupException {
    for (String plugin : List.of(PLUGIN_2, PLUGIN_3)) {
      Optional<Object> path = file.value("plugins", plugin, "registry", "config_path");
      if (path.isPresent() && path.get() instanceof String text && !text.isEmpty()) {
        return first(file, text, plugin);
      }
    }
    return DIRECTORY;
  }

  @Override
  public Optional<List<String>> reload(Set<String> changed) {
    return changed.contains(CONFIG)
        ? Optional.of(List.of("systemctl", "restart", "containerd"))
        : Optional.empty();
  }

  @Override
  public List<String> notes(Book book, Wish wish) throws SetupException {
    List<String> notes = new ArrayList<>();
    Optional<String> text = book.read(CONFIG);
    String directory = DIRECTORY;
    if (text.isPresent() && !text.get().isBlank()) {
      TomlFile file = TomlFile.parse(CONFIG, text.get());
      directory = directory(file);
      if (file.value("imports")
          .filter(list -> list instanceof List<?> l && !l.isEmpty())
          .isPresent()) {
        notes.add(
            CONFIG + " has imports: a config_path in one of those files goes before this one.");
      }
    }
    for (String host : book.list(directory, "")) {
      String name = host.substring(host.lastIndexOf('/') + 1);
      Optional<String> hosts = book.read(host + "/hosts.toml");
      if (hosts.isPresent() && !hosts.get().contains(wish.proxyUrl())) {
        notes.add(
            "Images of "
                + name
                + " do not come through the daemon: "
                + host
                + "/hosts.toml goes before _default. Add --registry "
                + name
                + ".");
      }
    }
    notes.add("A hosts.toml counts from the next pull on; config.toml needs the restart.");
    return notes;
  }
}
