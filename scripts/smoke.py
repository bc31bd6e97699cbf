"""`make smoke`: the commands of both Compose files outside Docker, on a real PostgreSQL.

For each file: starts PostgreSQL (from Debian's packages, which it installs if it is root), then each service's
command with the service's environment. Waits until the scheduler has run all four DAGs of one
delivery day, each triggered by its assets.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import compose
import psycopg

from sandbox.process import INTERRUPTED, REPO, interrupt_once, running
from sandbox.up import backfill, wait_until_healthy

PATIENCE = 900.0  # seconds; an idle machine needs two minutes
DAGS = 4


# The production file names no auth manager; here nobody logs in
PRODUCTION = {
    "AIRFLOW_AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager."
    "SimpleAuthManager",
    "AIRFLOW_FERNET_KEY": "c21va2Utc21va2Utc21va2Utc21va2Utc21va2Utc20=",
    "AIRFLOW_JWT_SECRET": "jwt-" * 10,
    "AIRFLOW_API_SECRET": "api-" * 10,
    "IMAGE_TAG": "smoke",
}
SECRETS = {"LACUNA_SECRET": "smoke" * 8, "POSTGRES_PASSWORD": "smoke"}


def main() -> None:
    """Run the services of both files until one delivery day is done; exit 1 if one fails."""
    look, production = "docker-compose.yml", "docker-compose.production.yml"
    run(look, {}, sandbox_of=look)
    run(production, PRODUCTION, sandbox_of=look)


def run(file: str, variables: dict[str, str], sandbox_of: str) -> None:
    """Run the services of one file; the sandbox stands for AWS."""
    ports = {5432: free_port(), 5000: free_port(), 8080: free_port()}
    day = datetime.now(UTC).date() - timedelta(days=1)
    with tempfile.TemporaryDirectory(prefix="lacuna-smoke-") as home, ExitStack() as stack:
        sandbox_services = read_services(sandbox_of, {}, ports, Path(home))
        of_sandbox = {
            name: str(value)
            for name, value in sandbox_services["scheduler"]["environment"].items()
            if name.startswith("AWS_") and value is not None
        }
        services = read_services(file, of_sandbox | variables, ports, Path(home))
        services["sandbox"] = sandbox_services["sandbox"]
        stack.enter_context(postgres(ports[5432], services["migrate"]["environment"]))
        logs = Path(home)

        def environment_of(name: str) -> dict[str, str]:
            given = services[name].get("environment") or {}
            kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
            return kept | {key: value for key, value in given.items() if value is not None}

        def start(name: str) -> subprocess.Popen[str]:
            log = logs / f"{name}.log"
            return stack.enter_context(
                running(services[name]["command"], environment_of(name), log)
            )

        sandbox = start("sandbox")
        if start("migrate").wait(PATIENCE):
            sys.exit(f"airflow db migrate failed:\n{(logs / 'migrate.log').read_text()}")
        say(f"{file}: PostgreSQL is migrated")
        apiserver = start("apiserver")
        start("scheduler")
        start("dag-processor")
        url = f"http://127.0.0.1:{ports[8080]}"
        wait_until_healthy(url, apiserver, logs / "apiserver.log", PATIENCE)
        say("api-server and scheduler are healthy")
        wait_for(lambda: "sandbox ready" in (logs / "sandbox.log").read_text(), sandbox)
        environment = environment_of("scheduler")
        backfill(day, day, environment)
        connection = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
        wait_for(lambda: are_done(connection, str(day), logs / "logs"), apiserver)
        say(f"{file}: all {DAGS} DAGs ran for {day}, triggered by their assets")


def read_services(
    file: str, variables: dict[str, str], ports: dict[int, int], home: Path
) -> dict[str, dict]:
    """Return the services as Compose reads them, with free ports and this checkout's paths."""
    binary = Path(compose.__file__).parent / "docker-compose"
    done = subprocess.run(
        [binary, "--file", REPO / file, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"]} | SECRETS | variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = done.stdout.replace("/opt/lacuna/.lacuna/airflow", str(home))
    text = text.replace("/opt/lacuna", str(REPO))
    # outside Docker no service has a host name
    text = text.replace("@postgres:", "@127.0.0.1:").replace("//apiserver:", "//127.0.0.1:")
    for ours, free in ports.items():
        text = text.replace(f":{ours}", f":{free}").replace(f'"{ours}"', f'"{free}"')
    return json.loads(text)["services"]


@contextmanager
def postgres(port: int, environment: dict[str, str]) -> Iterator[None]:
    """Run PostgreSQL with the user, password and database that the environment names."""
    binaries = find_postgres()
    password = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].split(":")[2].split("@")[0]
    # PostgreSQL refuses to run as root
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="lacuna-postgres-") as folder:
        data, secret = Path(folder) / "data", Path(folder) / "password"
        secret.write_text(password)
        if as_postgres:
            shutil.chown(folder, "postgres")
            shutil.chown(secret, "postgres")
        subprocess.run(
            [*as_postgres, binaries / "initdb", "--pgdata", data, "--username", "airflow",
             "--pwfile", secret, "--auth", "scram-sha-256"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        command = [*as_postgres, str(binaries / "postgres"), "-D", str(data), "-p", str(port),
                   "-h", "127.0.0.1", "-k", folder]  # fmt: skip
        with running(command, dict(os.environ), Path(folder) / "postgres.log") as server:
            admin = f"postgresql://airflow:{password}@127.0.0.1:{port}/postgres"
            wait_for(lambda: answers(admin), server)
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute("create database airflow")
            say(f"PostgreSQL listens on {port}")
            yield


def find_postgres() -> Path:
    """Return the folder of PostgreSQL's commands; install them if this is root on Debian."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders and os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing PostgreSQL from Debian's packages")
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "postgresql"], check=True,
                       stdout=subprocess.DEVNULL, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        sys.exit("PostgreSQL is needed: apt-get install postgresql")
    return folders[-1]


def answers(connection: str) -> bool:
    """Whether the database accepts connections."""
    try:
        psycopg.connect(connection, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def are_done(connection: str, partition_key: str, logs: Path) -> bool:
    """Whether every DAG has a successful run for the partition; exit if a run failed."""
    with psycopg.connect(connection) as database:
        runs = database.execute(
            "select dag_id, state from dag_run where partition_key = %s", [partition_key]
        ).fetchall()
    if failed := [dag_id for dag_id, state in runs if state == "failed"]:
        texts = [
            path.read_text() for dag_id in failed for path in logs.rglob(f"*{dag_id}*/**/*.log")
        ]
        sys.exit(f"failed: {failed}\n" + "\n".join(text[-3000:] for text in texts))
    return len({dag_id for dag_id, state in runs if state == "success"}) == DAGS


def wait_for(condition, process: subprocess.Popen[str]) -> None:
    """Wait until the condition holds; exit if the process ends or the time is over."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"smoke failed: {process.args} ended with {process.poll()}, or took too long")
        time.sleep(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text: str) -> None:
    print(f"smoke: {text}", flush=True)


if __name__ == "__main__":
    interrupt_once()
    try:
        main()
    except KeyboardInterrupt:
        say("interrupted; every service is stopped")
        sys.exit(INTERRUPTED)
