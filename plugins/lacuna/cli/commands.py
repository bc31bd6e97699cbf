"""The commands of `python -m lacuna`, which the Makefile calls.

run, findings, costs, rollback, remediate, ask, who, backtest, advise, doctor and settings. Airflow is
imported late, because it takes seconds.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lacuna.aws.session import Account, AccountError, AwsError, Region, explained, find_region
from lacuna.cli import advice, answers, remediation, summary, terminal
from lacuna.cli import ask as questions
from lacuna.cli import backtest as trials
from lacuna.cli import costs as run_costs
from lacuna.cli import who as callers
from lacuna.cli.saved_queries import WrongQuestion
from lacuna.day import DayError, named_day
from lacuna.lake.athena import QueryFailed
from lacuna.lake.lake import Lake, open_lake
from lacuna.remedy.plans import PlanError
from lacuna.settings import Settings, SettingsError
from lacuna.steps import backtest as tried
from lacuna.steps import doctor as steps
from lacuna.steps import publish_day
from lacuna.steps.build import BuildFailed
from lacuna.tables.published import version_in_words
from lacuna.text import visible

if TYPE_CHECKING:
    from lacuna.cli.runner import TaskTime

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # breaks the lines of a help text to the width of the terminal
)


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
        Path | None, typer.Option(help="JSON file for the start and the seconds of each task.")
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Replace what was read of a day, even if some of its logs are gone.",
        ),
    ] = False,
) -> None:
    """Run the four daily DAGs for the given days, against the AWS that the environment points to.

    The exit code is 0 whatever the verdicts are. It is 1 if the run itself failed; the cause is
    printed.
    """
    with _one_message():
        delivery_days = [named_day(text, "the day") for text in days]
        settings = Settings.from_env()
        with terminal.Interrupt() as interrupt:
            # before Airflow starts: a wrong setting or account costs no time and writes nothing
            account = _check_account(settings)
            settings = replace(settings, region=account.region)
            times = _run_days(settings, delivery_days, interrupt, accept_loss=accept_loss)
    if timings:
        rows = [
            {
                "day": str(task.day),
                "dag": task.dag_id,
                "task": task.task_id,
                "seconds": task.seconds,
                "started_at": task.started_at.isoformat(),
            }
            for task in times
        ]
        timings.write_text(json.dumps(rows, indent=1))


@app.command()
def remediate(
    plan: Annotated[
        Path | None,
        typer.Option(help="File of the plan. Default without --apply: .lacuna/remediation.json"),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the plan of the file instead of making one.")
    ] = False,
) -> None:
    """Make a plan that repairs the logging of buckets, and show it; change nothing without --apply.

    The exit code is 0 if the plan was made, or was applied completely. It is 1 if a change was not
    made, and 2 if there is no plan to apply.
    """
    with _one_message():
        if apply and plan is None:
            raise PlanError(remediation.NO_PLAN)
        path = (plan or remediation.DEFAULT_PLAN).absolute()
        settings = Settings.from_env()
        with terminal.Interrupt(remediation.INTERRUPTED) as interrupt:
            # before Airflow starts: a file without a plan for this account costs no time
            if apply:
                to_apply = remediation.read_to_apply(path)
                account = _check_account(settings)
                remediation.apply_plan(settings, account, path, to_apply, interrupt)
            elif existing := remediation.existing_plan(path, named=plan is not None):
                remediation.show_existing(path, existing)
            else:
                _check_account(settings)
                remediation.make_plan(path, interrupt)


@app.command()
def findings(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="A day (UTC) that was run.")],
) -> None:
    """Print the summary of a day's last run again, without running it.

    The exit code is 1 if the lake could not be read, or if the day was not run.
    """
    with _one_message():
        delivery_day = named_day(day, "the day")
        settings = Settings.from_env()
        lake = open_lake(settings, "findings")
        of_day = summary.read(lake, settings, delivery_day, delivery_day)
        if not of_day.checks:
            raise advice.NothingKnown(f"{day} was not run. To run it: make run DAY={day}")
    _print_lines([*summary.lines(of_day), *summary.where_next(settings, delivery_day)])


@app.command()
def costs(
    day: Annotated[
        str | None, typer.Argument(metavar="YYYY-MM-DD", help="A day (UTC) that was run.")
    ] = None,
    format: Annotated[answers.Format, typer.Option()] = answers.Format.TABLE,
) -> None:
    """Print what Athena charges for a day's run by step and model, the most expensive first.

    Without a day: the last days by step. Standard error says what is unknown. The exit code is 1 if
    the lake could not be read, or if no run has counted the costs.
    """
    with _one_message():
        delivery_day = named_day(day, "the day") if day else None
        settings = Settings.from_env()
        rows = run_costs.read(open_lake(settings, "costs"), delivery_day)
    run_costs.show(rows, settings, format)


@app.command()
def rollback(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="A day (UTC) of the marts.")],
) -> None:
    """Show readers the marts of a day as they were before they last changed. Again takes it back.

    The exit code is 1 if there is no such version, or not any more.
    """
    with _one_message():
        restored = publish_day.rollback(Settings.from_env(), named_day(day, "the day"))
    for change in restored:
        now, before = map(version_in_words, (change.after, change.before))
        print(f"{change.table}: {now}, and no longer {before}")
    print(
        f"The marts of {day} are shown so now; findings stay those of the newest run. The same command "
        "takes it back, and the next run that builds the day publishes it anew."
    )


@app.command()
def ask(
    sql: Annotated[str | None, typer.Argument(help="One query, in Athena's SQL.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="File that holds the query; - is standard input.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="Name of a saved query.")] = None,
    params: Annotated[
        str | None,
        typer.Option(help="Its parameters: name=value, between blanks, quoted as in a shell."),
    ] = None,
    format: Annotated[
        answers.Format | None,
        typer.Option(help="Default: a table on a terminal, else separated by tabs."),
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="Show the saved queries and their parameters.")
    ] = False,
) -> None:
    """Ask the lake one query, and print its rows. Tables without a database are those of `lacuna`.

    A table on a terminal cuts long values with …; the other formats have every value whole. What a
    stranger wrote can do no harm in any format. Standard error says what the query read and names
    the days of the query that were not run, because such a day has no rows, or only those that runs
    of other days built. The exit code is 1 if Athena did not run the query, and 2 if it was not
    sent, because it is not clear or does not only read.
    """
    if list_all:
        _print_lines(list(questions.listing()))
        return
    with _one_message():
        asked = questions.question(sql, file, query, params)
        lake = open_lake(Settings.from_env(), "ask")
        found = questions.answer(lake, asked)
        number = answers.show(found, format)
        sys.stdout.flush()
        print(*questions.defaults(asked), questions.cost(found, number), sep="\n", file=sys.stderr)
        _print_unknown_bucket(lake, asked, number)
        named = [f"'{day}'" for day in asked.days]
        _print_days_not_run(answers.days_not_run(lake, " ".join([asked.query.sql, *named])))


@app.command()
def who(
    bucket: Annotated[str, typer.Argument(help="Name of the bucket.")],
    prefix: Annotated[str | None, typer.Option(help="How the keys begin.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, UTC. Default: yesterday.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Last day, UTC. Default: the first day.")
    ] = None,
    format: Annotated[
        answers.Format | None,
        typer.Option(help="Default: a table on a terminal, else separated by tabs."),
    ] = None,
) -> None:
    """Print who read, wrote, deleted or was refused in a bucket, and how much of that was seen.

    The sentence about what was seen is on standard error, and so are the days that were not run. The
    exit codes are those of ask.
    """
    with _one_message():
        given = {"prefix": prefix, "since": since, "until": until}
        asked, hours = callers.questions(bucket, given)
        lake = open_lake(Settings.from_env(), "ask")
        found = questions.answer(lake, asked)
        number = answers.show(found, format)
        sys.stdout.flush()
        print(*questions.defaults(asked), questions.cost(found, number), sep="\n", file=sys.stderr)
        print(callers.completeness(lake, hours, bucket), file=sys.stderr)
        _print_unknown_bucket(lake, asked, number)
        named = " ".join(f"'{day}'" for day in asked.days)
        _print_days_not_run(answers.days_not_run(lake, named))


@app.command()
def backtest(
    detection: Annotated[str, typer.Argument(help="Name of the detection.")],
    since: Annotated[str, typer.Option(help="First day, UTC.")],
    until: Annotated[
        str | None, typer.Option(help="Last day, UTC. Default: the first day.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="What is tried, as setting=value: floor=500. Can be repeated."),
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(help="Refuse to read files that are larger than this.")
    ] = None,
) -> None:
    """Try a detection with other settings on days that are in the lake.

    Prints how large the files are that it reads, then the findings of each day, and which of them
    are new or would be gone. It writes nothing into the marts. The exit code is 1 if the files are
    larger than `--max-bytes` or the lake could not be read, and 2 if the settings are not clear.
    """
    with _one_message():
        trial = trials.trial(detection, since, until, set_ or [])
        chosen = Settings.from_env()
        lake = open_lake(chosen, "backtest")
        prepared = tried.prepare(lake, chosen, trial)
        print(trials.announcement(trial, prepared), flush=True)
        if max_bytes is not None and prepared.most_bytes > max_bytes:
            raise advice.NothingKnown(f"that is more than {max_bytes:,} bytes: nothing was read")
        answer = tried.answer(lake, prepared)
        found = trials.rows(answer)
        not_run = answers.days_not_run(lake, f"'{trial.since}' '{trial.until}'")
    _print_lines([*trials.lines(trial, found), trials.end(found, answer)])
    _print_days_not_run(not_run)


def _print_unknown_bucket(lake: Lake, asked: questions.Question, rows: int) -> None:
    for line in () if rows else questions.unknown_bucket(lake, asked):
        print(line, file=sys.stderr)


def _print_days_not_run(days: Sequence[date]) -> None:
    today = datetime.now(UTC).date()
    if days and days[0] >= today:
        print(f"not run: {answers.spans(days)}. No day of them is over (UTC).", file=sys.stderr)
    elif days:
        print(
            f"not run: {answers.spans(days)}. Such a day has only rows that runs of other days built: "
            f"that there is no row proves nothing. To run it: make run DAY={days[0]}",
            file=sys.stderr,
        )


@app.command()
def advise(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="A day (UTC) that was run.")],
    bucket: Annotated[str | None, typer.Option(help="This bucket only.")] = None,
) -> None:
    """Print what to do about the logging of each bucket, the worst verdict first.

    The exact call follows if there is one. A line that begins with # says what to keep. The exit
    code is 1 if the lake could not be read, or holds nothing about the day or the bucket.
    """
    with _one_message():
        event_day = named_day(day, "the day")
        lake = open_lake(Settings.from_env(), "advise")
        lines = advice.read(lake, event_day, bucket)
        not_run = answers.days_not_run(lake, f"'{event_day}'")
    print(*lines, sep="\n")
    _print_days_not_run(not_run)


@app.command()
def doctor() -> None:
    """Try what the run's role may do, and what AWS's documentation leaves open.

    Works in the account that the environment points to. Writes a scratch folder of the lake, which
    it removes, and its results into lacuna_evidence.doctor_results. The exit code is 1 if a call was
    denied or failed, and 0 if AWS only differs from what Lacuna expects: it says what Lacuna does
    then.
    """
    with _one_message():
        chosen = Settings.from_env()
        lake = open_lake(chosen, "doctor", patient=False)
        print(f"account {lake.account.account_id}, Region {lake.account.region}: {steps.COST}")
        outcomes: Counter[str] = Counter()
        for tried in steps.examine(lake, chosen):
            outcomes[tried.outcome] += 1
            print(f"{tried.outcome:<9}  {tried.probe}: {visible(tried.observed)}", flush=True)
            if tried.then:
                print(f"           then: {tried.then}", flush=True)
    print(", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common()))
    sys.exit(1 if outcomes["denied"] or outcomes["failed"] else 0)


@app.command()
def settings() -> None:
    """List every setting: its value, where the value comes from, and what it means."""
    table = Table("setting", "value", "origin", "meaning", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a value that is cut off is a wrong value
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    chosen = Settings.from_env()
    try:
        region = find_region(chosen)
    except AwsError as error:
        region = Region("", f"none: {explained(error)}")
    found = {"region": (region.name, region.origin)} if region else {}
    for row in chosen.rows(**found):
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:  # a file or a pipe has no width
        wide = console.options.update(max_width=100_000)
        console.width = Measurement.get(console, wide, table).maximum
    with console.capture() as printed:
        console.print(table)
    print(*(line.rstrip() for line in printed.get().splitlines()), sep="\n")


@contextmanager
def _one_message() -> Iterator[None]:
    """End the process with one message, without a traceback, if the command cannot go on."""
    try:
        yield
    except (DayError, PlanError, WrongQuestion) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (
        AccountError,
        BuildFailed,
        QueryFailed,
        advice.NothingKnown,
        publish_day.NoVersion,
    ) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _check_account(settings: Settings) -> Account:
    """Check that the run can work in its account, Region and lake, and print them."""
    lake = open_lake(settings, patient=False)
    lake.check()
    endpoint = f"{settings.endpoint_url} (AWS_ENDPOINT_URL)" if settings.endpoint_url else "AWS"
    print(
        f"account {lake.account.account_id}, Region {lake.account.region}, "
        f"lake {lake.bucket}, at {endpoint}",
        flush=True,
    )
    return lake.account


def _run_days(
    settings: Settings, days: list[date], interrupt: terminal.Interrupt, *, accept_loss: bool
) -> list[TaskTime]:
    """Run each day and print its summary; end the process if a run fails."""
    with terminal.loading_airflow():
        from lacuna.cli import runner

    times: list[TaskTime] = []
    for day in days:
        since = datetime.now(UTC).date()
        try:
            times += runner.run_day(day, interrupt, accept_loss=accept_loss)
        except runner.RunFailed as failure:
            if failure.is_reported:
                _print_lines(_summary_lines(settings, day, since, brief=False))
            print(
                f"\nThe run failed. What was built stays, and running it again is safe.\n{failure}"
            )
            sys.exit(1)
        # of several days only the last is shown in full; check_results has the others
        _print_lines(_summary_lines(settings, day, since, brief=day != days[-1]))
    _print_lines(summary.where_next(settings, days[-1]))
    return times


def _summary_lines(settings: Settings, day: date, since: date, *, brief: bool) -> list[str]:
    try:
        of_day = summary.read(open_lake(settings, "summary", day), settings, day, since)
    except (QueryFailed, AccountError) as error:
        return ["", f"the summary of {day} could not be read: {error}"]
    return list(summary.lines(of_day, brief=brief))


def _print_lines(lines: list[str]) -> None:
    print(*terminal.fitted(lines), sep="\n", flush=True)


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
