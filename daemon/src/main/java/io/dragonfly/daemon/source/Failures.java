package io.dragonfly.daemon.source;

import io.dragonfly.daemon.source.OriginException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.http.impl.EnglishReasonPhraseCatalog;
import org.jspecify.annotations.Nullable;

/** Puts what went wrong into words, and into the kind that says what to do about it. */
final class Failures {
  private Failures() {}

  static OriginException of(Kind kind, OriginUrl url, String why) {
    return new OriginException(kind, sentence(url, why), null);
  }

  static OriginException aborted(Abort.Reason reason, OriginUrl url, Duration timeout) {
    return switch (reason) {
      case CANCELLED -> of(Kind.CANCELLED, url, "the request was cancelled.");
      case CLOSED -> of(Kind.CANCELLED, url, "the program is being shut down.");
      case DEADLINE ->
          of(
              Kind.UNAVAILABLE,
              url,
              "there was no usable answer within " + shown(timeout) + ". Try again later.");
    };
  }

  /** For an answer whose status refuses the request. */
  static OriginException refused(
      int status, Map<String, String> headers, OriginUrl url, boolean credentialsWithheld) {
    String answered = "it answered " + status + phrase(status);
    String remedy =
        switch (status) {
          case 401 ->
              credentialsWithheld
                  ? ": a redirect led to it from another origin, so the request's credentials were"
                      + " not sent there. Use the URL it leads to, with its own credentials."
                  : ": it wants to know who asks. Give the request a fitting Authorization header.";
          case 403 ->
              ": who asks may not read this, or a signed URL has expired. Check the credentials or"
                  + " get a new URL.";
          case 404 -> ": check the URL.";
          case 407 ->
              ": the proxy wants a user and a password. Put them into the proxy variable as"
                  + " http://user:password@host:port.";
          case 410 -> ": the content was removed for good.";
          case 416 -> ": the content ends before the bytes asked for.";
          case 429 -> ": it limits how often it may be asked. Try again later.";
          default -> status >= 500 || status == 408 ? ". Try again later." : ".";
        };
    return new OriginException(
        isTransient(status) ? Kind.UNAVAILABLE : Kind.REFUSED,
        sentence(url, answered + remedy),
        null,
        OptionalInt.of(status),
        headers);
  }

  /** For a proxy that does not lead to a TLS origin. */
  static OriginException tunnelRefused(int status, OriginUrl url) {
    String remedy =
        status == 407
            ? "It wants a user and a password: put them into the proxy variable as"
                + " http://user:password@host:port."
            : "Check HTTPS_PROXY and NO_PROXY.";
    return of(
        isTransient(status) ? Kind.UNAVAILABLE : Kind.REFUSED,
        url,
        "the proxy refused the way there (" + status + phrase(status) + "). " + remedy);
  }

  /** Whether a status may be another one a moment later. */
  static boolean isTransient(int status) {
    return status == 408 || status == 429 || status >= 500;
  }

  /** For a failure before the answer's head has come. */
  static OriginException beforeAnswer(IOException e, OriginUrl url, SourceOptions options) {
    if (e instanceof OriginException known) {
      return known;
    }
    String host = url.authority();
    return switch (e) {
      case ConnectTimeoutException _ ->
          unavailable(
              e, url, "no connection to " + host + " within " + shown(options.connectTimeout()));
      case ConnectionRequestTimeoutException _ ->
          unavailable(
              e,
              url,
              "all " + options.maxConnectionsPerOrigin() + " connections to it stayed in use");
      case SocketTimeoutException _ ->
          unavailable(e, url, "it did not answer within " + shown(options.headerTimeout()));
      case GuardedNames.ForbiddenAddressException _ ->
          new OriginException(
              Kind.FORBIDDEN,
              sentence(
                  url,
                  reason(e)
                      + " or of a metadata service. This host goes there only with"
                      + " backend.allowLinkLocal: true."),
              e);
      case UnknownHostException _ ->
          unavailable(
              e, url, "the host name " + url.host() + " cannot be resolved. Check its spelling");
      case NoRouteToHostException _ -> unavailable(e, url, "there is no route to " + host);
      case ConnectException _ -> unavailable(e, url, "the connection to " + host + " was refused");
      case SSLException tls -> tls(tls, url);
      case NoHttpResponseException _ ->
          unavailable(e, url, "it closed the connection without an answer");
      case SocketException _ -> unavailable(e, url, "the connection to " + host + " broke");
      default -> other(e, url);
    };
  }

