"""Plan files on disk: below one folder, written whole, and none overwritten unseen."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lacuna.remedy import plans
from lacuna.remedy.plans import Plan, PlanError
from lacuna.text import visible


def below(folder: str, name: str) -> Path:
    """Return the file of that name if it lies below the folder, links followed.

    Whoever may start the DAG names the file, and must not reach the worker's other files.
    """
    path, home = Path(name), Path(folder).resolve()
    real = path.resolve()
    if real == home or not real.is_relative_to(home):
        raise PlanError(
            f"{visible(name)} is outside of {visible(folder)}: nothing was changed. Plans lie below one "
            "folder of the worker; LACUNA_PLAN_FOLDER names it"
        )
    return real


def create(path: Path, plan: Plan) -> None:
    """Write a plan to a file that must not exist yet."""
    with _draft(path, plan) as draft, _turn(path):
        _link(draft, path)


def replace(path: Path, plan: Plan, seen: Plan) -> None:
    """Write a plan over the one that was seen in the file."""
    with _draft(path, plan) as draft, _turn(path):
        _must_hold(path, seen)
        draft.replace(path)


def supersede(path: Path, plan: Plan, seen: Plan) -> Path:
    """Write a plan over the one that was seen in the file, which is kept under its id.

    Somebody may have read it and removed changes.
    """
    kept = path.with_name(f"{path.stem}.{seen.plan_id}.json")
    with _draft(path, plan) as draft, _turn(path):
        _must_hold(path, seen)
        if kept.exists():  # by a planning that was killed here
            _must_hold(kept, seen)
        else:
            _link(path, kept)
        draft.replace(path)
    return kept


def _must_hold(path: Path, seen: Plan) -> None:
    if plans.read(path.read_text(encoding="utf-8")).plan_id != seen.plan_id:
        raise PlanError(
            f"{visible(str(path))} holds another plan than a moment ago: somebody else plans at "
            "the same time. Nothing was overwritten; read that plan, or name another file"
        )


def _link(file: Path, as_path: Path) -> None:
    try:
        os.link(file, as_path)  # fails if the name is taken, also by a link to nothing
    except FileExistsError as error:
        raise PlanError(
            f"{visible(str(as_path))} exists by now and is not overwritten: read it, or name "
            "another file"
        ) from error


@contextmanager
def _draft(path: Path, plan: Plan) -> Iterator[Path]:
    """A whole file beside `path`, so that a kill leaves no part of a plan there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".draft", dir=path.parent)
    draft = Path(name)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(plans.written(plan))
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """One writer of a folder after the other."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
