"""Catalog the log objects of one delivery day: what was delivered, where, and is it readable?

The log places come from evidence.logging_snapshots, from the trails themselves and from the places
of trails on the day before, never from settings. Each is listed as the account that owns it; what
Athena may not read with the run's own credentials counts as not listed (`catalog_readers`).
Everything is read before anything is written. Then the day is marked as not cataloged first, and as
cataloged last. So a run that was killed anywhere and is run again leaves the same rows.

Beyond a snapshot's permissions the run's role needs s3:ListBucket and s3:GetObject on the log
buckets, cloudtrail:ListPublicKeys, and access to the lake.
"""

import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from lacuna.access_log import delivery
from lacuna.access_log.delivery import Kind, Place, Placed
from lacuna.access_log.sources import KeyLayout, Source
from lacuna.aws.accounts import Accounts, open_accounts
from lacuna.aws.objects import KeysListed
from lacuna.aws.session import each
from lacuna.lake.lake import Lake, open_lake
from lacuna.settings import Settings
from lacuna.steps import (
    catalog_absent_digests,
    catalog_digests,
    catalog_losses,
    catalog_readers,
    catalog_trail_files,
    catalog_trail_folders,
    catalog_trails,
    day_states,
)
from lacuna.steps.catalog_day_before import DayBefore
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_trail_folders import TrailFolder
from lacuna.tables import raw
from lacuna.tables.evidence import (
    CATALOGUED_DAYS,
    LISTINGS,
    LOG_OBJECTS,
    LOGGING_SNAPSHOTS,
    PARSED_DAYS,
    TRAIL_DIGESTS,
    TRAIL_PLACES,
    CataloguedDay,
    Listing,
    LogObject,
    TrailDigest,
    TrailPlace,
)
from lacuna.tables.evidence_table import read_back
from lacuna.text import visible
from lacuna.trail.digests import FileState
from lacuna.trail.log_files import FileContent

log = logging.getLogger(__name__)

# Of places whose objects no manifest of the raw table can name
LINE_BREAK = "LineBreakInPrefix"
EMPTY_FOLDER = "EmptyFolderInPrefix"


@dataclass(frozen=True, slots=True)
class CatalogSummary:
    """What cataloging one delivery day found and cost."""

    day: date
    places: int
    places_unreadable: int
    list_calls: int
    keys_returned: int
    objects_cataloged: int
    unreadable_objects: tuple[str, ...]
    objects_gone: int = 0

    def __str__(self) -> str:
        if self.objects_gone:
            return f"{self.day}: its earlier catalog of {self.objects_cataloged} objects is kept"
        return (
            f"{self.day}: {self.objects_cataloged} objects of {self.places} places, "
            f"{len(self.unreadable_objects)} of them unreadable, {self.places_unreadable} places "
            f"unreadable; {self.list_calls} LIST calls returned {self.keys_returned} keys"
        )


@dataclass(frozen=True, slots=True)
class _Catalog:
    """The rows of one delivery day, before they are written."""

    log_objects: list[LogObject]
    listings: list[Listing]
    trail_places: list[TrailPlace]
    digests: list[TrailDigest]
    access_logs: list[str]
    trail_folders: list[TrailFolder]


def catalog_day(
    settings: Settings, day: date, *, accept_loss: bool = False, try_all: bool = False
) -> CatalogSummary:
    """Write the catalog of one delivery day. It replaces what an earlier run wrote for the day.

    If log objects are gone that were read before, what the day holds cannot be read again. Then the
    earlier catalog is kept, unless `accept_loss`. `try_all`: try whether Athena may read each object,
    not only the first and the last of a place.

    The next day follows the trails and the digests of this one. If it was cataloged before, when
    they were not known, it is cataloged again.
    """
    lake = open_lake(settings)
    accounts = open_accounts(lake.account, settings)
    summary = _catalog(lake, accounts, settings, day, accept_loss=accept_loss, try_all=try_all)
    following = day + timedelta(days=1)
    while _follows_another(lake, following):
        before = following - timedelta(days=1)
        log.info("%s was cataloged before %s: it is cataloged again", following, before)
        _catalog(lake, accounts, settings, following)
        following += timedelta(days=1)
    # Nothing reads the raw objects of a parsed day again but a run of that day, which registers them
    old = day - timedelta(days=settings.event_day_folders)
    lake.unregister(old, lambda one: day_states.is_parsed(lake, one))
    return summary


def _catalog(
    lake: Lake,
    accounts: Accounts,
    settings: Settings,
    day: date,
    *,
    accept_loss: bool = False,
    try_all: bool = False,
) -> CatalogSummary:
    """Read a day and write its catalog, until nothing of the day before changed meanwhile.

    A run of the day before that ends in between finds no catalog of this day yet.
    """
    while True:
        follows = _followed(lake, day)
        rows = _read_day(lake, accounts, settings, day, try_all=try_all)
        summary = _replace(lake, accounts, day, rows, follows, accept_loss=accept_loss)
        if follows == _followed(lake, day):
            return summary
        log.info("the day before %s was cataloged meanwhile: it is cataloged again", day)


