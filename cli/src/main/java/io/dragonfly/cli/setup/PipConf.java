package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * pip's file: the daemon as its proxy, and on demand an index. It is an INI file of Python's
 * configparser; settings are added below the section's line, so that all else stays as it is.
 */
final class PipConf implements Client {
  private static final String SYSTEM = "/etc/pip.conf";
  private static final String SECTION = "global";

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    String name = file(book, wish);
    Map<String, String> wanted = new LinkedHashMap<>();
    wanted.put("proxy", wish.proxyUrl());
    if (wish.index().isPresent()) {
      String index = wish.index().get();
      wanted.put("index-url", index);
      if (index.startsWith("http://")) {
        String host = index.substring(7).replaceAll("[/?#].*", "");
        wanted.put("trusted-host", host.substring(host.lastIndexOf('@') + 1));
      }
    }
    if (wish.authority().isPresent()) {
      book.write(bundle(wish), Authorities.with(book, wish.authority().get()));
      wanted.put("cert", bundle(wish));
    }
    String text = book.read(name).orElse("");
    Map<String, Setting> present = settings(name, text);
    StringBuilder lines = new StringBuilder();
    for (Map.Entry<String, String> one : wanted.entrySet()) {
      Setting setting = present.get(one.getKey());
      if (setting == null) {
        lines.append(one.getKey()).append(" = ").append(one.getValue()).append('\n');
      } else if (!setting.value().equals(one.getValue())) {
        throw SetupException.at(name, setting.line(), conflict(one.getKey(), one.getValue()));
      }
    }
    if (!lines.isEmpty()) {
      book.write(name, inserted(text, lines.toString()));
    }
  }

  private static String conflict(String key, String value) {
    return switch (key) {
      case "proxy" ->
          "pip has another proxy. Remove the line, and let the daemon use that one: backend.proxy"
              + " in its configuration; then run this again.";
      default ->
          "pip has another "
              + key
              + ". Remove the line, or write "
              + value
              + " there, then run"
              + " this again.";
    };
  }

  /** A setting of [global]; its line counts from 1. */
  private record Setting(String value, int line) {}

  /** pip's own names: without regard to case, a dash for an underscore. */
  private static Map<String, Setting> settings(String name, String text) throws SetupException {
    Map<String, Setting> settings = new LinkedHashMap<>();
    List<String> sections = new ArrayList<>();
    String section = "";
    String last = "";
    List<String> lines = LineDiff.lines(text);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      boolean continued = !line.isEmpty() && Character.isWhitespace(lines.get(i).charAt(0));
      if (line.isEmpty() || line.startsWith("#") || line.startsWith(";")) {
        continue;
      }
      if (continued && !last.isEmpty()) {
        String key = last;
        settings.computeIfPresent(
            key, (_, old) -> new Setting((old.value() + " " + line).strip(), old.line()));
      } else if (line.startsWith("[") && line.endsWith("]")) {
        section = line.substring(1, line.length() - 1);
        last = "";
        if (sections.contains(section)) {
          throw SetupException.at(
              name, i + 1, "[" + section + "] is there twice: pip refuses that.");
        }
        sections.add(section);
      } else {
        last = setting(name, i + 1, line, section, settings);
      }
    }
    return settings;
  }

  /** Returns the setting's name if it is one of [global], else something that is none. */
  private static String setting(
      String name, int number, String line, String section, Map<String, Setting> settings)
      throws SetupException {
    String[] parts = line.split("[=:]", 2);
    if (section.isEmpty() || parts.length < 2 || parts[0].isBlank()) {
      throw SetupException.at(
          name,
          number,
          "expected a [section], or a setting 'name = value' in one. Mend the file, then run this"
              + " again.");
    }
    String key = parts[0].strip().toLowerCase(Locale.ROOT).replace('_', '-');
    if (!section.equals(SECTION)) {
      return "/" + key;
    }
    settings.put(key, new Setting(parts[1].strip(), number));
    return key;
  }

  private static String inserted(String text, String settings) {
    List<String> lines = LineDiff.lines(text);
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).strip().equals("[" + SECTION + "]")) {
        String header = lines.get(i).endsWith("\n") ? lines.get(i) : lines.get(i) + "\n";
        lines.set(i, header + settings);
        return String.join("", lines);
      }
    }
    String gap = text.isEmpty() ? "" : text.endsWith("\n") ? "\n" : "\n\n";
    return text + gap + "[" + SECTION + "]\n" + settings;
  }

  /** The user's file: where pip looks first, or the one of old if only that is there. */
  private String file(Book book, Wish wish) throws SetupException {
    return book.present(files(wish));
  }

  /** pip trusts those of one file only. */
  private static String bundle(Wish wish) {
    return wish.userFiles().map(home -> home + "/.config/pip").orElse("/etc/dragonfly")
        + "/dragonfly-authorities.pem";
  }

  private static List<String> userFiles(String home) {
    return List.of(home + "/.config/pip/pip.conf", home + "/.pip/pip.conf");
  }

  @Override
  public Owner owner() {
    return Owner.USER;
  }

  @Override
  public Set<String> options() {
    return Set.of("index-url", "ca");
  }

  @Override
  public String program() {
    return "pip";
  }

  @Override
  public List<String> places(Book book, Wish wish) {
    return Stream.concat(files(wish).stream(), Stream.of(bundle(wish))).toList();
  }

  private static List<String> files(Wish wish) {
    return wish.userFiles().map(PipConf::userFiles).orElse(List.of(SYSTEM));
  }

  @Override
  public Optional<List<String>> reload(Set<String> changed) {
    return Optional.empty();
  }

  @Override
  public List<String> notes(Book book, Wish wish) {
    String packages = "{regex: '\\.(whl|tar\\.gz|zip)$'}";
    if (wish.authority().isPresent()) {
      return List.of(
          "The file of authorities is the system's of now and the daemon's: run this again when"
              + " the system's change.",
          Rules.note(List.of(packages)));
    }
    return List.of(
        "What pip asks by https goes through the daemon as a tunnel, from its origin. Packages come"
            + " through the swarm from an index by http (--index-url), or by https with --ca FILE.",
        Rules.note(List.of(packages))
            + " With useTLS: true in the rule, the daemon asks an index by https that pip asks by"
            + " http.");
  }
}
