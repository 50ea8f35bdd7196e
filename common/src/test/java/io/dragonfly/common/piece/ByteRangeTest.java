package io.dragonfly.common.piece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bytes=0-0 | 0 | 1",
        "bytes=10-19 | 10 | 10",
        "bytes=10- | 10 | 90",
        "bytes=-10 | 90 | 10",
        "bytes=-1000 | 0 | 100",
        "bytes=90-1000 | 90 | 10",
        "bytes=0-99999999999999999999999 | 0 | 100",
        "bytes=-99999999999999999999999 | 0 | 100",
        "Bytes=0-1 | 0 | 2",
        " bytes= 5-6 , 1-2 | 5 | 2",
        "bytes=500-600,5-6 | 5 | 2",
        "bytes=007-009 | 7 | 3",
      })
  void httpRangesAreRead(String header, long start, long length) {
    assertThat(ByteRange.parse(header, 100)).isEqualTo(new ByteRange(start, length));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=--1",
        "items=0-1",
        "bytes=0-1,",
        "bytes=0-1,x",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes 0-1",
        "bytes=\u0661-2"
      })
  void malformedRangesAreToldFromOthers(String header) {
    InvalidRangeException e =
        catchThrowableOfType(InvalidRangeException.class, () -> ByteRange.parse(header, 100));

    assertThat(e.isUnsatisfiable()).isFalse();
    assertThat(e).hasMessageContaining("is not valid: write bytes=first-last");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes=100-",
        "bytes=100-200",
        "bytes=-0",
        "bytes=200-300,400-",
        "bytes=99999999999999999999-"
      })
  void rangesOutsideTheContentAreUnsatisfiable(String header) {
    InvalidRangeException e =
        catchThrowableOfType(InvalidRangeException.class, () -> ByteRange.parse(header, 100));

    assertThat(e.isUnsatisfiable()).isTrue();
    assertThat(e).hasMessageContaining("outside the content, which has 100 bytes");
  }

  @Test
  void anEmptyContentHasNoRange() {
    for (String header : new String[] {"bytes=0-", "bytes=-1", "bytes=0-0"}) {
      assertThat(
              catchThrowableOfType(InvalidRangeException.class, () -> ByteRange.parse(header, 0))
                  .isUnsatisfiable())
          .isTrue();
    }
  }

  @Test
  void itsTextIsReadTheSame() {
    ByteRange range = new ByteRange(7, 5);

    assertThat(range.toHttp()).isEqualTo("bytes=7-11");
    assertThat(ByteRange.parse(range.toHttp(), 100)).isEqualTo(range);
    assertThat(range.endExclusive()).isEqualTo(12);
    assertThat(range.contains(6)).isFalse();
    assertThat(range.contains(7)).isTrue();
    assertThat(range.contains(11)).isTrue();
    assertThat(range.contains(12)).isFalse();
    assertThat(ByteRange.whole(3)).isEqualTo(new ByteRange(0, 3));
  }

  @Test
  void rangesHaveBounds() {
    assertThatThrownBy(() -> new ByteRange(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ByteRange(0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ByteRange(1, Long.MAX_VALUE))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
