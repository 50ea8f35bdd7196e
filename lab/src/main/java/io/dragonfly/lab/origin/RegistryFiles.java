package io.dragonfly.lab.origin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a registry has, as files that any web server can serve: paths as in the API of registries.
 *
 * @param directory the root of the web server
 */
public record RegistryFiles(Path directory) {
  /**
   * How nginx says of them what a registry says: what has its digest as name never changes, what a
   * tag names is asked for again each time.
   */
  public static final String NGINX =
      """
      location ~ /blobs/ {
        default_type application/octet-stream;
        add_header Cache-Control max-age=31536000;
      }
      location ~ /manifests/sha256: {
        default_type application/vnd.oci.image.manifest.v1+json;
        add_header Cache-Control max-age=31536000;
      }
      location ~ /manifests/ {
        default_type application/vnd.oci.image.manifest.v1+json;
        add_header Cache-Control no-cache;
      }
      """;

  private static final String REPOSITORY = "v2/lab/image/";

  /** Adds a blob; the path at which it is asked for, without a slash in front. */
  public String blob(LabContent content) throws IOException {
    return blob(content, 0, content.length());
  }

  /** Adds a content in so many parts of about the same length, as an image has layers. */
  public List<String> layers(LabContent content, int count) throws IOException {
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      paths.add(blob(content, content.length() * i / count, content.length() * (i + 1) / count));
    }
    return paths;
  }

  private String blob(LabContent content, long start, long end) throws IOException {
    String path = REPOSITORY + "blobs/sha256:" + content.sha256(start, end);
    Path file = file(path);
    if (!Files.exists(file)) { // two contents may have a part in common
      content.write(file, start, end);
    }
    return path;
  }

  /** Adds a manifest under its digest; what is in it does not matter to whoever passes it on. */
  public String manifest(LabContent content) throws IOException {
    String path = REPOSITORY + "manifests/sha256:" + content.sha256();
    content.write(file(path));
    return path;
  }

  /** Adds a manifest under a tag. */
  public String manifest(LabContent content, String tag) throws IOException {
    String path = REPOSITORY + "manifests/" + tag;
    content.write(file(path));
    return path;
  }

  /** Where the file of a path is. */
  public Path file(String path) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(file.getParent());
    return file;
  }
}
