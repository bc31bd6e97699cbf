"""Rules for every DAG file, read without a metadata database."""

import ast
import subprocess
import sys
from datetime import timedelta

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowTaskTimeout
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization

from lacuna.cli.runner import RunFailed, in_asset_order, load_dags
from lacuna.day import DayError
from tests.support import REPO

DAGS = REPO / "dags"


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS))


def test_each_file_holds_one_dag_named_after_it(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == {path.stem for path in DAGS.glob("*.py")}
    assert len(bag.dags) == 5


def daily(bag: DagBag) -> list:
    """Every DAG but the one that a person starts."""
    return [dag for dag in bag.dags.values() if dag.dag_id != "remediate_logging"]


def test_the_assets_put_the_dags_in_the_order_of_the_three_questions(bag):
    assert [dag.dag_id for dag in in_asset_order(list(bag.dags.values()))] == [
        "snapshot_logging_config",
        "catalog_log_objects",
        "build_access_marts",
        "check_log_delivery",
    ]


def test_every_daily_dag_is_partitioned_by_day_and_retries(bag):
    for dag in daily(bag):
        assert coerce_to_core_timetable(dag.timetable).partitioned, dag.dag_id
        assert dag.max_active_runs == 1
        assert all(task.retries == 2 for task in dag.tasks), dag.dag_id


def test_no_task_runs_for_ever_and_one_that_took_too_long_is_not_repeated(bag):
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.execution_timeout == timedelta(hours=6), task.task_id
    for dag in daily(bag):
        for task in dag.tasks:
            rule = task.retry_policy.evaluate(AirflowTaskTimeout(), try_number=1, max_tries=2)
            assert rule.action is RetryAction.FAIL


def test_remediation_is_started_by_a_person_and_changes_nothing_without_apply(bag):
    dag = bag.dags["remediate_logging"]
    assert coerce_to_core_timetable(dag.timetable).can_be_scheduled is False
    assert not [outlet for task in dag.tasks for outlet in task.outlets + task.inlets]
    assert dag.max_active_runs == 1
    assert all(task.retries == 0 for task in dag.tasks)
    assert dag.params["apply"] is False
    choose = dag.get_task("choose").python_callable
    assert choose({"apply": False}) == "plan"
    assert choose({"apply": True}) == "apply"
    assert dag.get_task("choose").downstream_task_ids == {"plan", "apply"}


def test_every_dag_survives_serialization_and_says_what_it_does(bag):
    for dag in bag.dags.values():
        restored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert restored.dag_id == dag.dag_id
        assert "When it fails" in dag.doc_md


@pytest.mark.parametrize("key", ["2999-01-01", "hello", "2026-11-1"])
def test_every_first_task_refuses_a_bad_day_before_it_does_anything(bag, key, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for dag in daily(bag):
        for task in dag.roots:
            for named in ({"partition_key": key}, {"params": {"day": key}}):
                with pytest.raises(DayError, match=key) as refused:
                    task.python_callable(**{"params": {}} | named)
                rule = task.retry_policy.evaluate(refused.value, try_number=1, max_tries=2)
                assert rule.action is RetryAction.FAIL


def test_the_sweep_and_the_costs_run_if_a_day_is_withheld_and_hide_no_failure(bag):
    """Airflow judges a run by its last tasks."""
    dag = bag.dags["check_log_delivery"]
    always = {dag.get_task("sweep_versions"), dag.get_task("count_costs")}
    judge = dag.get_task("is_shown")
    assert set(dag.leaves) == {*always, judge}
    for task in always:
        assert (task.trigger_rule, task.upstream_task_ids) == ("all_done", {"publish_day"})
    assert judge.trigger_rule == "all_success"
    assert judge.upstream_task_ids == {"check_marts", "publish_day"}


def test_a_day_is_committed_once_every_shard_was_read(bag):
    """Airflow expands the task over what the plan returns; a pool would have to be made first."""
    dag = bag.dags["catalog_log_objects"]
    read, commit = dag.get_task("read_shard"), dag.get_task("commit_catalog")
    assert [task.task_id for task in dag.tasks if task.is_mapped] == ["read_shard"]
    assert read.upstream_task_ids == {"plan_shards"}
    assert commit.upstream_task_ids == {"plan_shards", "read_shard"}
    assert commit.trigger_rule == "all_success"
    assert read.max_active_tis_per_dagrun == 8
    assert {task.pool for task in dag.tasks} == {"default_pool"}


def test_a_folder_without_dags_is_no_day_that_went_well(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path))
    with pytest.raises(RunFailed, match=f"no DAG in {tmp_path}"):
        load_dags()


def test_dag_files_hold_wiring_only():
    for path in DAGS.glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 60, path.name
        imported = {
            f"{node.module}.{alias.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lacuna")
            for alias in node.names
        }
        below = {"lacuna.day", "lacuna.settings.Settings"}
        assert imported - below, path.name
        assert all(name.startswith("lacuna.steps.") for name in imported - below), path.name


def test_parsing_reads_no_database_and_no_network(tmp_path):
    """A fresh home whose database cannot be opened: parsing must not notice."""
    script = (
        "import sys; from airflow.dag_processing.dagbag import DagBag;"
        f"bag = DagBag({str(DAGS)!r}); assert len(bag.dags) == 5, bag.import_errors;"
        "assert not {'boto3', 'pyarrow', 'dbt', 'great_expectations'} & set(sys.modules)"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{DAGS.parent}:{DAGS.parent / 'plugins'}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nonexistent/airflow.db",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
