package io.dragonfly.daemon.source;

import java.util.Set;

/** Reads http and https origins. */
final class HttpSource implements Source {
  /** Makes the source for the schemes that are always there. */
  static final class HttpFactory implements Factory {
    @Override
    public Set<String> schemes() {
      return OriginUrl.SCHEMES;
    }

    @Override
    public Source create(SourceOptions options) {
      return new HttpSource();
    }
  }

  @Override
  public Set<String> schemes() {
    return OriginUrl.SCHEMES;
  }

  @Override
  public OriginResponse open(OriginRequest request) throws OriginException {
    throw new UnsupportedOperationException("the HTTP exchange follows");
  }

  @Override
  public void close() {}
}
