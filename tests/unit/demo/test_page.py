"""The demo's last page: readable at any width, plain without a terminal, safe whatever it shows."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from sandbox.demo import page
from sandbox.demo.comparison import PlantedFault, Verdict, compare

SECONDS = {"sandbox": 3.25, "build_access_marts.build": 41.0}
FILES = {"the whole comparison": ".lacuna/demo/report.txt"}


def shown(comparison, width=100, **console):
    out = io.StringIO()
    target = Console(file=out, width=width, highlight=False, **console)
    page.show(target, comparison, SECONDS, FILES, "2026-11-21")
    return out.getvalue()


def report(comparison, width=page.REPORT_WIDTH):
    out = io.StringIO()
    page.write_report(Console(file=out, width=width), comparison, SECONDS)
    return out.getvalue()


@pytest.fixture(scope="module")
def agreed(truth, faultless):
    return compare(truth, faultless)


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(agreed, width):
    lines = shown(agreed, width).splitlines()
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_of_a_bucket_or_a_fault_is_cut_off(agreed, width):
    letters = "".join(shown(agreed, width).split())
    assert "…" not in letters
    for verdict in agreed.verdicts:
        assert verdict.bucket_name[:8] in letters


def test_without_a_terminal_there_is_no_colour(agreed):
    assert "\x1b" not in shown(agreed)


def test_on_a_terminal_a_difference_is_red_and_agreement_is_green(agreed):
    terminal = {"force_terminal": True, "color_system": "standard"}
    green, red = "\x1b[1;32m", "\x1b[1;31m"
    differing = replace(agreed, unplanted=("a finding",))
    assert green in shown(agreed, **terminal)
    assert red not in shown(agreed, **terminal)
    assert red in shown(differing, **terminal)


def test_a_faultless_run_says_so(agreed):
    text = shown(agreed)
    assert "not found" not in text
    assert f"{len(agreed.faults)} of {len(agreed.faults)} planted faults found" in text
    assert "0 findings that were not planted." in text
    assert "It took 44 seconds." in text
    assert ".lacuna/demo/report.txt  the whole comparison" in text
    assert "make up" in text
    assert "select" in text


def test_what_differs_is_named(agreed):
    differing = replace(
        agreed,
        verdicts=(Verdict("photos", {"2026-11-20": "idle"}, {"2026-11-20": "silent"}, "because"),),
        faults=(
            PlantedFault(
                "hour_lost:1", "hour_lost", "an hour", False, ("fct_delivery_hours: photos",)
            ),
        ),
        unplanted=("a finding",),
    )
    for text in (shown(differing), report(differing)):
        assert "planted: silent" in text
        assert "hour_lost:1: an hour; look in fct_delivery_hours: photos" in text
        assert "Findings that were not planted\n  a finding" in text


def test_the_page_names_each_bucket_and_each_kind_of_fault_once(agreed):
    words = [word.strip(",") for word in shown(agreed, width=400).split()]
    for name in {verdict.bucket_name for verdict in agreed.verdicts}:
        assert words.count(name) == 1
    for kind in {fault.kind for fault in agreed.faults}:
        assert kind in words


def test_buckets_of_one_verdict_and_reason_share_a_line_and_what_differs_comes_first(agreed):
    days = {"2026-11-20": "off"}
    alike = [Verdict(name, days, days, "logging_off") for name in ("attic", "loft")]
    other = Verdict("photos", days, {"2026-11-20": "silent"}, "logging_off")
    text = shown(replace(agreed, verdicts=(*alike, other)), width=160)
    one, two = text.index("photos"), text.index("attic, loft")
    assert one < two
    assert "planted: silent" in text


def test_the_report_loses_nothing(agreed):
    assert "…" not in report(agreed)
    text = report(agreed, width=600)
    for fault in agreed.faults:
        assert f"{fault.fault_id.replace(':', ' ')}: {fault.note}" in text
        assert all(where in text for where in fault.where)
    for verdict in agreed.verdicts:
        assert verdict.why in text
    for row in agreed.completeness:
        assert f"{row.requests:,}" in text
    for part in (*SECONDS, "3.2", "44.2"):
        assert part in text


def test_days_are_told_apart_only_where_verdicts_change(agreed):
    verdicts = {"2026-11-19": "delivering", "2026-11-20": "delivering", "2026-11-21": "silent"}
    changed = replace(agreed, verdicts=(Verdict("photos", verdicts, verdicts, ""),))
    days = "delivering (11-19 11-20), silent (11-21)"
    assert days in shown(changed, width=160)
    assert days in report(changed)


def test_text_from_logs_is_neither_markup_nor_an_escape(agreed):
    hostile = "s3://logs/[red]x[/]\x1b[2J\x07\u202e"
    text = shown(replace(agreed, unplanted=(hostile,)), force_terminal=True, color_system=None)
    assert "[red]x[/]" in text
    assert "\\x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
