"""What Trino leaves to Java, for DuckDB to call: rounding, Formatter, Joda's patterns, XXH64.

A text that Java refuses fails as in Trino. What Java takes and these functions do not is refused.
"""

from __future__ import annotations

import calendar
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from sandbox.athena.errors import AthenaError, refused
from sandbox.athena.results import text as as_athena

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONG = 2**63  # one more than the largest
MILLION = 10**6
FIRST, LAST = -62_135_596_800, 253_402_300_800  # seconds of the years 1 to 9999
ALSO_UTC = {"UTC", "Z", "GMT", "+00:00", "Etc/UTC"}
MOST_DIGITS = 400  # of a number that is written


def _wrong(what: str) -> AthenaError:
    return AthenaError(f"INVALID_FUNCTION_ARGUMENT: {what}")


def _too_large(what: object) -> AthenaError:
    return AthenaError(f"NUMERIC_VALUE_OUT_OF_RANGE: {what}")


# -- numbers ---------------------------------------------------------------------------------------


def _half_up(value: float) -> int:
    """Math.round: the whole number nearest to it, of two the larger one."""
    low = math.floor(value)
    return min(max(low + (value - low >= 0.5), -LONG), LONG - 1)


def round_whole(value: int, digits: int) -> int:
    if digits >= 0:
        return value
    if digits < -18:  # 10 to that power is no long
        raise _too_large(f"numerical overflow: {value}")
    unit = int(10**-digits)
    rounded = (abs(value) + unit // 2) // unit * unit
    rounded = -rounded if value < 0 else rounded
    if not -LONG <= rounded < LONG:
        raise _too_large(f"numerical overflow: {value}")
    return rounded


def round_double(value: float, digits: int) -> float:
    """Through a product, as Trino does it: 1.005 to two digits is 1.0."""
    sign, unit = -1 if value < 0 else 1, float(f"1e{digits}")
    if unit == 0:
        return sign * 0.0
    scaled = sign * value * unit
    if math.isinf(unit) or math.isinf(scaled):
        return value or 0.0
    rounded = _half_up(scaled)
    return sign * ((rounded if rounded < LONG - 1 else scaled) / unit)


def round_decimal(value: str, digits: int) -> str:
    number = Decimal(value)
    scale = -int(number.as_tuple().exponent)
    if scale - digits > 38:  # Trino's answer depends on the type
        raise refused(f"to round {value} to {digits} digits")
    return str(_to_digits(number, digits) if digits < scale else number)


def _to_digits(number: Decimal, digits: int) -> Decimal:
    with localcontext(prec=2 * MOST_DIGITS):
        return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP).quantize(
            Decimal(1).scaleb(-max(digits, 0))
        )


# -- times -----------------------------------------------------------------------------------------


def from_unixtime(seconds: float, zone: str = "UTC") -> int:
    """Microseconds since 1970."""
    if zone not in ALSO_UTC:
        raise refused("a time zone that is not UTC")
    millis = _half_up(seconds * 1000)
    if not FIRST <= millis / 1000 < LAST:
        raise refused("a time outside of the years 1 to 9999")
    return millis * 1000


def _moment(micros: int) -> datetime:
    if not FIRST <= micros / MILLION < LAST:
        raise refused("a time outside of the years 1 to 9999")
    return EPOCH + timedelta(microseconds=micros)


JODA: dict[str, Callable[[datetime, int], str | int]] = {
    "G": lambda t, n: "AD",
    "C": lambda t, n: t.year // 100,
    "x": lambda t, n: _year(t.isocalendar().year, n),
    "w": lambda t, n: t.isocalendar().week,
    "e": lambda t, n: t.isoweekday(),
    "E": lambda t, n: _name(calendar.day_name[t.weekday()], n),
    "Y": lambda t, n: _year(t.year, n),
    "y": lambda t, n: _year(t.year, n),
    "D": lambda t, n: t.timetuple().tm_yday,
    "M": lambda t, n: t.month if n < 3 else _name(calendar.month_name[t.month], n),
    "d": lambda t, n: t.day,
    "a": lambda t, n: "AM" if t.hour < 12 else "PM",
    "K": lambda t, n: t.hour % 12,
    "h": lambda t, n: (t.hour + 11) % 12 + 1,
    "H": lambda t, n: t.hour,
    "k": lambda t, n: (t.hour + 23) % 24 + 1,
    "m": lambda t, n: t.minute,
    "s": lambda t, n: t.second,
    "S": lambda t, n: f"{t.microsecond // 1000:03}"[:n].ljust(n, "0"),
    "z": lambda t, n: "UTC" if n < 4 else "Coordinated Universal Time",
    "Z": lambda t, n: ("+0000", "+00:00", "UTC")[min(n, 3) - 1],
}


def _year(year: int, count: int) -> str | int:
    return f"{year % 100:02}" if count == 2 else year


def _name(name: str, count: int) -> str:
    return name if count > 3 else name[:3]


