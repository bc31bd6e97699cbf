"""Run the DAGs of one delivery day as they are, one after the other, without a scheduler; or the
one that mends.

The order is the assets': a DAG comes after the one whose task updates what it waits for. In
production the scheduler does the same by itself; this is for `make run`, the demo and the tests.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager
from airflow.serialization.encoders import coerce_to_core_timetable

from lacuna.cli.terminal import Interrupt
from lacuna.text import visible

if TYPE_CHECKING:
    from airflow.sdk import DAG


class RunFailed(RuntimeError):
    """A DAG run did not succeed; the message names the task, the day and the cause."""


@dataclass(frozen=True, slots=True)
class Part:
    """How long one task of one day took, in seconds."""

    day: date
    dag_id: str
    task_id: str
    seconds: float


class Progress:
    """An Airflow listener: prints a line for each task as it ends, keeps how long it took."""

    def __init__(self, day: date, interrupt: Interrupt) -> None:
        self.day = day
        self._interrupt = interrupt
        self.parts: list[Part] = []
        self.failure: str | None = None
        self._began = time.monotonic()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        self._interrupt.running = True
        self._interrupt.listen()  # Airflow's task runner has taken SIGTERM for itself
        self._began = time.monotonic()

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        seconds = time.monotonic() - self._began
        part = Part(self.day, task_instance.dag_id, task_instance.task_id, seconds)
        self.parts.append(part)
        where = f"{part.dag_id}.{part.task_id}"
        print(f"{self.day}  {where}  ok  {seconds:.1f} s", flush=True)
        self._interrupt.done.append(f"{where} of {self.day}")
        self._stop_if_asked()

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        self._stop_if_asked()
        where = f"{task_instance.dag_id}.{task_instance.task_id}"
        cause = visible(str(error)) or type(error).__name__
        self.failure = f"{where} of {self.day}: {cause}"
        left = task_instance.max_tries - task_instance.try_number + 1
        if task_instance.state == "up_for_retry":
            delay = task_instance.task.retry_delay.total_seconds()
            tries = f"tried again in {delay:.0f} s, {left} tries left"
        else:
            tries = "FAILED"
        print(f"{self.day}  {where}  {tries}  {cause}", flush=True)
        if tries == "FAILED" and isinstance(error, BaseException) and not _is_plain(error):
            traceback.print_exception(error, file=sys.stdout)

    def _stop_if_asked(self) -> None:
        # whatever ran when Ctrl-C was pressed may have taken it for a failure of its own
        if self._interrupt.asked:
            raise KeyboardInterrupt


def _is_plain(error: BaseException) -> bool:
    """Lacuna's own errors say all there is to say; of any other the place is wanted too."""
    return type(error).__module__.startswith("lacuna.")


def run_day(day: date, interrupt: Interrupt) -> list[Part]:
    """Run every DAG for one delivery day; raises RunFailed at the first that does not succeed."""
    progress = Progress(day, interrupt)
    with _told(progress):
        for dag in in_asset_order(load_dags()):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            run = dag.test(logical_date=midnight, run_conf={"day": str(day)})
            if run.state != "success":
                raise RunFailed(progress.failure or f"{dag.dag_id} of {day} did not succeed")
    return progress.parts


def run_remediation(interrupt: Interrupt, **params: str | bool | None) -> None:
    """Run remediate_logging with `params`; raises RunFailed where it does not succeed."""
    progress = Progress(datetime.now(UTC).date(), interrupt)
    with _told(progress):
        (dag,) = (dag for dag in load_dags() if dag.dag_id == "remediate_logging")
        if dag.test(run_conf=params).state != "success":
            raise RunFailed(progress.failure or f"{dag.dag_id} did not succeed")


@contextmanager
def _told(progress: Progress) -> Iterator[None]:
    listeners = get_listener_manager()
    listeners.add_listener(progress)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        listeners.pm.unregister(progress)


def load_dags() -> list[DAG]:
    """The DAGs of the configured folder; raises RunFailed with a broken file's import error.

    A folder without DAGs is no quiet day: Airflow would call it a success.
    """
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    folder = conf.get("core", "dags_folder")
    bag = DagBag(folder)
    if bag.import_errors:
        raise RunFailed("\n".join(f"{path}: {why}" for path, why in bag.import_errors.items()))
    if not bag.dags:
        raise RunFailed(f"no DAG in {folder}: set AIRFLOW__CORE__DAGS_FOLDER to Lacuna's dags/")
    return list(bag.dags.values())


def in_asset_order(dags: list[DAG]) -> Iterator[DAG]:
    """The DAGs of a day, each after those whose tasks update the assets it is scheduled on.

    A DAG that no day starts has no place among them.
    """
    dags = [dag for dag in dags if coerce_to_core_timetable(dag.timetable).partitioned]
    makers = {
        outlet.name: dag.dag_id for dag in dags for task in dag.tasks for outlet in task.outlets
    }
    by_id = {dag.dag_id: dag for dag in dags}
    order = TopologicalSorter(
        {dag.dag_id: {makers[name] for name in _waits_for(dag)} for dag in dags}
    )
    return (by_id[dag_id] for dag_id in order.static_order())


def _waits_for(dag: DAG) -> list[str]:
    condition = coerce_to_core_timetable(dag.timetable).asset_condition
    return [key.name for key, _ in condition.iter_assets()]
