from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna.day import DayError, end_of, named_day, run_day, start_of


def test_the_partition_key_names_the_day():
    assert run_day("2026-11-21", {"day": "2026-11-01"}) == date(2026, 11, 21)


def test_without_a_partition_key_the_parameter_does():
    assert run_day(None, {"day": "2026-11-21"}) == date(2026, 11, 21)


@pytest.mark.parametrize("params", [{}, {"day": None}, {"day": ""}, {"day": 20261121}])
def test_a_run_that_names_no_day_is_refused(params):
    with pytest.raises(DayError, match="names no delivery day"):
        run_day(None, params)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-02-30", "2026-2-3", "21.11.2026", "2026-11-21\n"]
)
def test_what_is_not_a_day_is_refused_with_what_it_was(text):
    with pytest.raises(DayError, match="not a day like 2026-11-21"):
        run_day(text, {})


def test_a_refused_key_is_shown_without_its_control_characters():
    with pytest.raises(DayError, match=r"\\x1b\[2J"):
        run_day("\x1b[2J", {})


@pytest.mark.parametrize("text", ["2005-12-31", "2006-02-28", "9001-01-01", "9999-12-31"])
def test_days_on_which_s3_did_not_exist_are_refused(text):
    with pytest.raises(DayError, match="could not deliver"):
        run_day(text, {})


def test_the_first_day_of_s3_and_the_last_in_range_are_days():
    late = datetime(9500, 1, 1, tzinfo=UTC)
    for day in (date(2006, 3, 1), date(9000, 12, 31)):
        assert named_day(str(day), "the day", late) == day


def test_a_day_is_utc_from_midnight_to_midnight():
    assert start_of(date(2026, 11, 21)) == datetime(2026, 11, 21, tzinfo=UTC)
    assert end_of(date(2026, 11, 30)) == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_day_that_is_not_over_is_always_refused():
    day = str(datetime.now(UTC).date())
    for key, params in ((day, {}), (None, {"day": day})):
        with pytest.raises(DayError, match=f"{day} is not over in UTC"):
            run_day(key, params)


def test_a_day_is_over_at_midnight_utc():
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert named_day("2026-11-20", "the day", midnight) == date(2026, 11, 20)
    with pytest.raises(DayError, match="not over"):
        named_day("2026-11-20", "the day", midnight - timedelta(seconds=1))
