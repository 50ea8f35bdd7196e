package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the file system says of its space. */
interface DiskProbe {
  long usableBytes() throws IOException;

  long totalBytes() throws IOException;

  /** Names that a file has: it frees nothing while another one is left. */
  int links(Path file) throws IOException;

  static DiskProbe of(Path directory) throws IOException {
    FileStore store = Files.getFileStore(directory);
    return new DiskProbe() {
      @Override
      public long usableBytes() throws IOException {
        return store.getUsableSpace();
      }

      @Override
      public long totalBytes() throws IOException {
        return store.getTotalSpace();
      }

      @Override
      public int links(Path file) throws IOException {
        try {
          return Files.getAttribute(file, "unix:nlink") instanceof Integer count ? count : 1;
        } catch (UnsupportedOperationException e) {
          return 1; // A file system that can't tell.
        }
      }
    };
  }
}
