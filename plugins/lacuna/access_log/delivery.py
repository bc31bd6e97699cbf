"""Where log objects of a delivery day lie, and what a listed object is. Pure.

Cost must not grow with history, so every place is read as one range of its keys, from `after`
to before `stop`:

- simple prefix: from the key stamped one hour before the day to the first of the next day (an
  object's LastModified is a little later than its stamp, never a day);
- partitioned by delivery time: the same, one folder deeper;
- partitioned by event time: the folders of the day and of the N days before it;
- CloudTrail: the day's folder.

The delivery day of an access-log object is the UTC date of its LastModified. That of a CloudTrail
file is its folder's day, which AWS defines as the delivery time: the raw table reads whole
folders, and a file written seconds after midnight into yesterday's folder must be catalogued on
the day on which its folder is read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from lacuna.access_log.sources import KeyLayout, Source, log_prefix


class Kind(StrEnum):
    """What a listed object is, by its place and key."""

    ACCESS_LOG = "access_log"
    CLOUDTRAIL = "cloudtrail"
    OTHER = "other"


NOT_A_LOG_KEY = "not a log key"

# S3's unique part has been 16 hex digits for twenty years, but AWS promises nothing about it.
_STAMP = r"(?P<stamp>\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2})-[0-9A-Za-z]{8,64}"
_SIMPLE_REST = re.compile(_STAMP, re.ASCII)
_PARTITIONED_REST = re.compile(r"(?P<folder>\d{4}/\d{2}/\d{2})/" + _STAMP, re.ASCII)
_CLOUDTRAIL_REST = re.compile(
    r"(?P<folder>\d{4}/\d{2}/\d{2})/(?P<account>[^/_]+)_CloudTrail_(?P<region>[a-z0-9-]+)_"
    r"(?P<stamp>\d{8}T\d{4})Z_[0-9A-Za-z]{8,64}\.json\.gz",
    re.ASCII,
)
_STAMP_FORMAT = "%Y-%m-%d-%H-%M-%S"
_CLOUDTRAIL_STAMP_FORMAT = "%Y%m%dT%H%M"
_FOLDER_FORMAT = "%Y/%m/%d"
_OVERLAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a log bucket where one kind of log object is delivered, under one key prefix.

    `account_id` and `region` are those of the traffic: S3 delivers within them, CloudTrail names
    them in the prefix.
    """

    kind: Kind
    log_bucket: str
    prefix: str
    region: str | None = None
    key_layout: KeyLayout | None = None
    source_buckets: tuple[str, ...] = ()
    source_bucket: str | None = None  # set where the prefix itself names the source
    trail_arn: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Keys under `prefix` that sort after `after` and before `stop`."""

    prefix: str
    after: str
    stop: str


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object as a LIST shows it."""

    key: str
    size_bytes: int
    etag: str
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """What one listed object is. `stamped_at`: when CloudTrail says that it delivered a file."""

    place: Place
    listed: ListedObject
    kind: Kind
    key_layout: KeyLayout | None = None
    path_day: date | None = None
    problem: str | None = None
    stamped_at: datetime | None = None

    @property
    def log_object(self) -> str:
        return f"s3://{self.place.log_bucket}/{self.listed.key}"


def snapshots_to_follow(observed: Iterable[date], day: date) -> list[date]:
    """Which observed days say where logs of delivery day `day` may lie, newest first.

    The newest of all, and the two that enclose the day: a bucket that has changed its layout or
    was deleted since then still delivered where it said at the time.
    """
    days = sorted(set(observed))
    before = [one for one in days if one <= day]
    after = [one for one in days if one > day]
    return sorted({*days[-1:], *before[-1:], *after[:1]}, reverse=True)


def access_log_places(sources: Iterable[Source]) -> list[Place]:
    """Every distinct place that receives access logs, once, with all the buckets it serves."""
    places: dict[tuple[str, str, KeyLayout], Place] = {}
    for source in sources:
        place = _place_of(source)
        key = (place.log_bucket, place.prefix, source.key_layout)
        known = places.get(key, place)
        names = sorted({*known.source_buckets, source.bucket_name})
        places[key] = replace(known, source_buckets=tuple(names))
    return [places[key] for key in sorted(places)]


def key_range(place: Place, day: date, event_day_folders: int) -> KeyRange:
    """The keys to list for delivery day `day`: all that can belong to it and few besides."""
    next_day = day + timedelta(days=1)
    folder_stop = f"{place.prefix}{next_day:{_FOLDER_FORMAT}}/"
    if place.kind is Kind.CLOUDTRAIL:
        return KeyRange(place.prefix, f"{place.prefix}{day:{_FOLDER_FORMAT}}/", folder_stop)
    if place.key_layout is KeyLayout.EVENT_TIME:
        first = day - timedelta(days=event_day_folders)
        return KeyRange(place.prefix, f"{place.prefix}{first:{_FOLDER_FORMAT}}/", folder_stop)
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) - _OVERLAP
    if place.key_layout is KeyLayout.DELIVERY_TIME:
        after = f"{place.prefix}{since:{_FOLDER_FORMAT}}/{since:{_STAMP_FORMAT}}"
        return KeyRange(place.prefix, after, folder_stop)
    after = f"{place.prefix}{since:{_STAMP_FORMAT}}"
    return KeyRange(place.prefix, after, f"{place.prefix}{next_day:%Y-%m-%d}")