def _replace(
    lake: Lake, accounts: Accounts, day: date, rows: _Catalog, follows: str, *, accept_loss: bool
) -> CatalogSummary:
    """Write the catalog of a day, or keep the earlier one if the new one would lose something."""
    gone = catalog_losses.gone(lake, day, rows.log_objects, rows.digests)
    if gone and not accept_loss:
        kept = catalog_losses.keep(lake, day, len(gone), follows, rows.log_objects, rows.listings)
        summary = _kept(day, kept)
    else:
        rows = replace(rows, listings=catalog_losses.accepted(lake, day, gone, rows.listings))
        summary = _summary(day, rows)
        _write(lake, accounts, day, rows, summary, follows)
    log.info("%s", summary)
    return summary


def _follows_another(lake: Lake, day: date) -> bool:
    """Whether `day` was cataloged, and not from what is known now of the day before."""
    partition = {"delivered_on": day}
    rows = lake.read(CATALOGUED_DAYS, partition)
    if not rows:  # this was begun and killed
        return bool(lake.read(PARSED_DAYS, partition))
    follows = rows[0].get("follows")  # None: an older version does not say
    return follows is not None and follows != _followed(lake, day)


def _followed(lake: Lake, day: date) -> str:
    """Return a fingerprint of all that the catalog of `day` takes from the day before."""
    places = [read_back(TrailPlace, row) for row in lake.read(TRAIL_PLACES, _day_before(day))]
    present = sorted(str(place) for place in places if place.is_present)
    ends = catalog_absent_digests.last_ends(lake.read(TRAIL_DIGESTS, _day_before(day)))
    return sha256(str([present, sorted(ends.items())]).encode()).hexdigest()


def _read_day(
    lake: Lake, accounts: Accounts, settings: Settings, day: date, *, try_all: bool
) -> _Catalog:
    observed = _observed(lake, settings, day)
    accounts.owners |= {row["bucket_name"]: row["account_id"] for row in observed}
    sources = _sources(observed)
    late = Late(lake, day, settings.event_day_folders)
    access_logs, listings = _access_logs(accounts, late, sources)
    trails = catalog_trails.look(accounts, observed)
    places, followed = catalog_trails.follow(lake, accounts, trails, day)
    trail_files = catalog_trail_files.read(accounts, late, followed, trails.answered)
    digests = catalog_digests.read(accounts, trail_files, DayBefore(lake, day), late)
    not_for_athena = catalog_readers.refused_places(
        accounts, access_logs, trail_files, try_all=try_all
    )
    access_logs = catalog_readers.without(not_for_athena, access_logs)
    trail_files.objects = catalog_readers.without(not_for_athena, trail_files.objects)
    return _Catalog(
        log_objects=[
            _log_object(placed, trail_files.contents, digests.states)
            for placed in [*access_logs, *trail_files.objects]
        ],
        listings=catalog_readers.marked(
            [*listings, *trails.refused_listings(), *trail_files.listings], not_for_athena
        ),
        trail_places=places,
        digests=digests.rows,
        access_logs=[placed.log_object for placed in access_logs if placed.kind is Kind.ACCESS_LOG],
        trail_folders=catalog_trail_folders.readable(trail_files),
    )


def _observed(lake: Lake, settings: Settings, day: date) -> list[dict[str, Any]]:
    """Read the snapshots that say whose logs may have been delivered on `day`."""
    days = delivery.snapshots_to_follow(
        lake.days(LOGGING_SNAPSHOTS), day, timedelta(days=settings.lateness_days)
    )
    if not days:
        log.warning("there is no logging snapshot: no access-log place is known")
    return [row for on in days for row in lake.read(LOGGING_SNAPSHOTS, {"observed_on": on})]


def _day_before(day: date) -> dict[str, date]:
    return {"delivered_on": day - timedelta(days=1)}


def _sources(rows: Iterable[Mapping[str, Any]]) -> list[Source]:
    """Return the source buckets whose access log was on, and its target."""
    sources = {
        Source(
            bucket_name=row["bucket_name"],
            account_id=row["account_id"],
            region=row["region"],
            target_bucket=row["target_bucket"],
            target_prefix=row["target_prefix"],
            key_layout=KeyLayout(row["key_layout"]),
        )
        for row in rows
        if row["logging_state"] == "on"
    }
    return sorted(sources, key=lambda source: (source.bucket_name, source.target_prefix))


def _access_logs(
    accounts: Accounts, late: Late, sources: Iterable[Source]
) -> tuple[list[Placed], list[Listing]]:
    places = delivery.access_log_places(sources)
    answers = list(
        each(
            lambda place: _list(accounts, late, place),
            places,
            accounts.concurrency,
            "places of access logs",
        )
    )
    split = [late.split(answer.objects) for answer in answers]
    of_day = delivery.belonging(
        late.day, itertools.chain.from_iterable(in_time for in_time, _ in split)
    )
    cataloged = Counter(placed.place for placed in of_day)
    return of_day, [
        _listing(
            place,
            answer,
            cataloged=cataloged[place],
            out_of_time=late.access_logs(too_late),
        )
        for place, answer, (_, too_late) in zip(places, answers, split, strict=True)
    ]


