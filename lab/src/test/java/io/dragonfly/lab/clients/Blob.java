package io.dragonfly.lab.clients;

import io.dragonfly.lab.origin.LabContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a registry names by a digest; see the OCI image specification.
 *
 * @param digest with its algorithm
 */
record Blob(String mediaType, String digest, long size, Path file) {
  static Blob of(String mediaType, Path file) throws IOException {
    return new Blob(mediaType, "sha256:" + LabContent.sha256(file), Files.size(file), file);
  }

  /** Of a text, which is kept in a directory. */
  static Blob of(String mediaType, String text, Path directory) throws IOException {
    Path file = Files.createTempFile(directory, "blob", "");
    return of(mediaType, Files.writeString(file, text));
  }

  /** How others refer to it. */
  String descriptor() {
    return descriptor("");
  }

  /**
   * How others refer to it.
   *
   * @param more fields, each with a comma before it
   */
  String descriptor(String more) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}"
        .formatted(mediaType, digest, size, more);
  }
}
