"""The command line behind `make run` and `make settings`."""

from __future__ import annotations

import json
import re
import shlex
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lacuna.cli import terminal
from lacuna.day import DayError, named_day
from lacuna.settings import Settings, SettingsError

if TYPE_CHECKING:
    from lacuna.aws.session import Account
    from lacuna.cli.runner import Part
    from lacuna.remedy.plans import Plan

_QUESTION = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values|show|describe|desc|explain)\b",
    re.I | re.S,
)

_DEFAULT_PLAN = Path(".lacuna/remediation.json")
_NO_PLAN = (
    "Which plan? --apply applies a plan that somebody has read: make one with `make remediate`, "
    "read it, then make remediate APPLY=1 PLAN=.lacuna/remediation.json"
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def lacuna() -> None:
    """Is every S3 bucket's access logged, did the logs arrive, and what do they say?"""


@app.command()
def run(
    days: Annotated[
        list[str],
        typer.Argument(metavar="YYYY-MM-DD...", help="Delivery days (UTC) that are over."),
    ],
    timings: Annotated[
        Path | None, typer.Option(help="Write how long each task took to this JSON file.")
    ] = None,
) -> None:
    """Run the four daily DAGs for the given days, against the AWS that the environment points to.

    Exit 0 whatever the verdicts are; 1 where the run itself failed, with the cause.
    """
    wanted = [_day(text) for text in days]
    # before Airflow starts: bad settings and a wrong account cost no time and write nothing
    chosen = Settings.from_env()
    interrupt = terminal.Interrupt()
    interrupt.listen()
    try:
        _say_where(chosen)
        parts = _run_days(chosen, wanted, interrupt)
    except KeyboardInterrupt:
        interrupt.leave()
    if timings:
        rows = [
            {"day": str(p.day), "dag": p.dag_id, "task": p.task_id, "seconds": p.seconds}
            for p in parts
        ]
        timings.write_text(json.dumps(rows, indent=1))


@app.command()
def remediate(
    plan: Annotated[
        Path | None,
        typer.Option(help="The plan's file. Default without --apply: .lacuna/remediation.json"),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the file's plan instead of making one.")
    ] = False,
) -> None:
    """Plan what mends the logging of buckets, as a diff; changes nothing without --apply.

    Exit 0 where the plan was made, or applied whole; 1 where a change was not made; 2 where there
    is no plan to apply.
    """
    from lacuna.aws.session import AccountError
    from lacuna.lake.lake import open_lake
    from lacuna.remedy.plans import PlanError
    from lacuna.steps.remediate import check_undo, plan_file, read_plan

    if apply and plan is None:
        print(_NO_PLAN, file=sys.stderr)
        sys.exit(2)
    path = (plan or _DEFAULT_PLAN).absolute()
    chosen = Settings.from_env()
    interrupt = terminal.Interrupt(
        "What was changed stays; running the same plan again is safe: it finds what is there."
    )
    interrupt.listen()
    try:
        # before Airflow starts: a file that holds no plan for this account costs no time
        if not apply and (there := _already(path, named=plan is not None)):
            _show_plan(path, there)
            return
        meant = read_plan(path) if apply else None
        plan_file(path)
        account = _say_where(chosen)
        if meant is None:
            _make_plan(path, interrupt)
        else:
            read_plan(path, account.account_id, meant.plan_id, account.region)
            if meant.undo_of:
                lake = open_lake(chosen)
                lake.prepare()
                check_undo(lake, meant)
            _apply_plan(chosen, path, meant, interrupt)
    except PlanError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except AccountError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        interrupt.leave()


def _day(text: str) -> date:
    """The day that was named; ends the process where it is none."""
    try:
        return named_day(text, "the day")
    except DayError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _already(path: Path, *, named: bool) -> Plan | None:
    """The plan of a file that somebody named, or an undo: what is to be shown, not made anew."""
    from lacuna.steps.remediate import plan_file, read_plan, undo_at

    return read_plan(plan_file(path)) if named and path.exists() else undo_at(path)


def _show_plan(path: Path, plan: Plan) -> None:
    """A plan that is there already, as it is: somebody may have read it and taken changes out."""
    from lacuna.remedy import plans

    if plan.undo_of:
        told = f"{path} undoes plan {plan.undo_of}"
    else:
        told = (
            f"{path} holds this plan already; without PLAN, or with another file, a new one is made"
        )
    print(f"{plans.render(plan)}\n\nNothing was changed. {told}")
    if plan.changes or plan.undo_of:
        _say_how_to_apply(path)


def _say_how_to_apply(path: Path) -> None:
    print(f"To apply exactly this one: make remediate APPLY=1 PLAN={shlex.quote(str(path))}")


def _make_plan(path: Path, interrupt: terminal.Interrupt) -> None:
    _run_remediation(interrupt, plan_path=str(path), apply=False)
    from lacuna.remedy import plans
    from lacuna.steps.remediate import read_plan

    made = read_plan(path)
    print(f"\n{plans.render(made)}\n\nNothing was changed. The plan is {path}", flush=True)
    if made.changes:
        _say_how_to_apply(path)


def _apply_plan(settings: Settings, path: Path, plan: Plan, interrupt: terminal.Interrupt) -> None:
    from lacuna.lake.lake import open_lake
    from lacuna.remedy import plans
    from lacuna.steps import remediate as doing

    print(f"\n{plans.render(plan)}\n", flush=True)
    if not plan.changes:
        print("Nothing was changed: the plan holds no change.")
        return
    since = datetime.now(UTC)
    undo = doing.undo_path(path, since)
    failed = False
    try:
        _run_remediation(
            interrupt,
            plan_path=str(path),
            apply=True,
            plan_id=plan.plan_id,
            undo_path=str(undo),
        )
    except SystemExit:
        failed = True
    print("", *doing.outcomes(open_lake(settings), plan, since), sep="\n", flush=True)
    if undo.exists():
        print(f"\nTo undo what was applied: make remediate APPLY=1 PLAN={shlex.quote(str(undo))}")
    if failed:
        sys.exit(1)


def _run_remediation(interrupt: terminal.Interrupt, **params: str | bool) -> None:
    """Run the DAG; ends the process with the cause where it fails."""
    terminal.wait_for_turn()
    terminal.before_airflow()
    from lacuna.cli.runner import RunFailed, run_remediation

    terminal.after_airflow()
    try:
        run_remediation(interrupt, **params)
    except RunFailed as failure:
        print(f"\n{failure}", flush=True)
        sys.exit(1)


def _say_where(settings: Settings) -> Account:
    """Print which account, Region and lake the run works in; the account.

    Ends a run that cannot work there.
    """
    from lacuna.aws.session import AccountError
    from lacuna.lake.lake import open_lake

    try:
        lake = open_lake(settings, patient=False)
        lake.check()
    except AccountError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    endpoint = f"{settings.endpoint_url} (AWS_ENDPOINT_URL)" if settings.endpoint_url else "AWS"
    print(
        f"account {lake.account.account_id}, Region {lake.account.region}, "
        f"lake {lake.bucket}, at {endpoint}",
        flush=True,
    )
    return lake.account


def _run_days(settings: Settings, days: list[date], interrupt: terminal.Interrupt) -> list[Part]:
    terminal.wait_for_turn()
    terminal.before_airflow()
    from lacuna.aws.session import AccountError
    from lacuna.cli import summary
    from lacuna.cli.runner import RunFailed, run_day
    from lacuna.lake.athena import QueryFailed
    from lacuna.lake.lake import open_lake

    terminal.after_airflow()
    parts = []
    for day in days:
        since = datetime.now(UTC).date()
        try:
            parts += run_day(day, interrupt)
        except RunFailed as failure:
            print(
                f"\nThe run failed; what was built stays, and running it again is safe.\n{failure}"
            )
            sys.exit(1)
        try:
            of_day = summary.read(open_lake(settings), settings, day, since)
            # of several days only the last is shown in full; check_results has the others
            lines = list(summary.lines(of_day, brief=day != days[-1]))
        except (QueryFailed, AccountError) as error:
            lines = ["", f"{day} was built and checked, but its summary could not be read: {error}"]
        print(*summary.fitted(lines), sep="\n", flush=True)
    print(*summary.fitted(summary.where_next(settings, days[-1])), sep="\n", flush=True)
    return parts


@app.command()
def ask(sql: Annotated[str, typer.Argument(help="One query, in Athena's SQL.")]) -> None:
    """Ask the lake one query; prints its rows, tab-separated, with NULL where there is no value."""
    if not _QUESTION.match(sql):
        print(
            "ask only reads: begin with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN (what"
            " changes the lake is for dbt or Athena's console)",
            file=sys.stderr,
        )
        sys.exit(2)
    from lacuna.aws.session import AccountError
    from lacuna.lake import athena
    from lacuna.lake.lake import open_lake
    from lacuna.text import visible

    try:
        rows = athena.rows(open_lake(Settings.from_env()), sql)
    except (AccountError, athena.QueryFailed) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    header: list[list[str | None]] = [list(row) for row in rows[:1]]
    for line in [*header, *(list(row.values()) for row in rows)]:
        print("\t".join("NULL" if cell is None else visible(str(cell)) for cell in line))
    print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}", file=sys.stderr)


