package io.dragonfly.daemon.output;

import io.dragonfly.daemon.output.OutputException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * The file a caller wants.
 *
 * @param overwrite a file that is there may be replaced
 * @param forceHardLink the file must be a link to the cache's own; otherwise it is a copy
 */
public record OutputTarget(Path path, boolean overwrite, boolean forceHardLink) {

  /**
   * Where the name points: a file in a directory that exists, behind a symbolic link if there is
   * one that does not lead out of it. Whoever may make links in a directory could otherwise let the
   * caller write elsewhere.
   *
   * @throws OutputException when no file can be there, or what is there may not be replaced
   */
  Path resolve() throws OutputException {
    if (!path.isAbsolute()) {
      throw new OutputException(
          Code.INVALID_ARGUMENT,
          "The output path " + path + " is not absolute: name the file from the root directory");
    }
    Path place = replaceable(path.normalize());
    Path directory = place.getParent();
    if (directory == null || place.getFileName() == null) {
      throw new OutputException(
          Code.FAILED_PRECONDITION, "The output path " + path + " is a directory, not a file");
    }
    if (!Files.isDirectory(directory)) {
      throw new OutputException(
          Code.NOT_FOUND,
          "The directory of the output file " + path + " does not exist: create it first");
    }
    return place;
  }

  private Path replaceable(Path place) throws OutputException {
    if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
      return place;
    }
    if (Files.isDirectory(place)) {
      throw new OutputException(
          Code.FAILED_PRECONDITION,
          "The output path " + place + " is a directory: name a file in it");
    }
    if (!overwrite) {
      throw exists(place);
    }
    Path real = place;
    if (Files.isSymbolicLink(place)) {
      try {
        real = place.toRealPath();
      } catch (IOException e) {
        throw new OutputException(
            Code.FAILED_PRECONDITION,
            "The output path " + place + " is a symbolic link that leads nowhere: remove it",
            e);
      }
      requireBeside(place, real);
    }
    if (!Files.isRegularFile(real)) {
      throw new OutputException(
          Code.FAILED_PRECONDITION,
          "The output path " + real + " is not a regular file and can't be replaced");
    }
    return real;
  }

  private static void requireBeside(Path link, Path real) throws OutputException {
    try {
      Path directory = link.resolveSibling("").toRealPath();
      if (directory.equals(real.getParent())) {
        return;
      }
    } catch (IOException e) {
      // Then it can't be said to be there.
    }
    throw new OutputException(
        Code.FAILED_PRECONDITION,
        "The output path "
            + link
            + " is a symbolic link to "
            + real
            + ", out of its directory: name that file, or remove the link");
  }

  static OutputException exists(Path place) {
    return new OutputException(
        Code.ALREADY_EXISTS,
        "The output file " + place + " exists: remove it or allow to overwrite it");
  }
}
