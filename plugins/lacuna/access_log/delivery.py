"""Under which keys the log objects of a delivery day are, and what a listed object is. Pure.

Cost must not grow with history. So every place is listed as two ranges of keys, each after `after`
and before `stop`:

- the keys of the day and of the N days before it, by the stamp or the date folder in the key. An
  object's LastModified is mostly later than its stamp by seconds, by days if S3 repeats a delivery;
- the keys of one day a month before. What was written there too late for any catalog is reported.

The delivery day of an access-log object is the UTC date of its LastModified. The delivery day of a
CloudTrail file is the day of its folder, which AWS defines as the delivery time. The raw table reads
whole folders. So a file that was written seconds after midnight into the folder of the day before
must be cataloged on the day on which that folder is read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import itemgetter

from lacuna.access_log.sources import KeyLayout, Source, log_prefix


class Kind(StrEnum):
    """What a listed object is, by its place and its key."""

    ACCESS_LOG = "access_log"
    CLOUDTRAIL = "cloudtrail"
    OTHER = "other"


NOT_A_LOG_KEY = "not a log key"

# S3's unique part has been 16 hex digits for twenty years, but AWS does not promise that.
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
# CloudTrail tries for 30 days to deliver again what a bucket has refused
_LOOK_BACK = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Place:
    """A log place: one kind of log object is delivered under one prefix of a log bucket.

    `account_id` and `region` are those of the traffic: S3 delivers within them, CloudTrail names
    them in the prefix.
    """

    kind: Kind
    log_bucket: str
    prefix: str
    region: str | None = None
    key_layout: KeyLayout | None = None
    # not hashed: a place may serve thousands, and is looked up for each of its objects
    source_buckets: tuple[str, ...] = field(default=(), hash=False)
    source_bucket: str | None = None  # set if the prefix itself names the source
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
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """What one listed object is. `stamped_at`: the delivery time in a CloudTrail file's name."""

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


def snapshots_to_follow(observed: Iterable[date], day: date, lateness: timedelta) -> list[date]:
    """Return the observation days that say where logs of delivery day `day` may be, newest first.

    These are the newest of all, the next one after the day, those of the day and of the `lateness`
    before it, and the last one before them. A bucket that was changed or deleted since then
    delivered to the target that it had at the time, and its last records arrive late.
    """
    days = sorted(set(observed))
    begin = day - lateness
    before = [on for on in days if on <= begin]
    late = [on for on in days if begin < on <= day]
    after = [on for on in days if on > day]
    return sorted({*days[-1:], *before[-1:], *late, *after[:1]}, reverse=True)


def access_log_places(sources: Iterable[Source]) -> list[Place]:
    """Return every place that receives access logs, once, with all the buckets that it serves."""
    places: dict[tuple[str, str, KeyLayout], tuple[Place, set[str]]] = {}
    for source in sources:
        place = _place_of(source)
        key = (place.log_bucket, place.prefix, source.key_layout)
        places.setdefault(key, (place, set()))[1].add(source.bucket_name)
    return [
        replace(place, source_buckets=tuple(sorted(names)))
        for _, (place, names) in sorted(places.items(), key=itemgetter(0))
    ]


def key_range(place: Place, day: date, event_day_folders: int) -> KeyRange:
    """Return the keys to list for delivery day `day`: all that can belong to its catalog."""
    return _keys_of_days(place, day - timedelta(days=event_day_folders), day)


def key_ranges(place: Place, day: date, event_day_folders: int) -> tuple[KeyRange, ...]:
    """Return the keys to list on a run of `day`: those of its catalog, and of one day long before."""
    of_catalog = key_range(place, day, event_day_folders)
    if timedelta(days=event_day_folders) >= _LOOK_BACK:
        return (of_catalog,)
    before = _keys_of_days(place, day - _LOOK_BACK, day - _LOOK_BACK)
    return of_catalog, replace(before, prefix=before.after)


def _keys_of_days(place: Place, first: date, last: date) -> KeyRange:
    """Return the keys with the stamp, or in the date folder, of these days."""
    form = "%Y-%m-%d" if place.key_layout is KeyLayout.SIMPLE else f"{_FOLDER_FORMAT}/"
    stop = last + timedelta(days=1)
    return KeyRange(place.prefix, f"{place.prefix}{first:{form}}", f"{place.prefix}{stop:{form}}")


def placed(place: Place, listed: ListedObject) -> Placed:
    """Decide what `listed` is: a log of `place`, or something else."""
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
    # A stamp with a time of day can only be a delivery time: the bucket has changed its layout.
    layout = place.key_layout if stamp.hour == stamp.minute == stamp.second == 0 else None
    return Placed(place, listed, Kind.ACCESS_LOG, layout or KeyLayout.DELIVERY_TIME, stamp.date())


def delivered_on(placed: Placed) -> date:
    """Return the delivery day of an object; each object has exactly one."""
    if placed.place.kind is Kind.CLOUDTRAIL and placed.path_day is not None:
        return placed.path_day
    return placed.listed.delivered_at.astimezone(UTC).date()


def is_log(placed: Placed) -> bool:
    """Whether it is a log of its place."""
    return placed.kind is not Kind.OTHER


def is_out_of_time(placed: Placed, event_day_folders: int) -> bool:
    """Is this an access log of a delivery day whose catalog does not have keys of its stamp?

    Its LastModified lies too far from the time in its key: S3 repeated the delivery weeks later, or
    somebody copied the object onto itself.
    """
    keys = key_range(placed.place, delivered_on(placed), event_day_folders)
    return placed.kind is Kind.ACCESS_LOG and not keys.after < placed.listed.key < keys.stop


def belonging(day: date, objects: Iterable[Placed]) -> list[Placed]:
    """Return the objects of `day` in the order of their keys, each once.

    Prefixes may overlap ("logs" and "logs2026-"), so that several places list an object. A place
    whose key layout the key fits wins over a place where it is a stranger.
    """
    chosen: dict[tuple[str, str], Placed] = {}
    for candidate in objects:
        if delivered_on(candidate) != day:
            continue
        key = (candidate.place.log_bucket, candidate.listed.key)
        known = chosen.get(key)
        if known is None or _preference(candidate) < _preference(known):
            chosen[key] = candidate
    return [chosen[key] for key in sorted(chosen)]


def folder_day(prefix: str, key: str) -> date | None:
    """Return the day of the date folder that follows `prefix` in `key`; None if none follows."""
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
        # The raw table reads the whole folder, so the folder decides the day.
        return replace(_other(place, listed), path_day=folder_day(place.prefix, listed.key))
    return Placed(place, listed, Kind.CLOUDTRAIL, None, stamp.date(), stamped_at=stamp)


def _other(place: Place, listed: ListedObject) -> Placed:
    return Placed(place, listed, Kind.OTHER, problem=NOT_A_LOG_KEY)


# Which claim to one object is better. A place that names its source knows more than one that does
# not. Of two layouts of one place, only a stamp of event time fits event time.
_LAYOUT_ORDER: Mapping[KeyLayout | None, int] = {
    KeyLayout.EVENT_TIME: 0,
    KeyLayout.DELIVERY_TIME: 1,
    KeyLayout.SIMPLE: 2,
    None: 3,
}


def _preference(placed: Placed) -> tuple[bool, int, str]:
    return (placed.kind is Kind.OTHER, _LAYOUT_ORDER[placed.key_layout], placed.place.prefix)


def _moment(text: str, form: str) -> datetime | None:
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    # strptime also takes '2026/1/9'; a key that S3 wrote always has its zeros.
    return moment if f"{moment:{form}}" == text else None