@app.command()
def advise(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="A day (UTC) that was run.")],
    bucket: Annotated[str | None, typer.Option(help="This bucket only.")] = None,
) -> None:
    """Print what to do about each bucket's logging, with the exact call below it where there is one.

    A line that begins with # says what to keep. Exit 1 where nothing could be read, or
    nothing is known of the day or of the bucket.
    """
    wanted = _day(day)
    from lacuna.aws.session import AccountError
    from lacuna.cli import summary
    from lacuna.lake import athena
    from lacuna.lake.lake import open_lake

    try:
        lines = summary.advice(open_lake(Settings.from_env()), wanted, bucket)
    except (AccountError, athena.QueryFailed, summary.NothingKnown) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    print(*lines, sep="\n")


@app.command()
def settings() -> None:
    """List every setting: its value, where the value comes from, and what it means."""
    table = Table("setting", "value", "origin", "meaning", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a cut value is a wrong value
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    for row in Settings.from_env().rows():
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:  # whoever reads a file or a pipe has no width
        wide = console.options.update(max_width=100_000)
        console.width = Measurement.get(console, wide, table).maximum
    console.print(table)


def main() -> None:
    """Do what the arguments say and end the process."""
    try:
        app()
    except SettingsError as error:
        print(error, file=sys.stderr)
        terminal.end(2)
    except SystemExit as done:
        if not isinstance(done.code, int):
            raise
        terminal.end(done.code)
