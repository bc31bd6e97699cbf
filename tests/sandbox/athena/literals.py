"""Literals at the edges of every type, to try expressions with."""

from __future__ import annotations

import itertools

from sandbox.athena.types import Type
from tests.sandbox.dbt_project.wild_lines import all_cases

# The first ones meet one another; the rest come one by one.
TEXTS = [
    *("", "a", "-", "é", "🦊", "ab🦊", " ", "a,b,,c", "%41%20+b", "0", "-1", "2024-02-29", "aXbX"),
    *("A", "ß", "İı", "\u00e9\u0301", "%F0%9F%A6%8A", "%zz", "%E4%F6", "%", "100%25", "a\nb"),
    *(
        "a\r\n",
        "\n",
        "\t x \t",
        "\u00a0x\u00a0",
        "\u2028",
        "\ufeff",
        "\u3000",
        "x" * 500,
        "\\",
        "$1",
    ),
    *("it's", '"quoted"', '""', "\ue000", "\uffff", "\U0010ffff", "𝒳", "ǅ", "ﬁ", "Σς", "١٢", "½"),
    *(
        "+1",
        "1",
        " 1",
        "1 ",
        "1.5",
        ".5",
        "5.",
        "1e3",
        "1E400",
        "-0",
        "-0.0",
        "007",
        "1_000",
        "0x10",
    ),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("2147483647", "2147483648", "-2147483648", "NaN", "Infinity", "1d", "1f", "--1", "+", "1-"),
    *("0.1", "99999999999999999999.9", "4.9e-324", "1.7976931348623157e308", "12345678901234567"),
    *("true", "TRUE", "t", "F", "yes", "false ", "null", "NULL", "1.0", "-1.5", "1,000", "+-1"),
    *(
        "2023-02-29",
        "2024-2-9",
        "20240229",
        "0000-01-01",
        "9999-12-31",
        "10000-01-01",
        "2024-02-30",
    ),
    *("-0001-01-01", "2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.999Z"),
    *("2024-02-29T23:59:59.999999Z", "2024-02-29T24:00:00Z", "2024-02-29T12:00:00+02:00"),
    *("2024-03-31 02:30:00", "2024-02-29 23:59:60", "2024-02-29 24:00:00", "2024-02-29 1:2:3"),
    *("2024-02-29 12:34:56.789", "2024-02-29 12:34:56.7891", "2024-02-29 12:34:56 UTC"),
    *("2024-02-29 ", " 2024-02-29", "2024-02-29 12:34", "2024-13-01", "2024-00-10", "2024-06-31"),
    *("29/Feb/2024:12:34:56", "29/Feb/2024:12:34:56 +0000", "[29/Feb/2024:12:34:56 +0000]"),
    *("29/feb/2024:12:34:56", "29/Feb/2023:12:34:56", "31/Dec/2016:23:59:60", "1/Feb/2024:1:2:3"),
    *(
        "31/Mar/2024:02:30:00",
        "29/Xxx/2024:12:34:56",
        "29/Feb/2024:24:00:00",
        "29/Feb/0000:00:00:00",
    ),
    *('{"a": 1}', '{"a": "x", "b": null}', "[1, 2]", '"x"', "{", '{"a": {"b": [true]}}'),
    *("REST.GET.OBJECT", "arn:aws:iam::123456789012:user/é x", "10.0.0.1", "s3://b/k?x=y&z=%2B"),
    *(
        "TLSv1.2",
        "AWS4-HMAC-SHA256",
        "a b c",
        "a/b/c",
        "a=b&c=d",
        "logs/2024-02-29-12-34-56-ABCDEF",
    ),
]
NUMBERS = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "-7",
    "10",
    "60",
    "1000",
    "-2",
    "3",
    "24",
    "100",
    "3600",
    "86400",
]
LEAST = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}
DOUBLES = [
    *("0e0", "-0e0", "1e0", "-1e0", "5e-1", "-5e-1", "2.5e0", "1e-1", "3e0", "1e16", "-2.5e0"),
    *("1e15", "1e7", "9999999e0", "1e-3", "1e-4", "123456789.125e0", "1e22", "1e23", "4.9e-324"),
    *("2.2250738585072014e-308", "1.7976931348623157e308", "-1.7976931348623157e308"),
    *("9.223372036854775e18", "9.3e18", "4.35e0", "0.49999999999999994e0", "100e0", "33.3333e0"),
]
DATES = [
    *(
        "2024-02-29",
        "1970-01-01",
        "2023-12-31",
        "2024-03-31",
        "1969-12-31",
        "2024-10-27",
        "2000-01-01",
    ),
    *(
        "1900-03-01",
        "2100-02-28",
        "9999-12-31",
        "1000-01-01",
        "2024-01-31",
        "2024-11-30",
        "2016-12-31",
    ),
]
TIMES = [
    *(
        "00:00:00.000",
        "23:59:59.999",
        "12:34:56.789",
        "02:30:00.000",
        "01:00:00.001",
        "00:59:59.500",
    ),
    *("06:00:00.000", "11:59:59.999", "12:00:00.000"),
]


