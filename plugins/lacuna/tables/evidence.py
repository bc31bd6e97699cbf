"""The evidence tables: what Lacuna itself observed. One row type a table, and the table's schema.

The Glue types follow from the row types' annotations, so writers, tables and tests cannot drift
apart. Times are UTC.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DATABASE = "lacuna_evidence"

Row = TypeVar("Row", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class LoggingSnapshot:
    """A source bucket as observed: how it is logged, can that work, or why that is unknown.

    `read_coverage` counts all that records the reads, `read_witness` only trails, whose files a run
    can hold the access log against; so do the columns beside them. `changes_witness`: how many of the
    calls that change what is logged in the bucket's Region the trails record. `sensitive_by` is the
    source that calls the bucket sensitive, `sensitivity_error_…` what hid a source that could have.
    `coverage_error_…` is the first read of a trail or store that was refused and hid what it records.
    `coverage_at_fault`: `reason arn` for each of `coverage_reasons` that is one trail's or store's own.
    `missing_trail_buckets`: where trails of the account would deliver, and which do not exist.
    """

    account_id: str
    region: str | None
    bucket_name: str
    observed_at: datetime
    logging_state: str
    target_bucket: str | None
    target_prefix: str | None
    key_layout: str | None
    target_state: str | None
    reasons: tuple[str, ...]
    read_coverage: str
    write_coverage: str
    read_covered_since: datetime | None
    write_covered_since: datetime | None
    coverage_reasons: tuple[str, ...]
    sensitivity: str | None
    error_code: str | None
    error_operation: str | None
    weaknesses: tuple[str, ...]
    coverage_details: tuple[str, ...]
    read_witness: str
    write_witness: str
    read_witnessed_since: datetime | None
    write_witnessed_since: datetime | None
    is_sensitive: bool | None
    missing_permission: str | None
    changes_witness: str
    changes_witnessed_since: datetime | None
    sensitive_by: str | None
    sensitivity_error_code: str | None
    sensitivity_error_operation: str | None
    sensitivity_missing_permission: str | None
    missing_trail_buckets: tuple[str, ...]
    coverage_at_fault: tuple[str, ...]
    coverage_error_code: str | None
    coverage_error_operation: str | None
    coverage_missing_permission: str | None


@dataclass(frozen=True, slots=True)
class AccountObserved:
    """An account that was to be looked at: `observed`, or `unreadable` and why."""

    account_id: str
    name: str | None
    observed_at: datetime
    state: str
    observed_buckets: int
    error_code: str | None
    error_operation: str | None
    missing_permission: str | None


@dataclass(frozen=True, slots=True)
class TrailPlace:
    """Where a trail delivers. `is_present` False: it did the day before, and the trail was deleted
    or moved since; its files stay."""

    trail_arn: str
    home_region: str
    is_multi_region: bool
    log_bucket: str
    key_prefix: str
    is_organization: bool
    is_present: bool


@dataclass(frozen=True, slots=True)
class LogObject:
    """A delivered object, of either log, or a stranger found among them."""

    kind: str
    log_bucket: str
    object_key: str
    log_object: str
    source_bucket: str | None
    trail_arn: str | None
    account_id: str | None
    region: str | None
    key_layout: str | None
    size_bytes: int
    etag: str
    delivered_at: datetime
    stamped_at: datetime | None
    path_day: date | None
    readable: bool | None
    problem: str | None
    content_sha256: str | None
    record_count: int | None
    digest_state: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A place that was listed, what that cost, and why it could not be if it could not."""

    kind: str
    log_bucket: str
    prefix: str
    key_layout: str | None
    source_buckets: tuple[str, ...]
    list_calls: int
    keys_returned: int
    objects_catalogued: int
    error_code: str | None


@dataclass(frozen=True, slots=True)
class CataloguedDay:
    """The one row that says a delivery day's catalogue is complete. It is written last."""

    catalogued_at: datetime
    places: int
    places_unreadable: int
    list_calls: int
    keys_returned: int
    objects_catalogued: int


