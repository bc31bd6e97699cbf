"""`make up`: Airflow's own scheduler and UI beside a sandbox, with runs of the simulated days."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date, timedelta
from pathlib import Path

from sandbox.process import REPO, refuse_taken, running, serving


class AirflowDied(RuntimeError):
    """Airflow ended or was not healthy in time; the message names its log."""


def up(seed: int, requests: int, until: date, days: int, port: int) -> None:
    """Serve until Ctrl-C; prints the addresses of the UI and of the sandbox."""
    refuse_taken(port, "make up UI_PORT")  # first: `make up` may run already, and uses the folder
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
            print(f"\nAirflow   {url}   (no login)")
            print(f"sandbox   {environment['AWS_ENDPOINT_URL']}")
            print(f"Airflow runs {days} days now: {until - timedelta(days=days - 1)} to {until}.")
            print("The UI shows the asset graph and each run's logs. Ctrl-C stops everything.")
            sys.stdout.flush()
            try:
                airflow.wait()
            except KeyboardInterrupt:
                print("\nstopping …", flush=True)
                return
        raise AirflowDied(f"Airflow ended with exit code {airflow.returncode}; its log: {log}")


def fresh_home() -> Path:
    """Return an empty Airflow home: a new sandbox has no runs."""
    home = REPO / ".lacuna" / "up"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home


def standalone_environment(url: str, port: int) -> dict[str, str]:
    """Return the settings that keep `airflow standalone` on loopback, on one port, without a login."""
    return {
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__API__WORKERS": "1",
    }


def wait_until_healthy(
    url: str, process: subprocess.Popen[str], log: Path, patience: float = 600.0
) -> None:
    """Return when the API server reports that the scheduler is healthy; raise AirflowDied otherwise."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AirflowDied(f"Airflow ended with exit code {process.returncode}; its log: {log}")
        try:
            with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:
                if b'"scheduler":{"status":"healthy"' in answer.read().replace(b" ", b""):
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(1)
    raise AirflowDied(f"Airflow is not healthy after {patience:.0f} s; its log: {log}")


def backfill(first: date, last: date, environment: dict[str, str]) -> None:
    """Ask the scheduler for one partition run per day; assets trigger the other DAGs."""
    subprocess.run(
        ["airflow", "dags", "reserialize"], env=environment, check=True, capture_output=True
    )
    subprocess.run(
        [
            *("airflow", "backfill", "create", "--dag-id", "snapshot_logging_config"),
            # Airflow compares the range with the time of the schedule, not with the day
            *("--from-date", str(first), "--to-date", f"{last}T23:59", "--max-active-runs", "1"),
            *("--reprocess-behavior", "completed"),
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