def _list(accounts: Accounts, late: Late, place: Place) -> KeysListed[Placed]:
    if "\n" in place.prefix or "\r" in place.prefix:
        # A manifest has one line for each object, so these objects cannot be read.
        return KeysListed((), 0, 0, LINE_BREAK)
    if not raw.can_be_location(place.prefix):
        return KeysListed((), 0, 0, EMPTY_FOLDER)
    owner = accounts.of(accounts.owners.get(place.log_bucket))
    return late.look(owner.s3(place.region), place)


def _listing(
    place: Place, answer: KeysListed[Placed], *, cataloged: int, out_of_time: Sequence[date]
) -> Listing:
    where = visible(f"s3://{place.log_bucket}/{place.prefix}")
    if answer.strangers:
        log.warning("%s: %d of its objects are no logs of this place", where, answer.strangers)
    # A log bucket that does not exist is a complete answer: nothing was delivered there. The
    # snapshot says why. Any other refusal leaves the place unknown.
    error_code = None if answer.error_code == "NoSuchBucket" else answer.error_code
    if answer.error_code:
        log.warning("cannot list %s: %s", where, answer.error_code)
    return Listing(
        kind=place.kind,
        log_bucket=place.log_bucket,
        prefix=place.prefix,
        key_layout=place.key_layout,
        source_buckets=place.source_buckets,
        list_calls=answer.list_calls,
        keys_returned=answer.keys_returned,
        objects_catalogued=cataloged,
        error_code=error_code,
        account_id=place.account_id,
        region=place.region,
        objects_out_of_time=len(out_of_time),
        days_out_of_time=day_states.texts(out_of_time),
    )


def _log_object(
    placed: Placed, contents: Mapping[str, FileContent], states: Mapping[str, FileState]
) -> LogObject:
    place = placed.place
    row = LogObject(
        kind=placed.kind,
        log_bucket=place.log_bucket,
        object_key=placed.listed.key,
        log_object=placed.log_object,
        source_bucket=place.source_bucket if placed.kind is Kind.ACCESS_LOG else None,
        trail_arn=place.trail_arn,
        account_id=place.account_id,
        region=place.region,
        key_layout=placed.key_layout,
        size_bytes=placed.listed.size_bytes,
        etag=placed.listed.etag,
        delivered_at=placed.listed.delivered_at,
        stamped_at=placed.stamped_at,
        path_day=placed.path_day,
        readable=True,
        problem=placed.problem,
        content_sha256=None,
        record_count=None,
        digest_state=None,
    )
    if placed.kind is Kind.OTHER:
        # Athena would read a stranger in a CloudTrail folder, so the other files must be copied. A
        # stranger among access logs is just in no manifest.
        return replace(row, readable=False if place.kind is Kind.CLOUDTRAIL else None)
    content = contents.get(placed.log_object)
    if content is None:
        return row
    return replace(
        row,
        readable=content.readable,
        problem=content.problem,
        content_sha256=content.content_sha256,
        record_count=content.record_count,
        digest_state=states[placed.log_object],
    )


def _summary(day: date, rows: _Catalog) -> CatalogSummary:
    return CatalogSummary(
        day=day,
        places=len(rows.listings),
        places_unreadable=sum(listing.error_code is not None for listing in rows.listings),
        list_calls=sum(listing.list_calls for listing in rows.listings),
        keys_returned=sum(listing.keys_returned for listing in rows.listings),
        objects_cataloged=len(rows.log_objects),
        unreadable_objects=tuple(
            sorted(row.log_object for row in rows.log_objects if row.readable is False)
        ),
    )


def _kept(day: date, kept: CataloguedDay) -> CatalogSummary:
    return CatalogSummary(
        day=day,
        places=kept.places,
        places_unreadable=kept.places_unreadable,
        list_calls=kept.list_calls,
        keys_returned=kept.keys_returned,
        objects_cataloged=kept.objects_catalogued,
        unreadable_objects=(),
        objects_gone=kept.objects_gone or 0,
    )


def _write(
    lake: Lake,
    accounts: Accounts,
    day: date,
    rows: _Catalog,
    summary: CatalogSummary,
    follows: str,
) -> None:
    partition = {"delivered_on": day}
    lake.drop(CATALOGUED_DAYS, partition)
    lake.write(LOG_OBJECTS, rows.log_objects, partition)
    lake.write(LISTINGS, rows.listings, partition)
    lake.write(TRAIL_PLACES, rows.trail_places, partition)
    lake.write(TRAIL_DIGESTS, rows.digests, partition)
    lake.write_manifests(day, rows.access_logs)
    catalog_trail_folders.register(lake, accounts, day, rows.trail_folders)
    row = CataloguedDay(
        catalogued_at=datetime.now(UTC),
        places=summary.places,
        places_unreadable=summary.places_unreadable,
        list_calls=summary.list_calls,
        keys_returned=summary.keys_returned,
        objects_catalogued=summary.objects_cataloged,
        follows=follows,
    )
    lake.write(CATALOGUED_DAYS, [row], partition)
