"""The command line behind `make run` and `make settings`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lacuna.settings import Settings, SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def lacuna() -> None:
    """Is every S3 bucket's access logged, did the logs arrive, and what do they say?"""


@app.command()
def run(
    days: Annotated[
        list[datetime], typer.Argument(formats=["%Y-%m-%d"], help="Delivery days (UTC).")
    ],
    timings: Annotated[
        Path | None, typer.Option(help="Write how long each task took to this JSON file.")
    ] = None,
) -> None:
    """Run the four DAGs for the given days, against the AWS that the environment points to.

    Exit 0 whatever the verdicts are; 1 where the run itself failed, with the cause.
    """
    for day in days:
        if day.date() >= datetime.now(UTC).date():
            print(
                f"{day.date()} is not over in UTC: its logs are not all written yet",
                file=sys.stderr,
            )
            sys.exit(2)
    Settings.from_env()  # before Airflow starts: bad settings cost no time and write nothing
    from lacuna.run import RunFailed, run_day

    parts = []
    try:
        for day in days:
            parts += run_day(day.date())
    except RunFailed as failure:
        print(f"\nThe run failed; what was built stays, and running it again is safe.\n{failure}")
        sys.exit(1)
    if timings:
        rows = [
            {"day": str(p.day), "dag": p.dag_id, "task": p.task_id, "seconds": p.seconds}
            for p in parts
        ]
        timings.write_text(json.dumps(rows, indent=1))


@app.command()
def settings() -> None:
    """List every setting: its value, where the value comes from, and what it means."""
    table = Table("setting", "value", "origin", "meaning", box=None, pad_edge=False)
    for row in Settings.from_env().rows():
        table.add_row(*map(str, row))
    Console().print(table)


if __name__ == "__main__":
    try:
        app()
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
