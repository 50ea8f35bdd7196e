package io.dragonfly.lab.clients;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The part of a Git LFS server that says where objects are: its batch API (see the specification of
 * Git LFS), for downloads.
 */
final class LfsServer implements AutoCloseable {
  private static final String TYPE = "application/vnd.git-lfs+json";
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpServer server;
  private final String objects;

  private LfsServer(HttpServer server, String objects) {
    this.server = server;
    this.objects = objects;
  }

  /**
   * Serves at an address, from where the calling thread is.
   *
   * @param objects what the URL of an object begins with; its id follows
   */
  static LfsServer start(InetSocketAddress address, String objects) throws IOException {
    LfsServer made = new LfsServer(HttpServer.create(address, 0), objects);
    made.server.createContext("/lfs/objects/batch", made::answer);
    made.server.start();
    return made;
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode asked = JSON.readTree(exchange.getRequestBody().readAllBytes());
    ObjectNode answer = JSON.createObjectNode().put("transfer", "basic");
    ArrayNode found = answer.putArray("objects");
    for (JsonNode one : asked.get("objects")) {
      String id = one.get("oid").asString();
      ObjectNode object = found.addObject().put("oid", id).put("size", one.get("size").asLong());
      object.putObject("actions").putObject("download").put("href", objects + id);
    }
    byte[] body = JSON.writeValueAsBytes(answer);
    exchange.getResponseHeaders().set("Content-Type", TYPE);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
