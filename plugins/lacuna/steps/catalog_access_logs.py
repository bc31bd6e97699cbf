"""The access logs of one delivery day in some places: listed, and written as they are listed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from lacuna.access_log import delivery
from lacuna.access_log.delivery import Kind, Place, Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import KeysListed, Listing
from lacuna.aws.session import each
from lacuna.lake import shards
from lacuna.lake.glue import batches
from lacuna.lake.shards import Files
from lacuna.steps import catalog_readers, catalog_rows, day_states
from lacuna.steps.catalog_late import Late
from lacuna.steps.catalog_readers import Where
from lacuna.tables import evidence, raw
from lacuna.text import visible

log = logging.getLogger(__name__)

# Of places whose objects no manifest of the raw table can name
LINE_BREAK = "LineBreakInPrefix"
EMPTY_FOLDER = "EmptyFolderInPrefix"

Answer = Listing[Placed] | KeysListed[Placed]


@dataclass(slots=True)
class _Read:
    """A place that was listed. `ends` are still to be tried: its first log and its last one."""

    listing: evidence.Listing
    files: Files
    ends: list[Placed] = field(default_factory=list)
    refused: dict[Where, str] = field(default_factory=dict)


def read(
    accounts: Accounts,
    late: Late,
    groups: Sequence[Sequence[Place]],
    files: Files,
    *,
    try_all: bool,
) -> list[evidence.Listing]:
    """List groups of places, and add the rows of their objects to `files`; return the listings.

    A place that the run's own credentials may not read counts as not listed. So its rows are kept
    apart until that is known.
    """
    listings: list[evidence.Listing] = []
    waiting: list[_Read] = []
    for some in batches(groups, accounts.concurrency):
        opened = each(
            lambda group: [_begin(accounts, late, place) for place in group],
            some,
            accounts.concurrency,
            "places of access logs",
        )
        for places, answers in zip(some, opened, strict=True):
            if len(places) > 1:
                listings += _read_overlapping(accounts, late, places, answers, files, try_all)
                continue
            apart = Files(files.lake, files.folder)
            waiting.append(_read_place(accounts, late, places[0], answers[0], apart, try_all))
            if sum(len(one.files.rows) for one in waiting) >= shards.ROWS:
                listings += _tried(accounts, waiting, files)
                waiting.clear()
    return listings + _tried(accounts, waiting, files)


def _begin(accounts: Accounts, late: Late, place: Place) -> Answer:
    if "\n" in place.prefix or "\r" in place.prefix:
        # A manifest has one line for each object, so these objects cannot be read.
        return KeysListed((), 0, 0, LINE_BREAK)
    if not raw.can_be_location(place.prefix):
        return KeysListed((), 0, 0, EMPTY_FOLDER)
    owner = accounts.of(accounts.owners.get(place.log_bucket))
    return late.begin(owner.s3(place.region), place)


def _read_place(
    accounts: Accounts, late: Late, place: Place, answer: Answer, files: Files, try_all: bool
) -> _Read:
    """List a place, one page in memory at a time."""
    ends: list[Placed] = []
    refused: dict[Where, str] = {}
    too_late: list[Placed] = []
    cataloged = 0
    for page in answer.pages():
        in_time, of_page_too_late = late.split(page)
        too_late += of_page_too_late
        of_day = [placed for placed in in_time if delivery.delivered_on(placed) == late.day]
        cataloged += len(of_day)
        refused |= catalog_readers.archived(of_day)
        if try_all:
            refused |= catalog_readers.refused(accounts, _logs(of_day))
        else:
            ends = catalog_readers.ends([*ends, *_logs(of_day)])
        _add(files, of_day)
    if answer.error_code:
        files, ends, refused, too_late, cataloged = Files(files.lake, files.folder), [], {}, [], 0
    listing = _listing(place, answer, cataloged, late.access_logs(too_late))
    return _Read(listing, files, ends, refused)


def _tried(accounts: Accounts, waiting: Sequence[_Read], files: Files) -> list[evidence.Listing]:
    """Take the rows of the places that the run itself may read; return the listings of all."""
    ends = list(chain.from_iterable(place.ends for place in waiting))
    refused = catalog_readers.refused(accounts, ends)
    for place in waiting:
        refused |= place.refused
    catalog_readers.log_refused(refused)
    for place in waiting:
        if (place.listing.log_bucket, place.listing.prefix) not in refused:
            files.take(place.files)
    return catalog_readers.marked((place.listing for place in waiting), refused)


def _read_overlapping(
    accounts: Accounts,
    late: Late,
    places: Sequence[Place],
    answers: Sequence[Answer],
    files: Files,
    try_all: bool,
) -> list[evidence.Listing]:
    """List places that may show the same object, and give each object to one of them."""
    # what comes before an error counts for nothing, and an error is known at the end
    pages = [list(chain.from_iterable(answer.pages())) for answer in answers]
    split = [
        late.split(() if answer.error_code else page)
        for answer, page in zip(answers, pages, strict=True)
    ]
    of_day = delivery.belonging(late.day, chain.from_iterable(in_time for in_time, _ in split))
    logs = _logs(of_day)
    refused = catalog_readers.refused(accounts, logs if try_all else catalog_readers.ends(logs))
    refused |= catalog_readers.archived(of_day)
    catalog_readers.log_refused(refused)
    _add(files, catalog_readers.without(refused, of_day))
    cataloged = Counter(placed.place for placed in of_day)
    listings = [
        _listing(place, answer, cataloged[place], late.access_logs(too_late))
        for place, answer, (_, too_late) in zip(places, answers, split, strict=True)
    ]
    return catalog_readers.marked(listings, refused)


def _logs(objects: Sequence[Placed]) -> list[Placed]:
    return [placed for placed in objects if placed.kind is Kind.ACCESS_LOG]


def _add(files: Files, objects: Sequence[Placed]) -> None:
    for placed in objects:
        row = catalog_rows.log_object(placed)
        files.add(row, is_in_manifest=placed.kind is Kind.ACCESS_LOG)


def _listing(
    place: Place, answer: Answer, cataloged: int, out_of_time: Sequence[date]
) -> evidence.Listing:
    where = visible(f"s3://{place.log_bucket}/{place.prefix}")
    if answer.strangers:
        log.warning("%s: %d of its objects are no logs of this place", where, answer.strangers)
    # A log bucket that does not exist is a complete answer: nothing was delivered there. The
    # snapshot says why. Any other refusal leaves the place unknown.
    error_code = None if answer.error_code == "NoSuchBucket" else answer.error_code
    if answer.error_code:
        log.warning("cannot list %s: %s", where, answer.error_code)
    return evidence.Listing(
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
