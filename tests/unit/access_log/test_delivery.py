from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.delivery import (
    KeyRange,
    Kind,
    ListedObject,
    Place,
    access_log_places,
    belonging,
    delivered_on,
    folder_day,
    is_out_of_time,
    key_range,
    key_ranges,
    placed,
    snapshots_to_follow,
)
from lacuna.access_log.sources import KeyLayout, Source

DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNIQUE = "93C02D1949F74650"
STRANGE_PREFIXES = ["", "logs", "logs/", "[a-z]*/", "a+b(c)/", "käse/", "2026-", "//", "%20 /"]


def source(name: str, layout: KeyLayout, prefix: str = "logs/", target: str = "t") -> Source:
    return Source(name, "eu-west-1", "123456789012", prefix, layout, target_bucket=target)


def place(layout: KeyLayout, prefix: str = "logs/", name: str = "photos") -> Place:
    return access_log_places([source(name, layout, prefix)])[0]


def log_key(where: Place, stamp: datetime, folder: datetime | None = None) -> str:
    """A key as S3 writes it into a place."""
    if where.key_layout is KeyLayout.EVENT_TIME:
        stamp = stamp.replace(hour=0, minute=0, second=0)
    rest = f"{stamp:%Y-%m-%d-%H-%M-%S}-{UNIQUE}"
    if where.key_layout is KeyLayout.SIMPLE:
        return where.prefix + rest
    return f"{where.prefix}{(folder or stamp):%Y/%m/%d}/{rest}"


def listed(key: str, delivered_at: datetime = NOON) -> ListedObject:
    return ListedObject(key, 600, "etag", delivered_at)


def listing_of(where: Place, day: date = DAY, folders: int = 10) -> tuple[str, str]:
    """The first and the last key, without the prefix, that a listing may show."""
    keys = key_range(where, day, folders)
    assert keys.prefix == where.prefix
    return keys.after.removeprefix(where.prefix), keys.stop.removeprefix(where.prefix)


def in_range(where: Place, key: str, day: date = DAY, folders: int = 10) -> bool:
    keys = key_range(where, day, folders)
    return key.startswith(keys.prefix) and keys.after < key < keys.stop


LAYOUTS = st.sampled_from(list(KeyLayout))
PREFIXES = st.one_of(
    st.sampled_from(STRANGE_PREFIXES),
    st.text(st.characters(exclude_characters="\r\n"), max_size=8),
)
SECONDS = st.integers(0, 86_399)


@given(LAYOUTS, PREFIXES, SECONDS, st.integers(0, 120))
def test_every_log_delivered_on_the_day_is_listed_and_recognised(layout, prefix, second, lag):
    """S3 stamps the key, then writes: LastModified follows up to minutes later."""
    where = place(layout, prefix)
    delivered_at = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=second)
    key = log_key(where, delivered_at - timedelta(seconds=lag))
    found = placed(where, listed(key, delivered_at))
    assert in_range(where, key)
    assert (found.kind, found.key_layout, found.problem) == (Kind.ACCESS_LOG, layout, None)
    assert belonging(DAY, [found]) == [found]


@given(LAYOUTS, PREFIXES, st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 1)))
def test_each_object_belongs_to_exactly_one_delivery_day(layout, prefix, moment):
    where = place(layout, prefix)
    delivered_at = moment.replace(tzinfo=UTC)
    found = placed(where, listed(log_key(where, delivered_at), delivered_at))
    days = [DAY + timedelta(days=n) for n in range(-21, 11)]
    assert [day for day in days if belonging(day, [found])] == [delivered_at.date()]


@given(PREFIXES, st.text(max_size=60))
def test_any_other_key_is_a_stranger_and_never_a_crash(prefix, rest):
    for layout in KeyLayout:
        where = place(layout, prefix)
        found = placed(where, listed(where.prefix + rest))
        assert (found.kind is Kind.OTHER) == (found.problem == "not a log key")


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "README.txt",
        "2026-11-21",
        "2026-11-21-12-00-00",
        "2026-11-21-12-00-00-",
        "2026-11-21-12-00-00-notes.txt",
        f"2026-11-21-12-00-00-{UNIQUE}.gz",
        f"2026-11-21-12-00-00-{UNIQUE}\n",
        f"2026-02-30-12-00-00-{UNIQUE}",
        f"2026-11-21-24-00-00-{UNIQUE}",
        f"٢٠٢٦-11-21-12-00-00-{UNIQUE}",
        f"sub/2026-11-21-12-00-00-{UNIQUE}",
    ],
)
def test_a_key_that_s3_would_not_write_is_not_a_log_key(rest):
    found = placed(place(KeyLayout.SIMPLE), listed("logs/" + rest))
    assert (found.kind, found.problem) == (Kind.OTHER, "not a log key")


