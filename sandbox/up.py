"""`make up`: Airflow's own scheduler and UI beside a sandbox, with the simulated days' runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from datetime import date, timedelta
from pathlib import Path

from sandbox.process import REPO, refuse_taken, running, serving


class AirflowDied(RuntimeError):
    """Airflow ended, or was not healthy in time; the message says where its log is."""


def up(seed: int, requests: int, until: date, days: int, port: int) -> None:
    """Serve until interrupted; prints where to look."""
    refuse_taken(port, "make up UI_PORT")  # before anything is deleted: it may be our own
    options = ("--seed", str(seed), "--requests", str(requests), "--days", str(days))
    with serving(*options, echo=True) as environment:
        home = fresh_home()
        environment["AIRFLOW_HOME"] = str(home)
        url = f"http://127.0.0.1:{port}"
        environment.update(standalone_environment(url, port))
        log = home / "standalone.log"
        with running(["airflow", "standalone"], environment, log) as airflow:
            print(f"starting Airflow (log: {os.path.relpath(log)}) …", flush=True)
            wait_until_healthy(url, airflow, log)
            backfill(until - timedelta(days=days - 1), until, environment)
            print(f"\nAirflow   {url}   (no login needed)")
            print(f"sandbox   {environment['AWS_ENDPOINT_URL']}")
            print(f"{days} days are being run now: {until - timedelta(days=days - 1)} to {until}.")
            print("Look at the assets' graph, a run's logs; Ctrl-C ends everything.", flush=True)
            try:
                airflow.wait()
            except KeyboardInterrupt:
                print("\nending …")


def fresh_home() -> Path:
    """An Airflow home that knows of no run: a new sandbox has none, whatever ran before."""
    home = REPO / ".lacuna" / "up"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home


def standalone_environment(url: str, port: int) -> dict[str, str]:
    """What `airflow standalone` needs to stay on loopback, on this port, without a login."""
    return {
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__API__WORKERS": "1",
    }


def wait_until_healthy(
    url: str, process: subprocess.Popen[str], log: Path, patience: float = 180.0
) -> None:
    """Return once the api-server answers that the scheduler is healthy."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:
                if b'"scheduler":{"status":"healthy"' in answer.read().replace(b" ", b""):
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(1)
    raise AirflowDied(f"Airflow is not healthy after {patience:.0f} s; its log: {log}")


def backfill(first: date, last: date, environment: dict[str, str]) -> None:
    """Ask the scheduler for one partition run a day; the other DAGs follow by their assets."""
    subprocess.run(
        ["airflow", "dags", "reserialize"], env=environment, check=True, capture_output=True
    )
    subprocess.run(
        [
            *("airflow", "backfill", "create", "--dag-id", "snapshot_logging_config"),
            # the range is compared with the time of the cron, not with the day
            *("--from-date", str(first), "--to-date", f"{last}T23:59", "--max-active-runs", "1"),
            *("--reprocess-behavior", "completed"),
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
