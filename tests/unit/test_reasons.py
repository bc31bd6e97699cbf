"""Every reason is a member of the enum, a row of the seed and a section of docs/reasons.md."""

from __future__ import annotations

import json
import re

from lacuna.cli import reasons_page
from lacuna.reasons import Reason
from tests.support import REPO

ROWS = {row["code"]: row for row in reasons_page.rows()}
CALLS = {code: row["call"] for code, row in ROWS.items() if row["call"]}
WORDS = re.compile(r"[{]([a-z_]+)[}]")


def test_the_members_are_the_rows_of_the_seed():
    assert list(ROWS) == [reason.value for reason in Reason]
    assert len(reasons_page.rows()) == len(ROWS)


def test_every_row_says_what_it_means_and_if_there_is_something_to_do():
    assert {row["question"] for row in ROWS.values()} == set(reasons_page.QUESTIONS)
    assert {row["priority"] for row in ROWS.values()} == set("12345678")
    assert {row["is_action"] for row in ROWS.values()} == {"true", "false"}
    assert all(row["meaning"] for row in ROWS.values())
    remedies = [row["remedy"] for row in ROWS.values() if row["remedy"]]
    assert len(set(remedies)) == len(remedies)
    for code, row in ROWS.items():
        # what is only to know is listed after all that can be done for the records of a day
        assert (row["priority"] == "7") == (row["is_action"] == "false"), code
        assert row["remedy"] or row["is_action"] == "false", code
        # OpenCSVSerDe would take it for an escape
        assert not any("\\" in value for value in row.values()), code


def test_calls_hold_only_words_that_the_macro_fills():
    macro = REPO / "dbt_project" / "macros" / "filled.sql"
    filled = set(re.findall(r"(?m)^ +'([a-z_]+)': ", macro.read_text()))
    assert {word for call in CALLS.values() for word in WORDS.findall(call)} == filled
    assert not any(WORDS.search(row["remedy"]) for row in ROWS.values())


def test_what_has_no_call_is_known():
    actions = {code for code, row in ROWS.items() if row["is_action"] == "true"}
    assert set(CALLS) <= actions
    assert actions - set(CALLS) == {
        "changes_witness_unknown",
        "logging_throttled",
        "not_observed",
        "sensitivity_unreadable",
        "store_changing",
    }


def test_fragments_of_documents_are_json_and_what_replaces_one_says_what_to_keep():
    replacing = (
        "put-bucket-logging",
        "put-bucket-policy",
        "put-bucket-lifecycle",
        "put-event-s",
        "=arn",
    )
    fragments = 0
    for code, template in CALLS.items():
        call = WORDS.sub("x", template.replace("{newline}", "\n"))
        for line in call.split("\n"):
            quoted = next(iter(re.findall(r"'({.*})'", line)), "")
            document = line if line.startswith("{") else quoted
            if document not in ("", "{Rules: Rules}"):
                json.loads(document)
                fragments += 1
        if any(name in call for name in replacing) and "off" not in code:
            assert re.search(r"#.*(keep|whole)", call), code
    assert fragments > 30