  private static OriginException other(IOException e, OriginUrl url) {
    Throwable http = cause(e, HttpException.class);
    if (http == null) {
      http = cause(e, MessageConstraintException.class);
    }
    if (http != null) {
      return new OriginException(
          Kind.BAD_ANSWER,
          sentence(url, "its answer is not proper HTTP (" + http.getMessage() + ")."),
          e);
    }
    return new OriginException(Kind.IO, sentence(url, reason(e) + "."), e);
  }

  /** For a failure while the body is read. */
  static OriginException inBody(
      IOException e, OriginUrl url, long position, Duration stallTimeout) {
    if (e instanceof SocketTimeoutException) {
      return new OriginException(
          Kind.UNAVAILABLE,
          sentence(
              url,
              "no byte came for "
                  + shown(stallTimeout)
                  + " at byte "
                  + position
                  + " of the content."),
          e);
    }
    return truncated(e, url, position);
  }

  static OriginException truncated(@Nullable IOException e, OriginUrl url, long position) {
    return new OriginException(
        Kind.TRUNCATED,
        sentence(url, "the answer ended early, at byte " + position + " of the content."),
        e);
  }

  private static OriginException tls(SSLException e, OriginUrl url) {
    String host = url.authority();
    String message = reason(e);
    String lower = message.toLowerCase(Locale.ROOT);
    String why;
    if (cause(e, CertificateExpiredException.class) != null) {
      why = "the certificate of " + host + " has expired. It must be renewed (or this clock set)";
    } else if (cause(e, CertificateNotYetValidException.class) != null) {
      why = "the certificate of " + host + " is not valid yet. Check the clock of this machine";
    } else if (e instanceof SSLPeerUnverifiedException
        || lower.contains("no subject alternative")
        || lower.contains("no name matching")) {
      why =
          "the certificate of "
              + host
              + " is for another host ("
              + message
              + "). Use the name that it is for";
    } else if (cause(e, CertPathBuilderException.class) != null
        || lower.contains("certification path")
        || lower.contains("path validation")) {
      why =
          "the certificate of "
              + host
              + " is not signed by an authority that is trusted here. If it should be, name the"
              + " authority's certificate in backend.caCert of dfdaemon.yaml, or in SSL_CERT_FILE"
              + " where dfget reads the origin itself";
    } else if (lower.contains("unsupported or unrecognized ssl message")) {
      why = host + " does not speak TLS on this port. Perhaps http:// is meant";
    } else if (cause(e, EOFException.class) != null || cause(e, SocketException.class) != null) {
      return unavailable(e, url, "it closed the connection during the TLS handshake");
    } else {
      why = "TLS with " + host + " failed (" + message + ")";
    }
    return new OriginException(Kind.TLS, sentence(url, why + "."), e);
  }

  private static OriginException unavailable(IOException e, OriginUrl url, String why) {
    return new OriginException(Kind.UNAVAILABLE, sentence(url, why + "."), e);
  }

  private static String sentence(OriginUrl url, String why) {
    return "Cannot read " + url + " from its origin: " + why;
  }

  private static String phrase(int status) {
    String phrase =
        status >= 100 && status < 600
            ? EnglishReasonPhraseCatalog.INSTANCE.getReason(status, Locale.ROOT)
            : null;
    return phrase == null ? "" : " " + phrase;
  }

  private static String reason(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private static String shown(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  private static <T extends Throwable> @Nullable T cause(Throwable e, Class<T> type) {
    Throwable current = e;
    for (int depth = 0; current != null && depth < 20; depth++) {
      if (type.isInstance(current)) {
        return type.cast(current);
      }
      current = current.getCause();
    }
    return null;
  }
}
