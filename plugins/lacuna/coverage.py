"""Which S3 data events of a bucket do the trails record? Pure judgement over selectors as read.

Exact for basic and advanced selectors. A selector field is judged on *representatives*: strings
that stand for every string which all selectors treat alike (same longest matching prefix, same
longest matching suffix, same matching literals). A bucket's reads are covered when every
combination of representatives is recorded by some selector, partly covered when only some are.
So two selectors that cover a bucket between them are seen to do so.

The events judged are requests to S3 for objects (eventSource s3.amazonaws.com, eventType
AwsApiCall): those the access log could tell of as well.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

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

_OBJECTS = "AWS::S3::Object"
# Occurs in no ARN, so text + _FILLER + text matches no longer prefix or suffix than its parts.
_FILLER = "\0"
# Products beyond this many are judged selector by selector: never too well, at worst "partly".
_MOST_COMBINATIONS = 100_000


class Coverage(StrEnum):
    """How much of one mode (reads or writes) of a bucket's data events is recorded."""

    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    NOT_COVERED = "not_covered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """One field of an advanced selector. Positive operators are ORed, negative ones ANDed."""

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

    def _wants(self, value: str) -> bool:
        if not (self.equals or self.starts_with or self.ends_with):
            return True
        return (
            value in self.equals
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
    asked, the status there; None where the question was refused."""

    arn: str
    name: str
    home_region: str
    is_multi_region: bool
    log_bucket: str
    key_prefix: str = ""
    is_organization: bool = False
    has_digests: bool = False
    selectors: tuple[Selector, ...] | None = ()
    statuses: Mapping[str, TrailStatus | None] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    def records_in(self, region: str) -> bool:
        """Is the Region one that the trail is made to record?"""
        return self.is_multi_region or self.home_region == region


@dataclass(frozen=True, slots=True)
class BucketCoverage:
    """Data-event coverage of one bucket, with a code for each reason that it is not full.

    `reads_since`, `writes_since`: since when it has been so without a break, as far as the trails
    tell when they were started; None where that limits nothing.
    """

    reads: Coverage
    writes: Coverage
    reasons: tuple[str, ...] = ()
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
    mode = {"ReadOnly": ("true",), "WriteOnly": ("false",)}.get(read_write_type, ())
    return Selector(
        (
            FieldSelector("resources.type", equals=(_OBJECTS,)),
            FieldSelector("resources.ARN", starts_with=prefixes),
            FieldSelector("readOnly", equals=mode),
        )
    )


def judge(
    bucket_name: str,
    region: str,
    trails: Iterable[Trail],
    *,
    all_trails_seen: bool = True,
    partition: str = "aws",
) -> BucketCoverage:
    """How much of `bucket_name`'s reads and writes the trails record, and why not all.

    Pass `all_trails_seen=False` where the bucket's Region refused to list its trails: what the
    other trails do not record is then unknown, not uncovered.
    """
    arn = f"arn:{partition}:s3:::{bucket_name}/"
    usable = [_usable(trail, region) for trail in trails]
    surely = [selector for trail in usable for selector in trail.surely]
    maybe = surely + [selector for trail in usable for selector in trail.maybe]
    reasons = [trail.reason for trail in usable if trail.reason]
    if not all_trails_seen:
        maybe.append(Selector(()))
        reasons.append("trails_unreadable")
    modes, since = {}, {}
    for mode, names, read_only in (
        ("reads", READ_EVENTS, "true"),
        ("writes", WRITE_EVENTS, "false"),
    ):
        low = _recorded(surely, arn, names, read_only)
        high = _recorded([_without_unknown(one) for one in maybe], arn, names, read_only)
        modes[mode] = low if low is high else Coverage.UNKNOWN
        since[mode] = _since(
            usable, low, partial(_recorded, arn=arn, event_names=names, read_only=read_only)
        )
        if modes[mode] is Coverage.PARTLY_COVERED:
            reasons.append(f"{mode}_partly_selected")
        elif modes[mode] is Coverage.NOT_COVERED:
            # Where no trail could have recorded it, the trails' own reasons say why.
            if not usable:
                reasons.append("no_trail")
            elif any(trail.reason is None for trail in usable):
                reasons.append(f"{mode}_not_selected")
        elif modes[mode] is Coverage.UNKNOWN and _has_unknown_field(maybe):
            reasons.append("selector_field_unknown")
    if modes["reads"] is modes["writes"] is Coverage.COVERED:
        reasons = []
    return BucketCoverage(
        reads=modes["reads"],
        writes=modes["writes"],
        reasons=tuple(dict.fromkeys(reasons)),
        reads_since=since["reads"],
        writes_since=since["writes"],
    )


