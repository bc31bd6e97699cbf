"""Which S3 data events of a bucket are recorded? Pure judgement over selectors as read.

Usable alone: `judge` needs neither boto3 nor Airflow, only what the APIs answered.

Exact for basic and advanced selectors. A selector field is judged on *representatives*: strings
that stand for every string which all selectors treat alike (same longest matching prefix, same
longest matching suffix, same matching literals). A bucket's reads are covered when every
combination of representatives is recorded by some selector, partly covered when only some are.
So two selectors that cover a bucket between them are seen to do so. What is recorded where not
all is, `Part` tells.

*Recorded* is not *witnessed*. Trails and CloudTrail Lake's event data stores both record, and
`BucketCoverage.reads` and `.writes` count both. But a run reconciles an access log with files in
S3, and only trails write those: where a store alone records a request, its absence from the
trail's files proves nothing. `BucketCoverage.witness` counts trails alone.

The events judged are requests to S3 for objects (eventSource s3.amazonaws.com, eventType
AwsApiCall): those the access log could tell of as well. Requests without a key (ListObjects) are
judged like those with one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from lacuna.refusals import Refusal
from lacuna.text import visible

READ_EVENTS = (
    "GetObject",
    "GetObjectAcl",
    "GetObjectAnnotation",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "HeadBucket",
    "HeadObject",
    "ListObjectAnnotations",
    "ListObjectVersions",
    "ListObjects",
    "ListParts",
    "SelectObjectContent",
)
WRITE_EVENTS = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectAnnotation",
    "DeleteObjectTagging",
    "DeleteObjects",
    "PutObject",
    "PutObjectAcl",
    "PutObjectAnnotation",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "UpdateObjectEncryption",
    "UploadPart",
    "UploadPartCopy",
)

# Calls that change what is logged, by the service that writes the event: those of the seed logging_events.
CHANGE_EVENTS: Mapping[str, tuple[str, ...]] = {
    "s3.amazonaws.com": (
        "DeleteAccountPublicAccessBlock",
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketLifecycle",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketTagging",
        "DeletePublicAccessBlock",
        "PutAccountPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketLifecycleConfiguration",
        "PutBucketLogging",
        "PutBucketObjectLockConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketReplication",
        "PutBucketRequestPayment",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutObjectLockConfiguration",
        "PutPublicAccessBlock",
    ),
    "cloudtrail.amazonaws.com": (
        "CreateEventDataStore",
        "CreateTrail",
        "DeleteEventDataStore",
        "DeleteTrail",
        "PutEventSelectors",
        "RestoreEventDataStore",
        "StartEventDataStoreIngestion",
        "StartLogging",
        "StopEventDataStoreIngestion",
        "StopLogging",
        "UpdateEventDataStore",
        "UpdateTrail",
    ),
}

_OBJECTS = "AWS::S3::Object"
# Occurs in no ARN, so text + _FILLER + text matches no longer prefix or suffix than its parts.
_FILLER = "\0"
# Of so many values a description shows all.
_MOST_SHOWN = 20


class Coverage(StrEnum):
    """How much of one mode (reads or writes) of a bucket's data events is recorded."""

    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    NOT_COVERED = "not_covered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """One field of an advanced selector, without operators true of every value.

    As CloudTrail combines them: some positive operator must match, if there is one, and no
    negative one may.
    """

    field: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts_with: tuple[str, ...] = ()
    not_ends_with: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        return self._wants(value) and not (
            value in self.not_equals
            or value.startswith(self.not_starts_with)
            or value.endswith(self.not_ends_with)
        )

    @property
    def has_positive(self) -> bool:
        """Is there an operator that must match?"""
        return bool(self.equals or self.starts_with or self.ends_with)

    def _wants(self, value: str) -> bool:
        return (
            not self.has_positive
            or value in self.equals
            or value.startswith(self.starts_with)
            or value.endswith(self.ends_with)
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """Fields that must all match. A trail records what any of its selectors matches."""

    fields: tuple[FieldSelector, ...]


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """GetTrailStatus, asked in one Region. `started_at`: when it was last started."""

    is_logging: bool
    delivery_error: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail as read. `selectors` None: they could not be read. `statuses` holds, by Region
    asked, the status there; None where the question was refused. `log_bucket_exists` None: nobody
    would say. `refusals`: the questions about it that were refused."""

    arn: str
    name: str
    home_region: str
    is_multi_region: bool
    log_bucket: str
    key_prefix: str = ""
    is_organization: bool = False
    has_digests: bool = False
    log_bucket_exists: bool | None = None
    selectors: tuple[Selector, ...] | None = ()
    statuses: Mapping[str, TrailStatus | None] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    def records_in(self, region: str) -> bool:
        """Is the Region one that the trail is made to record?"""
        return self.is_multi_region or self.home_region == region


