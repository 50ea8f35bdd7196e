package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * All kinds of origin that this program reads: http and https always, others where their modules
 * are on the class path. Safe for use by many threads; a source is made when it is first asked for.
 */
public final class Sources implements AutoCloseable {
  private final SourceOptions options;
  private final OriginWatch watch;
  private final Map<String, Source.Factory> factories;
  private final Map<Source.Factory, Source> sources = new LinkedHashMap<>();
  private boolean closed;

  private Sources(SourceOptions options, Iterable<Source.Factory> others, OriginWatch watch) {
    this.options = options;
    this.watch = watch;
    this.factories = new TreeMap<>();
    for (Source.Factory factory : others) {
      register(factory);
    }
    register(new HttpSource.HttpFactory());
  }

  /** The built-in sources and those that {@link ServiceLoader} finds. */
  public static Sources of(SourceOptions options) {
    return of(options, OriginWatch.NOBODY);
  }

  /** As {@link #of(SourceOptions)}, with somebody who hears of every look. */
  public static Sources of(SourceOptions options, OriginWatch watch) {
    return new Sources(options, ServiceLoader.load(Source.Factory.class), watch);
  }

  /** The built-in sources and {@code others}. */
  static Sources of(SourceOptions options, Iterable<Source.Factory> others) {
    return new Sources(options, others, OriginWatch.NOBODY);
  }

  private void register(Source.Factory factory) {
    factory.schemes().forEach(scheme -> factories.put(scheme, factory));
  }

  /**
   * The source that reads a URL.
   *
   * @throws OriginException UNSUPPORTED_SCHEME with the schemes there are, BAD_URL if there is none
   *     in the URL, CANCELLED after {@link #close}
   */
  public Source forUrl(String url) throws OriginException {
    String scheme = OriginUrl.scheme(url);
    Source.Factory factory = factories.get(scheme.toLowerCase(Locale.ROOT));
    if (factory == null) {
      throw OriginUrl.unsupported(scheme, factories.keySet());
    }
    synchronized (sources) {
      if (closed) {
        throw new OriginException(
            Kind.CANCELLED, "Cannot read from the origin: the program is being shut down.", null);
      }
      return sources.computeIfAbsent(factory, f -> f.create(options));
    }
  }

  /** Asks the source for the request's URL, see {@link Source#open}. */
  public OriginResponse open(OriginRequest request) throws OriginException {
    Source source = forUrl(request.url());
    String scheme = OriginUrl.scheme(request.url()).toLowerCase(Locale.ROOT);
    String method = request.head() ? "HEAD" : "GET";
    long begin = System.nanoTime();
    watch.asked(scheme, method);
    boolean answered = false;
    try {
      OriginResponse response = source.open(request);
      answered = true;
      watch.answered(scheme, method, Duration.ofNanos(System.nanoTime() - begin));
      return response;
    } finally {
      if (!answered) {
        watch.failed(scheme, method);
      }
    }
  }

  @Override
  public void close() {
    synchronized (sources) {
      closed = true;
      sources.values().forEach(Source::close);
      sources.clear();
    }
  }
}
