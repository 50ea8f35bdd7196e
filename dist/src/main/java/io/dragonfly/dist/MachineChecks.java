package io.dragonfly.dist;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.dragonfly.cli.Amounts;
import io.dragonfly.cli.setup.ClientState;
import io.dragonfly.cli.setup.ClientState.State;
import io.dragonfly.cli.setup.Setup;
import io.dragonfly.common.file.FileProblem;
import io.dragonfly.common.file.SystemCalls;
import io.dragonfly.common.net.HostPort;
import io.dragonfly.daemon.rpc.SchedulerLook.ClockLook;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the daemon needs of its machine: room, a disk that takes writes, the time; and clients. */
final class MachineChecks {
  private static final long SAMPLE = 16 << 20;
  private static final double SLOW_BYTES_PER_SECOND = 20e6;
  private static final long LITTLE = 1L << 30;
  private static final int TIMEX_BYTES = 256;
  private static final int CLOCK_IS_UNSYNCHRONIZED = 5;

  /** Beyond it, tokens of registries and short-lived certificates may be refused. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);

  private static final String NTP =
      "run an NTP client such as chrony: a wrong clock makes certificates and tokens of registries"
          + " invalid";

  private final Patient patient;

  MachineChecks(Patient patient) {
    this.patient = patient;
  }

  List<Finding> disk() {
    Path directory = patient.config().storage().dir();
    if (!Files.isDirectory(directory)) {
      return List.of(
          Finding.warn(
              "disk",
              "there is no directory " + directory + " yet",
              "the daemon makes it at its first start; set another storage.dir if it may not"));
    }
    List<Finding> findings = new ArrayList<>();
    findings.add(space(directory));
    findings.add(speed(directory));
    return findings;
  }

  private Finding space(Path directory) {
    try {
      FileStore disk = Files.getFileStore(directory);
      long total = disk.getTotalSpace();
      long free = disk.getUsableSpace();
      long percent = total == 0 ? 0 : 100 - 100 * free / total;
      int high = patient.config().gc().policy().diskHighThresholdPercent();
      String detail =
          directory
              + " has "
              + Amounts.bytes(free)
              + " free; its disk is full to "
              + percent
              + " %";
      if (free < LITTLE) {
        return Finding.fail("disk", detail, "make room, or set another storage.dir");
      }
      boolean quota = patient.config().gc().policy().diskThreshold().bytes() > 0;
      return !quota && percent >= high
          ? Finding.warn(
              "disk",
              detail,
              "from "
                  + high
                  + " % on the daemon throws content away (gc.policy.diskHighThresholdPercent);"
                  + " make room, or set gc.policy.diskThreshold")
          : Finding.pass("disk", detail);
    } catch (IOException e) {
      return Finding.fail("disk", directory + ": " + FileProblem.of(e), "make it usable");
    }
  }

  /** Through a file that has lost its name before its first byte is written. */
  private static Finding speed(Path directory) {
    if (!Files.isWritable(directory)) {
      return Finding.warn(
          "write",
          "this user may not write to " + directory + ", so its speed was not measured",
          "run this as the daemon's user or as root");
    }
    try {
      Path file = Files.createTempFile(directory, ".doctor-", ".tmp");
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        Files.delete(file);
        ByteBuffer block = ByteBuffer.allocateDirect(1 << 20);
        long begin = System.nanoTime();
        for (long written = 0; written < SAMPLE; ) {
          block.clear();
          written += channel.write(block);
        }
        channel.force(false);
        double rate = SAMPLE * 1e9 / Math.max(1, System.nanoTime() - begin);
        String detail = directory + " takes " + Amounts.rate(rate);
        return rate < SLOW_BYTES_PER_SECOND
            ? Finding.warn("write", detail, "pieces come no faster than that: use a faster disk")
            : Finding.pass("write", detail);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      return Finding.fail(
          "write",
          "cannot write to " + directory + ": " + FileProblem.of(e),
          "make it writable, or set another storage.dir");
    }
  }

  Finding clock(Map<HostPort, ClockLook> clocks) {
    return clock(clocks, isSynchronized());
  }

  /**
   * @param clocks what schedulers' clocks say beside this host's
   * @param synced whether somebody sets this host's, as far as the kernel knows
   */
  static Finding clock(Map<HostPort, ClockLook> clocks, Optional<Boolean> synced) {
    for (Map.Entry<HostPort, ClockLook> clock : clocks.entrySet()) {
      Duration behind = clock.getValue().behind();
      if (behind.abs().minus(clock.getValue().give()).compareTo(CLOCK_TOLERANCE) > 0) {
        return Finding.fail(
            "clock",
            "this host's is "
                + Amounts.time(behind.abs().toMillis())
                + (behind.isNegative() ? " ahead of" : " behind")
                + " that of the scheduler "
                + clock.getKey(),
            NTP);
      }
    }
    boolean unset = !synced.orElse(true);
    if (!clocks.isEmpty()) {
      return Finding.pass(
          "clock",
          "this host's agrees with that of the scheduler "
              + clocks.keySet().iterator().next()
              + (unset ? ", though nobody sets it" : ""));
    }
    if (synced.isEmpty()) {
      return Finding.warn(
          "clock", "this system does not say whether its clock is right", "compare it with others");
    }
    return unset
        ? Finding.warn("clock", "nobody sets the system's clock", NTP)
        : Finding.pass("clock", "the system's clock is synchronized");
  }

  /** What the kernel knows from whoever sets its clock. */
  private static Optional<Boolean> isSynchronized() {
    Optional<MethodHandle> adjtimex =
        SystemCalls.isLinux()
            ? SystemCalls.find("adjtimex", FunctionDescriptor.of(JAVA_INT, ADDRESS))
            : Optional.empty();
    if (adjtimex.isEmpty()) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      // All zero: nothing is set, only asked.
      MemorySegment timex = arena.allocate(TIMEX_BYTES, 8);
      int state = (int) adjtimex.get().invokeExact(SystemCalls.newState(arena), timex);
      return Optional.of(state >= 0 && state != CLOCK_IS_UNSYNCHRONIZED);
    } catch (Throwable e) {
      throw new AssertionError("a system call does not throw", e);
    }
  }

  Finding clients(Map<String, String> environment) {
    return clients(Setup.survey(Path.of("/"), environment, patient.proxy()));
  }

  /**
   * @param states of the clients of this host
   */
  static Finding clients(List<ClientState> states) {
    List<String> using = new ArrayList<>();
    List<String> others = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (ClientState client : states) {
      if (client.state() == State.USES) {
        using.add(client.name());
      } else if (client.state() == State.ELSEWHERE) {
        wrong.add(client.name() + " was set up for another address, or is not in force");
      } else if (client.installed()) {
        others.add(client.name());
        if (client.state() == State.UNCLEAR) {
          wrong.add(client.name() + ": " + client.problem());
        }
      }
    }
    String detail =
        (using.isEmpty() ? "none uses the daemon" : String.join(", ", using) + " use the daemon")
            + (others.isEmpty() ? "" : "; not set up: " + String.join(", ", others));
    if (!wrong.isEmpty()) {
      return Finding.warn(
          "clients", detail + "; " + String.join("; ", wrong), "'dragonfly setup CLIENT'");
    }
    return using.isEmpty() && !others.isEmpty()
        ? Finding.warn("clients", detail, "'dragonfly setup CLIENT'")
        : Finding.pass("clients", detail);
  }
}