def test_a_partitioned_key_must_agree_with_its_folder():
    where = place(KeyLayout.DELIVERY_TIME)
    stray = f"{where.prefix}2026/11/20/2026-11-21-12-00-00-{UNIQUE}"
    assert placed(where, listed(stray)).kind is Kind.OTHER


def test_a_partitioned_place_names_its_source_a_simple_one_does_not():
    partitioned = place(KeyLayout.EVENT_TIME, name="media.example.com")
    assert partitioned.prefix == "logs/123456789012/eu-west-1/media.example.com/"
    assert partitioned.source_bucket == "media.example.com"
    assert place(KeyLayout.SIMPLE).source_bucket is None


def test_event_time_logs_are_sought_as_far_back_as_they_may_be_late():
    where = place(KeyLayout.EVENT_TIME)
    for days, expected in ((0, True), (10, True), (11, False)):
        event_day = datetime(2026, 11, 21, tzinfo=UTC) - timedelta(days=days)
        assert in_range(where, log_key(where, event_day)) is expected


def test_a_late_event_time_log_has_its_event_day_as_path_day():
    where = place(KeyLayout.EVENT_TIME)
    found = placed(where, listed(log_key(where, datetime(2026, 11, 14, tzinfo=UTC)), NOON))
    assert (found.path_day, delivered_on(found)) == (date(2026, 11, 14), DAY)


def test_a_bucket_that_switched_layout_is_understood_by_its_stamp():
    where = place(KeyLayout.EVENT_TIME)
    key = f"{where.prefix}2026/11/21/2026-11-21-11-59-59-{UNIQUE}"
    assert placed(where, listed(key)).key_layout is KeyLayout.DELIVERY_TIME


@given(LAYOUTS, PREFIXES, SECONDS, st.integers(-40, 40), st.integers(0, 86_399))
def test_an_object_is_out_of_time_if_the_catalog_of_its_day_does_not_list_it(
    layout, prefix, second, days, second_written
):
    where = place(layout, prefix)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    key = log_key(where, midnight + timedelta(seconds=second))
    written = midnight + timedelta(days=days, seconds=second_written)
    found = placed(where, listed(key, written))
    keys = key_range(where, written.date(), 10)
    assert is_out_of_time(found, 10) is not (keys.after < key < keys.stop)


@given(
    LAYOUTS,
    PREFIXES,
    SECONDS,
    st.integers(0, 31),
    st.integers(0, 86_399),
    st.sampled_from([1, 10, 60]),
)
def test_on_schedule_each_log_is_in_one_catalog_or_is_told(
    layout, prefix, second, days, second_written, folders
):
    """However late it is written, up to the day on which the look back meets its key."""
    where = place(layout, prefix)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    written = midnight + timedelta(days=days, seconds=max(second, second_written))
    found = placed(where, listed(log_key(where, midnight + timedelta(seconds=second)), written))
    cataloged, told = [], []
    for number in range(70):
        run = DAY + timedelta(days=number)
        if written > midnight + timedelta(days=number + 1, minutes=90):
            continue  # it is not there yet
        if not any(
            keys.after < found.listed.key < keys.stop for keys in key_ranges(where, run, folders)
        ):
            continue
        if is_out_of_time(found, folders):
            told.append(run)
        elif belonging(run, [found]):
            cataloged.append(run)
    assert (len(cataloged), len(told) > 0) == ((1, False) if days <= folders else (0, True))


@pytest.mark.parametrize(("days", "expected"), [(0, False), (2, False), (10, False), (11, True)])
def test_a_delivery_that_is_repeated_within_the_listed_days_is_in_time(days, expected):
    for layout in KeyLayout:
        where = place(layout)
        found = placed(where, listed(log_key(where, NOON), NOON + timedelta(days=days)))
        assert is_out_of_time(found, 10) is expected


