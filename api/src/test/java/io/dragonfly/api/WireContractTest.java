package io.dragonfly.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto.ReservedRange;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import io.dragonfly.api.common.v2.CommonProto;
import io.dragonfly.api.dfdaemon.v2.DfdaemonProto;
import io.dragonfly.api.errordetails.v2.ErrordetailsProto;
import io.dragonfly.api.manager.v2.ManagerProto;
import io.dragonfly.api.scheduler.v2.SchedulerProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The compiled descriptors say exactly what the tables in {@code wire/} say: every message, number,
 * type, label, oneof, reserved number, enum value and RPC, and nothing else.
 */
final class WireContractTest {
  static Stream<Arguments> packages() {
    return Stream.of(
        Arguments.of("common.v2", CommonProto.getDescriptor()),
        Arguments.of("dfdaemon.v2", DfdaemonProto.getDescriptor()),
        Arguments.of("errordetails.v2", ErrordetailsProto.getDescriptor()),
        Arguments.of("manager.v2", ManagerProto.getDescriptor()),
        Arguments.of("scheduler.v2", SchedulerProto.getDescriptor()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("packages")
  void descriptorsEqualTheWireTables(String name, FileDescriptor file) throws IOException {
    assertThat(file.getPackage()).isEqualTo(name);
    assertThat(table(file)).containsExactlyInAnyOrderElementsOf(expected(name));
  }

  private static List<String> expected(String name) throws IOException {
    try (InputStream in = WireContractTest.class.getResourceAsStream("/wire/" + name + ".txt")) {
      assertThat(in).as("table of %s", name).isNotNull();
      return blocks(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** Splits a table into its messages, enums and services, each with its lines. */
  private static List<String> blocks(String text) {
    List<String> blocks = new ArrayList<>();
    for (String line : text.lines().filter(line -> !line.isBlank()).toList()) {
      if (line.startsWith("  ")) {
        blocks.set(blocks.size() - 1, blocks.getLast() + "\n" + line.stripTrailing());
      } else {
        blocks.add(line.stripTrailing());
      }
    }
    return blocks;
  }

  private static List<String> table(FileDescriptor file) {
    List<String> blocks = new ArrayList<>();
    file.getEnumTypes().forEach(type -> blocks.add(enumBlock(type)));
    file.getMessageTypes().forEach(type -> blocks.add(messageBlock(type)));
    file.getServices().forEach(service -> blocks.add(serviceBlock(service)));
    return blocks;
  }

  private static String enumBlock(EnumDescriptor type) {
    return type.getValues().stream()
        .map(value -> "  " + value.getNumber() + " " + value.getName())
        .collect(Collectors.joining("\n", "enum " + type.getFullName() + "\n", ""));
  }

  private static String messageBlock(Descriptor type) {
    List<String> lines = new ArrayList<>();
    lines.add("message " + type.getFullName());
    type.getFields().forEach(field -> lines.add("  " + fieldLine(field)));
    List<ReservedRange> reserved = type.toProto().getReservedRangeList();
    if (!reserved.isEmpty()) {
      lines.add(
          reserved.stream()
              .flatMap(
                  range -> Stream.iterate(range.getStart(), n -> n < range.getEnd(), n -> n + 1))
              .map(String::valueOf)
              .collect(Collectors.joining(", ", "  reserved ", "")));
    }
    return String.join("\n", lines);
  }

  private static String fieldLine(FieldDescriptor field) {
    StringBuilder line = new StringBuilder().append(field.getNumber()).append(' ');
    if (field.isMapField()) {
      Descriptor entry = field.getMessageType();
      line.append("map<")
          .append(typeName(entry.findFieldByName("key")))
          .append(", ")
          .append(typeName(entry.findFieldByName("value")))
          .append('>');
    } else {
      if (field.isRepeated()) {
        line.append("repeated ");
      } else if (field.toProto().getProto3Optional()) {
        line.append("optional ");
      }
      line.append(typeName(field));
    }
    line.append(' ').append(field.getName());
    if (field.getRealContainingOneof() != null) {
      line.append("  [oneof ").append(field.getRealContainingOneof().getName()).append(']');
    }
    return line.toString();
  }

  private static String typeName(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case MESSAGE -> field.getMessageType().getFullName();
      case ENUM -> field.getEnumType().getFullName();
      case INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, BYTE_STRING ->
          field.getType().name().toLowerCase(java.util.Locale.ROOT);
    };
  }

  private static String serviceBlock(ServiceDescriptor service) {
    return service.getMethods().stream()
        .map(WireContractTest::methodLine)
        .collect(Collectors.joining("\n", "service " + service.getFullName() + "\n", ""));
  }

  private static String methodLine(MethodDescriptor method) {
    return "  rpc %s (%s%s) -> %s%s"
        .formatted(
            method.getName(),
            method.isClientStreaming() ? "stream " : "",
            method.getInputType().getFullName(),
            method.isServerStreaming() ? "stream " : "",
            method.getOutputType().getFullName());
  }
}
