"""The last page of the demo: the comparison as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lacuna.text import visible
from sandbox.demo.comparison import Comparison, Completeness, PlantedFault, Verdict

NEXT = """
make up            Airflow's UI with the runs of these days, their logs, the assets
make demo SEED=8   the same faults in another account
make sandbox       this account again, to ask it questions. In a second terminal,
                   paste the export lines that it prints, then:

  make run DAY={day}

                   and ask:

  make ask SQL="select bucket_name, hour, data_event_requests
       from lacuna.fct_delivery_hours
       where event_date = date '{day}' and status = 'missing'"
"""


def show(console: Console, comparison: Comparison, seconds: Mapping[str, float], day: str) -> None:
    """Print everything; `day` is one that is worth a question."""
    for table in (
        _verdicts(comparison.verdicts),
        _faults(comparison.faults),
        _completeness(comparison.completeness),
        _times(seconds),
    ):
        console.print()
        console.print(table)
    _unplanted(console, comparison.unplanted)
    _conclusion(console, comparison)
    console.print(Text("What to try next", style="bold"))
    console.print(Text(NEXT.format(day=day)))


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    table = _table("Is access logged? Every bucket's verdict")
    table.add_column("bucket", overflow="fold")
    table.add_column("verdict", overflow="fold")
    table.add_column("as planted")
    table.add_column("why", overflow="fold")
    for verdict in verdicts:
        table.add_row(
            _text(verdict.bucket_name),
            _text(_by_day(verdict.found)),
            _yes() if verdict.agrees else _no(f"no: {_by_day(verdict.planted)}"),
            _text(verdict.why),
        )
    return table


def _by_day(verdicts: Mapping[str, str]) -> str:
    """One word if every day has the same verdict, else the days with each."""
    words = dict.fromkeys(verdicts[day] for day in sorted(verdicts))
    if len(words) <= 1:
        return "".join(words) or "none"
    days = {word: [day[5:] for day in sorted(verdicts) if verdicts[day] == word] for word in words}
    return ", ".join(f"{word} ({' '.join(days[word])})" for word in words)


def _faults(faults: Sequence[PlantedFault]) -> Table:
    table = _table("What was planted, and where it is seen")
    table.add_column("planted", overflow="fold")
    table.add_column("found")
    table.add_column("where", overflow="fold")
    for fault in faults:
        table.add_row(
            _text(f"{fault.fault_id.replace(':', ' ')}: {fault.note}"),
            _yes("found") if fault.found else _no("not found"),
            _text("\n".join(fault.where)),
        )
    return table


def _completeness(rows: Sequence[Completeness]) -> Table:
    table = _table("Did the logs arrive? Every bucket's hours, and the least complete of them")
    table.add_column("bucket", overflow="fold")
    table.add_column("hours", overflow="fold")
    table.add_column("records", justify="right")
    table.add_column("access log", justify="right")
    table.add_column("events", justify="right")
    for row in rows:
        table.add_row(
            _text(row.bucket_name),
            _text(", ".join(f"{number} {status}" for status, number in row.hours.items())),
            f"{row.requests:,}",
            _share(row.access_log),
            _share(row.data_events),
        )
    return table


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _times(seconds: Mapping[str, float]) -> Table:
    table = _table("How long it took")
    table.add_column("part", overflow="fold")
    table.add_column("seconds", justify="right")
    for part, spent in seconds.items():
        table.add_row(_text(part), f"{spent:.1f}")
    table.add_row("together", f"{sum(seconds.values()):.1f}")
    return table


def _unplanted(console: Console, findings: Iterable[str]) -> None:
    findings = list(findings)
    console.print(Text("\nFindings that were not planted", style="bold"))
    for finding in findings:
        console.print(_text(f"  {finding}"), style="red")
    if not findings:
        console.print("  none")
    console.print()


def _conclusion(console: Console, comparison: Comparison) -> None:
    found = sum(fault.found for fault in comparison.faults)
    right = sum(verdict.agrees for verdict in comparison.verdicts)
    console.print(
        f"{found} of {len(comparison.faults)} planted faults found, "
        f"{right} of {len(comparison.verdicts)} buckets as planted, "
        f"{len(comparison.unplanted)} findings that were not planted.",
        style="bold green" if comparison.agrees else "bold red",
        highlight=False,
    )
    console.print()


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def _text(text: Any) -> Text:
    """Text as it is: no markup of its own, and nothing that a terminal would act upon."""
    return Text("\n".join(visible(line) for line in str(text).split("\n")))


def _yes(word: str = "yes") -> Text:
    return Text(word, style="green")


def _no(words: str) -> Text:
    return Text(visible(words), style="bold red")
