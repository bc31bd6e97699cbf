"""Which event days a change of a recorder casts doubt on."""

from datetime import date, timedelta

from lacuna.steps.event_days import days_in_doubt

DAY = date(2026, 11, 20)


def span(first: int, last: int) -> set[date]:
    return {DAY + timedelta(days=n) for n in range(first, last + 1)}


def test_daily_looks_leave_the_days_between_two_of_them_in_doubt():
    looks = sorted(span(-9, 9))
    assert days_in_doubt(DAY, looks, 7) == span(-1, 1)


def test_without_a_look_nearby_the_age_of_a_snapshot_is_the_bound():
    assert days_in_doubt(DAY, [DAY + timedelta(days=30)], 7) == span(-7, 7)
    assert days_in_doubt(DAY, [], 2) == span(-2, 2)


def test_a_look_on_the_day_itself_may_have_come_before_the_change_or_after_it():
    assert days_in_doubt(DAY, [DAY], 3) == span(-3, 3)