@dataclass(frozen=True, slots=True)
class EventDataStore:
    """An event data store of CloudTrail Lake as read; `selectors` None: it could not be read, and
    `refused` says why."""

    arn: str
    home_region: str = ""
    is_multi_region: bool = True
    status: str = "ENABLED"
    selectors: tuple[Selector, ...] | None = ()
    created_at: datetime | None = None
    is_organization: bool = False
    refused: Refusal | None = None

    def records_in(self, region: str) -> bool:
        """Is the Region one that the store is made to record?"""
        return self.is_multi_region or self.home_region == region


@dataclass(frozen=True, slots=True)
class Part:
    """Requests of a `mode` (reads, writes) that are recorded: those that meet every condition.

    Conditions test eventName, userIdentity.arn, sessionCredentialFromConsole, or `key`: the
    object's key, which is what follows the bucket in resources.ARN. Where not `is_certain`, what
    could not be read decides whether they are recorded. As text, one line that is safe to show.
    """

    mode: str
    conditions: tuple[FieldSelector, ...]
    is_certain: bool = True

    def __str__(self) -> str:
        recorded = "recorded" if self.is_certain else "perhaps recorded"
        told = "; ".join(_told(one) for one in self.conditions)
        return f"{self.mode} {recorded}: {told or 'all'}"


@dataclass(frozen=True, slots=True)
class Witness:
    """What the trails alone record of a bucket, and since when: see `BucketCoverage`."""

    reads: Coverage
    writes: Coverage
    reads_since: datetime | None = None
    writes_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangesWitnessed:
    """How many of the calls that change what is logged the trails record, and since when."""

    coverage: Coverage
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class BucketCoverage:
    """Data-event coverage of one bucket, with a code for each reason that it is not full.

    `at_fault`: for each reason that is one trail's or store's own, `reason arn`. `refused`: the first
    question about one of them that was refused, and hid what is recorded.
    `parts`: of a mode that is partly covered, all that is recorded of it.
    `reads_since`, `writes_since`: since when it has been so without a break, as far as trails tell
    when they were started, and stores when they were made; None where that limits nothing.
    `witness`: the same of the trails alone, whose files a run can hold an access log against.
    """

    reads: Coverage
    writes: Coverage
    witness: Witness
    reasons: tuple[str, ...] = ()
    at_fault: tuple[str, ...] = ()
    refused: Refusal | None = None
    parts: tuple[Part, ...] = ()
    reads_since: datetime | None = None
    writes_since: datetime | None = None


def basic_selector(
    read_write_type: str, data_resources: Sequence[tuple[str, Sequence[str]]]
) -> Selector | None:
    """A basic selector in the terms of an advanced one, None if it selects no S3 objects.

    Its values are prefixes of the object's ARN: `arn:aws:s3:::logs` also selects `logs-archive`.
    """
    prefixes = tuple(
        value for kind, values in data_resources if kind == _OBJECTS for value in values
    )
    if not prefixes:
        return None
    return Selector(
        (
            FieldSelector("eventCategory", equals=("Data",)),
            FieldSelector("resources.type", equals=(_OBJECTS,)),
            FieldSelector("resources.ARN", starts_with=prefixes),
            FieldSelector("readOnly", equals=_MODE_OF.get(read_write_type, ())),
        )
    )


def basic_management_selector(read_write_type: str) -> Selector:
    """What a basic selector with IncludeManagementEvents selects, in the terms of an advanced one.

    The sources that one may exclude (KMS, the RDS Data API) write no event that is judged here.
    """
    return Selector(
        (
            FieldSelector("eventCategory", equals=("Management",)),
            FieldSelector("readOnly", equals=_MODE_OF.get(read_write_type, ())),
        )
    )


