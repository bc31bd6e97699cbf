"""Every detection has its entry, its cases and its place; a detection without them is refused."""

from __future__ import annotations

import csv
import re

import pytest
import yaml

from lacuna import detections
from lacuna.cli import detections_page
from lacuna.detections import FOLDER, PROJECT, SIGNALS, WrongEntry

EVERY = detections.every()
NAMES = [one.name for one in EVERY]
LEAST_CASES = 3


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.yml").read_text()


def test_each_file_is_in_the_list_and_each_name_has_its_files():
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.sql"))
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.yml"))
    assert len(set(NAMES)) == len(NAMES)


def test_each_family_has_a_model_and_a_heading():
    models = {path.stem for path in (PROJECT / "models" / "findings" / "hits").glob("*.sql")}
    assert models == {f"int_{family}_hits" for family in detections.families()}
    assert detections.families().keys() == detections_page.FAMILIES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_each_detection_has_cases_that_trip_and_cases_that_do_not(name):
    text = text_of(name)
    tests = yaml.safe_load(text)["unit_tests"]
    assert {test["model"] for test in tests} == {name}
    assert text.count("detection: *entry") == len(tests)
    trips, quiet = (len(re.findall(rf"(?:#|--) {word}: ", text)) for word in ("trips", "quiet"))
    assert min(trips, quiet) >= LEAST_CASES, f"{trips} cases trip, {quiet} do not"
    rows = sum(
        len(test["expect"]["rows"]) if isinstance(test["expect"]["rows"], list) else LEAST_CASES
        for test in tests
    )
    assert rows >= LEAST_CASES


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_each_technique_is_one_of_attack_and_each_sentence_ends(one):
    with (PROJECT / "seeds" / "attack_techniques.csv").open(newline="") as file:
        known = {row["attack_id"] for row in csv.DictReader(file)}
    assert set(one.attack) <= known
    assert one.question.endswith("?")
    for sentence in (one.means, one.quiet, one.weakness, *one.act):
        assert sentence.endswith((".", "?"))


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_what_a_finding_says_may_be_too_small_where_it_is_made_of_requests(one):
    """What was not seen is not counted: only calls are known one by one."""
    counts = re.findall(r"\{\w+:number\}", one.summary)
    assert "{at_least}" in one.summary or one.evidence_table != "fct_object_requests" or not counts


def test_every_signal_is_needed_by_a_detection():
    assert {signal for one in EVERY for part in one.needs for signal in part} == set(SIGNALS)


def test_only_the_techniques_that_are_named_are_kept():
    with (PROJECT / "seeds" / "attack_techniques.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    named = {attack_id for one in EVERY for attack_id in one.attack}
    assert {row["attack_id"] for row in rows} >= named
    assert {row["attack_id"] for row in rows if row["replaces"] == "T1562.008"} == {"T1685.002"}


GOOD = text_of("ransom_note").partition("\nunit_tests:")[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("        quiet:", "        quieter:", "does not say: quiet"),
        ("severity: low", "severity: bad", "severity bad is none of"),
        ("stage: live", "stage: alive", "stage alive is none of"),
        ("history: unusual", "history: odd", "history odd is not known"),
        ("history: unusual", "history: baseline", "a baseline has a factor"),
        ("data_events_write", "data_events", "signals data_events are not known"),
        ("name: ransom_note", "name: note", "it is about note"),
    ],
)
def test_an_entry_that_says_too_little_or_nonsense_is_refused(old, new, told):
    assert old in GOOD
    with pytest.raises(WrongEntry, match=told):
        detections.entry("ransom_note", "destruction", GOOD.replace(old, new))


def test_the_page_has_a_section_for_each_detection_with_what_it_misses():
    page = detections_page.page()
    for one in EVERY:
        section = page.partition(f"### {one.name}\n")[2].partition("\n### ")[0]
        assert "Weakest point" in section
        assert f"](#{one.name})" in page
    assert "T1685.002 Disable or Modify Cloud Log, T1562.008 before version 19" in " ".join(
        page.split()
    )


def test_sequences_are_of_detections_and_of_no_detection_on_trial():
    with (PROJECT / "seeds" / "detection_sequences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    live = {one.name for one in EVERY if one.stage == "live"}
    for row in rows:
        first, following = (set(row[f"{which}_detections"].split()) for which in ("first", "next"))
        assert first | following <= live, row["sequence"]
        assert not first & following
