package io.dragonfly.cli.setup;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * dockerd's list of mirrors, which it asks for images of Docker Hub. Everything else it asks by
 * https of its proxy, which is set where it was told to trust the daemon inside of that: as the
 * environment of its service, for versions before 23 refuse a proxy in daemon.json.
 */
final class Docker implements Client {
  private static final String CONFIG = "/etc/docker/daemon.json";
  private static final String CERTIFICATES = "/etc/docker/certs.d";
  private static final String SERVICE = "/etc/systemd/system/docker.service.d";
  private static final String OWN_SERVICE = SERVICE + "/50-dragonfly.conf";
  private static final Pattern PROXY = Pattern.compile("(?i)^[^#;]*\\b(https|no)_proxy=");

  /** Docker trusts nobody else for these, whatever is in its directory of certificates. */
  private static final String HUB_HOSTS = ".docker.io,.docker.com";

  private static final String MIRRORS = "registry-mirrors";

  /** A proxy on another host is asked by http only where this says so; loopback always is. */
  private static final String INSECURE = "insecure-registries";

  /** Made at the first use, for it costs more than the other clients do together. */
  private static final class Json {
    static final JsonMapper MAPPER =
        JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  }

  @Override
  public void plan(Book book, Wish wish) throws SetupException {
    String text = book.read(CONFIG).orElse("");
    if (text.isBlank()) {
      text = "{\n}\n";
    }
    text = withFirst(text, MIRRORS, wish.proxyUrl());
    String host = wish.proxy().host();
    if (!host.equals("localhost") && !host.startsWith("127.") && !host.equals("::1")) {
      text = withFirst(text, INSECURE, wish.proxy().toString());
    }
    book.write(CONFIG, text);
    if (wish.authority().isPresent()) {
      List<Wish.Registry> registries = trusted(wish);
      checkProxies(book, parse(text));
      for (Wish.Registry registry : registries) {
        book.write(certificate(registry.name()), wish.authority().get());
      }
      book.write(
          OWN_SERVICE,
          """
          [Service]
          Environment="HTTPS_PROXY=%s"
          Environment="NO_PROXY=%s"
          """
              .formatted(wish.proxyUrl(), HUB_HOSTS));
    }
  }

  private static List<Wish.Registry> trusted(Wish wish) throws SetupException {
    List<Wish.Registry> registries =
        wish.registries().stream()
            .filter(one -> one.tls() && !one.equals(Wish.Registry.HUB))
            .toList();
    if (registries.isEmpty()) {
      throw new SetupException(
          "--ca needs --registry HOST: Docker trusts it for each registry by itself, and asks its"
              + " mirror for images of Docker Hub.");
    }
    return registries;
  }

  /** It counts beside the system's authorities. */
  private static String certificate(String registry) {
    return CERTIFICATES + "/" + registry + "/dragonfly.crt";
  }

  private static void checkProxies(Book book, ObjectNode content) throws SetupException {
    String remedy =
        "Docker has a proxy, or exceptions from one. Remove them, and let the daemon use it:"
            + " backend.proxy in its configuration; then run this again.";
    if (content.has("proxies")) {
      throw new SetupException(CONFIG + " has \"proxies\": " + remedy);
    }
    for (String file : book.list(SERVICE, ".conf")) {
      List<String> lines = LineDiff.lines(book.read(file).orElse(""));
      for (int i = 0; i < lines.size() && !file.equals(OWN_SERVICE); i++) {
        if (PROXY.matcher(lines.get(i)).find()) {
          throw SetupException.at(file, i + 1, remedy);
        }
      }
    }
  }

  /** The text with a value in a list of the outermost object, before what is there. */
  private static String withFirst(String text, String key, String value) throws SetupException {
    ObjectNode content = parse(text);
    JsonNode present = content.path(key);
    if (!present.isMissingNode() && !present.isArray()) {
      throw new SetupException(CONFIG + ": \"" + key + "\" is no list: make it one.");
    }
    ArrayNode list = JsonNodeFactory.instance.arrayNode().add(value);
    for (JsonNode one : present) {
      if (one.isString() && one.asString().replaceAll("/$", "").equals(value)) {
        return text;
      }
      list.add(one);
    }
    int at = place(text, present.isMissingNode() ? "" : key);
    String result =
        present.isMissingNode()
            ? withKey(text, at, key, value, content.isEmpty())
            : withElement(text, at, value, present.isEmpty());
    content.set(key, list);
    if (!parse(result).equals(content)) {
      throw new SetupException(
          CONFIG + " can't be edited line by line. Add \"" + value + "\" to its \"" + key + "\".");
    }
    return result;
  }