def judge_changes(
    region: str, trails: Iterable[Trail], *, all_trails_seen: bool = True
) -> ChangesWitnessed:
    """Do the trails record the management events that change what is logged in a Region?

    Trails alone: an event data store records them too, and leaves no files to read them from.
    """
    recorders = [_of_trail(trail, region) for trail in trails]
    if not all_trails_seen:
        recorders.append(_Recorder(maybe=_ANYTHING, reason="trails_unreadable"))
    found = [_judge_mode(mode, recorders, arn="") for mode in _CHANGES]
    verdicts = {one.coverage for one in found}
    since = [one.since for one in found if one.since]
    if Coverage.UNKNOWN in verdicts:
        return ChangesWitnessed(Coverage.UNKNOWN)
    coverage = verdicts.pop() if len(verdicts) == 1 else Coverage.PARTLY_COVERED
    return ChangesWitnessed(coverage, max(since, default=None))


def judge(
    bucket_name: str,
    region: str,
    trails: Iterable[Trail],
    stores: Iterable[EventDataStore] = (),
    *,
    all_trails_seen: bool = True,
    all_stores_seen: bool = True,
    partition: str = "aws",
) -> BucketCoverage:
    """How much of `bucket_name`'s reads and writes trails and stores record, and why not all.

    Pass False for `all_trails_seen` where the bucket's Region refused to list them, and for
    `all_stores_seen` where any Region did: what the others do not record is then unknown, not
    uncovered.
    """
    arn = f"arn:{partition}:s3:::{bucket_name}/"
    of_trails = [replace(_of_trail(trail, region), arn=trail.arn) for trail in trails]
    if not all_trails_seen:
        of_trails.append(_Recorder(maybe=_ANYTHING, reason="trails_unreadable"))
    of_stores = [replace(_of_store(store, region), arn=store.arn) for store in stores]
    if not all_stores_seen:
        of_stores.append(_Recorder(maybe=_ANYTHING, reason="stores_unreadable"))
    recorders = of_trails + of_stores
    reads, writes = (_judge_mode(mode, recorders, arn) for mode in _MODES)
    seen_reads, seen_writes = (
        (_judge_mode(mode, of_trails, arn) for mode in _MODES) if of_stores else (reads, writes)
    )
    reasons = _reasons(recorders, reads, writes, arn)
    return BucketCoverage(
        reads=reads.coverage,
        writes=writes.coverage,
        witness=Witness(
            seen_reads.coverage, seen_writes.coverage, seen_reads.since, seen_writes.since
        ),
        reasons=tuple(dict.fromkeys(one.code for one in reasons)),
        at_fault=tuple(f"{one.code} {one.arn}" for one in reasons if one.arn),
        refused=next((one.refused for one in reasons if one.refused), None),
        parts=reads.parts + writes.parts,
        reads_since=reads.since,
        writes_since=writes.since,
    )


@dataclass(frozen=True, slots=True)
class _Mode:
    """Events that are judged together; `fixed` is what each of them has in the fields that do not
    vary."""

    name: str
    event_names: tuple[str, ...]
    fixed: Mapping[str, str]


_DATA = {
    "eventCategory": "Data",
    "resources.type": _OBJECTS,
    "eventSource": "s3.amazonaws.com",
    "eventType": "AwsApiCall",
}
_MANAGEMENT = {
    "eventCategory": "Management",
    "resources.type": "",
    "eventType": "AwsApiCall",
    "readOnly": "false",
}
_MODES = (
    _Mode("reads", READ_EVENTS, {**_DATA, "readOnly": "true"}),
    _Mode("writes", WRITE_EVENTS, {**_DATA, "readOnly": "false"}),
)
_CHANGES = tuple(
    _Mode("changes", names, {**_MANAGEMENT, "eventSource": source})
    for source, names in CHANGE_EVENTS.items()
)
_MODE_OF = {"ReadOnly": ("true",), "WriteOnly": ("false",)}
_ANYTHING = (Selector(()),)


@dataclass(frozen=True, slots=True)
class _Recorder:
    """What a trail or a store surely records in a Region, what it may, and why not surely.

    `idle`: what it selects, and surely does not record for that reason.
    """

    surely: tuple[Selector, ...] = ()
    maybe: tuple[Selector, ...] = ()
    idle: tuple[Selector, ...] = ()
    reason: str | None = None
    started_at: datetime | None = None
    arn: str = ""
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _ModeCoverage:
    """What was found of one mode."""

    coverage: Coverage
    since: datetime | None
    parts: tuple[Part, ...] = ()


