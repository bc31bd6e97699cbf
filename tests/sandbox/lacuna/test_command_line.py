"""What `python -m lacuna` refuses before it touches anything, and what it does not print."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from lacuna.cli.commands import app
from lacuna.remedy.plans import PlanError
from lacuna.settings import Settings
from lacuna.steps.remediate import write_plan
from sandbox.athena.faults import Fault
from tests.support import REPO


@pytest.mark.parametrize("days_ahead", [0, 1, 400])
def test_a_day_that_is_not_over_is_refused(days_ahead: int) -> None:
    now = datetime.now(UTC)
    day = str((now + timedelta(days=days_ahead)).date())
    result = CliRunner().invoke(app, ["run", str((now - timedelta(days=1)).date()), day])
    assert result.exit_code == 2
    assert f"{day} is not over in UTC" in result.stderr


@pytest.mark.parametrize("text", ["hello", "2026-2-3", "2026-02-30", "1999-01-01"])
def test_a_text_that_is_no_day_is_refused(text: str) -> None:
    result = CliRunner().invoke(app, ["run", text])
    assert result.exit_code == 2
    assert text in result.stderr


def refused_at_once(monkeypatch, **environ: str | None) -> str:
    """The only line that a run in this environment prints, before the patient retries begin."""
    for name, value in environ.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    began = time.monotonic()
    result = CliRunner().invoke(app, ["run", "2026-03-01"])
    assert time.monotonic() - began < 120
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def test_an_endpoint_without_an_answer_is_reported_before_anything_is_tried(monkeypatch):
    line = refused_at_once(monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert "nobody answers at AWS_ENDPOINT_URL=http://127.0.0.1:1: start the sandbox" in line


def test_missing_credentials_are_reported_with_where_to_get_some(monkeypatch, tmp_path):
    line = refused_at_once(
        monkeypatch, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, HOME=str(tmp_path)
    )
    assert "no AWS credentials found: set AWS_PROFILE" in line


def test_half_a_credential_is_reported(monkeypatch):
    assert "missing: AWS_SECRET_ACCESS_KEY" in refused_at_once(
        monkeypatch, AWS_SECRET_ACCESS_KEY=None
    )


def test_a_server_that_is_not_aws_is_reported(monkeypatch):
    class Silent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing: the test reads what Lacuna prints."""

    with http.server.HTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert f"{url} is not AWS" in refused_at_once(monkeypatch, AWS_ENDPOINT_URL=url)
        server.shutdown()


def test_refused_credentials_are_reported_in_the_words_of_aws(monkeypatch, sandbox):
    sandbox.book.replace([Fault("GetCallerIdentity", error="ExpiredToken", status=403)])
    try:
        line = refused_at_once(monkeypatch, AWS_ENDPOINT_URL=sandbox.url)
    finally:
        sandbox.book.replace([])
    assert "AWS refused the credentials: renew them" in line
    assert "ExpiredToken" in line


def test_a_workgroup_that_does_not_exist_is_reported_before_anything_is_written(cloud, monkeypatch):
    line = refused_at_once(monkeypatch, LACUNA_WORKGROUP="nosuch")
    assert line.startswith("LACUNA_WORKGROUP is 'nosuch': account 123456789012 has no such")
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("glue").get_databases()["DatabaseList"] == []


def test_a_lake_of_another_account_is_reported_with_its_setting(cloud, monkeypatch):
    cloud.faults({"operation": "HeadBucket", "error": "AccessDenied", "status": 403})
    line = refused_at_once(monkeypatch, LACUNA_LAKE_BUCKET="theirs")
    assert line.startswith("LACUNA_LAKE_BUCKET is 'theirs': HeadBucket is refused")


def test_a_rollback_without_a_lake_is_refused_in_one_line(cloud, monkeypatch):
    done = CliRunner().invoke(app, ["rollback", "2026-11-20"])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("there is no lake in lacuna-lake-")


def test_a_query_in_a_workgroup_that_does_not_exist_says_so(cloud, monkeypatch):
    monkeypatch.setenv("LACUNA_WORKGROUP", "nosuch")
    result = CliRunner().invoke(app, ["ask", "select 1"])
    assert result.exit_code == 1
    assert result.stderr.startswith("LACUNA_WORKGROUP is 'nosuch': ")


