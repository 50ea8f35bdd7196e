package io.dragonfly.dist;

import io.dragonfly.cli.Amounts;
import io.dragonfly.cli.download.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What the demo found out, as a table.
 *
 * @param rows one for each peer
 * @param length of the content
 * @param originBytes read from the origin by all hosts together
 * @param originRequests the origin got, where it is ours to ask
 */
record DemoReport(List<Row> rows, long length, long originBytes, OptionalLong originRequests) {

  /**
   * One peer.
   *
   * @param equal whether its SHA-256 is the right one
   */
  record Row(String peer, long millis, Outcome outcome, boolean equal) {}

  DemoReport {
    rows = List.copyOf(rows);
  }

  /** Whether every peer has the content as it should be. */
  boolean isGood() {
    return rows.stream().allMatch(Row::equal);
  }

  @Override
  public String toString() {
    List<List<String>> table = new ArrayList<>();
    table.add(
        List.of(
            "", "time", "rate", "from origin", "from seed", "from peers", "from cache", "SHA-256"));
    for (Row row : rows) {
      Outcome outcome = row.outcome();
      table.add(
          List.of(
              row.peer(),
              Amounts.time(row.millis()),
              Amounts.rate(outcome.bytes() * 1000.0 / Math.max(1, row.millis())),
              amount(outcome.shares().origin()),
              amount(outcome.shares().seed()),
              amount(outcome.shares().peers()),
              amount(outcome.shares().cache()),
              row.equal() ? "equal" : "DIFFERENT"));
    }
    return aligned(table) + "\n" + verdict();
  }

  private String verdict() {
    long delivered = rows.stream().mapToLong(row -> row.outcome().bytes()).sum();
    String requests =
        originRequests.isPresent()
            ? " in "
                + originRequests.getAsLong()
                + (originRequests.getAsLong() == 1 ? " request" : " requests")
            : "";
    return "The origin sent "
        + Amounts.bytes(originBytes)
        + requests
        + ", "
        + ratio(originBytes, length)
        + " times the content ("
        + Amounts.bytes(length)
        + "); "
        + rows.size()
        + (rows.size() == 1 ? " peer" : " peers")
        + " received "
        + Amounts.bytes(delivered)
        + ".\n";
  }

  private static String ratio(long part, long whole) {
    if (whole == 0) {
      return "0.00";
    }
    long hundredths = Math.round(part * 100.0 / whole);
    return hundredths / 100 + "." + (hundredths % 100 < 10 ? "0" : "") + hundredths % 100;
  }

  private static String amount(long bytes) {
    return bytes == 0 ? "-" : Amounts.bytes(bytes);
  }

  private static String aligned(List<List<String>> table) {
    StringBuilder text = new StringBuilder();
    for (List<String> row : table) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        int width = 0;
        for (List<String> other : table) {
          width = Math.max(width, other.get(column).length());
        }
        String cell = row.get(column);
        String pad = " ".repeat(width - cell.length());
        line.append(column == 0 ? cell + pad : "  " + pad + cell);
      }
      text.append(line).append('\n');
    }
    return text.toString();
  }
}
