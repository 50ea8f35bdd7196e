package io.dragonfly.daemon.storage;

import io.dragonfly.common.file.PageCache;
import java.io.IOException;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two files of a task that is open. Where they can't be renamed or deleted, the log says so.
 */
record OpenTask(TaskKey key, TaskFiles names, SharedFile content, SharedFile journal) {
  private static final Logger log = LoggerFactory.getLogger(OpenTask.class);

  /** Makes room for another version under the same names. */
  void retire(long number) {
    try {
      // The journal first: content without a journal is nothing, should we stop between.
      journal.rename(names.retiredJournal(number));
      content.rename(names.retiredContent(number));
    } catch (IOException e) {
      log.warn("files of a deleted task keep their names task={} cause={}", key, e.toString());
    }
  }

  void delete() {
    try {
      journal.delete();
      content.delete();
    } catch (IOException e) {
      log.warn("files of a deleted task stay task={} cause={}", key, e.toString());
    }
  }

  /** Everything written is on disk afterwards. */
  void force() throws IOException {
    content.force();
    journal.force();
  }

  /** Whether the disk took what was written of the content: what it did not is only in memory. */
  boolean isTakenByDisk() {
    boolean taken = PageCache.isTakenByDisk(content.path());
    if (!taken) {
      log.warn("event=content_not_written task={}", key);
    }
    return taken;
  }

  void remember(Instant usedAt) throws IOException {
    TaskFiles.remember(journal.path(), usedAt);
  }

  /**
   * Drops bytes of the content from the kernel's memory.
   *
   * @param length 0 for all
   */
  boolean cool(long offset, long length) {
    return PageCache.drop(content.path(), offset, length);
  }
}
