"""What `python -m lacuna` refuses before it touches anything."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from lacuna.__main__ import app


@pytest.mark.parametrize("days_ahead", [0, 1, 400])
def test_a_day_that_is_not_over_is_refused(days_ahead: int) -> None:
    now = datetime.now(UTC)
    day = str((now + timedelta(days=days_ahead)).date())
    result = CliRunner().invoke(app, ["run", str((now - timedelta(days=1)).date()), day])
    assert result.exit_code == 2
    assert f"{day} is not over in UTC" in result.stderr
