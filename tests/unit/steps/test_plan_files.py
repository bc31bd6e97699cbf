"""Plan files lie below one folder, and none is overwritten unseen."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lacuna.remedy import plans
from lacuna.remedy.plans import Plan, PlanError
from lacuna.steps import plan_files


def plan(day: int, account: str = "123456789012") -> Plan:
    return Plan(account, "us-east-1", datetime(2026, 11, day, tzinfo=UTC), ())


def held(path: Path) -> Plan:
    return plans.read(path.read_text())


def test_a_file_of_the_folder_is_taken_however_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = tmp_path / "plans" / "a" / "x.json"
    for name in ("plans/a/x.json", "plans/b/../a/x.json", str(expected)):
        assert plan_files.below("plans", name) == expected


def test_anything_else_is_refused_links_included(tmp_path):
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "passwd.json").symlink_to("/etc/passwd")
    outside = ("../x.json", "out/x.json", "passwd.json", "", ".", "../plans-too/x.json")
    for name in [*(str(folder / one) for one in outside), "/etc/x.json", "x.json", "a\x1b.json"]:
        with pytest.raises(PlanError, match=r"is outside of .*LACUNA_PLAN_FOLDER") as refused:
            plan_files.below(str(folder), name)
        assert "\x1b" not in str(refused.value)


def test_a_folder_that_is_itself_a_link_is_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "plans").symlink_to(tmp_path / "disk")
    found = plan_files.below(str(tmp_path / "plans"), str(tmp_path / "plans" / "x.json"))
    assert found == tmp_path / "disk" / "x.json"


def test_a_new_file_overwrites_nothing(tmp_path):
    path = tmp_path / "new" / "x.json"
    plan_files.create(path, plan(1))
    with pytest.raises(PlanError, match="is not overwritten"):
        plan_files.create(path, plan(2))
    (tmp_path / "new" / "y.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(PlanError, match="is not overwritten"):
        plan_files.create(tmp_path / "new" / "y.json", plan(2))
    assert held(path) == plan(1)
    assert not (tmp_path / "elsewhere.json").exists()


def test_two_at_once_leave_the_first_and_refuse_the_second(tmp_path):
    path = tmp_path / "x.json"

    def create(day: int) -> str:
        try:
            plan_files.create(path, plan(day))
        except PlanError:
            return "refused"
        return held(path).plan_id

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(create, range(1, 9)))
    assert sorted(ends)[:1] == [held(path).plan_id]
    assert ends.count("refused") == 7
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_the_plan_that_was_there_is_kept_of_whatever_day_and_account(tmp_path):
    path, history = tmp_path / "x.json", [plan(1), plan(2, "210987654321"), plan(3), plan(4)]
    plan_files.create(path, history[0])
    for before, after in itertools.pairwise(history):
        kept = plan_files.supersede(path, after, before)
        assert held(kept) == before
    assert held(path) == history[-1]
    assert len(list(tmp_path.iterdir())) == len(history)


def test_a_plan_that_came_in_between_is_neither_overwritten_nor_lost(tmp_path):
    path = tmp_path / "x.json"
    plan_files.create(path, plan(2))
    for write in (plan_files.supersede, plan_files.replace):
        with pytest.raises(PlanError, match="holds another plan than a moment ago"):
            write(path, plan(3), plan(1))
    assert held(path) == plan(2)
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]
