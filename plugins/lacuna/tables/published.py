"""What a run has built, what readers are shown of it, and the order of the calls between the two.

A run writes its rows to a folder of its own below the table's: `run=<version>-<id>/<key>=…/`. A
partition in Glue points to the folder that is shown. To publish is to point it to another one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Literal

from lacuna.tables.evidence import Publication

# What a run has built and not published. Nobody but the run reads it.
BUILD = "lacuna_build"
STAGING = "lacuna_staging"
MARTS = "lacuna"
# The folder of the lake that a database's tables are in
DATABASES = {"staging": STAGING, "marts": MARTS}

# Readers are shown what a verdict rests on before they are shown the verdict
ORDER = (
    *("fct_log_objects", "quarantined_lines", "fct_object_requests", "fct_logging_changes"),
    *("fct_delivery_hours", "trusted_hours", "fct_bucket_days"),
    *("fct_sensitive_access", "fct_denied_requests", "fct_deletions", "fct_traffic"),
    *("fct_external_access", "fct_presigned_urls", "fct_sessions", "fct_automation"),
    "fct_principal_hours",
    *("fct_logging_coverage", "fct_account_posture", "fct_control_results"),
)

# What Glue takes in one call
MOST = {"update": 100, "create": 100, "delete": 25}

ROWS = "__rows"
_NAME = re.compile(
    r"(?P<table>.+)__(?P<run>\d{8})_(?P<delivered>\d{8})(?P<rows>__rows)?(?P<more>.*)"
)
_RUN = re.compile(r"/run=(?P<day>\d{4}-\d\d-\d\d)\.(?P<time>[\dT.]+)-")
_PLACE = re.compile(r"s3://[^/]+/(?P<folder>[^/]+)/(?P<table>[^/]+)(/|$)")

Values = tuple[str, ...]
Kind = Literal["update", "create", "delete"]


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a table or view in BUILD, in parts: what `own_relation` of dbt's macros makes."""

    table: str
    run: date
    delivered: date
    is_rows: bool = False

    def __str__(self) -> str:
        ending = ROWS if self.is_rows else ""
        return f"{self.table}__{self.run:%Y%m%d}_{self.delivered:%Y%m%d}{ending}"


