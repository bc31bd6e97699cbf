"""Say in the check results why a run stopped before it could check its day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from lacuna.lake.lake import Lake
from lacuna.steps import day_states, gate
from lacuna.tables.evidence import CHECK_RESULTS
from lacuna.text import visible

NOTE = f"The check result {gate.CODE} says so too."


@contextmanager
def reported(lake: Lake, day: date) -> Iterator[None]:
    """If what is done here fails, write to evidence.check_results why `day` is not shown.

    The results of runs before stay, and the check of a run that goes on supersedes this one. The
    error gets a note, so that its handler knows that there is a result.
    """
    try:
        yield
    except Exception as error:
        if not day_states.is_settled(lake, day):
            now = datetime.now(UTC)
            causes = getattr(error, "causes", ()) or [visible(str(error)) or type(error).__name__]
            partition = {"checked_on": now.date(), "delivery_day": day}
            lake.append(CHECK_RESULTS, [gate.stopped(day, causes, now)], partition)
            error.add_note(NOTE)
        raise


def is_reported(error: object) -> bool:
    """Whether a check result says what this error says."""
    return NOTE in getattr(error, "__notes__", ())
