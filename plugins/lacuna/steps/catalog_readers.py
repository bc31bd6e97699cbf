"""May Athena read what was listed? It reads as the run, while Python lists as a bucket's owner.

One object that Athena may not read fails every query of the day, for all accounts. So each place is
tried with the run's own credentials before it is registered: the first and the last object of the
day, one byte each, and all of them if a query of the day could not open one. A place that is
refused counts as not listed, as does one with an archived log: Athena passes over it without a
word, and its hours would be `missing`.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from lacuna.access_log.delivery import Placed
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import read_refused
from lacuna.aws.session import each
from lacuna.steps.catalog_trail_files import READ_REFUSED, TrailFiles
from lacuna.tables.evidence import Listing
from lacuna.text import visible

log = logging.getLogger(__name__)

# A log bucket and a prefix in it
Where = tuple[str, str]

# What GetObject answers of an archived object
ARCHIVED = "InvalidObjectState"


def refused(accounts: Accounts, objects: Collection[Placed]) -> dict[Where, str]:
    """Try these objects as the run; return the places of those it may not read, with AWS's code."""
    codes = each(
        lambda file: read_refused(
            accounts.home.s3_of(file.place.log_bucket), file.place.log_bucket, file.listed.key
        ),
        objects,
        accounts.concurrency,
        "log objects as the run",
    )
    return {_where(file): code for file, code in zip(objects, codes, strict=True) if code}


def archived(objects: Iterable[Placed]) -> dict[Where, str]:
    """Return the places of archived objects, with what GetObject answers of one."""
    return {_where(file): ARCHIVED for file in objects if file.listed.is_archived}


def refused_trail_places(
    accounts: Accounts, trail_files: TrailFiles, *, try_all: bool
) -> dict[Where, str]:
    """Return the places of trail files that the run itself may not read, with AWS's code."""
    # what was read as the run itself need not be tried
    tried = [
        file
        for file in trail_files.objects
        if _is_readable(file, trail_files)
        and accounts.of(accounts.owners.get(file.place.log_bucket)) is not accounts.home
    ]
    places = refused(accounts, tried if try_all else ends(tried))
    log_refused(places)
    return places


def log_refused(places: Mapping[Where, str]) -> None:
    """Log each place that the run itself may not read."""
    for (bucket, prefix), code in sorted(places.items()):
        log.warning(
            "the run itself may not read s3://%s/%s (%s%s), so Athena cannot: nothing of "
            "it is read; place_unreadable in docs/runbook.md says what to do",
            visible(bucket),
            visible(prefix),
            READ_REFUSED,
            code,
        )


def without(places: Collection[Where], objects: Iterable[Placed]) -> list[Placed]:
    """Return the objects of all other places."""
    return [file for file in objects if _where(file) not in places]


def marked(listings: Iterable[Listing], refused: Mapping[Where, str]) -> list[Listing]:
    """Return the listings, those of refused places with the refusal."""
    return [
        replace(one, objects_catalogued=0, error_code=f"{READ_REFUSED}{code}")
        if (code := refused.get((one.log_bucket, one.prefix))) and one.error_code is None
        else one
        for one in listings
    ]


def _where(file: Placed) -> Where:
    return file.place.log_bucket, file.place.prefix


def _is_readable(file: Placed, trail_files: TrailFiles) -> bool:
    content = trail_files.contents.get(file.log_object)
    return content is not None and content.readable


def ends(files: Iterable[Placed]) -> list[Placed]:
    """Return the first and the last object of each place, to try: a bucket's key may change within a day."""
    of_place: dict[Where, list[Placed]] = {}
    for file in files:
        of_place.setdefault(_where(file), []).append(file)
    return [each for some in of_place.values() for each in (some[0], *some[:0:-1][:1])]