class _Reason(NamedTuple):
    """Why not all is recorded, and whose fault it is where that is one trail or store."""

    code: str
    arn: str = ""
    refused: Refusal | None = None


def _of_trail(trail: Trail, region: str) -> _Recorder:
    status = trail.statuses.get(region)
    idle = _why_idle(trail, status, region)
    if idle:
        return _Recorder(idle=_or_anything(trail.selectors), reason=idle)
    # A member of an organisation sees that its trail is there, and often nothing else of it.
    refused = "organization_trail_unreadable" if trail.is_organization else None
    if trail.selectors is None:
        return _Recorder(
            maybe=_ANYTHING,
            reason=refused or "trail_selectors_unreadable",
            refused=_refusal_of(trail, "GetEventSelectors"),
        )
    if status is None:
        return _Recorder(
            maybe=trail.selectors,
            reason=refused or "trail_status_unreadable",
            refused=_refusal_of(trail, "GetTrailStatus"),
        )
    if status.delivery_error:
        # CloudTrail retries for 30 days: the events may come yet, so they are not "not covered".
        return _Recorder(maybe=trail.selectors, reason="trail_delivery_error")
    return _reading(trail.selectors, status.started_at)


def _refusal_of(trail: Trail, operation: str) -> Refusal | None:
    return next((one for one in trail.refusals if one.operation == operation), None)


def _why_idle(trail: Trail, status: TrailStatus | None, region: str) -> str | None:
    """Why the trail surely records nothing of the Region."""
    if not trail.records_in(region):
        return "trail_other_region"
    if status is not None and not status.is_logging:
        return "trail_not_logging"
    return "trail_bucket_missing" if trail.log_bucket_exists is False else None


_STORE_RECORDS = "ENABLED"
_STORE_RECORDS_NOT = frozenset({"CREATED", "STOPPED_INGESTION", "PENDING_DELETION"})


def _of_store(store: EventDataStore, region: str) -> _Recorder:
    if not store.records_in(region):
        return _Recorder(idle=_or_anything(store.selectors), reason="store_other_region")
    if store.status in _STORE_RECORDS_NOT:
        return _Recorder(idle=_or_anything(store.selectors), reason="store_not_ingesting")
    if store.selectors is None:
        return _Recorder(maybe=_ANYTHING, reason="store_unreadable", refused=store.refused)
    if store.status != _STORE_RECORDS:
        return _Recorder(maybe=store.selectors, reason="store_changing")
    return _reading(store.selectors, store.created_at)


def _or_anything(selectors: tuple[Selector, ...] | None) -> tuple[Selector, ...]:
    """What could not be read may select anything."""
    return _ANYTHING if selectors is None else selectors


def _reading(selectors: Sequence[Selector], started_at: datetime | None) -> _Recorder:
    return _Recorder(
        surely=tuple(one for one in selectors if not _has_unknown_field(one)),
        maybe=tuple(one for one in selectors if _at_most(one) != one),
        started_at=started_at,
    )


def _judge_mode(mode: _Mode, recorders: Sequence[_Recorder], arn: str) -> _ModeCoverage:
    surely = [selector for one in recorders for selector in one.surely]
    doubtful = [selector for one in recorders for selector in one.maybe]
    perhaps = [_at_most(selector) for selector in doubtful]
    low = _recorded(surely, arn, mode)
    coverage = low if low is _recorded(surely + perhaps, arn, mode) else Coverage.UNKNOWN
    parts: tuple[Part, ...] = ()
    if coverage is Coverage.PARTLY_COVERED:
        parts = _parts(surely, perhaps, arn, mode)
    since = _since(recorders, low, partial(_recorded, arn=arn, mode=mode))
    return _ModeCoverage(coverage, since, parts)


_ELSEWHERE = frozenset({"trail_other_region", "store_other_region"})