def null(kind: Type) -> str:
    return f"cast(null as {kind})"


def values(kind: Type, deep: bool = False) -> list[str]:
    """Literals of a type, NULL first. `deep` ones are few: they are put into others."""
    literals = [null(kind), *_values(kind)]
    return literals[:5] if deep else literals


def _values(kind: Type) -> list[str]:
    if kind.name == "varchar":
        return [_quoted(text) for text in (*TEXTS, *_lines())]
    if kind.name in LEAST:
        most, unit = LEAST[kind.name] - 1, 2 ** {"tinyint": 3, "smallint": 7}.get(kind.name, 15)
        ends = [most, -most - 1, most - 1, most // unit, -(most // unit)]
        return [f"cast({n} as {kind})" for n in (*NUMBERS, *ends) if -most - 1 <= int(n) <= most]
    if kind.name == "double":
        return list(DOUBLES)
    if kind.name == "real":
        return [f"cast({text} as real)" for text in ("0e0", "1e0", "-2.5e0", "1e-1")]
    if kind.name == "decimal":
        whole, scale = kind.sizes[0] - kind.sizes[1], kind.sizes[1]
        largest = ("9" * whole or "0") + ("." + "9" * scale if scale else "")
        small = "0" + ("." + "0" * (scale - 1) + "1" if scale else "")
        return [f"cast('{t}' as {kind})" for t in ("0", small, f"-{small}", largest, f"-{largest}")]
    if kind.name == "boolean":
        return ["true", "false"]
    if kind.name == "varbinary":
        return ["X''", "X'00'", "X'61FF'", "to_utf8('é🦊')"]
    if kind.name == "date":
        return [f"date '{day}'" for day in DATES]
    if kind.name.startswith("timestamp"):
        pairs = list(itertools.zip_longest(DATES, TIMES, fillvalue=TIMES[1]))
        pairs += [(DATES[0], time) for time in TIMES]
        if kind.name.endswith("zone"):
            return [f"from_iso8601_timestamp('{day}T{time}Z')" for day, time in pairs]
        return [f"cast(timestamp '{day} {time}' as {kind})" for day, time in pairs]
    if kind.name == "array":
        inner = values(kind.of[0], deep=True)
        lists = [
            inner[1:2],
            inner[1:3],
            inner[2:0:-1],
            inner[:1],
            inner[:3],
            inner[1:2] * 2,
            inner[1:5],
        ]
        return [f"cast(array[] as {kind})"] + [
            f"cast(array[{', '.join(x)}] as {kind})" for x in lists
        ]
    if kind.name == "map":
        keys, inner = values(kind.of[0], deep=True)[1:], values(kind.of[1], deep=True)
        empty = ", ".join(f"cast(array[] as array({of}))" for of in kind.of)
        pairs = [(keys[:1], inner[1:2]), (keys[:2], inner[:2]), (keys[1::-1], inner[1:3])]
        written = [f"map(array[{', '.join(k)}], array[{', '.join(v)}])" for k, v in pairs]
        return [f"map({empty})", *written]
    if kind.name == "row":
        cells = [values(of, deep=True) for of in kind.of]
        return [f"cast(row({', '.join(c[i] for c in cells)}) as {kind})" for i in (0, 1)]
    raise ValueError(f"no values of {kind}")


def _lines() -> list[str]:
    return [case.line for case in all_cases()[::12]]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
