package io.dragonfly.common.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Turns the text of a value into what a record's component wants. Types other than those named here
 * need a static method {@code parse(String)} that throws {@link IllegalArgumentException}.
 */
final class Scalars {
  private static final int MAX_NUMBER = 40;

  private Scalars() {}

  /** Throws {@link IllegalArgumentException} whose message says what is allowed. */
  static Object parse(String text, Class<?> type) {
    if (type == String.class) {
      return text;
    } else if (type == int.class || type == Integer.class) {
      return (int) integer(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
    } else if (type == long.class || type == Long.class) {
      return integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
    } else if (type == double.class || type == Double.class) {
      return number(text).doubleValue();
    } else if (type == boolean.class || type == Boolean.class) {
      return bool(text);
    } else if (type == Duration.class) {
      return Durations.parse(text);
    } else if (type == Path.class) {
      return path(text);
    } else if (type == Pattern.class) {
      return pattern(text);
    } else if (type.isEnum()) {
      return constant(text, type);
    }
    return parsed(text, type);
  }

  /** Whether {@link #parse} knows the type. */
  static boolean isScalar(Class<?> type) {
    return type.isPrimitive()
        || type.isEnum()
        || type == String.class
        || type == Integer.class
        || type == Long.class
        || type == Double.class
        || type == Boolean.class
        || type == Duration.class
        || type == Path.class
        || type == Pattern.class
        || hasParse(type);
  }

  /** A value of no particular type: a Boolean, a Long, a Double, else the text. */
  static Object natural(String text) {
    if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
      return Boolean.valueOf(text);
    }
    try {
      BigDecimal number = number(text);
      return number.scale() == 0 ? (Object) number.longValueExact() : (Object) number.doubleValue();
    } catch (IllegalArgumentException | ArithmeticException e) {
      return text;
    }
  }

  private static boolean bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> throw new IllegalArgumentException("write true or false");
    };
  }

  /**
   * Templates write great whole numbers as {@code 1.048576e+06}: whole is what counts, not how it
   * is written.
   */
  private static long integer(String text, long min, long max) {
    try {
      long value = number(text).longValueExact();
      if (value >= min && value <= max) {
        return value;
      }
    } catch (ArithmeticException | IllegalArgumentException e) {
      // The same message as for a number out of range.
    }
    throw new IllegalArgumentException("write a whole number from " + min + " to " + max);
  }

  private static BigDecimal number(String text) {
    try {
      if (text.length() <= MAX_NUMBER) {
        return new BigDecimal(text.strip());
      }
    } catch (NumberFormatException e) {
      // The same message as for a text too long.
    }
    throw new IllegalArgumentException("write a number");
  }

  private static Path path(String text) {
    try {
      if (!text.isBlank()) {
        return Path.of(text);
      }
    } catch (InvalidPathException e) {
      // The same message as for no text.
    }
    throw new IllegalArgumentException("write the path of a file or directory");
  }

  private static Pattern pattern(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "write a regular expression (" + e.getDescription() + ")", e);
    }
  }

  private static Object constant(String text, Class<?> type) {
    List<String> allowed = new ArrayList<>();
    for (Object constant : type.getEnumConstants()) {
      String name = name((Enum<?>) constant);
      if (name.equalsIgnoreCase(text.strip())) {
        return constant;
      }
      allowed.add(name);
    }
    throw new IllegalArgumentException("write one of " + String.join(", ", allowed));
  }

  private static String name(Enum<?> constant) {
    try {
      JsonProperty property =
          constant
              .getDeclaringClass()
              .getDeclaredField(constant.name())
              .getAnnotation(JsonProperty.class);
      if (property != null) {
        return property.value();
      }
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static boolean hasParse(Class<?> type) {
    try {
      Method parse = type.getDeclaredMethod("parse", String.class);
      return Modifier.isStatic(parse.getModifiers()) && parse.getReturnType() == type;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private static Object parsed(String text, Class<?> type) {
    try {
      Method parse = type.getDeclaredMethod("parse", String.class);
      parse.setAccessible(true);
      return parse.invoke(null, text);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException invalid) {
        throw invalid;
      }
      throw new IllegalStateException(type + ".parse failed", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " has no usable parse(String)", e);
    }
  }
}
