package io.dragonfly.daemon.source;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** An authority and what it signed, made with the JDK's keytool when a test needs them. */
final class TestCertificates {
  private static final char[] PASSWORD = "changeit".toCharArray();

  private final KeyStore store;

  private TestCertificates(KeyStore store) {
    this.store = store;
  }

  /** {@code good} and {@code expired} are for 127.0.0.1 and localhost, {@code other} is not. */
  static TestCertificates create(Path directory) throws Exception {
    Path file = directory.resolve("store.p12");
    generate(file, "ca", "-ext", "bc:c", "-validity", "2");
    String names = "san=dns:localhost,ip:127.0.0.1";
    generate(file, "good", "-signer", "ca", "-ext", names, "-validity", "1");
    generate(file, "other", "-signer", "ca", "-ext", "san=dns:other.example", "-validity", "1");
    generate(
        file, "expired", "-signer", "ca", "-ext", names, "-startdate", "-10d", "-validity", "5");
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = new ByteArrayInputStream(Files.readAllBytes(file))) {
      store.load(in, PASSWORD);
    }
    return new TestCertificates(store);
  }

  private static void generate(Path file, String alias, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + alias,
                "-keystore",
                file.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD)));
    command.addAll(List.of(more));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
      throw new IOException("keytool failed: " + output);
    }
  }

  /** The authority's certificate in DER. */
  byte[] authority() throws GeneralSecurityException {
    return store.getCertificate("ca").getEncoded();
  }

  /**
   * Writes a certificate and its key where another program reads them, as name.crt and name.key.
   */
  void writePem(Path directory, String alias) throws GeneralSecurityException, IOException {
    StringBuilder chain = new StringBuilder();
    for (Certificate certificate : store.getCertificateChain(alias)) {
      chain.append(pem("CERTIFICATE", certificate.getEncoded()));
    }
    Files.writeString(directory.resolve(alias + ".crt"), chain);
    Files.writeString(
        directory.resolve(alias + ".key"),
        pem("PRIVATE KEY", store.getKey(alias, PASSWORD).getEncoded()));
  }

  private static String pem(String what, byte[] bytes) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(what, Base64.getMimeEncoder().encodeToString(bytes));
  }

  /** What proves to a server that we are the one of that name. */
  KeyManager[] keys(String alias) throws GeneralSecurityException, IOException {
    KeyStore one = KeyStore.getInstance("PKCS12");
    one.load(null, null);
    one.setKeyEntry(
        alias, store.getKey(alias, PASSWORD), PASSWORD, store.getCertificateChain(alias));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(one, PASSWORD);
    return keys.getKeyManagers();
  }

  /** Sockets of a server that shows the certificate of that name. */
  ServerSocketFactory server(String alias) throws GeneralSecurityException, IOException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys(alias), null, null);
    return context.getServerSocketFactory();
  }
}
