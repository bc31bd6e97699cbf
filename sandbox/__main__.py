"""The command line of the sandbox: serve it, run the demo, start Airflow beside it."""

from __future__ import annotations

import enum
import signal
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from sandbox.athena.trino.coordinator import NoCoordinator
from sandbox.process import BEGIN, INTERRUPTED, PortTaken, SandboxDied, interrupt_once, refuse_taken
from sandbox.up import AirflowDied
from sandbox.up import up as serve_airflow

PATIENCE = 15  # seconds that the sandbox may take to stop
TRINO_MIB = 64  # of parsed logs, which a statement joins in Trino's 2 GB of heap

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Seed = Annotated[int, typer.Option(help="The same seed makes the same account.")]
Requests = Annotated[
    int, typer.Option(min=1, help="Requests that the account received, approximately.")
]
Days = Annotated[int, typer.Option(min=1, help="Delivery days of history, until yesterday.")]


class Account(enum.StrEnum):
    simulated = "simulated"
    empty = "empty"


class Engine(enum.StrEnum):
    duckdb = "duckdb"
    trino = "trino"


Engines = Annotated[
    Engine, typer.Option(envvar="ENGINE", help="The SQL engine. trino needs a JDK 24.")
]


@app.callback()
def sandbox() -> None:
    """AWS on this machine: moto's control plane, an Athena that runs SQL, a simulated account."""
    interrupt_once()


@app.command()
def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 picks a free one.")
    ] = 5000,
    account: Annotated[Account, typer.Option(help="What the account holds.")] = Account.simulated,
    seed: Seed = 7,
    requests: Requests = 20_000,
    days: Days = 4,
    engine: Engines = Engine.duckdb,
    latency: Annotated[
        float,
        typer.Option(
            min=0, envvar="LATENCY", help="Seconds that each Athena statement takes at least."
        ),
    ] = 0.0,
    truth: Annotated[Path, typer.Option(help="File for the list of what was planted.")] = Path(
        ".lacuna/truth.json"
    ),
) -> None:
    """Serve the sandbox until Ctrl-C. Prints the exports that a client needs, then `sandbox ready`."""
    from sandbox.athena import server

    refuse_taken(port, "make sandbox PORT")
    is_ready = False
    try:
        with server.Sandbox(port, getattr(server, engine), latency) as box:
            try:
                _print_exports(box.url, account, engine)
                if account is Account.simulated:
                    _write_account(box.url, seed, requests, days, truth)
                is_ready = True
                print("sandbox ready", flush=True)
                while True:
                    time.sleep(1)
            except KeyboardInterrupt:
                signal.alarm(PATIENCE)  # ends the process if the clean-up hangs
                raise
    except KeyboardInterrupt:
        print("\nThe sandbox is stopped, and what it held is gone.")
        if not is_ready:
            sys.exit(INTERRUPTED)


def _print_exports(url: str, account: Account, engine: Engine) -> None:
    print("The sandbox answers on this machine only and accepts any credentials.")
    simulated = account is Account.simulated
    environment = simulated_environment(url) if simulated else client_environment(url)
    for name, value in environment.items():
        print(f"export {name}={value}")
    if engine is Engine.trino:
        print(f"export LACUNA_STATEMENT_MIB={TRINO_MIB}")


def _write_account(url: str, seed: int, requests: int, days: int, truth: Path) -> None:
    from sandbox.account import simulate

    print(f"writing the simulated account (seed {seed}) …", flush=True)
    planted = simulate(url, seed, requests, yesterday(), days)
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text(planted.to_json())
    print(f"what was planted: {truth}")
    first = yesterday() - timedelta(days=days - 1)
    # most faults lie before the last day
    begin = max(first, yesterday() - timedelta(days=1))
    print(f"its days: {first} to {yesterday()}")
    print(f"{BEGIN} make run DAY={begin}")


@app.command()
def demo(seed: Seed = 7, requests: Requests = 20_000, days: Days = 4) -> None:
    """Run every day of the simulated account and compare the verdicts with what was planted.

    Exit 1 if they differ.
    """
    from sandbox import demo as page

    try:
        sys.exit(page.run(seed, requests, yesterday(), days))
    except KeyboardInterrupt:
        print("\nInterrupted. The sandbox is stopped; `make demo` starts with a new one.")
        sys.exit(INTERRUPTED)


@app.command()
def up(
    seed: Seed = 7,
    requests: Requests = 20_000,
    days: Days = 4,
    port: Annotated[int, typer.Option(help="The port of Airflow's UI on 127.0.0.1.")] = 8080,
) -> None:
    """Serve Airflow's scheduler and UI beside a sandbox, and run the simulated days in it."""
    try:
        serve_airflow(seed, requests, yesterday(), days, port)
    except KeyboardInterrupt:
        print("\nInterrupted. Airflow and the sandbox are stopped.")
        sys.exit(INTERRUPTED)


def client_environment(url: str) -> dict[str, str]:
    """Return the variables with which a client talks to the sandbox instead of AWS."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def simulated_environment(url: str) -> dict[str, str]:
    """Return the same, plus the settings of the simulated account."""
    from sandbox.account.buckets import INVENTORY, LISTS

    tables = {"LACUNA_SENSITIVITY_TABLE": INVENTORY, "LACUNA_LISTS_TABLE": LISTS}
    return {**client_environment(url), **tables}


def yesterday() -> date:
    """Return the last UTC day that is over."""
    return datetime.now(UTC).date() - timedelta(days=1)


if __name__ == "__main__":
    try:
        app()
    except (AirflowDied, NoCoordinator, PortTaken, SandboxDied) as error:
        sys.exit(str(error))
