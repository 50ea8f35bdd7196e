package io.dragonfly.common.url;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UrlHostTest {
  @ParameterizedTest
  @CsvSource({
    "strasse.de, strasse.de",
    "faß.de, xn--fa-hia.de",
    "FAẞ.de, xn--fa-hia.de",
    "fa%C3%9F.de, xn--fa-hia.de",
    "straße.de, xn--strae-oqa.de",
    "βόλος.com, xn--nxasmm1c.com",
    "ΒΌΛΟΣ.com, xn--nxasmq6b.com",
    "ශ්\u200Dරී.com, xn--10cl1a0b660p.com",
    "نامه\u200Cای.com, xn--mgba3gch31f060k.com",
    "Bücher.Example, xn--bcher-kva.example",
    "bu\u0308cher.example, xn--bcher-kva.example",
    "xn--bcher-kva.example, xn--bcher-kva.example",
    "XN--FA-HIA.DE, xn--fa-hia.de",
    "a.xn--fa-hia.b.ß, a.xn--fa-hia.b.xn--zca",
    "日本語。ＪＰ, xn--wgv71a119e.jp",
    "a\u00ADb, ab",
    "☃.net, xn--n3h.net",
    "a≠b, xn--ab-miv",
    "\u212A.com, k.com",
    "-é-, xn-----bja",
    "ab--é, xn--ab---epa",
    "é..a, xn--9ca..a",
    "é., xn--9ca.",
    "a--b, a--b",
    "-a_b-., -a_b-.",
    "a..b, a..b",
    "ab.xn, ab.xn",
    "axn--a, axn--a",
    "EXA%4dple.COM, example.com",
    "a%2Db, a-b",
    "!$&'()*+;=`{}~, !$&'()*+;=`{}~",
  })
  void domainsAreWrittenInAscii(String text, String written) {
    assertThat(UrlHost.special(text)).isEqualTo(written);
  }

  @Test
  void labelsOfAnyLengthAreWritten() {
    assertThat(UrlHost.special("é" + "b".repeat(70))).isEqualTo("xn--" + "b".repeat(70) + "-9cg");
    assertThat(UrlHost.special("a".repeat(300))).isEqualTo("a".repeat(300));
  }

  @ParameterizedTest
  @CsvSource({
    "xn--, does not encode one",
    "xn--a, does not encode one",
    "xn--ab-, does not encode one",
    "XN--a.example, does not encode one",
    "xn--pokxncvks, does not encode one",
    "xn--é, does not encode one",
    "a\u200Cb, joiner",
    "🏳\uFE0F\u200D🌈, joiner",
    "1אב, writing directions",
    "אa, writing directions",
    "\u0301é, combining mark",
    "é\uFFFD, character that names must not have",
    "é%80, character that names must not have",
    "xn--zn7c.com, must not have",
  })
  void whatIsNoInternationalNameIsRefused(String text, String why) {
    assertThatThrownBy(() -> UrlHost.special(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("its host is not a valid international domain name: ")
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "é b",
        "é<",
        "é%25",
        "é／x",
        "a℀b",
        "a%00b",
        "a%2Fb",
        "a%3Ab",
        "a%",
        "a%zz",
        "a^b",
        "a|b",
        "a\u007Fb",
        "%5B::1%5D",
        "a\u0001"
      })
  void charactersThatHostsMustNotHaveAreRefused(String text) {
    assertThatThrownBy(() -> UrlHost.special(text))
        .hasMessage("its host has a character that hosts must not have");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\u00AD", "%C2%AD"})
  void emptyHostsAreRefused(String text) {
    assertThatThrownBy(() -> UrlHost.special(text)).hasMessage("its host is empty");
  }

  @Test
  void internationalNamesOfGreatLengthAreRefused() {
    assertThatThrownBy(() -> UrlHost.special("é".repeat(1_000_000)))
        .hasMessageContaining("longer than 1000 characters");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1",
    "127.1, 127.0.0.1",
    "127.0.1, 127.0.0.1",
    "0x7f.1, 127.0.0.1",
    "0X7F.0x0.0X1, 127.0.0.1",
    "0177.0.0.01, 127.0.0.1",
    "2130706433, 127.0.0.1",
    "0x7f000001, 127.0.0.1",
    "017700000001, 127.0.0.1",
    "127.65535, 127.0.255.255",
    "127.0xffffff, 127.255.255.255",
    "1.2.256, 1.2.1.0",
    "256, 0.0.1.0",
    "4294967295, 255.255.255.255",
    "0, 0.0.0.0",
    "0x, 0.0.0.0",
    "0x.0x.0, 0.0.0.0",
    "00000000000000000000000000000000.1, 0.0.0.1",
    "1.2.3.4., 1.2.3.4",
    "192.168.0.1%2e, 192.168.0.1",
    "%30x%37f.1, 127.0.0.1",
    "０Ｘ７ｆ．１, 127.0.0.1",
    "192。168。0。1, 192.168.0.1",
    "①.1, 1.0.0.1",
    "1.2.3.4.., 1.2.3.4..",
    "1.2.3.4a, 1.2.3.4a",
    "1.2.3.0xg, 1.2.3.0xg",
    "1.2.3.-4, 1.2.3.-4",
    "1.2.3.4.com, 1.2.3.4.com",
  })
  void numbersAreAddresses(String text, String written) {
    assertThat(UrlHost.special(text)).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "256.0.0.1",
        "1.256.1",
        "1.2.3.256",
        "1.2.65536",
        "1.16777216",
        "4294967296",
        "0x100000000",
        "040000000000",
        "99999999999999999999999999",
        "1.2.3.4.5",
        "1..2",
        ".1",
        "08.1",
        "1.2.3.08",
        "1.2.3.09.",
        "0x7f.0xg.1",
        "foo.0x4",
        "foo.123",
        "a.b.c.2.",
        "😀.123",
      })
  void whatEndsInANumberAndIsNoAddressIsRefused(String text) {
    assertThatThrownBy(() -> UrlHost.special(text))
        .hasMessage("its host is not a valid IPv4 address");
  }

  @ParameterizedTest
  @CsvSource({
    "[::], [::]",
    "[::1], [::1]",
    "[1::], [1::]",
    "[2001:DB8:0:0:1:0:0:1], [2001:db8::1:0:0:1]",
    "[1:0:0:2:0:0:0:3], [1:0:0:2::3]",
    "[0:0:1:0:0:0:0:0], [0:0:1::]",
    "[0:1:2:3:4:5:6:7], [0:1:2:3:4:5:6:7]",
    "[0:0:2:3:4:5:6:7], [::2:3:4:5:6:7]",
    "[1:2:3:4:5:6:0:0], [1:2:3:4:5:6::]",
    "[::2:3:4:5:6:7:8], [0:2:3:4:5:6:7:8]",
    "[1:2:3::5:6:7:8], [1:2:3:0:5:6:7:8]",
    "[0001:0002::00ab], [1:2::ab]",
    "[::ffff:127.0.0.1], [::ffff:7f00:1]",
    "[::127.0.0.1], [::7f00:1]",
    "[1:2:3:4:5:6:7.8.9.10], [1:2:3:4:5:6:708:90a]",
    "[64:ff9b::255.255.255.255], [64:ff9b::ffff:ffff]",
  })
  void addressesInBracketsAreCompressed(String text, String written) {
    assertThat(UrlHost.special(text)).isEqualTo(written);
    assertThat(UrlHost.opaque(text)).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "[:]",
        "[:::]",
        "[::1",
        "[::1]a",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[1:2:3:4::5:6:7:8]",
        "[1::2::3]",
        "[:1::2]",
        "[1::2:]",
        "[12345::]",
        "[g::]",
        "[::%31]",
        "[fe80::1%25eth0]",
        "[::1%eth0]",
        "[1.2.3.4]",
        "[1.2.3.4::]",
        "[::1.2.3]",
        "[::1.2.3.4.5]",
        "[::1.2.3.256]",
        "[::1.2.3.04]",
        "[::1.2.3.4.]",
        "[::.2.3.4]",
        "[::0x1.2.3.4]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[::1.2.3.4:5]",
        "[::１]",
      })
  void whatIsNoAddressInBracketsIsRefused(String text) {
    assertThatThrownBy(() -> UrlHost.special(text))
        .hasMessage("its host is not a valid IPv6 address");
  }

  @ParameterizedTest
  @CsvSource({
    "Bucket, Bucket",
    "127.1, 127.1",
    "faß, fa%C3%9F",
    "a%41b, a%41b",
    "xn--a, xn--a",
  })
  void hostsOfOtherSchemesStayAsTheyAre(String text, String written) {
    assertThat(UrlHost.opaque(text)).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "a^b", "a<b", "a[b", "a\\b", "a|b", "a\u0000"})
  void charactersThatOtherHostsMustNotHaveAreRefused(String text) {
    assertThatThrownBy(() -> UrlHost.opaque(text))
        .hasMessage("its host has a character that hosts must not have");
  }
}