def placed(place: Place, listed: ListedObject) -> Placed:
    """What `listed`, found in `place`, is: a log of that place, or something else."""
    if place.kind is Kind.CLOUDTRAIL:
        return _placed_cloudtrail(place, listed)
    simple = place.key_layout is KeyLayout.SIMPLE
    rest = (_SIMPLE_REST if simple else _PARTITIONED_REST).fullmatch(listed.key, len(place.prefix))
    stamp = _moment(rest["stamp"], _STAMP_FORMAT) if rest else None
    if rest is None or stamp is None:
        return _other(place, listed)
    if simple:
        return Placed(place, listed, Kind.ACCESS_LOG, KeyLayout.SIMPLE, stamp.date())
    if f"{stamp:{_FOLDER_FORMAT}}" != rest["folder"]:
        return _other(place, listed)
    # A stamp with a time of day can only be a delivery time: the bucket has switched its layout.
    layout = place.key_layout if stamp.hour == stamp.minute == stamp.second == 0 else None
    return Placed(place, listed, Kind.ACCESS_LOG, layout or KeyLayout.DELIVERY_TIME, stamp.date())


def delivered_on(found: Placed) -> date:
    """The delivery day to which an object belongs; each object has exactly one."""
    if found.place.kind is Kind.CLOUDTRAIL and found.path_day is not None:
        return found.path_day
    return found.listed.delivered_at.astimezone(UTC).date()


def belonging(day: date, found: Iterable[Placed]) -> list[Placed]:
    """The objects of `day`, each once however many places showed it, in the order of their keys.

    Prefixes may overlap ("logs" and "logs2026-"): a place whose grammar the key fits wins over one
    to which it is a stranger.
    """
    chosen: dict[tuple[str, str], Placed] = {}
    for one in found:
        if delivered_on(one) != day:
            continue
        key = (one.place.log_bucket, one.listed.key)
        known = chosen.get(key)
        if known is None or _preference(one) < _preference(known):
            chosen[key] = one
    return [chosen[key] for key in sorted(chosen)]


def folder_day(prefix: str, key: str) -> date | None:
    """The day of the date folder that follows `prefix` in `key`, None if none does."""
    moment = _moment(key[len(prefix) : len(prefix) + 10], _FOLDER_FORMAT)
    return moment.date() if moment else None


def _place_of(source: Source) -> Place:
    is_simple = source.key_layout == KeyLayout.SIMPLE
    return Place(
        kind=Kind.ACCESS_LOG,
        log_bucket=source.target_bucket,
        prefix=log_prefix(source),
        region=source.region,
        key_layout=source.key_layout,
        source_bucket=None if is_simple else source.bucket_name,
        account_id=source.account_id,
    )


def _placed_cloudtrail(place: Place, listed: ListedObject) -> Placed:
    rest = _CLOUDTRAIL_REST.fullmatch(listed.key, len(place.prefix))
    stamp = _moment(rest["stamp"], _CLOUDTRAIL_STAMP_FORMAT) if rest else None
    if (
        rest is None
        or stamp is None
        or rest["folder"] != f"{stamp:{_FOLDER_FORMAT}}"
        or (rest["account"], rest["region"]) != (place.account_id, place.region)
    ):
        # The raw table reads the folder whatever is in it, so the folder says the day.
        return replace(_other(place, listed), path_day=folder_day(place.prefix, listed.key))
    return Placed(place, listed, Kind.CLOUDTRAIL, None, stamp.date(), stamped_at=stamp)


def _other(place: Place, listed: ListedObject) -> Placed:
    return Placed(place, listed, Kind.OTHER, problem=NOT_A_LOG_KEY)


# Which claim to one object is the better. A place that names its source knows more than one that
# does not; of two layouts of one place, event time is only ever claimed by its own stamp.
_LAYOUT_ORDER: Mapping[KeyLayout | None, int] = {
    KeyLayout.EVENT_TIME: 0,
    KeyLayout.DELIVERY_TIME: 1,
    KeyLayout.SIMPLE: 2,
    None: 3,
}


def _preference(found: Placed) -> tuple[bool, int, str]:
    return (found.kind is Kind.OTHER, _LAYOUT_ORDER[found.key_layout], found.place.prefix)


def _moment(text: str, form: str) -> datetime | None:
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    # strptime takes '2026/1/9' too; a key that S3 wrote always has its zeros.
    return moment if f"{moment:{form}}" == text else None