def format_datetime(micros: int, pattern: str, has_zone: bool) -> str:
    """Joda's DateTimeFormat, in English."""
    if not pattern:
        raise _wrong("Invalid pattern specification: Pattern is null or empty")
    moment, written = _moment(micros), ""
    for part in re.findall(JODA_PART, pattern):
        if not part[0].isascii() or not part[0].isalpha():
            written += part if part[0] != "'" else _unquoted(part)
            continue
        letter, count = part[0], len(part)
        if letter not in JODA:
            raise _wrong(f"Illegal pattern component: {part}")
        if letter in "zZ" and not has_zone:
            raise _wrong(
                "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this "
                "type does not contain TZ information"
            )
        value = JODA[letter](moment, count)
        written += f"{value:0{count}}" if isinstance(value, int) else value
    return written


LETTERS = "|".join(f"{letter}+" for letter in map(chr, (*range(65, 91), *range(97, 123))))
JODA_PART = re.compile(rf"''|'(?:[^']|'')*(?:'|$)|{LETTERS}|[^A-Za-z']+", re.S)


def _unquoted(part: str) -> str:
    return "'" if part == "''" else part[1:].removesuffix("'").replace("''", "'")


# -- java.util.Formatter ---------------------------------------------------------------------------

SPECIFIER = re.compile(
    r"%(?:(?P<index>[1-9]\d*)\$|(?P<same><))?(?P<flags>[-#+ 0,(]*)(?P<width>[1-9]\d*)?"
    r"(?:\.(?P<digits>\d+))?(?P<letter>[A-Za-z%])"
)
FLAGS = {**dict.fromkeys("sbn%", "-"), **dict.fromkeys("df", "-+ 0,("), **dict.fromkeys("xX", "-0")}
TAKES = {"s": "idnsbDTZ", "b": "idnsbDTZ", "d": "i", "x": "i", "X": "i", "f": "dn"}
CLASSES = {"i": "Long", "d": "Double", "n": "BigDecimal", "s": "String", "b": "Boolean"}
NOT_CARRIED = "aAeEgGhHoStTcCB"  # conversions of Java's


