package io.dragonfly.dist;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dragonfly.common.config.ConfigException;
import io.dragonfly.common.config.ConfigLoader;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.flag.Flag;
import io.dragonfly.common.flag.Flags;
import io.dragonfly.common.flag.ParsedFlags;
import io.dragonfly.common.flag.UsageException;
import io.dragonfly.common.tls.CertificateAuthority;
import io.dragonfly.common.tls.OwnAuthority;
import io.dragonfly.common.tls.TlsException;
import io.dragonfly.daemon.DaemonConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * {@code dragonfly ca export}: gives out the certificate by which the proxy's clients know it
 * inside HTTPS. From then on the daemon may answer in the stead of hosts.
 */
final class AuthorityCommand {
  private static final int SUCCESS = 0;
  private static final int FAILURE = 1;
  private static final int USAGE = 2;

  private static final Path CONFIG = Path.of("/etc/dragonfly/dfdaemon.yaml");

  private AuthorityCommand() {}

  private static Flags flags() {
    return new Flags(
            "dragonfly ca export",
            "Prints the certificate (PEM) of this host's certificate authority, and makes the"
                + " authority if there is none. From then on the daemon's proxy answers HTTPS"
                + " requests to hosts that its rules are about, and to the mirror's registry, with"
                + " certificates of this authority: let the proxy's clients trust it, and nobody"
                + " else. All other hosts stay tunnels.")
        .group(
            "Options",
            Flag.value("output", "FILE").letter('o').help("Write to FILE, not to the terminal"),
            Flag.value("config", "FILE")
                .letter('c')
                .env("DFDAEMON_CONFIG")
                .help("The daemon's configuration; by default " + CONFIG + ", if there is one"),
            Flag.value("data-dir", "DIR")
                .env("DRAGONFLY_DATA_DIR")
                .help(
                    "That of a standalone; by default ~/.dragonfly, if there is no"
                        + " configuration"));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    Flags flags = flags();
    boolean named = args.length > 0 && args[0].equals("export");
    try {
      ParsedFlags parsed = flags.parse(named ? Arrays.copyOfRange(args, 1, args.length) : args);
      if (parsed.wantsHelp()) {
        out.print(flags.help());
        return SUCCESS;
      }
      if (!named) {
        throw new UsageException("what to do with the authority is missing: 'export'");
      }
      return run(parsed, out, err);
    } catch (UsageException e) {
      err.println("ca: " + e.getMessage());
      err.println("Try 'dragonfly ca export --help'.");
      return USAGE;
    } catch (ConfigException | TlsException e) {
      err.println("ca: " + e.getMessage());
      return FAILURE;
    } catch (IOException e) {
      err.println("ca: " + FileProblem.of(e));
      return FAILURE;
    }
  }

  private static int run(ParsedFlags parsed, PrintStream out, PrintStream err)
      throws ConfigException, UsageException, IOException {
    Optional<String> file = parsed.value("config").filter(text -> !text.isEmpty());
    Optional<String> directory = parsed.value("data-dir").filter(text -> !text.isEmpty());
    if (file.isPresent() && directory.isPresent()) {
      throw new UsageException("--config and --data-dir exclude each other");
    }
    Path target;
    if (file.isPresent() || (directory.isEmpty() && Files.exists(CONFIG))) {
      DaemonConfig config =
          ConfigLoader.load(file.map(Path::of).orElse(CONFIG), DaemonConfig.class).value();
      Optional<Path> certificate = config.proxy().server().caCert();
      Optional<Path> key = config.proxy().server().caKey();
      if (certificate.isPresent() && key.isPresent()) {
        // The one that is used; it needs no mark that it may be.
        print(CertificateAuthority.read(certificate.get(), key.get()), key.get(), parsed, out, err);
        return SUCCESS;
      }
      target = config.authorityDirectory();
    } else {
      target = Standalone.authorityDirectory(parsed);
    }
    OwnAuthority own = new OwnAuthority(target);
    print(own.readOrMake(host()), own.file(), parsed, out, err);
    own.export();
    return SUCCESS;
  }

  private static void print(
      CertificateAuthority authority,
      Path key,
      ParsedFlags parsed,
      PrintStream out,
      PrintStream err)
      throws IOException {
    Optional<String> file = parsed.value("output");
    if (file.isPresent()) {
      Files.write(Path.of(file.get()), authority.pem().getBytes(US_ASCII));
    } else {
      out.print(authority.pem());
      out.flush();
    }
    err.print(
        """
        %1$s, valid until %2$tF. Its key is in %3$s.
        To trust it for one command:   curl --cacert %4$s ...
        On Debian and its kin:         cp %4$s /usr/local/share/ca-certificates/dragonfly.crt && update-ca-certificates
        On Fedora and its kin:         cp %4$s /etc/pki/ca-trust/source/anchors/dragonfly.crt && update-ca-trust
        """
            .formatted(
                authority.certificate().getSubjectX500Principal(),
                authority.certificate().getNotAfter(),
                key,
                file.orElse("FILE")));
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "host";
    }
  }
}
