package io.dragonfly.cli.download;

import io.dragonfly.common.file.FileProblem;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Our own disk failed, not the connection: names the output and what is wrong with it. */
final class LocalFileException extends IOException {
  private static final long serialVersionUID = 1;

  LocalFileException(DownloadSpec spec, IOException cause) {
    super("cannot write " + spec.output() + ": " + words(cause), cause);
  }

  private static String words(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "its directory is gone or takes no new files";
      case AccessDeniedException _ -> "this user may not write into its directory";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> FileProblem.of(e);
    };
  }
}