def test_a_stranger_is_never_out_of_time():
    where = place(KeyLayout.SIMPLE)
    stranger = placed(where, listed(where.prefix + "2026-11-01-notes.txt", NOON))
    assert not is_out_of_time(stranger, 10)


@given(LAYOUTS, PREFIXES, st.integers(1, 4000))
def test_history_is_not_listed(layout, prefix, days):
    where = place(layout, prefix)
    for moment in (NOON - timedelta(days=days + 10), NOON + timedelta(days=days)):
        assert not in_range(where, log_key(where, moment))


def test_a_listing_reaches_from_the_days_before_to_the_end_of_the_day_and_to_one_older_day():
    """Each key more is paid for on every day."""
    assert listing_of(place(KeyLayout.SIMPLE)) == ("2026-11-11", "2026-11-22")
    for where in (place(KeyLayout.DELIVERY_TIME), place(KeyLayout.EVENT_TIME), TRAIL):
        assert listing_of(where) == ("2026/11/11/", "2026/11/22/")
        look_back = key_ranges(where, DAY, 10)[1]
        folder = f"{where.prefix}2026/10/21/"
        assert look_back == KeyRange(folder, folder, f"{where.prefix}2026/10/22/")
        assert len(key_ranges(where, DAY, 31)) == 1


def test_objects_come_once_and_in_the_order_of_their_buckets_and_keys():
    here, there = place(KeyLayout.SIMPLE), replace(place(KeyLayout.SIMPLE), log_bucket="a")
    keys = [log_key(here, NOON + timedelta(seconds=second)) for second in (2, 0, 1)]
    found = [placed(where, listed(key)) for where in (here, there) for key in [*keys, *keys]]
    assert [one.log_object for one in belonging(DAY, found)] == [
        f"s3://{bucket}/{key}" for bucket in ("a", "t") for key in sorted(keys)
    ]


def test_of_equal_claims_to_an_object_the_shorter_prefix_has_it_whatever_came_first():
    """A run and its rerun must give the same rows."""
    wide, narrow = TRAIL, replace(TRAIL, prefix=TRAIL.prefix + "2026/")
    stranger = f"{TRAIL.prefix}2026/11/21/notes.txt"
    for order in ((wide, narrow), (narrow, wide)):
        claims = [replace(placed(one, listed(stranger)), path_day=DAY) for one in order]
        assert [one.place for one in belonging(DAY, claims)] == [wide]


def test_a_stranger_outside_of_all_folders_belongs_to_the_day_it_was_written():
    found = placed(TRAIL, listed(f"{TRAIL.prefix}notes.txt", NOON))
    assert (found.kind, found.path_day, delivered_on(found)) == (Kind.OTHER, None, DAY)


def test_buckets_that_share_a_place_share_its_listing():
    places = access_log_places(
        [
            source("b", KeyLayout.SIMPLE),
            source("a", KeyLayout.SIMPLE),
            source("a", KeyLayout.SIMPLE),
            source("c", KeyLayout.SIMPLE, prefix="logs"),
            source("d", KeyLayout.EVENT_TIME),
            source("e", KeyLayout.EVENT_TIME),
        ]
    )
    assert [(one.prefix, one.source_buckets) for one in places] == [
        ("logs", ("c",)),
        ("logs/", ("a", "b")),
        ("logs/123456789012/eu-west-1/d/", ("d",)),
        ("logs/123456789012/eu-west-1/e/", ("e",)),
    ]


def test_an_object_in_two_places_is_cataloged_once_by_the_place_that_it_fits():
    wide, narrow = place(KeyLayout.SIMPLE, "logs"), place(KeyLayout.SIMPLE, "logs2026-11-21-")
    key = log_key(narrow, NOON)
    assert in_range(wide, key)
    assert in_range(narrow, key)
    for order in ((wide, narrow), (narrow, wide)):
        (found,) = belonging(DAY, [placed(one, listed(key)) for one in order])
        assert (found.kind, found.place) == (Kind.ACCESS_LOG, narrow)