def remediate(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["remediate", *arguments])
    return result.exit_code, result.stderr


PLAN = {
    "schema": 1,
    "account_id": "210987654321",
    "region": "us-east-1",
    "made_at": "2026-11-22T09:30:00+00:00",
    "undo_of": None,
    "changes": [],
    "notes": [],
}


def test_nothing_is_applied_without_naming_a_plan():
    code, stderr = remediate("--apply")
    assert code == 2
    assert stderr.startswith("Which plan? --apply applies a plan that a person has read")


def test_a_missing_plan_is_reported(tmp_path):
    code, stderr = remediate("--apply", "--plan", str(tmp_path / "none.json"))
    assert (code, stderr) == (2, f"there is no plan file {tmp_path}/none.json: plan first\n")
    code, stderr = remediate("--apply", "--plan", str(tmp_path))
    assert code == 2
    assert stderr.startswith(f"cannot read {tmp_path}: ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not a plan", "it is not JSON"),
        (b"\xff\xfe", "cannot read"),
        (json.dumps(PLAN | {"schema": 2}).encode(), "this version knows 1 only"),
        (json.dumps(PLAN | {"changes": [{}]}).encode(), "operation is null"),
    ],
)
def test_a_file_that_holds_no_plan_is_reported_in_one_line(tmp_path, content, why):
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    code, stderr = remediate("--apply", "--plan", str(file))
    assert code == 2
    (line,) = stderr.splitlines()
    assert str(file) in line
    assert why in line


def test_a_plan_replaces_only_plans(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    code, stderr = remediate("--plan", str(file))
    assert (code, stderr) == (2, f"a plan's file ends with .json, and {file} does not\n")
    assert file.read_text() == "mine"


def test_an_undo_is_shown_and_never_replaced(tmp_path):
    """Nothing can make it again. To read it, name it like any plan."""
    file = tmp_path / "remediation.undo-1.json"
    file.write_text(json.dumps({**PLAN, "undo_of": "0123456789abcdef"}))
    before = file.read_text()
    result = CliRunner().invoke(app, ["remediate", "--plan", str(file)])
    assert result.exit_code == 0, result.stderr
    assert "undoes plan 0123456789abcdef" in result.stdout
    assert f"make remediate APPLY=1 PLAN={file}" in result.stdout
    with pytest.raises(PlanError, match="is not overwritten"):
        write_plan(Settings.from_env(), file, datetime.now(UTC))
    assert file.read_text() == before


def test_a_plan_that_was_read_and_edited_is_shown_and_stays(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(PLAN))
    result = CliRunner().invoke(app, ["remediate", "--plan", str(file)])
    assert result.exit_code == 0, result.stderr
    assert f"{file} holds this plan already" in result.stdout
    assert file.read_text() == json.dumps(PLAN)


def test_a_plan_of_another_region_is_refused_before_airflow_starts(cloud, tmp_path):
    """Its records would be written to a new lake that nobody reads."""
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN | {"account_id": "123456789012", "region": "eu-north-1"}))
    code, stderr = remediate("--apply", "--plan", str(file))
    assert code == 2
    assert "was made in Region eu-north-1" in stderr
    assert "set AWS_REGION=eu-north-1" in stderr
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_no_plan_replaces_a_file_that_holds_something_else(tmp_path):
    file = tmp_path / "package.json"
    file.write_text('{"name": "mine"}')
    code, stderr = remediate("--plan", str(file))
    assert (code, file.read_text()) == (2, '{"name": "mine"}')
    assert "not a plan" in stderr


