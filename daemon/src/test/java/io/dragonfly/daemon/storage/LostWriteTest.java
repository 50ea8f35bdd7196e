package io.dragonfly.daemon.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dragonfly.daemon.LoopDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that does not take what the kernel took for it: nobody is told when that happens. */
@Timeout(120)
final class LostWriteTest {
  private static final int MIB = 1 << 20;
  private static final TestContent CONTENT = TestContent.of(48 * MIB, 4 * MIB);

  @TempDir private Path temp;

  @Test
  void whatTheDiskDidNotTakeIsDroppedBeforeAnybodyReadsItFromThere() throws Exception {
    try (LoopDisk disk = LoopDisk.lying(temp, 24)) {
      PieceStore store =
          PieceStore.open(
              disk.directory().resolve("store"), StoreOptions.defaults(), Clock.systemUTC());
      StoredTask task = CONTENT.storeAll(store);
      assertThat(task.isComplete()).isTrue();

      store.cool(Duration.ZERO, Clock.systemUTC().instant().plusSeconds(60));

      List<Integer> lost = new ArrayList<>();
      for (int number = 0; number < CONTENT.layout().pieceCount(); number++) {
        try (PieceView view = task.view(number)) {
          assertThat(TestContent.read(view)).isEqualTo(CONTENT.piece(number));
        } catch (MissingPieceException e) {
          lost.add(number);
        }
      }
      assertThat(lost).isNotEmpty();
      assertThat(task.isComplete()).isFalse();
      // Nor does it count as a clean stop; and nothing stays open.
      assertThatThrownBy(store::close).isInstanceOf(IOException.class);
    }
  }
}
