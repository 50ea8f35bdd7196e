package io.dragonfly.daemon.storage;

import io.dragonfly.common.id.TaskId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The names of a task's files.
 *
 * <pre>
 * content  = DIR "/content/" KIND "/" prefix "/" name
 * journal  = content "~meta"
 * retired  = content "~old" number | content "~oldmeta" number
 * KIND     = "tasks" | "persistent-tasks" | "persistent-cache-tasks"
 * prefix   = the first three characters of the id (all of a shorter one)
 * name     = id                                       of up to 200 characters
 *          | first 128 characters "~/" the others     of a longer id
 * </pre>
 *
 * <p>A file name has at most 255 bytes, an id 256. (Dividing behind 128 leaves at least 73, so the
 * rest is never "." or "..".) An id never contains "~", so no name can be mistaken for another. A
 * retired file belongs to a version that was deleted or replaced while somebody used it; it goes
 * when the last user does, or at the next start. So do a content file without a journal and a
 * journal without content.
 */
record TaskFiles(Path content, Path journal) {
  private static final int MAX_NAME = 200;
  private static final int FIRST_PART = 128;
  private static final String JOURNAL = "~meta";
  private static final String RETIRED = "~old";

  static TaskFiles of(Path kindDirectory, TaskId id) {
    String value = id.value();
    Path directory = kindDirectory.resolve(value.substring(0, Math.min(3, value.length())));
    String name = value;
    if (value.length() > MAX_NAME) {
      directory = directory.resolve(value.substring(0, FIRST_PART) + "~");
      name = value.substring(FIRST_PART);
    }
    return new TaskFiles(directory.resolve(name), directory.resolve(name + JOURNAL));
  }

  Path retiredContent(long number) {
    return content.resolveSibling(content.getFileName() + RETIRED + number);
  }

  Path retiredJournal(long number) {
    return content.resolveSibling(content.getFileName() + RETIRED + "meta" + number);
  }

  /** Keeps the time of last use over restarts. */
  static void remember(Path journal, Instant usedAt) throws IOException {
    Files.setLastModifiedTime(journal, FileTime.from(usedAt));
  }

  /**
   * The ids that have both files; deletes what a crash left behind, nothing else. Of files with
   * names that the store gives only the names are read: with many tasks, a look at each would be
   * most of the time of a start.
   */
  static List<TaskId> scan(Path kindDirectory) throws IOException {
    List<TaskId> found = new ArrayList<>();
    if (Files.isDirectory(kindDirectory)) {
      for (Path directory : children(kindDirectory).values()) {
        if (Files.isDirectory(directory)) {
          scan(directory, "", found);
        }
      }
    }
    return found;
  }

  private static void scan(Path directory, String before, List<TaskId> found) throws IOException {
    Map<String, Path> children = children(directory);
    for (Map.Entry<String, Path> child : children.entrySet()) {
      String name = child.getKey();
      Path file = child.getValue();
      int tilde = name.indexOf('~');
      if (tilde >= 0 && tilde == name.length() - 1 && Files.isDirectory(file)) {
        scan(file, name.substring(0, tilde), found);
      } else if (tilde >= 0) {
        boolean stray =
            name.startsWith(RETIRED, tilde)
                || (name.endsWith(JOURNAL) && !children.containsKey(name.substring(0, tilde)));
        if (stray) {
          Files.deleteIfExists(file);
        }
      } else {
        Optional<TaskId> id = TaskId.parse(before + name);
        if (id.isEmpty()) {
          continue; // Not a name that the store gives: somebody else's.
        }
        if (children.containsKey(name + JOURNAL)) {
          found.add(id.get());
        } else if (Files.isRegularFile(file)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static Map<String, Path> children(Path directory) throws IOException {
    Map<String, Path> children = new HashMap<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      stream.forEach(child -> children.put(child.getFileName().toString(), child));
    }
    return children;
  }
}
