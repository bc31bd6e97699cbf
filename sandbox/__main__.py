"""The command line of the sandbox: serve it, run the demo in it, look around in it."""

from __future__ import annotations

import enum
import signal
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from sandbox.athena.trino.coordinator import NoCoordinator
from sandbox.process import PortTaken, refuse_taken

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Seed = Annotated[int, typer.Option(help="The same seed gives the same account.")]
Requests = Annotated[int, typer.Option(min=1, help="About how many requests the account saw.")]
Days = Annotated[int, typer.Option(min=1, help="Delivery days of history, ending yesterday.")]


class Account(enum.StrEnum):
    simulated = "simulated"
    empty = "empty"


class Engine(enum.StrEnum):
    duckdb = "duckdb"
    trino = "trino"


Engines = Annotated[
    Engine, typer.Option(envvar="ENGINE", help="What runs the SQL; trino needs a JDK 24.")
]


@app.callback()
def sandbox() -> None:
    """AWS on this machine: moto's control plane, an Athena that runs SQL, a simulated account."""
    # ended from outside or by Ctrl-C, it takes along what it started
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 5000,
    account: Account = Account.simulated,
    seed: Seed = 7,
    requests: Requests = 20_000,
    days: Days = 4,
    engine: Engines = Engine.duckdb,
    truth: Annotated[Path, typer.Option(help="Where to write what was planted.")] = Path(
        ".lacuna/truth.json"
    ),
) -> None:
    """Serve the sandbox until interrupted; prints the exports a client needs, then `sandbox ready`."""
    from sandbox.account import simulate
    from sandbox.athena import server

    refuse_taken(port, "make sandbox PORT")
    with server.Sandbox(port=port, engine=getattr(server, engine)) as box:
        print("The sandbox answers on this machine only and takes any credentials.")
        of = simulated_environment if account is Account.simulated else client_environment
        for name, value in of(box.url).items():
            print(f"export {name}={value}")
        if account is Account.simulated:
            print(f"writing the simulated account (seed {seed}) …", flush=True)
            try:
                planted = simulate(box.url, seed, requests, yesterday(), days)
            except KeyboardInterrupt:
                print("\nInterrupted: the sandbox is gone.")
                sys.exit(128 + signal.SIGINT)
            truth.parent.mkdir(parents=True, exist_ok=True)
            truth.write_text(planted.to_json())
            print(f"what was planted: {truth}")
            first = yesterday() - timedelta(days=days - 1)
            # most that is planted lies before the last day
            begin = max(first, yesterday() - timedelta(days=1))
            print(f"its days: {first} to {yesterday()}; begin with make run DAY={begin}")
        print("sandbox ready", flush=True)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        stop.wait()


@app.command()
def demo(seed: Seed = 7, requests: Requests = 20_000, days: Days = 4) -> None:
    """The main job end to end: exit 1 where the verdicts differ from what was planted."""
    from sandbox import demo as page

    try:
        sys.exit(page.run(seed, requests, yesterday(), days))
    except KeyboardInterrupt:
        print("\nInterrupted: the sandbox is gone; `make demo` starts from an empty one.")
        sys.exit(128 + signal.SIGINT)


@app.command()
def up(seed: Seed = 7, requests: Requests = 20_000, days: Days = 4, port: int = 8080) -> None:
    """Airflow's scheduler and UI beside a sandbox, with the runs of the simulated days."""
    from sandbox.up import up as serve_airflow

    serve_airflow(seed, requests, yesterday(), days, port)


def client_environment(url: str) -> dict[str, str]:
    """What a client needs to talk to the sandbox instead of AWS."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def simulated_environment(url: str) -> dict[str, str]:
    """The same where the sandbox holds the simulated account, and what that account has set."""
    from sandbox.account.buckets import INVENTORY

    return {**client_environment(url), "LACUNA_SENSITIVITY_TABLE": INVENTORY}


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


if __name__ == "__main__":
    try:
        app()
    except (NoCoordinator, PortTaken) as error:
        sys.exit(str(error))