def test_another_accounts_plan_is_refused_before_airflow_starts(cloud, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN))
    code, stderr = remediate("--apply", "--plan", str(file))
    assert code == 2
    assert "is a plan for account 210987654321, and this is 123456789012" in stderr
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_an_undo_of_what_was_never_done_is_refused_before_airflow_starts(cloud, tmp_path):
    change = {
        "bucket": "photos",
        "operation": "PutBucketLogging",
        "why": "tidy up",
        "before": {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "web/"}},
        "after": {},
    }
    undo = {"account_id": "123456789012", "undo_of": "0123456789abcdef", "changes": [change]}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN | undo))
    code, stderr = remediate("--apply", "--plan", str(file))
    assert code == 2
    assert "1 of 1 changes take back what lacuna_evidence.remediations does not show" in stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "python -m lacuna remediate "),
        (["PLAN=a b.json"], 'python -m lacuna remediate ${PLAN:+--plan "$PLAN"} '),
        (["APPLY=1"], "--apply"),
    ],
)
def test_make_passes_on_what_it_is_given(arguments, expected):
    done = subprocess.run(
        ["make", "-n", "-o", ".venv/.installed", "remediate", *arguments],
        cwd=REPO, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (line,) = [one for one in done.stdout.splitlines() if "lacuna remediate" in one]
    assert expected in line
    assert ("--apply" in line) == ("APPLY=1" in arguments)


@pytest.mark.parametrize("apply", ["0", "yes", "1 2"])
def test_make_applies_nothing_by_a_word_that_is_not_1(apply, tmp_path):
    marker = tmp_path / "airflow" / ".migrated"
    marker.parent.mkdir()
    marker.touch()
    done = subprocess.run(
        ["make", "-o", ".venv/.installed", "-o", str(marker), "remediate", f"APPLY={apply}"],
        cwd=REPO, env=os.environ | {"AIRFLOW_HOME": str(marker.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "APPLY is 1, or it is not given" in done.stdout.splitlines()


def test_airflow_prints_little_without_any_help_from_the_environment(tmp_path):
    """Lines are silenced by name: every other line of Airflow is still printed."""
    script = """if True:
        import logging, structlog
        from lacuna.cli import terminal
        terminal.before_airflow()
        import airflow.settings
        terminal.after_airflow()
        dag = logging.getLogger("airflow.sdk.definitions.dag")
        dag.warning("No tasks to run. unrunnable tasks: %s", {"a task"})
        dag.warning("a warning of another kind")
        structlog.get_logger("airflow.assets.manager").warning("Listening Dags are partition-aware")
        try: 1 / 0
        except ZeroDivisionError: structlog.get_logger(logger_name="task").exception("a try failed")
        logging.getLogger("lacuna.steps.catalog").warning("cannot list s3://logs/")
        logging.getLogger("lacuna.steps.catalog").info("read 5 of 26 buckets")
    """
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"AIRFLOW_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert "a warning of another kind" in first
    assert second == "    cannot list s3://logs/"


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_settings_lose_no_text_at_any_width(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LACUNA_UNLOGGED_BUCKETS", "x" * 90)
    shown = CliRunner().invoke(app, ["settings"]).stdout
    for row in Settings.from_env().rows():
        assert row.name in shown
        assert row.value in shown
        assert row.meaning in shown
    assert "…" not in shown


def test_a_value_is_shown_as_it_is_and_not_as_markup(monkeypatch):
    monkeypatch.setenv("LACUNA_SENSITIVITY_TAG", "[red]data[/] class")
    assert "[red]data[/] class" in CliRunner().invoke(app, ["settings"]).stdout


def test_a_second_run_waits_for_the_first_and_then_has_its_turn(tmp_path):
    """Two at once broke each other's Airflow database. A run that is killed releases its turn."""
    turn = "from lacuna.cli import terminal; terminal.wait_for_turn(); print('mine', flush=True); input()"

    def started():
        return subprocess.Popen(
            [sys.executable, "-c", turn],
            env=os.environ | {"AIRFLOW_HOME": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with started() as first:
        assert first.stdout.readline() == "mine\n"
        with started() as second:
            assert second.stdout.readline().startswith("another run is under way here")
            first.kill()
            assert second.communicate("\n", timeout=300)[0] == "mine\n"
            assert second.returncode == 0


def test_settings_say_where_the_region_is_from_and_show_no_secret(monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile acme]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "acme")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LACUNA_ACCOUNT_EXTERNAL_ID", "pass:word")
    shown = CliRunner().invoke(app, ["settings"]).stdout
    region = next(line for line in shown.splitlines() if line.startswith("AWS_REGION"))
    assert region.split()[1:5] == ["eu-west-1", "AWS", "profile", "acme"]
    assert "pass:word" not in shown
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in CliRunner().invoke(app, ["settings"]).stdout