@dataclass(frozen=True)
class Specifier:
    """One `%…` of a format."""

    text: str
    letter: str
    flags: str
    width: int
    digits: int | None

    def padded(self, written: str) -> str:
        """Filled up with spaces to the width, which Java counts in UTF-16."""
        missing = " " * (self.width - len(written.encode("utf-16-le")) // 2)
        return written + missing if "-" in self.flags else missing + written


def format_text(pattern: str, values: list[str | None]) -> str:
    """Java's String.format. A value is a letter for its type and its text."""
    written, end, ordinary, last = "", 0, 0, -1
    for match in SPECIFIER.finditer(pattern):
        written += _literal(pattern[end : match.start()], pattern)
        end = match.end()
        one = _specifier(match)
        if one.letter in "n%":
            written += one.padded("%") if one.letter == "%" else "\n"
            continue
        if match["index"]:
            last = int(match["index"]) - 1
        elif not match["same"]:
            last, ordinary = ordinary, ordinary + 1
        if not 0 <= last < len(values):
            raise _invalid(pattern, f"MissingFormatArgument: Format specifier '{one.text}'")
        written += _formatted(one, values[last], pattern)
    return written + _literal(pattern[end:], pattern)


def _invalid(pattern: str, why: str) -> AthenaError:
    return _wrong(f"Invalid format string: {pattern} ({why})")


def _literal(text: str, pattern: str) -> str:
    if "%" in text:
        if text.endswith("%") and text.count("%") == 1:
            raise _invalid(pattern, "UnknownFormatConversion: Conversion = '%'")
        raise refused(f"the format {pattern}")
    return text


def _specifier(match: re.Match[str]) -> Specifier:
    letter, flags, width = match["letter"], match["flags"], int(match["width"] or 0)
    digits = int(match["digits"]) if match["digits"] else None
    if letter not in FLAGS:
        if letter in NOT_CARRIED:
            raise refused(f"%{letter} in a format")
        raise _invalid(match.string, f"UnknownFormatConversion: Conversion = '{letter}'")
    given = set(flags)
    odd = (
        given - set(FLAGS.get(letter, "")),
        len(given) < len(flags),
        any(pair <= given for pair in ({"-", "0"}, {"+", " "})),
        given & {"-", "0"} and not width,
        max(width, digits or 0) > MOST_DIGITS,
        digits is not None and letter not in "sbf",
        letter in "n%" and (match["index"] or match["same"]),
        letter == "n" and width,
    )
    if any(odd):
        raise refused(f"{match[0]} in a format")
    return Specifier(match[0], letter, flags, width, digits)


def _formatted(one: Specifier, value: str | None, pattern: str) -> str:
    kind, text = (value[0], value[1:]) if value else ("", "")
    if kind and kind not in TAKES[one.letter]:
        if kind not in CLASSES:
            raise refused(f"{one.text} of a time")
        name = ("math." if kind == "n" else "lang.") + CLASSES[kind]
        why = f"IllegalFormatConversion: {one.letter} != java.{name}"
        raise _invalid(pattern, why)
    if not kind or one.letter in "sb":
        shown = _shown(kind, text) if one.letter != "b" else _truth(kind, text)
        if one.digits is not None and not shown.isascii() and max(shown) > "\uffff":
            raise refused(f"{one.text} of characters beyond U+FFFF")
        shown = shown.upper() if one.letter == "X" else shown
        return one.padded(shown[: one.digits])
    if one.letter in "xX":
        digits = f"{int(text) % 2**64:{one.letter}}"
        return digits.rjust(one.width, "0") if "0" in one.flags else one.padded(digits)
    return _number(one, Decimal(_shown(kind, text)))


def _number(one: Specifier, number: Decimal) -> str:
    if one.letter == "f":
        number = _to_digits(number, 6 if one.digits is None else one.digits)
    sign, end = ("-", "") if number.is_signed() else ("", "")
    if number.is_signed() and "(" in one.flags:
        sign, end = "(", ")"
    elif not number.is_signed():
        sign = "".join(flag for flag in one.flags if flag in "+ ")
    digits = f"{number.copy_abs():{',' * (',' in one.flags)}f}"
    if "0" in one.flags:
        digits = digits.rjust(one.width - len(sign + end), "0")
    return one.padded(sign + digits + end)


def _truth(kind: str, text: str) -> str:
    return str(text == "true" if kind == "b" else bool(kind)).lower()


def _shown(kind: str, text: str) -> str:
    """toString() of Java's."""
    if not kind:
        return "null"
    if kind == "d":
        return str(as_athena(float(text)))
    if kind == "n":
        return str(Decimal(text))
    if kind not in "TZ":
        return text
    moment = _moment(int(text))
    seconds = bool(moment.second or moment.microsecond)
    precision = "milliseconds" if moment.microsecond else "seconds" if seconds else "minutes"
    local = moment.replace(tzinfo=None).isoformat(timespec=precision)
    return local + ("Z[UTC]" if kind == "Z" else "")


# -- checksum --------------------------------------------------------------------------------------

P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
WORD = 2**64 - 1


def checksum_of(data: bytes) -> int:
    """What one value adds to a checksum: its XXH64, times a prime."""
    return xxh64(data) * P1 & WORD


def xxh64(data: bytes) -> int:
    """The hash XXH64 without a seed."""
    at, length = 0, len(data)
    total = P5
    if length >= 32:
        lanes = [P1 + P2 & WORD, P2, 0, -P1 & WORD]
        for at in range(0, length - 31, 32):
            for n in range(4):
                lanes[n] = _round(lanes[n], _word(data, at + 8 * n))
        at += 32
        total = sum(_left(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & WORD
        for lane in lanes:
            total = ((total ^ _round(0, lane)) * P1 + P4) & WORD
    total = total + length & WORD
    while at + 8 <= length:
        total = (_left(total ^ _round(0, _word(data, at)), 27) * P1 + P4) & WORD
        at += 8
    if at + 4 <= length:
        total = (_left(total ^ _word(data, at, 4) * P1 & WORD, 23) * P2 + P3) & WORD
        at += 4
    for byte in data[at:]:
        total = _left(total ^ byte * P5 & WORD, 11) * P1 & WORD
    total = (total ^ total >> 33) * P2 & WORD
    total = (total ^ total >> 29) * P3 & WORD
    return total ^ total >> 32


def _word(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _left(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) & WORD


def _round(lane: int, word: int) -> int:
    return _left(lane + word * P2 & WORD, 31) * P1 & WORD


def checksum_of_long(value: int) -> int:
    return checksum_of((value & WORD).to_bytes(8, "little"))


def checksum_of_double(value: float) -> int:
    return checksum_of(struct.pack("<d", value or 0.0))


def checksum(total: int) -> bytes:
    return (total & WORD).to_bytes(8, "little")


# What DuckDB calls them, what they take, and what they give.
FUNCTIONS: dict[str, tuple[Callable[..., object], list[str], str]] = {
    "t_round_whole": (round_whole, ["BIGINT", "BIGINT"], "BIGINT"),
    "t_round_double": (round_double, ["DOUBLE", "BIGINT"], "DOUBLE"),
    "t_round_decimal": (round_decimal, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "t_from_unixtime": (from_unixtime, ["DOUBLE", "VARCHAR"], "BIGINT"),
    "t_format_datetime": (format_datetime, ["BIGINT", "VARCHAR", "BOOLEAN"], "VARCHAR"),
    "t_format": (format_text, ["VARCHAR", "VARCHAR[]"], "VARCHAR"),
    "t_checksum_of": (checksum_of, ["BLOB"], "UBIGINT"),
    "t_checksum_of_long": (checksum_of_long, ["BIGINT"], "UBIGINT"),
    "t_checksum_of_double": (checksum_of_double, ["DOUBLE"], "UBIGINT"),
    "t_checksum": (checksum, ["UBIGINT"], "BLOB"),
}
