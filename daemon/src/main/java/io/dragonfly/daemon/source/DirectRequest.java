package io.dragonfly.daemon.source;

import java.net.URI;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.net.URIAuthority;

/** A request whose target goes on the wire as it is, doubled slashes included. */
final class DirectRequest extends HttpUriRequestBase {
  private static final long serialVersionUID = 1L;

  private final String target;

  DirectRequest(String method, OriginUrl url) {
    super(method, URI.create("/"));
    target = url.target();
    setScheme(url.scheme());
    setAuthority(authority(url));
  }

  /** As in Host: without the usual port. */
  static URIAuthority authority(OriginUrl url) {
    boolean usual = url.port() == (url.isTls() ? 443 : 80);
    return new URIAuthority(url.host(), usual ? -1 : url.port());
  }

  @Override
  public String getPath() {
    return target;
  }

  @Override
  public String getRequestUri() {
    return target;
  }
}
