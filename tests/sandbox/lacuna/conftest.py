"""What the tests of Lacuna's library observe and catalog with."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.account import ACCOUNT, REGION, Account
from tests.support.served import Served

__all__ = ["ACCOUNT", "DAY", "OBSERVED_AT"]

DAY = date(2026, 11, 21)
OBSERVED_AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.fixture
def at() -> Any:
    """A moment of the delivery day that most tests are about, or of a day near it."""

    def moment(hour: int, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
        midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
        return midnight + timedelta(days=days, hours=hour, minutes=minute, seconds=second)

    return moment


@pytest.fixture
def settings(cloud: Account, emptied: Served) -> Any:
    """Those of an empty environment, with one Region to look for event data stores in; the lake is there.

    Without a named Region every observation asks some forty. Tests about stores say `store_regions=()`.
    """
    from lacuna.lake import lake
    from lacuna.settings import Settings

    defaults = replace(Settings.from_env(), store_regions=(REGION,))
    if not emptied.restore_lake():
        lake.open_lake(defaults).prepare()
        emptied.keep_lake()
    return defaults


@pytest.fixture
def soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run gives a call two attempts, not eight with a minute of waits between them."""
    from lacuna.aws import session

    monkeypatch.setattr(session, "_ATTEMPTS", 2)


@pytest.fixture
def observed(settings: Any) -> Any:
    """Observe, and read back what was written, by bucket name."""
    from lacuna.lake import lake
    from lacuna.steps import snapshot
    from lacuna.tables.evidence import LOGGING_SNAPSHOTS

    def look(at: datetime = OBSERVED_AT, **changed: Any) -> Any:
        snapshot.observe(replace(settings, **changed), at)
        day = at.astimezone(UTC).date()
        rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, {"observed_on": day})
        by_name = {row["bucket_name"]: row for row in rows}
        assert len(by_name) == len(rows)
        return by_name

    return look


@pytest.fixture
def run(settings: Any) -> Any:
    """Observe the account and catalog a day, as the daily run does."""
    from lacuna.steps import catalog, snapshot

    def catalog_day(day: date = DAY) -> Any:
        snapshot.observe(settings, OBSERVED_AT)
        return catalog.catalog_day(settings, day)

    return catalog_day


@pytest.fixture
def rows(settings: Any) -> Any:
    """A day's rows of an evidence table."""
    from lacuna.lake import lake

    def read(table: Any, day: date = DAY) -> Any:
        return lake.open_lake(settings).read(table, {"delivered_on": day})

    return read


@pytest.fixture
def objects(rows: Any) -> Any:
    """The day's catalog by s3:// URL; no object is in it twice."""
    from lacuna.tables.evidence import LOG_OBJECTS

    def read(day: date = DAY) -> Any:
        found = rows(LOG_OBJECTS, day)
        by_url = {row["log_object"]: row for row in found}
        assert len(by_url) == len(found)
        return by_url

    return read


@pytest.fixture
def trail(cloud: Account) -> str:
    return cloud.trail("main", "trail-logs")
