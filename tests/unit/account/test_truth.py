from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.account import truth
from tests.unit.account.conftest import Made

README = (Path(truth.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize(
    "kind",
    [truth.Truth, truth.BucketTruth, truth.Fault, truth.HourTruth, truth.SaidTruth, truth.Expect],
)
def test_the_readme_names_every_member(kind: type) -> None:
    for member in fields(kind):
        assert re.search(rf"`{member.name}[`\[]", README), member.name


def test_the_readme_lists_every_kind_of_fault_and_no_other(made: Made) -> None:
    table = README.partition("| kind | what is planted |")[2].partition("\n\n")[0]
    kinds = {
        kind for row in table.splitlines()[2:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert kinds == {fault.kind for fault in made.truth.faults}


def test_the_file_is_json_with_the_members_of_the_readme(made: Made) -> None:
    read = json.loads(made.truth.to_json())
    assert list(read) == [member.name for member in fields(truth.Truth)]
    assert len(read["faults"]) == len(made.truth.faults)
    assert set(read["faults"][0]["expect"]) == {"table", "where", "at_least", "as_of"}