@dataclass(frozen=True, slots=True)
class TrailDigest:
    """A digest file and its verdict, or an hour in which none was delivered."""

    trail_arn: str
    account_id: str
    region: str
    log_bucket: str
    object_key: str | None
    digest_start_at: datetime
    digest_end_at: datetime
    state: str
    previous_object_key: str | None
    files: int
    missing_files: tuple[str, ...]
    altered_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found in one partition.

    `offending` (what it is about), `sentences`, `to_do` and `bucket_names` have one item for each
    finding that is named; `findings` counts all of them, and `query_of_all` returns their rows.
    `message` is the same in words, for a person who queries the table; nothing reads it back.
    `cause` says why the check could not be carried out. All that follow `checked_at` are null in
    results of older versions.
    """

    suite: str
    expectation: str
    severity: str
    success: bool
    errored: bool
    observed: str | None
    message: str
    offending: tuple[str, ...]
    partition_day: date
    checked_at: datetime
    findings: int | None = None
    sentences: tuple[str, ...] | None = None
    to_do: tuple[str, ...] | None = None
    bucket_names: tuple[str, ...] | None = None
    query_of_all: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Remediation:
    """A change that a plan was to make, and what became of it.

    `before`, `after` and `found` are the document as JSON: as the plan saw it, as the plan wanted
    it, as it was read last.
    """

    plan_id: str
    undo_of: str | None
    account_id: str
    bucket_name: str
    operation: str
    outcome: str
    error_code: str | None
    why: str
    before: str
    after: str
    found: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """A table of the evidence database and the type of its rows."""

    name: str
    row: type
    partition_keys: tuple[str, ...]
    description: str

    def columns(self) -> dict[str, str]:
        """Glue type by column, in order, without the partition keys."""
        hints = typing.get_type_hints(self.row)
        return {field.name: _glue_type(hints[field.name]) for field in dataclasses.fields(self.row)}

    def partition_columns(self) -> dict[str, str]:
        """Glue type by partition key, in order."""
        return dict.fromkeys(self.partition_keys, "date")


LOGGING_SNAPSHOTS = EvidenceTable(
    "logging_snapshots",
    LoggingSnapshot,
    ("observed_on",),
    "How each bucket's logging was configured when Lacuna looked.",
)
ACCOUNTS = EvidenceTable(
    "accounts",
    AccountObserved,
    ("observed_on",),
    "The accounts that Lacuna was to look at, and whether it could.",
)
LOG_OBJECTS = EvidenceTable(
    "log_objects", LogObject, ("delivered_on",), "Log objects by the day they were delivered."
)
LISTINGS = EvidenceTable(
    "listings", Listing, ("delivered_on",), "Places that were listed, and what listing them cost."
)
CATALOGUED_DAYS = EvidenceTable(
    "catalogued_days",
    CataloguedDay,
    ("delivered_on",),
    "Delivery days whose catalogue is complete.",
)
TRAIL_PLACES = EvidenceTable(
    "trail_places", TrailPlace, ("delivered_on",), "Where trails delivered on a delivery day."
)
TRAIL_DIGESTS = EvidenceTable(
    "trail_digests", TrailDigest, ("delivered_on",), "Digest files and missing hours, judged."
)
CHECK_RESULTS = EvidenceTable(
    "check_results",
    CheckResult,
    ("checked_on", "delivery_day"),
    "What each check found in each partition.",
)
REMEDIATIONS = EvidenceTable(
    "remediations",
    Remediation,
    ("applied_on",),
    "Changes that plans were to make, and what became of them.",
)

TABLES = (
    LOGGING_SNAPSHOTS,
    ACCOUNTS,
    LOG_OBJECTS,
    LISTINGS,
    CATALOGUED_DAYS,
    TRAIL_PLACES,
    TRAIL_DIGESTS,
    CHECK_RESULTS,
    REMEDIATIONS,
)

_GLUE_TYPES: dict[object, str] = {
    str: "string",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
    tuple[str, ...]: "array<string>",
}


def read_back(row: type[Row], values: Mapping[str, Any]) -> Row:
    """A row as it was written, from what a file of its table holds; None for columns of a newer
    version."""
    return row(**{one.name: _as_written(values.get(one.name)) for one in dataclasses.fields(row)})


def _as_written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return tuple(value) if isinstance(value, list) else value


def _glue_type(hint: object) -> str:
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not types.NoneType)
    return _GLUE_TYPES[hint]
