package io.dragonfly.lab.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocketFactory;

/**
 * An authority and certificates for this machine, made with the JDK's keytool: {@code good} and
 * {@code expired} are signed by the authority, so is {@code other}, which is for another host;
 * {@code self} signed itself.
 */
public final class LabCertificates {
  /** An address beside 127.0.0.1 that the certificates are for. */
  static final String ADDRESS = "10.98.0.1";

  private static final String PASSWORD = "changeit";

  private final Path directory;
  private final KeyStore store;

  private LabCertificates(Path directory, KeyStore store) {
    this.directory = directory;
    this.store = store;
  }

  public static LabCertificates create(Path directory) throws Exception {
    Path file = directory.resolve("store.p12");
    String names = "san=dns:localhost,ip:127.0.0.1,ip:" + ADDRESS;
    generate(file, "ca", "-ext", "bc:c", "-validity", "2");
    generate(file, "good", "-signer", "ca", "-ext", names, "-validity", "1");
    generate(file, "other", "-signer", "ca", "-ext", "san=dns:other.example", "-validity", "1");
    generate(
        file, "expired", "-signer", "ca", "-ext", names, "-startdate", "-10d", "-validity", "5");
    generate(file, "self", "-ext", names, "-validity", "1");
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return new LabCertificates(directory, store);
  }

  private static void generate(Path file, String alias, String... more)
      throws IOException, InterruptedException {
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    List<String> command =
        new ArrayList<>(List.of(keytool, "-genkeypair", "-alias", alias, "-keyalg", "EC"));
    command.addAll(List.of("-dname", "CN=" + alias, "-keystore", file.toString()));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("keytool failed: " + output);
    }
  }

  /** A PEM file with the authority's certificate. */
  public Path authority() throws GeneralSecurityException, IOException {
    return certificate("ca");
  }

  /** A PEM file with the certificate of that name. */
  public Path certificate(String alias) throws GeneralSecurityException, IOException {
    return pem(alias + ".pem", "CERTIFICATE", store.getCertificate(alias).getEncoded());
  }

  /** A PEM file with the private key of that name. */
  public Path key(String alias) throws GeneralSecurityException, IOException {
    byte[] key = store.getKey(alias, PASSWORD.toCharArray()).getEncoded();
    return pem(alias + "-key.pem", "PRIVATE KEY", key);
  }

  private Path pem(String name, String label, byte[] content) throws IOException {
    return Files.writeString(
        directory.resolve(name),
        "-----BEGIN "
            + label
            + "-----\n"
            + Base64.getMimeEncoder().encodeToString(content)
            + "\n-----END "
            + label
            + "-----\n");
  }

  /** Sockets of a server that shows the certificate of that name. */
  SSLServerSocketFactory server(String alias) throws GeneralSecurityException, IOException {
    char[] password = PASSWORD.toCharArray();
    KeyStore one = KeyStore.getInstance("PKCS12");
    one.load(null, null);
    one.setKeyEntry(
        alias, store.getKey(alias, password), password, store.getCertificateChain(alias));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(one, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context.getServerSocketFactory();
  }
}