@dataclass(frozen=True, slots=True)
class Build:
    """What a run has built of one table: all rows of `days`, the values of its first key."""

    database: str
    table: str
    key: str
    days: frozenset[str]
    version: str
    partitions: Mapping[Values, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One partition: the folder that readers are shown, and the one that they are to be shown."""

    database: str
    table: str
    values: Values
    before: str | None
    after: str | None

    @property
    def kind(self) -> Kind:
        """What Glue has to do with the partition."""
        if self.after is None:
            return "delete"
        return "create" if self.before is None else "update"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of Glue: it changes partitions of one table."""

    kind: Kind
    database: str
    table: str
    changes: tuple[Change, ...]


def name_of(text: str) -> Name | None:
    """Return the parts of a name in BUILD; None if no run of Lacuna gave it."""
    found = _NAME.fullmatch(text)
    if not found:
        return None
    try:
        run, delivered = map(date.fromisoformat, (found["run"], found["delivered"]))
    except ValueError:  # it only looks like one of ours
        return None
    # dbt has tables of its own beside the rows: `…__rows__tmp_not_partitioned`
    is_rows = found["rows"] is not None and not found["more"]
    return Name(found["table"], run, delivered, is_rows)


def version(run: date, moment: datetime) -> str:
    """Return how the folders of a run begin; of two versions of a day the later moment is shown."""
    return f"{run}.{moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def version_of(location: str) -> str:
    """Return the moment in a folder's name. Folders of older versions have none, and are oldest."""
    found = _RUN.search(location)
    return found["time"] if found else ""


def moment_of(row: Publication) -> str:
    """Return the moment that decides what follows a change: its run's, or that of a rollback."""
    found = version_of(row.location) if row.location and row.step != "rollback" else ""
    return found or row.version[-len("20261120T020000.000000") :]


def version_in_words(location: str | None) -> str:
    """Return in words which version a folder holds."""
    if location is None:
        return "no rows"
    found = _RUN.search(location)
    if found is None:
        return "what an older version of Lacuna built"
    moment = datetime.strptime(found["time"], "%Y%m%dT%H%M%S.%f")
    return f"what the run of {found['day']} built at {moment:%F %T} UTC"


def home_of(location: str) -> tuple[str, str] | None:
    """Return the database and the table that a folder belongs to; None if it is none of ours."""
    found = _PLACE.match(location)
    if not found or found["folder"] not in DATABASES:
        return None
    return DATABASES[found["folder"]], found["table"]


def changes(
    build: Build,
    shown: Mapping[Values, str],
    rows: Iterable[Publication] = (),
    withheld: Collection[str] = (),
) -> Iterator[Change]:
    """Yield what has to change of a table, so that readers see what was built of its days.

    A partition stays as it is if it was changed to something later than the build, as `rows` say: a
    run that found its days later knew all that this one did, and a person who rolled it back later
    has chosen. That there is no partition can be such a choice, too.
    """
    days = build.days - set(withheld)
    later = {
        row.partition_values
        for row in rows
        if (row.database_name, row.table_name) == (build.database, build.table)
        and moment_of(row) > build.version
    }
    for values in sorted({*build.partitions, *shown}):
        before, after = shown.get(values), build.partitions.get(values)
        if values[0] not in days or before == after or values in later:
            continue
        if before is None or version_of(before) <= build.version:
            yield Change(build.database, build.table, values, before, after)


@dataclass(frozen=True, slots=True)
class Restoration:
    """The changes that take a version back, and the name of the version that they make."""

    version: str
    changes: tuple[Change, ...]


def restoration(
    rows: Sequence[Publication], shown: Mapping[str, Mapping[Values, str]], version: str
) -> Restoration:
    """Return what takes back the change of `rows`, which have one version; `shown` is of each table.

    A rollback that was killed is not taken back but ended.
    """
    last = {(row.table_name, row.partition_values): row for row in rows}
    now = {key: shown[key[0]].get(key[1]) for key in last}
    is_ended = all(now[key] == row.location for key, row in last.items())
    goes_on = rows[-1].step == "rollback" and not is_ended
    wanted = {key: row.location if goes_on else row.location_before for key, row in last.items()}
    return Restoration(
        rows[-1].version if goes_on else version,
        tuple(
            Change(row.database_name, *key, now[key], wanted[key])
            for key, row in last.items()
            if now[key] != wanted[key]
        ),
    )


def calls(wanted: Iterable[Change]) -> list[Call]:
    """Return the calls that make the changes, in their order.

    What is new is shown evidence first, verdicts last. What is gone goes the other way round.
    """
    of_kinds: dict[bool, list[Change]] = {False: [], True: []}
    for change in wanted:
        of_kinds[change.kind == "delete"].append(change)
    return [
        *_in_batches(sorted(of_kinds[False], key=_rank)),
        *_in_batches(sorted(of_kinds[True], key=_rank, reverse=True)),
    ]


def _rank(change: Change) -> tuple[int, str, str, Values]:
    place = ORDER.index(change.table) if change.table in ORDER else len(ORDER)
    return (-1 if change.database == STAGING else place, change.table, change.kind, change.values)


def _in_batches(ordered: Iterable[Change]) -> Iterator[Call]:
    for (database, table, kind), some in groupby(ordered, attrgetter("database", "table", "kind")):
        of_table = tuple(some)
        for start in range(0, len(of_table), MOST[kind]):
            yield Call(kind, database, table, of_table[start : start + MOST[kind]])


def unused(
    written: Mapping[str, datetime], used: Collection[str], older_than: datetime
) -> list[str]:
    """Return the objects that no folder in use holds, and that were written before `older_than`."""
    folders = {folder.rstrip("/") for folder in used}
    return [
        url
        for url, moment in written.items()
        if moment < older_than and not any(above in folders for above in _folders_above(url))
    ]


def _folders_above(url: str) -> Iterator[str]:
    while "/" in url.removeprefix("s3://"):
        url = url.rpartition("/")[0]
        yield url
