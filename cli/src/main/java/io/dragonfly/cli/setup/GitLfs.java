package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * git-lfs, by git's configuration: content that a server names by https is asked for by http, of
 * the daemon's proxy, for the named hosts only. The daemon asks the host by https again, where a
 * rule says so. With the daemon's authority they are asked for by https of the proxy, as they are
 * named. New sections go to the end of the file, where git takes them as well as anywhere.
 */
final class GitLfs implements Client {
  private static final String SYSTEM = "/etc/gitconfig";
  private static final List<Wish.Registry> USUAL =
      List.of(new Wish.Registry("github-cloud.githubusercontent.com", true));

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    String name = file(book, wish);
    String text = book.read(name).orElse("");
    List<Variable> present = variables(name, text);
    StringBuilder added = new StringBuilder();
    if (wish.authority().isPresent()) {
      book.write(bundle(wish), Authorities.with(book, wish.authority().get()));
      for (Wish.Registry host : hosts(wish)) {
        addProxy(name, present, host.url() + "/", wish, added);
      }
    } else {
      addRewriting(name, present, wish, added);
    }
    if (!added.isEmpty()) {
      book.write(name, text + (text.isEmpty() || text.endsWith("\n") ? "" : "\n") + added);
    }
  }

  private static void addProxy(
      String name, List<Variable> present, String url, Wish wish, StringBuilder added)
      throws SetupException {
    String section = "http." + url;
    boolean proxy = is(name, present, section + ".proxy", wish.proxyUrl(), false);
    boolean trust =
        wish.authority().isEmpty()
            || !url.startsWith("https:")
            || is(name, present, section + ".sslcainfo", bundle(wish), false);
    if (proxy && trust) {
      return;
    }
    added.append("[http \"").append(url).append("\"]\n");
    if (!proxy) {
      added.append("\tproxy = ").append(wish.proxyUrl()).append('\n');
    }
    if (!trust) {
      added.append("\tsslCAInfo = ").append(bundle(wish)).append('\n');
    }
  }

  private static void addRewriting(
      String name, List<Variable> present, Wish wish, StringBuilder added) throws SetupException {
    if (!is(name, present, "lfs.transfer.enablehrefrewrite", "true", true)) {
      added.append("[lfs \"transfer\"]\n\tenablehrefrewrite = true\n");
    }
    for (Wish.Registry host : hosts(wish)) {
      String plain = "http://" + host.name() + "/";
      String secure = "https://" + host.name() + "/";
      checkRewriting(name, present, plain, secure);
      if (!has(present, "url." + plain + ".insteadof", secure)) {
        added.append("[url \"").append(plain).append("\"]\n\tinsteadOf = ").append(secure);
        added.append('\n');
      }
      addProxy(name, present, plain, wish, added);
    }
  }

  /** Git trusts those of one file only, for these hosts. */
  private static String bundle(Wish wish) {
    return wish.userFiles().map(home -> home + "/.config/git").orElse("/etc/dragonfly")
        + "/dragonfly-authorities.pem";
  }

  private static List<Wish.Registry> hosts(Wish wish) {
    return wish.registries().isEmpty() ? USUAL : wish.registries();
  }

  /** Its name is {@code section.subsection.key}; section and key in lower case. */
  private record Variable(String name, String value, int line) {}

  private static boolean has(List<Variable> present, String name, String value) {
    return present.stream().anyMatch(one -> one.name().equals(name) && one.value().equals(value));
  }

  /** Whether it has this value; that of a user who wants another one is not replaced. */
  private static boolean is(
      String file, List<Variable> present, String name, String value, boolean truth)
      throws SetupException {
    boolean found = false;
    for (Variable one : present) {
      if (!one.name().equals(name)) {
        continue;
      }
      found = truth ? isTrue(one.value()) : one.value().equals(value);
      if (!found) {
        throw SetupException.at(
            file, one.line(), name + " is " + one.value() + ". Remove it, then run this again.");
      }
    }
    return found;
  }

  private static boolean isTrue(String value) {
    return List.of("true", "yes", "on", "1").contains(value.toLowerCase(Locale.ROOT));
  }

  private static void checkRewriting(
      String file, List<Variable> present, String plain, String secure) throws SetupException {
    for (Variable one : present) {
      if (one.name().startsWith("url.")
          && one.name().endsWith(".insteadof")
          && one.value().equals(secure)
          && !one.name().equals("url." + plain + ".insteadof")) {
        throw SetupException.at(
            file,
            one.line(),
            secure
                + " is rewritten to another address already. Remove that, or name other hosts"
                + " with --registry HOST.");
      }
    }
  }

  /** As git-config(1) describes the syntax. */
  private static List<Variable> variables(String name, String text) throws SetupException {
    List<Variable> variables = new ArrayList<>();
    String section = "";
    List<String> lines = LineDiff.lines(text);
    for (int i = 0; i < lines.size(); i++) {
      int number = i + 1;
      String line = lines.get(i).strip();
      if (line.startsWith("[")) {
        int end = headerEnd(line);
        if (end < 0) {
          throw SetupException.at(name, number, "the section has no ']'. Mend the file first.");
        }
        section = section(line.substring(1, end));
        line = line.substring(end + 1).strip();
      }
      if (line.isEmpty() || line.startsWith("#") || line.startsWith(";")) {
        continue;
      }
      while (line.endsWith("\\")) {
        if (++i >= lines.size()) {
          throw SetupException.at(name, number, "the file ends within a value. Mend it first.");
        }
        line = line.substring(0, line.length() - 1) + lines.get(i).strip();
      }
      int equals = line.indexOf('=');
      String key = (equals < 0 ? line : line.substring(0, equals)).strip();
      if (section.isEmpty() || !key.matches("[A-Za-z][A-Za-z0-9-]*(\\s*[#;].*)?")) {
        throw SetupException.at(
            name,
            number,
            "expected a [section], or a setting 'name = value' in one. Mend the file, then run this"
                + " again.");
      }
      String value = equals < 0 ? "true" : value(line.substring(equals + 1));
      variables.add(new Variable(section + "." + key.toLowerCase(Locale.ROOT), value, number));
    }
    return variables;
  }

  private static int headerEnd(String line) {
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '\\' && quoted) {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ']' && !quoted) {
        return i;
      }
    }
    return -1;
  }

  private static String section(String header) {
    int quote = header.indexOf('"');
    if (quote < 0) {
      return header.strip().toLowerCase(Locale.ROOT);
    }
    String sub = header.substring(quote + 1, Math.max(quote + 1, header.lastIndexOf('"')));
    return header.substring(0, quote).strip().toLowerCase(Locale.ROOT)
        + "."
        + sub.replaceAll("\\\\(.)", "$1");
  }

  /** Without quotes and comment. */
  private static String value(String text) {
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\\' && i + 1 < text.length()) {
        value.append(text.charAt(++i));
      } else if (!quoted && (c == '#' || c == ';')) {
        break;
      } else {
        value.append(c);
      }
    }
    return value.toString().strip();
  }

  /** git reads both of a user's files; it writes the one of old unless only the other is there. */
  private String file(Book book, Wish wish) throws SetupException {
    return book.present(files(wish));
  }

  private static List<String> userFiles(String home) {
    return List.of(home + "/.gitconfig", home + "/.config/git/config");
  }

  @Override
  public Owner owner() {
    return Owner.USER;
  }

  @Override
  public Set<String> options() {
    return Set.of("registry", "ca");
  }

  @Override
  public String program() {
    return "git-lfs";
  }

  @Override
  public List<String> places(Book book, Wish wish) {
    return Stream.concat(files(wish).stream(), Stream.of(bundle(wish))).toList();
  }

  private static List<String> files(Wish wish) {
    return wish.userFiles().map(GitLfs::userFiles).orElse(List.of(SYSTEM));
  }

  @Override
  public Optional<List<String>> reload(Set<String> changed) {
    return Optional.empty();
  }

  @Override
  public List<String> notes(Book book, Wish wish) {
    List<String> rules = new ArrayList<>();
    for (Wish.Registry host : hosts(wish)) {
      rules.add(
          wish.authority().isPresent()
              ? "{regex: '^" + Rules.escaped(host.url()) + "/'}"
              : "{regex: '^http://"
                  + Rules.escaped(host.name())
                  + "/', useTLS: "
                  + host.tls()
                  + "}");
    }
    return List.of(Rules.note(rules));
  }
}
