package io.dragonfly.lab.clients;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An image or another artifact of a registry; see the OCI image specification.
 *
 * @param blobs its configuration and layers
 */
record Image(Blob manifest, List<Blob> blobs) {
  static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";

  /** An image for Linux. */
  static Image of(Path directory, String architecture, List<Layer> layers) throws IOException {
    String contents =
        layers.stream()
            .map(layer -> "\"" + layer.content() + "\"")
            .collect(Collectors.joining(","));
    String config =
        """
        {"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}\
        """
            .formatted(architecture, contents);
    List<Blob> blobs = layers.stream().map(Layer::blob).toList();
    return of(directory, Blob.of(CONFIG, config, directory), blobs, "");
  }

  /** Something that belongs to an image, such as a signature. */
  static Image attachedTo(Blob subject, String type, Path directory, Blob content)
      throws IOException {
    return of(
        directory,
        Blob.of(type, "{}", directory),
        List.of(content),
        ",\"subject\":" + subject.descriptor());
  }

  private static Image of(Path directory, Blob config, List<Blob> layers, String more)
      throws IOException {
    String manifest =
        """
        {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]%s}\
        """
            .formatted(
                MANIFEST,
                config.descriptor(),
                layers.stream().map(Blob::descriptor).collect(Collectors.joining(",")),
                more);
    return new Image(
        Blob.of(MANIFEST, manifest, directory),
        Stream.concat(Stream.of(config), layers.stream()).toList());
  }

  /** A list of manifests, described as they are to appear in it. */
  static Blob index(Path directory, List<String> descriptors) throws IOException {
    String text =
        """
        {"schemaVersion":2,"mediaType":"%s","manifests":[%s]}\
        """
            .formatted(INDEX, String.join(",", descriptors));
    return Blob.of(INDEX, text, directory);
  }

  /** Everything that is named by a digest. */
  List<Blob> all() {
    return Stream.concat(Stream.of(manifest), blobs.stream()).toList();
  }
}