def test_two_layouts_of_one_folder_catalog_an_object_once():
    by_event, by_delivery = place(KeyLayout.EVENT_TIME), place(KeyLayout.DELIVERY_TIME)
    key = log_key(by_event, NOON)
    (found,) = belonging(DAY, [placed(one, listed(key)) for one in (by_delivery, by_event)])
    assert found.key_layout is KeyLayout.EVENT_TIME


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ([], []),
        ([date(2026, 11, 22)], [date(2026, 11, 22)]),
        ([date(2026, 11, 1)], [date(2026, 11, 1)]),
        (
            [date(2026, 11, 1), DAY, date(2026, 11, 22), date(2026, 11, 23), date(2026, 12, 1)],
            [date(2026, 12, 1), date(2026, 11, 22), DAY, date(2026, 11, 1)],
        ),
        (
            [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20), DAY],
            [DAY, date(2026, 11, 20)],
        ),
    ],
)
def test_the_newest_snapshot_and_those_around_the_day_say_where_logs_lie(observed, expected):
    assert snapshots_to_follow(observed, DAY, timedelta(days=1)) == expected


def test_a_place_is_followed_as_long_as_its_records_may_be_late():
    observed = [date(2026, 11, day) for day in range(10, 23)]
    assert snapshots_to_follow(observed, DAY, timedelta(days=3)) == [
        date(2026, 11, day) for day in (22, 21, 20, 19, 18)
    ]


TRAIL = Place(
    kind=Kind.CLOUDTRAIL,
    log_bucket="trail-logs",
    prefix="AWSLogs/123456789012/CloudTrail/eu-west-1/",
    region="eu-west-1",
    account_id="123456789012",
    trail_arn="arn:aws:cloudtrail:us-east-1:123456789012:trail/main",
)
TRAIL_KEY = (
    TRAIL.prefix
    + "2026/11/21/123456789012_CloudTrail_eu-west-1_20261121T2355Z_aB3dE6gH9jK2mN5p.json.gz"
)


def test_a_cloudtrail_file_belongs_to_the_day_of_its_folder():
    """Its raw partition is the folder: a file written just after midnight is read with it."""
    after_midnight = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)
    found = placed(TRAIL, listed(TRAIL_KEY, after_midnight))
    assert in_range(TRAIL, TRAIL_KEY)
    assert (found.kind, delivered_on(found)) == (Kind.CLOUDTRAIL, DAY)
    assert not in_range(TRAIL, TRAIL_KEY, DAY - timedelta(days=1))


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "123456789012_CloudTrail_eu-west-1_20261121T2355Z_aB3dE6gH9jK2mN5p.json",
        "123456789012_CloudTrail_eu-west-1_20261120T2355Z_aB3dE6gH9jK2mN5p.json.gz",
        "999999999999_CloudTrail_eu-west-1_20261121T2355Z_aB3dE6gH9jK2mN5p.json.gz",
        "123456789012_CloudTrail_us-east-1_20261121T2355Z_aB3dE6gH9jK2mN5p.json.gz",
        "sub/123456789012_CloudTrail_eu-west-1_20261121T2355Z_aB3dE6gH9jK2mN5p.json.gz",
    ],
)
def test_a_stranger_in_a_cloudtrail_folder_belongs_to_the_folders_day_too(name):
    key = f"{TRAIL.prefix}2026/11/21/{name}"
    found = placed(TRAIL, listed(key, datetime(2026, 11, 25, tzinfo=UTC)))
    assert (found.kind, found.problem, delivered_on(found)) == (Kind.OTHER, "not a log key", DAY)


FOLDERS = {f"{one:%Y/%m/%d}": one for one in (date(2026, 1, 1) + timedelta(n) for n in range(365))}
# Each part of a date as S3 writes it, and in forms that strptime forgives.
YEARS = st.sampled_from(["2026", "26", "٢٠٢٦"])
PARTS = st.sampled_from(
    ["01", "1", " 1", "09", "9", " 9", "11", "21", "٠٩", "00", "13", "32", "1x"]
)


@given(PREFIXES, YEARS, PARTS, PARTS, st.sampled_from(["/", "", "-", "/1"]), st.text(max_size=3))
def test_a_folder_has_a_day_only_if_it_is_spelt_as_s3_spells_it(
    prefix, year, month, day, between, rest
):
    text = f"{year}{between}{month}/{day}{rest}"
    assert folder_day(prefix, prefix + text) == FOLDERS.get(text[:10])


@pytest.mark.parametrize("text", ["2026/11/ 9", "٢٠٢٦/11/21", "2026/1/21/", "", "2026/11/2"])
def test_a_folder_that_strptime_would_forgive_has_no_day(text):
    assert folder_day("logs/", f"logs/{text}") is None
