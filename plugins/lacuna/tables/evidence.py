"""The evidence tables: what Lacuna itself observed. Each table has one row type. Times are UTC."""

from dataclasses import dataclass
from datetime import date, datetime

from lacuna.tables.evidence_table import EvidenceTable
from lacuna.tables.protection import PROTECTION_STATES

DATABASE = "lacuna_evidence"

# Of a state that was not observed
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecorderFault:
    """A reason that is about one trail or event data store."""

    reason: str
    arn: str


@dataclass(frozen=True, slots=True)
class WitnessCover:
    """Trails that together record a mode (`read` or `write`) in full, with no help of others.

    `trails` are their ARNs, separated by spaces. `since`: when the last of them was started.
    """

    mode: str
    trails: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class LoggingSnapshot:
    """A source bucket as observed: how it is logged, whether that works, or why that is unknown.

    The defaults claim nothing: a column that nobody fills in is unknown. The order of the fields is
    the order of the stored columns. Groups of columns:

    - logging: `logging_state` to `reasons`, `weaknesses`; `error_code`, `error_operation` and
      `missing_permission` are the first refused read of them. `logging_state` is on, off, unknown,
      or elsewhere: CloudWatch alone delivers the log.
    - coverage: `read_coverage` counts every recorder of reads. `read_witness` counts trails only,
      because a run can compare the access log with their files. So do the columns for writes.
      `witness_covers` says which trails are enough for that.
      `coverage_faults` are those of `coverage_reasons` that one recorder causes.
      `coverage_at_fault` is the same in rows of older versions, as "reason arn"; it is kept and
      no longer written.
      `coverage_error_…` is the first refused read of a recorder.
    - changes: `changes_witness` says how many of the calls that change logging in the bucket's
      Region the trails record.
    - sensitivity: `sensitive_by` is the evidence source that calls the bucket sensitive.
      `sensitivity_error_…` is the refused read of one that could have.
    - the account: `missing_trail_buckets` are the buckets that its trails deliver to and that do
      not exist.
    """

    account_id: str
    region: str | None
    bucket_name: str
    observed_at: datetime
    logging_state: str = UNKNOWN
    target_bucket: str | None = None
    target_prefix: str | None = None
    key_layout: str | None = None
    target_state: str | None = None
    reasons: tuple[str, ...] = ()
    read_coverage: str = UNKNOWN
    write_coverage: str = UNKNOWN
    read_covered_since: datetime | None = None
    write_covered_since: datetime | None = None
    coverage_reasons: tuple[str, ...] = ()
    sensitivity: str | None = None
    error_code: str | None = None
    error_operation: str | None = None
    weaknesses: tuple[str, ...] = ()
    coverage_details: tuple[str, ...] = ()
    read_witness: str = UNKNOWN
    write_witness: str = UNKNOWN
    read_witnessed_since: datetime | None = None
    write_witnessed_since: datetime | None = None
    is_sensitive: bool | None = None
    missing_permission: str | None = None
    changes_witness: str = UNKNOWN
    changes_witnessed_since: datetime | None = None
    sensitive_by: str | None = None
    sensitivity_error_code: str | None = None
    sensitivity_error_operation: str | None = None
    sensitivity_missing_permission: str | None = None
    missing_trail_buckets: tuple[str, ...] = ()
    coverage_at_fault: tuple[str, ...] | None = None
    coverage_error_code: str | None = None
    coverage_error_operation: str | None = None
    coverage_missing_permission: str | None = None
    coverage_faults: tuple[RecorderFault, ...] = ()
    witness_covers: tuple[WitnessCover, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountObserved:
    """An account to observe: `observed`, or `unreadable` and why.

    `missing_trail_buckets` as in `LoggingSnapshot`, also of an account that has no bucket. Null in
    rows of older versions.
    """

    account_id: str
    name: str | None
    observed_at: datetime
    state: str
    observed_buckets: int
    error_code: str | None
    error_operation: str | None
    missing_permission: str | None
    missing_trail_buckets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TrailPlace:
    """Where a trail delivers.

    `is_present` False: it delivered there the day before, and was deleted or moved since. Its
    files stay.
    """

    trail_arn: str
    home_region: str
    is_multi_region: bool
    log_bucket: str
    key_prefix: str
    is_organization: bool
    is_present: bool


@dataclass(frozen=True, slots=True)
class LogObject:
    """A delivered object of either log, or a stranger among them."""

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
    """A place that was listed, the cost, and the error code if it was refused.

    `trail_arn`, `account_id`, `region`: whose logs are there, as far as one is named. `account_id`
    and `region` are null in rows of older versions, and for a folder of several.
    `objects_out_of_time`: listed logs that no delivery day's catalog has, `days_out_of_time`: the
    delivery days that they are of. Null in rows of older versions.
    """

    kind: str
    log_bucket: str
    prefix: str
    key_layout: str | None
    source_buckets: tuple[str, ...]
    list_calls: int
    keys_returned: int
    objects_catalogued: int
    error_code: str | None
    trail_arn: str | None = None
    account_id: str | None = None
    region: str | None = None
    objects_out_of_time: int | None = None
    days_out_of_time: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CataloguedDay:
    """The one row that says that a delivery day's catalog is complete. It is written last.

    `catalogued_at`: when its listing began, which names this catalog; in older rows, when it ended.
    `follows` shows whether the day before has changed since; None in rows of older versions.
    `objects_gone` counts log objects that a later run no longer found: then it kept the catalog.
    """

    catalogued_at: datetime
    places: int
    places_unreadable: int
    list_calls: int
    keys_returned: int
    objects_catalogued: int
    follows: str | None = None
    objects_gone: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDay:
    """The one row that says that a delivery day was parsed, and from which catalog.

    A day that was cataloged again since is not parsed: `catalogued_at` differs.
    """

    catalogued_at: datetime
    parsed_at: datetime


@dataclass(frozen=True, slots=True)
class UnfinishedDay:
    """The one row of a delivery day that was begun, until its event days are published.

    `event_days` are those that an earlier parse of the day filled. Once it is parsed again,
    `found_at` says when they were found, and they are all event days to build and to check.
    `delivery_days` are others whose log objects are built again: they hold a line of this day, or
    their own run did not end. `built_at` and `checked_at` say how far the run has come since, and
    `withheld` names the partitions that readers are not shown.
    """

    begun_at: datetime
    found_at: datetime | None
    event_days: tuple[str, ...]
    delivery_days: tuple[str, ...]
    built_at: datetime | None = None
    checked_at: datetime | None = None
    withheld: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TrailDigest:
    """A digest file and its verdict, or an hour without a digest.

    `signature`: of a digest that is trusted. It still proves the chain if the file is gone later.
    None in rows of older versions.
    """

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
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A partition that readers were shown another version of. Written just before it is shown.

    `step` is `parse`, `publish` or `rollback`, `run_day` the delivery day of the run, or the day
    that was restored. All that belongs together has one `version`, also if it took two attempts. A
    location is null if there was no such partition, or is none now.
    """

    published_at: datetime
    step: str
    run_day: date
    version: str
    database_name: str
    table_name: str
    partition_values: tuple[str, ...]
    location_before: str | None
    location: str | None


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
    """A change of a plan that was applied, and its outcome.

    `before`, `after` and `found` are the document as JSON: as the plan saw it, as the plan wanted
    it, and as it was read last.
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
class DoctorResult:
    """One thing that `lacuna doctor` tried: what was seen, and what Lacuna does about it.

    `outcome` is works, differs (from what Lacuna expects), denied, failed or not_tried.
    """

    tried_at: datetime
    probe: str
    outcome: str
    observed: str
    consequence: str


@dataclass(frozen=True, slots=True)
class RunCost:
    """A statement that ended, as Athena's history has it. A run of Lacuna sent it, or somebody else.

    `step`, `kind` and `model`: `lacuna.tables.statements.Origin`; a statement without an origin has
    the step by_others in Lacuna's own workgroup, and analyst in another. `day` of the partition is
    the delivery day of the run, or the day of submission if no run sent it. Two runs that end at
    the same time may both write a statement: its rows are equal.
    """

    statement_id: str
    workgroup: str
    region: str
    step: str
    kind: str | None
    model: str | None
    statement_type: str
    state: str
    submitted_at: datetime
    bytes_scanned: int
    engine_ms: int
    rows_written: int | None


@dataclass(frozen=True, slots=True)
class CostReading:
    """One reading of a workgroup's history: how far it is known, or why it could not be read.

    All that was submitted before `known_until` is in `run_costs`, and the next reading begins
    there; null if nothing was ever read.
    """

    run_day: date
    workgroup: str
    region: str
    read_at: datetime
    known_until: datetime | None
    statements: int
    error_code: str | None
    error_operation: str | None
    missing_permission: str | None


LOGGING_SNAPSHOTS = EvidenceTable(
    "logging_snapshots",
    LoggingSnapshot,
    ("observed_on",),
    "How each bucket's logging was configured when Lacuna observed it.",
)
ACCOUNTS = EvidenceTable(
    "accounts",
    AccountObserved,
    ("observed_on",),
    "The accounts to observe, and whether they could be read.",
)
LOG_OBJECTS = EvidenceTable(
    "log_objects",
    LogObject,
    ("delivered_on",),
    "Log objects by the day they were delivered.",
    in_versions=True,
)
LISTINGS = EvidenceTable(
    "listings", Listing, ("delivered_on",), "Places that were listed, and the cost of listing them."
)
CATALOGUED_DAYS = EvidenceTable(
    "catalogued_days",
    CataloguedDay,
    ("delivered_on",),
    "Delivery days whose catalog is complete.",
)
PARSED_DAYS = EvidenceTable(
    "parsed_days",
    ParsedDay,
    ("delivered_on",),
    "Delivery days whose cataloged objects are parsed.",
)
UNFINISHED_DAYS = EvidenceTable(
    "unfinished_days",
    UnfinishedDay,
    ("delivered_on",),
    "Delivery days that were begun, and the event days that are still to be built and published.",
)
PUBLICATIONS = EvidenceTable(
    "publications",
    Publication,
    ("published_on",),
    "Which version of a partition readers were shown, since when, and which one before.",
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
    "Changes of plans that were applied, and their outcomes.",
)
DOCTOR_RESULTS = EvidenceTable(
    "doctor_results",
    DoctorResult,
    ("tried_on",),
    "What was tried in the account, and what AWS answered.",
)
RUN_COSTS = EvidenceTable(
    "run_costs",
    RunCost,
    ("submitted_on", "day"),
    "What each statement of Athena scanned, by whom it was sent.",
)
COST_READINGS = EvidenceTable(
    "cost_readings",
    CostReading,
    ("read_on",),
    "Until when the statements of a workgroup are known, or why they are not.",
)

TABLES = (
    LOGGING_SNAPSHOTS,
    PROTECTION_STATES,
    ACCOUNTS,
    LOG_OBJECTS,
    LISTINGS,
    CATALOGUED_DAYS,
    PARSED_DAYS,
    UNFINISHED_DAYS,
    PUBLICATIONS,
    TRAIL_PLACES,
    TRAIL_DIGESTS,
    CHECK_RESULTS,
    REMEDIATIONS,
    DOCTOR_RESULTS,
    RUN_COSTS,
    COST_READINGS,
)
