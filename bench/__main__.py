"""`python -m bench`: measure Lacuna and its peers on this machine, and write docs/bench.md."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bench.growth import growth_section
from bench.large_day import large_day_section
from bench.posture import posture_section
from bench.small_day import small_day_section
from bench.usage import GIB, measure
from sandbox.process import INTERRUPTED, REPO, interrupt_once

REPORT = REPO / "docs" / "bench.md"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def bench(
    requests: Annotated[
        int, typer.Option(min=1, help="Requests of the large day, approximately.")
    ] = 1_110_000,
    buckets: Annotated[int, typer.Option(min=30, help="Buckets of the large account.")] = 1000,
    report: Annotated[
        Path, typer.Option(help="The Markdown file to write.", show_default="docs/bench.md")
    ] = REPORT,
) -> None:
    """Measure the demo, a day of a million log lines, an account of 1,000 buckets, and growth.

    It takes about 25 minutes and 4 GiB of memory. The peers are measured if they are installed:
    GoAccess on PATH, Prowler and Cloud Custodian on PATH or in the virtual environments that the
    variables PROWLER and CUSTODIAN name. A real Trino is measured if there are a JDK and Maven.
    A section that fails says so, the others are written, and the exit code is 1.
    """
    interrupt_once()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    parts: list[tuple[str, Callable[[], list[str]]]] = [
        ("the demo after set-up", demo_section),
        ("a day of a small account", partial(small_day_section, yesterday)),
        (f"a day of {requests:,} requests", partial(large_day_section, requests, yesterday)),
        (f"an account of {buckets:,} buckets", partial(posture_section, buckets)),
        ("growth", partial(growth_section, yesterday)),
    ]
    try:
        sections = [section(title, measured) for title, measured in parts]
    except KeyboardInterrupt:
        print("\nInterrupted. No report was written.")
        sys.exit(INTERRUPTED)
    text = "\n".join([heading(), *(line for lines, _ in sections for line in lines)]) + "\n"
    report.parent.mkdir(exist_ok=True)
    report.write_text(text)
    print(text)
    if not all(ok for _, ok in sections):
        sys.exit(1)


def section(title: str, measured: Callable[[], list[str]]) -> tuple[list[str], bool]:
    """Return a section of the report, and whether it could be measured; if not, it says why."""
    print(f"measuring {title} …", flush=True)
    try:
        return measured(), True
    except Exception as error:  # noqa: BLE001  the other sections are still worth their minutes
        traceback.print_exc()
        cause = str(error) or type(error).__name__
        return [f"## {title[0].upper()}{title[1:]}\n", f"**Not measured:** {cause}\n"], False


def heading() -> str:
    """Return the title of the report, with the date and the machine."""
    today = datetime.now(UTC).date()
    return (
        "# Measured\n\n"
        f"Written by `make bench` on {today}: {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, one run on one machine: "
        "the ratios carry over, the seconds do not.\n"
    )


def demo_section() -> list[str]:
    """Measure `make demo` after its installation."""
    with tempfile.TemporaryDirectory(prefix="lacuna-bench-") as folder:
        usage = measure([sys.executable, "-m", "sandbox", "demo"], os.environ, Path(folder, "log"))
    return [
        "## The demo after set-up\n",
        "| figure | measured | bound |",
        "|---|---|---|",
        f"| wall time of `make demo` | {usage.wall:.0f} s | 240 s |",
        f"| peak memory, all processes | {usage.peak / GIB:.1f} GiB | 4 GiB |",
        f"| exit code | {usage.exit_code} | 0 |",
        "",
    ]


if __name__ == "__main__":
    app()