def _reasons(
    recorders: Sequence[_Recorder], reads: _ModeCoverage, writes: _ModeCoverage, arn: str
) -> list[_Reason]:
    if reads.coverage is writes.coverage is Coverage.COVERED:
        return []
    surely = [selector for one in recorders for selector in one.surely]
    modes = list(zip(_MODES, (reads, writes), strict=True))
    wanting = [mode for mode, found in modes if found.coverage is not Coverage.COVERED]
    lacking = [one for one in recorders if one.reason and _would_add(one, surely, arn, wanting)]
    # What is made for other Regions matters only where nothing of this one is made for objects.
    near = [one for one in recorders if one.reason not in _ELSEWHERE]
    is_for_objects = any(_alive(_selected(one), mode) for one in near for mode in _MODES)
    told = [one for one in lacking if one in near or not is_for_objects]
    reasons = [_Reason(one.reason, one.arn, one.refused) for one in told if one.reason]
    reasons += [
        _Reason(code, one.arn) for one in recorders for code in _misleading(one.surely, arn)
    ]
    for mode, found in modes:
        if found.coverage is Coverage.PARTLY_COVERED:
            reasons.append(_Reason(f"{mode.name}_partly_selected"))
        elif found.coverage is Coverage.NOT_COVERED:
            # Where no trail could have recorded it, the trails' own reasons say why.
            if not recorders:
                reasons.append(_Reason("no_trail"))
            elif any(one.reason is None for one in recorders) or not any(
                _would_add(one, surely, arn, [mode]) for one in told
            ):
                reasons.append(_Reason(f"{mode.name}_not_selected"))
        elif found.coverage is Coverage.UNKNOWN:
            reasons += [_Reason(code, one.arn) for one in recorders for code in _doubts(one.maybe)]
    return list(dict.fromkeys(reasons))


def _misleading(selectors: Iterable[Selector], arn: str) -> Iterator[str]:
    """Values that look as if they named the bucket or its keys, and do not."""
    values = [value for test in _of(selectors, _ARN) for value in (*test.equals, *test.starts_with)]
    if any(_names_buckets_by_wildcard(value) for value in values):
        yield "selector_wildcard"
    if any(value.startswith(arn) and value.endswith("*") for value in values):
        # a key may hold a star, but most who end a value with one mean all that begins like it
        yield "selector_key_wildcard"


def _doubts(selectors: Sequence[Selector]) -> Iterator[str]:
    """What of the selectors nobody outside CloudTrail can tell."""
    if any(map(_has_unknown_field, selectors)):
        yield "selector_field_unknown"
    if any(map(_has_repeated_field, selectors)):
        yield "selector_field_repeated"


def _would_add(
    recorder: _Recorder, recorded: Sequence[Selector], arn: str, modes: Iterable[_Mode]
) -> bool:
    """Does it select any request of the modes that `recorded` leaves out, were it not for its
    reason?"""
    return any(_adds(_selected(recorder), recorded, arn, mode) for mode in modes)


def _selected(recorder: _Recorder) -> list[Selector]:
    """All that it selects, were it not for its reason."""
    return [_at_most(one) for one in (*recorder.surely, *recorder.maybe, *recorder.idle)]


def _adds(
    selectors: Sequence[Selector], recorded: Sequence[Selector], arn: str, mode: _Mode
) -> bool:
    """Does a selector match a request of the mode that none of `recorded` does?"""
    more, known = _alive(selectors, mode), _alive(recorded, mode)
    axes = _axes([*more, *known], arn, mode)
    boxes = [_accepted(selector, axes) for selector in known]
    return any(not _is_covered(_accepted(one, axes), boxes) for one in more)


def _since(
    recorders: Sequence[_Recorder],
    verdict: Coverage,
    recorded: Callable[[Sequence[Selector]], Coverage],
) -> datetime | None:
    """The first start after which those then running recorded as much as they all do."""
    starts = sorted({one.started_at for one in recorders if one.surely and one.started_at})
    for start in (None, *starts):
        running = [
            selector
            for one in recorders
            if one.started_at is None or (start is not None and one.started_at <= start)
            for selector in one.surely
        ]
        if recorded(running) is verdict:
            return start
    raise AssertionError("all of them together record what they record")


_EVENT, _ARN, _KEY = "eventName", "resources.ARN", "key"
_CALLER, _CONSOLE = "userIdentity.arn", "sessionCredentialFromConsole"
_KNOWN_FIELDS = frozenset({*_DATA, "readOnly", _EVENT, _ARN, _CALLER, _CONSOLE})


def _has_unknown_field(selector: Selector) -> bool:
    return any(one.field not in _KNOWN_FIELDS for one in selector.fields)


def _names_buckets_by_wildcard(value: str) -> bool:
    """As policies do. CloudTrail takes values as they are: such are no bucket's."""
    bucket = value.partition(":::")[2].partition("/")[0]
    return any(character in bucket for character in "*?")


