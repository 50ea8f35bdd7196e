package io.dragonfly.daemon;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.security.Security;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.Stream;

/**
 * Looks up names for the JVM of the tests: those below {@code .rebound.test} mean what a test says,
 * another thing each time; all others what they always do. No answer is kept by the JVM.
 */
public final class ScriptedNames extends InetAddressResolverProvider {
  static final String BELOW = ".rebound.test";

  private static final Map<String, Deque<String>> SCRIPTS = new ConcurrentHashMap<>();
  private static final Map<String, Integer> ASKED = new ConcurrentHashMap<>();

  static {
    Security.setProperty("networkaddress.cache.ttl", "0");
    Security.setProperty("networkaddress.cache.stale.ttl", "0");
  }

  /**
   * A name that means these addresses one after the other, and the last of them from then on.
   *
   * @param addresses each one, or several at a time with commas between
   */
  static String name(String first, String... addresses) {
    String name = first + BELOW;
    SCRIPTS.put(name, new ConcurrentLinkedDeque<>(List.of(addresses)));
    ASKED.remove(name);
    return name;
  }

  /** How often a name was looked up. */
  static int asked(String name) {
    return ASKED.getOrDefault(name, 0);
  }

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver usual = configuration.builtinResolver();
    return new InetAddressResolver() {
      @Override
      public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
          throws UnknownHostException {
        Deque<String> script = SCRIPTS.get(host);
        if (script == null) {
          return usual.lookupByName(host, policy);
        }
        ASKED.merge(host, 1, Integer::sum);
        String address = script.size() > 1 ? script.removeFirst() : script.getFirst();
        List<InetAddress> all = new ArrayList<>();
        for (String one : address.split(",", -1)) {
          all.add(InetAddress.getByAddress(host, InetAddress.ofLiteral(one).getAddress()));
        }
        return all.stream();
      }

      @Override
      public String lookupByAddress(byte[] address) throws UnknownHostException {
        return usual.lookupByAddress(address);
      }
    };
  }

  @Override
  public String name() {
    return "scripted";
  }
}