  private static ObjectNode parse(String text) throws SetupException {
    try {
      if (Json.MAPPER.readTree(text) instanceof ObjectNode object) {
        return object;
      }
      throw SetupException.at(CONFIG, 1, "expected an object, {...}.");
    } catch (JacksonException e) {
      TokenStreamLocation place = e.getLocation();
      throw SetupException.at(
          CONFIG,
          place == null ? 1 : place.getLineNr(),
          "not valid JSON: "
              + e.getOriginalMessage()
              + ". Docker does not start with it either: mend it, then run this again.");
    }
  }

  /** The offset behind the bracket that opens the list, or the object when no key is given. */
  private static int place(String text, String key) throws SetupException {
    try (JsonParser parser = Json.MAPPER.createParser(text)) {
      int depth = 0;
      boolean found = key.isEmpty();
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isStructStart()) {
          depth++;
          if (found) {
            return (int) parser.currentTokenLocation().getCharOffset() + 1;
          }
        } else if (token.isStructEnd()) {
          depth--;
        } else if (depth == 1 && token == JsonToken.PROPERTY_NAME) {
          found = key.equals(parser.currentName());
        }
      }
    } catch (JacksonException e) {
      throw new SetupException(CONFIG + ": " + e.getOriginalMessage());
    }
    throw new SetupException(CONFIG + " has no \"" + key + "\".");
  }

  private static String withKey(String text, int at, String key, String value, boolean only) {
    String entry = "\"" + key + "\": [\"" + value + "\"]";
    String next = text.substring(at).stripLeading();
    boolean oneLine = text.strip().indexOf('\n') < 0 && !only;
    if (oneLine) {
      return text.substring(0, at) + entry + ", " + next;
    }
    String rest = text.substring(at);
    if (only) {
      return text.substring(0, at) + "\n  " + entry + "\n" + next;
    }
    return text.substring(0, at) + "\n" + indent(rest) + entry + "," + rest;
  }

  private static String withElement(String text, int at, String value, boolean only) {
    String rest = text.substring(at);
    String element = "\"" + value + "\"";
    if (only) {
      return text.substring(0, at) + element + rest.stripLeading();
    }
    boolean ownLine = rest.stripLeading().length() < rest.length() && rest.startsWith("\n");
    return ownLine
        ? text.substring(0, at) + "\n" + indent(rest) + element + "," + rest
        : text.substring(0, at) + element + ", " + rest.stripLeading();
  }

  /** What the first line that is not empty begins with. */
  private static String indent(String rest) {
    String text = rest;
    int line = text.indexOf('\n');
    while (line >= 0) {
      text = text.substring(line + 1);
      int end = 0;
      while (end < text.length() && (text.charAt(end) == ' ' || text.charAt(end) == '\t')) {
        end++;
      }
      if (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
        return text.substring(0, end);
      }
      line = text.indexOf('\n');
    }
    return "  ";
  }

  @Override
  public Set<String> options() {
    return Set.of("registry", "ca");
  }

  @Override
  public String program() {
    return "dockerd";
  }

  @Override
  public boolean uses(Book book, Wish wish) throws SetupException {
    plan(book, wish);
    return book.changes().isEmpty();
  }

  @Override
  public List<String> places(Book book, Wish wish) throws SetupException {
    List<String> places = new ArrayList<>(List.of(CONFIG, OWN_SERVICE));
    for (String host : book.list(CERTIFICATES, "")) {
      places.add(certificate(host.substring(host.lastIndexOf('/') + 1)));
    }
    return places;
  }

  @Override
  public Optional<List<String>> reload(Set<String> changed) {
    return Optional.of(
        changed.contains(OWN_SERVICE)
            ? List.of("sh", "-c", "systemctl daemon-reload && systemctl restart docker")
            : List.of("systemctl", "reload", "docker"));
  }

  @Override
  public List<String> notes(Book book, Wish wish) {
    List<String> notes = new ArrayList<>();
    notes.add(
        "Docker asks mirrors for images of Docker Hub only. Those of other registries come through"
            + " the daemon by the name "
            + wish.proxy()
            + "/ghcr.io/NAME.");
    if (wish.authority().isPresent()) {
      notes.add(
          "What it pulls from other registries goes through the daemon as its proxy, too. Tie rules"
              + " to hosts: the daemon looks inside of all that a rule can match, and Docker trusts it"
              + " for the registries that were named.");
      notes.add(Rules.forBlobs(wish.registries()));
    }
    return notes;
  }
}