def _has_repeated_field(selector: Selector) -> bool:
    return len({one.field for one in selector.fields}) < len(selector.fields)


def _at_most(selector: Selector) -> Selector:
    """The most that a selector can select, however CloudTrail reads what is not plain in it.

    An unknown field may be true of anything. Of a field that is named twice both must be met, or,
    as of conditions within one, some positive operator of the two.
    """
    if not _has_unknown_field(selector) and not _has_repeated_field(selector):
        return selector
    merged: dict[str, FieldSelector] = {}
    for one in selector.fields:
        if one.field in _KNOWN_FIELDS:
            merged[one.field] = _merged(merged[one.field], one) if one.field in merged else one
    return Selector(tuple(merged.values()))


def _merged(one: FieldSelector, other: FieldSelector) -> FieldSelector:
    negative = FieldSelector(
        one.field,
        not_equals=one.not_equals + other.not_equals,
        not_starts_with=one.not_starts_with + other.not_starts_with,
        not_ends_with=one.not_ends_with + other.not_ends_with,
    )
    if not (one.has_positive and other.has_positive):
        # Without a positive operator a field selects everything.
        return negative
    return replace(
        negative,
        equals=one.equals + other.equals,
        starts_with=one.starts_with + other.starts_with,
        ends_with=one.ends_with + other.ends_with,
    )


Axes = Mapping[str, Sequence[str]]


def _recorded(selectors: Sequence[Selector], arn: str, mode: _Mode) -> Coverage:
    """How many of the mode's requests the selectors match between them: all, some or none."""
    alive = _alive(selectors, mode)
    axes = _axes(alive, arn, mode)
    boxes = [_accepted(selector, axes) for selector in alive]
    if not any(all(box.values()) for box in boxes):
        return Coverage.NOT_COVERED
    whole = {name: frozenset(values) for name, values in axes.items()}
    return Coverage.COVERED if _is_covered(whole, boxes) else Coverage.PARTLY_COVERED


def _is_covered(
    combinations: Mapping[str, frozenset[str]], boxes: Sequence[Mapping[str, frozenset[str]]]
) -> bool:
    """Is every combination of the axes' values within some box?"""
    # By value of an axis, the boxes that hold it, as bits. A combination of values that no box
    # holds as a whole leaves none of them.
    left = {(1 << len(boxes)) - 1}
    for name, values in combinations.items():
        bits = {sum((value in box[name]) << n for n, box in enumerate(boxes)) for value in values}
        left = {one & other for one in left for other in bits}
    return 0 not in left


def _alive(selectors: Iterable[Selector], mode: _Mode) -> list[Selector]:
    """Those that could match some request of the mode, judged by the fields that do not vary."""
    return [
        selector
        for selector in selectors
        if all(
            one.matches(mode.fixed[one.field]) for one in selector.fields if one.field in mode.fixed
        )
    ]


def _axes(selectors: Sequence[Selector], arn: str, mode: _Mode) -> Axes:
    """Of each field that varies and that some selector names: values that stand for all values."""
    universe = {
        _EVENT: mode.event_names,
        _ARN: _representatives(_of(selectors, _ARN), base=arn),
        # Without a caller's ARN, and with one that begins and ends like none of them: it is alike.
        _CALLER: _representatives(_of(selectors, _CALLER), base=""),
        _CONSOLE: ["", "true"],
    }
    # A field that no selector names splits nothing.
    named = {one.field for selector in selectors for one in selector.fields}
    return {name: values for name, values in universe.items() if name in named}


def _accepted(selector: Selector, axes: Axes) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(
            value
            for value in values
            if all(one.matches(value) for one in selector.fields if one.field == name)
        )
        for name, values in axes.items()
    }


def _of(selectors: Iterable[Selector], name: str) -> list[FieldSelector]:
    return [one for selector in selectors for one in selector.fields if one.field == name]


def _representatives(tests: Sequence[FieldSelector], base: str) -> list[str]:
    """One string for each class of strings beginning with `base` that the tests tell apart."""
    prefixes = {base}
    suffixes = {""}
    literals = set()
    for test in tests:
        prefixes |= {
            text for text in (*test.starts_with, *test.not_starts_with) if text.startswith(base)
        }
        suffixes |= {*test.ends_with, *test.not_ends_with}
        literals |= {
            text
            for text in (*test.equals, *test.not_equals)
            if text.startswith(base) and text != base
        }
    classes = {prefix + _FILLER + suffix for prefix in prefixes for suffix in suffixes}
    return sorted(classes | literals)