@dataclass(frozen=True, slots=True)
class _Usable:
    """What one trail surely records in a Region, what it may record, and why not surely."""

    surely: tuple[Selector, ...] = ()
    maybe: tuple[Selector, ...] = ()
    reason: str | None = None
    started_at: datetime | None = None


def _usable(trail: Trail, region: str) -> _Usable:
    if not trail.is_multi_region and trail.home_region != region:
        return _Usable(reason="trail_other_region")
    status = trail.statuses.get(region)
    if status is not None and not status.is_logging:
        return _Usable(reason="trail_not_logging")
    if trail.selectors is None:
        return _Usable(maybe=(Selector(()),), reason="trail_selectors_unreadable")
    if status is None:
        return _Usable(maybe=trail.selectors, reason="trail_status_unreadable")
    if status.delivery_error:
        # CloudTrail retries for 30 days: the events may come yet, so they are not "not covered".
        return _Usable(maybe=trail.selectors, reason="trail_delivery_error")
    known = tuple(selector for selector in trail.selectors if not _has_unknown_field([selector]))
    unknown = tuple(selector for selector in trail.selectors if selector not in known)
    return _Usable(surely=known, maybe=unknown, started_at=status.started_at)


def _since(
    usable: Sequence[_Usable],
    verdict: Coverage,
    recorded: Callable[[Sequence[Selector]], Coverage],
) -> datetime | None:
    """The first start of a trail from which those then running recorded as much as they all do."""
    starts = sorted({one.started_at for one in usable if one.surely and one.started_at})
    for start in (None, *starts):
        running = [
            selector
            for one in usable
            if one.started_at is None or (start is not None and one.started_at <= start)
            for selector in one.surely
        ]
        if recorded(running) is verdict:
            return start
    raise AssertionError("all trails together record what they record")


# What every judged event has in these fields. readOnly, eventName and the open fields vary.
_FIXED = {
    "eventCategory": "Data",
    "resources.type": _OBJECTS,
    "eventSource": "s3.amazonaws.com",
    "eventType": "AwsApiCall",
}
_ARN, _CALLER, _CONSOLE = "resources.ARN", "userIdentity.arn", "sessionCredentialFromConsole"
_KNOWN_FIELDS = frozenset({*_FIXED, "readOnly", "eventName", _ARN, _CALLER, _CONSOLE})


def _has_unknown_field(selectors: Iterable[Selector]) -> bool:
    return any(one.field not in _KNOWN_FIELDS for selector in selectors for one in selector.fields)


def _without_unknown(selector: Selector) -> Selector:
    return Selector(tuple(one for one in selector.fields if one.field in _KNOWN_FIELDS))


def _recorded(
    selectors: Sequence[Selector], arn: str, event_names: Sequence[str], read_only: str
) -> Coverage:
    fixed = {**_FIXED, "readOnly": read_only}
    alive = [
        selector
        for selector in selectors
        if all(one.matches(fixed[one.field]) for one in selector.fields if one.field in fixed)
    ]
    if not alive:
        return Coverage.NOT_COVERED
    universe = {
        "eventName": list(event_names),
        _ARN: _representatives(_of(alive, _ARN), base=arn),
        _CALLER: ["", *_representatives(_of(alive, _CALLER), base="")],
        _CONSOLE: ["", "true"],
    }
    # A field that no selector names splits nothing.
    named = {one.field for selector in alive for one in selector.fields}
    axes = {name: values for name, values in universe.items() if name in named}
    if math.prod(map(len, axes.values())) > _MOST_COMBINATIONS:
        return _strongest(_share([selector], axes) for selector in alive)
    return _share(alive, axes)


def _share(selectors: Sequence[Selector], axes: Mapping[str, Sequence[str]]) -> Coverage:
    """How many of the axes' combinations the selectors match: all, some or none."""
    accepted = [_accepted(selector, axes) for selector in selectors]
    if any(all(len(one[name]) == len(set(axes[name])) for name in axes) for one in accepted):
        return Coverage.COVERED
    if len(selectors) == 1:
        some = all(accepted[0].values())
        return Coverage.PARTLY_COVERED if some else Coverage.NOT_COVERED
    names = list(axes)
    hits = [
        any(
            all(value in one[name] for name, value in zip(names, values, strict=True))
            for one in accepted
        )
        for values in itertools.product(*axes.values())
    ]
    if all(hits):
        return Coverage.COVERED
    return Coverage.PARTLY_COVERED if any(hits) else Coverage.NOT_COVERED


def _accepted(selector: Selector, axes: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    return {
        name: {
            value
            for value in values
            if all(one.matches(value) for one in selector.fields if one.field == name)
        }
        for name, values in axes.items()
    }


def _strongest(shares: Iterable[Coverage]) -> Coverage:
    order = (Coverage.NOT_COVERED, Coverage.PARTLY_COVERED, Coverage.COVERED)
    return max(shares, key=order.index)


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
