"""The calls that change logging stand in Python and in a seed: both say the same."""

import csv

from lacuna.trail.events import CHANGE_EVENTS
from tests.support import REPO


def test_trails_are_judged_on_the_calls_that_the_models_look_for():
    with (REPO / "dbt_project" / "seeds" / "logging_events.csv").open() as seed:
        rows = [(row["event_source"], row["event_name"]) for row in csv.DictReader(seed)]
    assert sorted(rows) == sorted(
        (source, name) for source, names in CHANGE_EVENTS.items() for name in names
    )
