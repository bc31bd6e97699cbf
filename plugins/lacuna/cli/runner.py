"""Run the DAGs of one delivery day, or the remediation DAG, in this process without a scheduler.

A DAG runs after the DAG whose task updates the asset that it waits for. In production Airflow's
scheduler does that; this module is for `make run`, `make remediate`, the demo and the tests.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager
from airflow.serialization.encoders import coerce_to_core_timetable

from lacuna.cli.terminal import Interrupt
from lacuna.steps import withholding
from lacuna.steps.check import CheckErrored
from lacuna.steps.gate import DayWithheld, NotChecked
from lacuna.text import visible

if TYPE_CHECKING:
    from airflow.sdk import DAG


class RunFailed(RuntimeError):
    """A DAG run failed; the message names the task, the day and the cause.

    `is_reported`: the check results say so too, so there is a summary of the day.
    """

    def __init__(self, cause: str, *, is_reported: bool = False) -> None:
        super().__init__(cause)
        self.is_reported = is_reported


@dataclass(frozen=True, slots=True)
class TaskTime:
    """When one task of one day started, and the seconds that it took."""

    day: date
    dag_id: str
    task_id: str
    seconds: float
    started_at: datetime


class Progress:
    """An Airflow listener that prints a line when a task ends, and keeps how long it took."""

    def __init__(self, day: date, interrupt: Interrupt) -> None:
        self.day = day
        self._interrupt = interrupt
        self.times: list[TaskTime] = []
        self.failure: str | None = None
        self.is_reported = False
        self._started = time.monotonic()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        self._interrupt.running = True
        self._interrupt.listen()  # Airflow's task runner took over SIGTERM
        self._started = time.monotonic()

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        seconds = time.monotonic() - self._started
        dag_id, task_id = task_instance.dag_id, task_instance.task_id
        started_at = datetime.now(UTC) - timedelta(seconds=seconds)
        self.times.append(TaskTime(self.day, dag_id, task_id, seconds, started_at))
        print(f"{self.day}  {dag_id}.{task_id}  ok  {seconds:.1f} s", flush=True)
        self._interrupt.done.append(f"{dag_id}.{task_id} of {self.day}")
        self._stop_if_asked()

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        self._stop_if_asked()
        task = f"{task_instance.dag_id}.{task_instance.task_id}"
        cause = visible(str(error)) or type(error).__name__
        if self.failure is None or not isinstance(error, NotChecked):  # the check itself has failed
            self.failure = f"{task} of {self.day}: {cause}"
            self.is_reported = isinstance(
                error, CheckErrored | DayWithheld
            ) or withholding.is_reported(error)
        if task_instance.state == "up_for_retry":
            delay = task_instance.task.retry_delay.total_seconds()
            left = task_instance.max_tries - task_instance.try_number + 1
            tries = "1 try" if left == 1 else f"{left} tries"
            retry = f"tried again in {delay:.0f} s, {tries} left"
            print(f"{self.day}  {task}  {retry}  {cause}", flush=True)
            return
        print(f"{self.day}  {task}  FAILED  {cause}", flush=True)
        if isinstance(error, BaseException) and not _is_lacunas(error):
            traceback.print_exception(error, file=sys.stdout)

    def _stop_if_asked(self) -> None:
        # the code that ran when Ctrl-C was pressed may have handled it as a failure of its own
        if self._interrupt.asked:
            raise KeyboardInterrupt


def _is_lacunas(error: BaseException) -> bool:
    """Return whether the message of an error says enough, without a traceback."""
    return type(error).__module__.startswith("lacuna.")


def run_day(day: date, interrupt: Interrupt, *, accept_loss: bool = False) -> list[TaskTime]:
    """Run every DAG for one delivery day; raises RunFailed at the first that fails.

    `accept_loss`: replace what was read of the day even if some of its logs are gone.
    """
    progress = Progress(day, interrupt)
    conf = {"day": str(day), "accept_loss": accept_loss}
    with _listening(progress):
        for dag in in_asset_order(load_dags()):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            run = dag.test(logical_date=midnight, run_conf=conf)
            if run.state != "success":
                cause = progress.failure or f"{dag.dag_id} of {day} failed"
                raise RunFailed(cause, is_reported=progress.is_reported)
    return progress.times


def run_remediation(interrupt: Interrupt, **params: str | bool | None) -> None:
    """Run remediate_logging with `params`; raises RunFailed if it fails."""
    progress = Progress(datetime.now(UTC).date(), interrupt)
    with _listening(progress):
        (dag,) = (dag for dag in load_dags() if dag.dag_id == "remediate_logging")
        if dag.test(run_conf=params).state != "success":
            raise RunFailed(progress.failure or f"{dag.dag_id} failed")


@contextmanager
def _listening(progress: Progress) -> Iterator[None]:
    listeners = get_listener_manager()
    listeners.add_listener(progress)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        listeners.pm.unregister(progress)


def load_dags() -> list[DAG]:
    """Return the DAGs of the configured folder; raises RunFailed with the import error of a file.

    A folder without DAGs is an error too: Airflow would call it a success.
    """
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    folder = conf.get("core", "dags_folder")
    bag = DagBag(folder)
    if bag.import_errors:
        raise RunFailed("\n".join(f"{path}: {error}" for path, error in bag.import_errors.items()))
    if not bag.dags:
        raise RunFailed(f"no DAG in {folder}: set AIRFLOW__CORE__DAGS_FOLDER to Lacuna's dags/")
    return list(bag.dags.values())


def in_asset_order(dags: list[DAG]) -> Iterator[DAG]:
    """Yield the DAGs of a day, each after those whose tasks update the assets that start it.

    A DAG that no day starts is left out.
    """
    dags = [dag for dag in dags if coerce_to_core_timetable(dag.timetable).partitioned]
    producers = {
        outlet.name: dag.dag_id for dag in dags for task in dag.tasks for outlet in task.outlets
    }
    by_id = {dag.dag_id: dag for dag in dags}
    order = TopologicalSorter(
        {dag.dag_id: {producers[name] for name in _assets_of(dag)} for dag in dags}
    )
    return (by_id[dag_id] for dag_id in order.static_order())


def _assets_of(dag: DAG) -> list[str]:
    """Return the names of the assets that start a DAG."""
    condition = coerce_to_core_timetable(dag.timetable).asset_condition
    return [key.name for key, _ in condition.iter_assets()]
