package io.dragonfly.daemon.output;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;

/**
 * Who is at the other end of an accepted unix socket, as the kernel vouches for it. It is the
 * remote address of the connection's gRPC calls, so that a service can ask for the caller's rights.
 */
public final class Caller extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private final transient UserPrincipal user;
  private final transient GroupPrincipal group;

  public Caller(UserPrincipal user, GroupPrincipal group) {
    this.user = user;
    this.group = group;
  }

  public static Caller of(SocketChannel channel) throws IOException {
    var principal = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
    return new Caller(principal.user(), principal.group());
  }

  /** The caller's effective user; equal principals have equal user ids. */
  public UserPrincipal user() {
    return user;
  }

  public GroupPrincipal group() {
    return group;
  }

  @Override
  public String toString() {
    return "unix:" + user.getName();
  }
}
