package io.dragonfly.daemon.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes tasks: new ones with new files, and those whose files an earlier run left. */
final class TaskFactory {
  private static final Logger log = LoggerFactory.getLogger(TaskFactory.class);

  private final StoreDirectory directory;
  private final OpenFiles files;

  TaskFactory(StoreDirectory directory, OpenFiles files) {
    this.directory = directory;
    this.files = files;
  }

  /** Makes a task that has no pieces yet. */
  StoredTask create(PieceStore store, JournalRecord.Header header) throws IOException {
    TaskFiles names = TaskFiles.of(directory.kindDirectory(header.key().kind()), header.key().id());
    Path parent = Objects.requireNonNull(names.content().getParent());
    if (!Files.isDirectory(parent)) {
      Files.createDirectories(parent);
    }
    SharedFile content = new SharedFile(files, names.content());
    SharedFile journalFile = new SharedFile(files, names.journal());
    try {
      Files.deleteIfExists(names.journal());
      content.create(header.content().length().orElse(0));
      TaskJournal journal = TaskJournal.create(journalFile, header);
      PieceTable table = new PieceTable(header.content());
      return new StoredTask(store, header, names, content, journal, table, header.createdAt());
    } catch (IOException e) {
      journalFile.delete();
      content.delete();
      throw e;
    }
  }

  /** Reads a task's journal; a task whose metadata is no use is deleted, with a warning. */
  Optional<StoredTask> load(PieceStore store, TaskKey key) {
    TaskFiles names = TaskFiles.of(directory.kindDirectory(key.kind()), key.id());
    SharedFile content = new SharedFile(files, names.content());
    SharedFile journalFile = new SharedFile(files, names.journal());
    try {
      return Optional.of(load(store, key, names, content, journalFile));
    } catch (IOException | RuntimeException e) {
      log.warn("metadata is not usable, task dropped task={} cause={}", key, e.toString());
      deleteQuietly(journalFile, content);
      return Optional.empty();
    }
  }

  private StoredTask load(
      PieceStore store, TaskKey key, TaskFiles names, SharedFile content, SharedFile journalFile)
      throws IOException {
    Instant usedAt = Files.getLastModifiedTime(names.journal()).toInstant();
    JournalRecord.Header[] header = new JournalRecord.Header[1];
    PieceTable[] table = new PieceTable[1];
    TaskJournal journal =
        TaskJournal.load(
            journalFile,
            (position, record) -> {
              if (header[0] != null) {
                table[0].apply(position, record, store::trusts);
              } else if (record instanceof JournalRecord.Header first && first.key().equals(key)) {
                header[0] = first;
                table[0] = new PieceTable(first.content());
              } else {
                throw new IOException("the journal doesn't begin with this task's header");
              }
            });
    if (header[0] == null) {
      throw new IOException("the journal has no header");
    }
    if (!table[0].isKnown()) {
      throw new IOException("the content was never complete and its length isn't known");
    }
    table[0].doubtPartials();
    long length = table[0].layout().contentLength();
    if (content.size() != length) {
      throw new IOException("the file has " + content.size() + " bytes, not " + length);
    }
    return new StoredTask(store, header[0], names, content, journal, table[0], usedAt);
  }

  private static void deleteQuietly(SharedFile... unusable) {
    for (SharedFile file : unusable) {
      try {
        file.delete();
      } catch (IOException e) {
        log.warn("file of a dropped task stays file={} cause={}", file.path(), e.toString());
      }
    }
  }
}
