"""A model whose query S3 slowed down is repeated alone, and a failure for good is not."""

import json
import urllib.request
from collections import Counter
from datetime import date
from typing import Any

import pytest

from lacuna.lake import lake as library
from lacuna.steps import build, dbt_retries
from tests.sandbox.dbt_project.conftest import LOG_BUCKET, Lake, line

pytestmark = pytest.mark.long

DAY = date(2026, 4, 2)


@pytest.fixture
def delivered(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A day whose one log object is refused as often as the test says; how often each model was built."""
    lake.deliver(DAY, {"slow/a": line(DAY, 9, "A").encode()})
    lake.catalog(DAY)
    monkeypatch.setattr(dbt_retries, "_WAITS", (0.0, 0.0))
    built: Counter[str] = Counter()
    invoke = build._invoke

    def counted(*arguments: Any) -> Any:
        result = invoke(*arguments)
        built.update(one.node.name for one in getattr(result.result, "results", ()) or ())
        return result

    monkeypatch.setattr(build, "_invoke", counted)

    def parse(**fault: Any) -> Counter[str]:
        put(lake, [{"operation": "GetObject", "resource": f"{LOG_BUCKET}/slow/a", **fault}])
        try:
            variables = {"delivery_day": str(DAY), "event_days": []}
            arguments = ["build", "--select", "tag:delivery_day", *build.NOT_DAILY]
            build.run_dbt(library.open_lake(lake.settings()), arguments, variables)
        finally:
            put(lake, [])
        return built

    return parse, built


def put(lake: Lake, faults: list[dict[str, Any]]) -> None:
    request = urllib.request.Request(
        f"{lake.url}/_sandbox/faults", data=json.dumps(faults).encode(), method="PUT"
    )
    urllib.request.urlopen(request).close()


def test_only_the_model_that_was_slowed_down_and_its_readers_are_repeated(
    lake: Lake, delivered: Any
) -> None:
    parse, _ = delivered
    built = parse(error="SlowDown", status=503, times=1)
    assert built["int_access_log_records"] == built["fct_log_objects"] == 2
    assert built["int_data_events"] == 1
    lake.publish(DAY)
    (row,) = lake.rows(
        "select count(*) as lines from lacuna_staging.int_access_log_records "
        f"where delivered_on = date '{DAY}'"
    )
    assert row["lines"] == "1"


def test_a_query_that_fails_for_good_fails_the_build_at_once(delivered: Any) -> None:
    parse, built = delivered
    with pytest.raises(build.BuildFailed, match="AccessDenied"):
        parse(error="AccessDenied", status=403)
    assert built["int_access_log_records"] == 1