def _parts(
    surely: Sequence[Selector], perhaps: Sequence[Selector], arn: str, mode: _Mode
) -> tuple[Part, ...]:
    """What each selector records of the mode, without what others record as well."""
    certain, uncertain = _alive(surely, mode), _alive(perhaps, mode)
    axes = _axes(certain + uncertain, arn, mode)
    parts: list[tuple[Part, dict[str, frozenset[str]]]] = []
    for selector, is_certain in [(one, True) for one in certain] + [
        (one, False) for one in uncertain
    ]:
        box = _accepted(selector, axes)
        if not all(box.values()) or any(_is_within(box, other) for _, other in parts):
            continue
        parts = [
            (part, other)
            for part, other in parts
            if part.is_certain is not is_certain or not _is_within(other, box)
        ]
        parts.append((Part(mode.name, _conditions(selector, box, axes, arn), is_certain), box))
    return tuple(part for part, _ in parts)


def _is_within(box: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    return all(box[name] <= other[name] for name in box)


def _conditions(
    selector: Selector, box: Mapping[str, frozenset[str]], axes: Axes, arn: str
) -> tuple[FieldSelector, ...]:
    """What of the selector leaves requests of the bucket out, shortest first told."""
    conditions = []
    if _EVENT in axes and len(box[_EVENT]) < len(axes[_EVENT]):
        names = tuple(name for name in axes[_EVENT] if name in box[_EVENT])
        others = tuple(name for name in axes[_EVENT] if name not in box[_EVENT])
        conditions.append(
            FieldSelector(_EVENT, not_equals=others)
            if len(others) < len(names)
            else FieldSelector(_EVENT, equals=names)
        )
    for name in (_ARN, _CALLER, _CONSOLE):
        tests = [one for one in _of([selector], name) if not all(map(one.matches, axes[name]))]
        conditions += [_of_key(one, arn) if name == _ARN else one for one in tests]
    return tuple(conditions)


def _of_key(test: FieldSelector, base: str) -> FieldSelector:
    """The same test of the key alone, which is what follows `base` in an ARN."""

    def after(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            text.removeprefix(base) for text in texts if text.startswith(base) and text != base
        )

    def begun(endings: Iterable[str]) -> tuple[str, ...]:
        """Whole keys before which `base` ends as the ending begins."""
        return tuple(
            text[n:] for text in endings for n in range(1, len(text)) if base.endswith(text[:n])
        )

    negative = FieldSelector(
        _KEY,
        not_equals=after(test.not_equals) + begun(test.not_ends_with),
        not_starts_with=after(test.not_starts_with),
        not_ends_with=test.not_ends_with,
    )
    if base.startswith(test.starts_with):
        return negative
    return replace(
        negative,
        equals=after(test.equals) + begun(test.ends_with),
        starts_with=after(test.starts_with),
        ends_with=test.ends_with,
    )


_NOUNS = {_KEY: "keys", _CALLER: "caller ARNs"}


def _told(test: FieldSelector) -> str:
    """The condition in words, on one line."""
    if test.field == _EVENT:
        return ", ".join(test.equals) or f"all but {', '.join(test.not_equals)}"
    if test.field == _CONSOLE:
        return "console sessions" if test.matches("true") else "all but console sessions"
    wanted = [
        *_phrases("are", test.equals),
        *_phrases("begin with", test.starts_with),
        *_phrases("end with", test.ends_with),
    ]
    unwanted = [
        *_phrases("are not", test.not_equals),
        *_phrases("do not begin with", test.not_starts_with),
        *_phrases("do not end with", test.not_ends_with),
    ]
    told = [" or ".join(wanted)] if wanted else []
    return f"{_NOUNS[test.field]} that {' and '.join(told + unwanted)}"


def _phrases(verb: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    shown = [_quoted(text) for text in texts[:_MOST_SHOWN]]
    more = len(texts) - len(shown)
    return [f"{verb} {', '.join(shown)}{f' or {more} more' if more else ''}"]


def _quoted(text: str) -> str:
    # Selectors are written by people: a quote within must not look like the end.
    return "'" + visible(text).replace("'", "''") + "'"
