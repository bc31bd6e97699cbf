"""How much of a bucket's S3 data events is recorded, and why not all? Pure judgement.

Usable alone: `judge` needs neither boto3 nor Airflow, only what the APIs answered. It is exact for
basic and advanced selectors (see `lacuna.trail.selectors`). `BucketCoverage.parts` describes what
is recorded of a partly covered mode.

*Recorded* is not *witnessed*. Trails and CloudTrail Lake's event data stores both record, and
`BucketCoverage.reads` and `.writes` count both. But a run compares an access log with files in S3,
and only trails write those. If an event data store alone records a request, its absence from the
trail's files proves nothing. `BucketCoverage.witness` counts trails alone.

A service-linked channel records nothing that Lacuna can read. What it selects and no recorder
records is `unknown`: the service that receives it may keep it, as CloudWatch does.

The judged events are requests to S3 for objects (eventSource s3.amazonaws.com, eventType
AwsApiCall), which the access log could show as well. Requests without a key (ListObjects) are
judged like those with one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from lacuna.reasons import Reason
from lacuna.refusals import Refusal
from lacuna.tables.evidence import RecorderFault, WitnessCover
from lacuna.trail.events import CHANGES, READS, WRITES, Mode
from lacuna.trail.parts import Part, parts
from lacuna.trail.recorders import (
    Channel,
    EventDataStore,
    Recorder,
    Trail,
    of_channel,
    of_store,
    of_trail,
    unlisted,
)
from lacuna.trail.selectors import (
    ARN,
    Coverage,
    Selector,
    adds,
    has_repeated_field,
    has_unknown_field,
    recorded,
    relevant_to,
    tests_of,
    upper_bound,
)

_MODES = (READS, WRITES)
_PARTLY_SELECTED = {
    READS: Reason.READS_PARTLY_SELECTED,
    WRITES: Reason.WRITES_PARTLY_SELECTED,
}
_COVER_MODES = {READS: "read", WRITES: "write"}
_NOT_SELECTED = {READS: Reason.READS_NOT_SELECTED, WRITES: Reason.WRITES_NOT_SELECTED}


class _Fault(NamedTuple):
    """A reason, and the ARN of the one trail or event data store that it is about, or ''."""

    reason: Reason
    arn: str = ""
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """What the trails alone record of a bucket, and since when: see `BucketCoverage`.

    `covers`: sets of trails, each of which is enough. Whatever other trails hide, they show it.
    """

    reads: Coverage
    writes: Coverage
    reads_since: datetime | None = None
    writes_since: datetime | None = None
    covers: tuple[WitnessCover, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangesWitnessed:
    """How many of the calls that change what is logged the trails record, and since when."""

    coverage: Coverage
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class BucketCoverage:
    """Data-event coverage of one bucket, with a code for each reason that it is not full.

    `faults`: the reasons that are about one trail or event data store, with its ARN.
    `refused`: the first refused request about one of them that hid what is recorded.
    `parts`: all that is recorded of a partly covered mode.
    `reads_since`, `writes_since`: since when this has held without a break, as far as the start of
    trails and the creation of event data stores show; None if they set no limit.
    `witness`: the same for trails alone, whose files a run can compare with an access log.
    """

    reads: Coverage
    writes: Coverage
    witness: Witness
    reasons: tuple[Reason, ...] = ()
    faults: tuple[RecorderFault, ...] = ()
    refused: Refusal | None = None
    parts: tuple[Part, ...] = ()
    reads_since: datetime | None = None
    writes_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _ModeCoverage:
    """The judgement of one mode."""

    coverage: Coverage
    since: datetime | None
    parts: tuple[Part, ...] = ()


def judge_changes(
    region: str, trails: Iterable[Trail], *, all_trails_seen: bool = True
) -> ChangesWitnessed:
    """Do the trails record the management events that change what is logged in a Region?

    Trails alone: an event data store records them too, but leaves no files to read them from.
    """
    recorders = _of_trails(trails, region, all_trails_seen)
    judged = [_judge_mode(mode, recorders, arn="") for mode in CHANGES]
    verdicts = {mode.coverage for mode in judged}
    since = [mode.since for mode in judged if mode.since]
    if Coverage.UNKNOWN in verdicts:
        return ChangesWitnessed(Coverage.UNKNOWN)
    coverage = verdicts.pop() if len(verdicts) == 1 else Coverage.PARTLY_COVERED
    return ChangesWitnessed(coverage, max(since, default=None))


def judge(
    bucket_name: str,
    region: str,
    trails: Iterable[Trail],
    stores: Iterable[EventDataStore] = (),
    channels: Iterable[Channel] = (),
    *,
    all_trails_seen: bool = True,
    all_stores_seen: bool = True,
    all_channels_seen: bool = True,
    partition: str = "aws",
) -> BucketCoverage:
    """How much of `bucket_name`'s reads and writes trails and stores record, and why not all.

    Pass `all_trails_seen=False` if the bucket's Region refused to list them, and the same for
    stores and channels if any Region did. What the others do not record is then unknown, not
    uncovered. So is what only a channel selects: its service may keep it, and cannot be asked.
    """
    arn = f"arn:{partition}:s3:::{bucket_name}/"
    of_trails = _of_trails(trails, region, all_trails_seen)
    of_stores = [of_store(store, region) for store in stores]
    if not all_stores_seen:
        of_stores.append(unlisted(Reason.STORES_UNREADABLE))
    of_channels = [of_channel(channel) for channel in channels if channel.records_in(region)]
    if not all_channels_seen:
        of_channels.append(unlisted(Reason.CHANNELS_UNREADABLE))
    # most channels are for management events: of no bucket
    of_channels = [one for one in of_channels if _would_add(one, (), arn, _MODES)]
    recorders = of_trails + of_stores + of_channels
    reads, writes = (_judge_mode(mode, recorders, arn) for mode in _MODES)
    witnessed_reads, witnessed_writes = (
        (_judge_mode(mode, of_trails, arn) for mode in _MODES)
        if len(recorders) > len(of_trails)
        else (reads, writes)
    )
    faults = _faults(recorders, {READS: reads, WRITES: writes}, arn)
    return BucketCoverage(
        reads=reads.coverage,
        writes=writes.coverage,
        witness=Witness(
            witnessed_reads.coverage,
            witnessed_writes.coverage,
            witnessed_reads.since,
            witnessed_writes.since,
            tuple(cover for mode in _MODES for cover in _covers(mode, of_trails, arn)),
        ),
        reasons=tuple(dict.fromkeys(fault.reason for fault in faults)),
        faults=tuple(RecorderFault(fault.reason, fault.arn) for fault in faults if fault.arn),
        refused=next((fault.refused for fault in faults if fault.refused), None),
        parts=reads.parts + writes.parts,
        reads_since=reads.since,
        writes_since=writes.since,
    )


def _of_trails(trails: Iterable[Trail], region: str, all_trails_seen: bool) -> list[Recorder]:
    recorders = [of_trail(trail, region) for trail in trails]
    if not all_trails_seen:
        recorders.append(unlisted(Reason.TRAILS_UNREADABLE))
    return recorders


def _judge_mode(mode: Mode, recorders: Sequence[Recorder], arn: str) -> _ModeCoverage:
    certain = _certain(recorders)
    possible = [upper_bound(selector) for one in recorders for selector in one.possible]
    low = recorded(certain, arn, mode)
    coverage = low if low is recorded(certain + possible, arn, mode) else Coverage.UNKNOWN
    is_part = coverage is Coverage.PARTLY_COVERED
    since = _since(recorders, low, partial(recorded, arn=arn, mode=mode))
    return _ModeCoverage(coverage, since, parts(certain, possible, arn, mode) if is_part else ())


def _covers(mode: Mode, recorders: Sequence[Recorder], arn: str) -> Iterator[WitnessCover]:
    """Return each trail that records a mode in full; if there is none, one set that does together."""

    def is_enough(some: Sequence[Recorder]) -> bool:
        return recorded(_certain(some), arn, mode) is Coverage.COVERED

    by_arn = {one.arn: one for one in recorders if one.certain}
    recording = [by_arn[name] for name in sorted(by_arn)]
    sets = [[one] for one in recording if is_enough([one])]
    if not sets and is_enough(recording):
        needed = recording
        for one in recording:
            fewer = [other for other in needed if other is not one]
            needed = fewer if is_enough(fewer) else needed
        sets = [needed]
    for some in sets:
        since = [one.started_at for one in some if one.started_at]
        arns = " ".join(one.arn for one in some)
        yield WitnessCover(_COVER_MODES[mode], arns, max(since, default=None))


def _certain(recorders: Iterable[Recorder]) -> list[Selector]:
    return [selector for recorder in recorders for selector in recorder.certain]


def _since(
    recorders: Sequence[Recorder],
    verdict: Coverage,
    coverage_of: Callable[[Sequence[Selector]], Coverage],
) -> datetime | None:
    """Return the first start after which the running recorders recorded as much as all do now."""
    starts = sorted({one.started_at for one in recorders if one.certain and one.started_at})
    for start in (None, *starts):
        running = [
            one
            for one in recorders
            if one.started_at is None or (start is not None and one.started_at <= start)
        ]
        if coverage_of(_certain(running)) is verdict:
            return start
    raise AssertionError("all recorders together record what they record")


def _faults(
    recorders: Sequence[Recorder], judged: dict[Mode, _ModeCoverage], arn: str
) -> list[_Fault]:
    """Return every reason why reads and writes are not both covered, without duplicates."""
    if all(mode.coverage is Coverage.COVERED for mode in judged.values()):
        return []
    certain = _certain(recorders)
    uncovered = [mode for mode, found in judged.items() if found.coverage is not Coverage.COVERED]
    lacking = [
        recorder
        for recorder in recorders
        if recorder.reason and _would_add(recorder, certain, arn, uncovered)
    ]
    # Recorders for other Regions matter only if none of this Region is meant for objects.
    near = [recorder for recorder in recorders if not recorder.is_elsewhere]
    is_for_objects = any(
        relevant_to(recorder.selected(), mode) for recorder in near for mode in _MODES
    )
    named = [one for one in lacking if not one.is_elsewhere or not is_for_objects]
    # A stopped trail whose selectors only look as if they named the bucket needs both repairs.
    misleading = [(one, list(_misleading(one.configured(), arn))) for one in near]
    misled = [one for one, reasons in misleading if reasons and one.reason and one not in named]
    faults = [_Fault(one.reason, one.arn, one.refused) for one in named + misled if one.reason]
    faults += [_Fault(reason, one.arn) for one, reasons in misleading for reason in reasons]
    for mode, found in judged.items():
        if found.coverage is Coverage.PARTLY_COVERED:
            faults.append(_Fault(_PARTLY_SELECTED[mode]))
        elif found.coverage is Coverage.NOT_COVERED:
            faults += _not_covered(mode, recorders, named, arn)
        elif found.coverage is Coverage.UNKNOWN:
            faults += [_Fault(code, one.arn) for one in recorders for code in _doubts(one.possible)]
    return list(dict.fromkeys(faults))


def _not_covered(
    mode: Mode, recorders: Sequence[Recorder], named: Sequence[Recorder], arn: str
) -> Iterator[_Fault]:
    if not recorders:
        yield _Fault(Reason.NO_TRAIL)
        return
    # If no trail could have recorded the mode, the trails' own reasons explain it.
    is_one_working = any(recorder.reason is None for recorder in recorders)
    certain = _certain(recorders)
    if is_one_working or not any(_would_add(one, certain, arn, [mode]) for one in named):
        yield _Fault(_NOT_SELECTED[mode])


def _would_add(
    recorder: Recorder, certain: Sequence[Selector], arn: str, modes: Iterable[Mode]
) -> bool:
    """If its reason were fixed, would it record requests of the modes that `certain` leaves out?"""
    return any(adds(recorder.selected(), certain, arn, mode) for mode in modes)


def _misleading(selectors: Iterable[Selector], arn: str) -> Iterator[Reason]:
    """Values that look as if they named the bucket or its keys, and do not."""
    tests = tests_of(selectors, ARN)
    values = [value for test in tests for value in (*test.equals, *test.starts_with)]
    if any(_names_buckets_by_wildcard(value) for value in values):
        yield Reason.SELECTOR_WILDCARD
    if any(value.startswith(arn) and value.endswith("*") for value in values):
        # a key may hold a star, but most authors of such a value mean every key that begins like it
        yield Reason.SELECTOR_KEY_WILDCARD


def _names_buckets_by_wildcard(value: str) -> bool:
    """Policies know wildcards. CloudTrail takes values literally, and no bucket has such a name."""
    bucket = value.partition(":::")[2].partition("/")[0]
    return any(character in bucket for character in "*?")


def _doubts(selectors: Sequence[Selector]) -> Iterator[Reason]:
    """What about the selectors is not documented."""
    if any(map(has_unknown_field, selectors)):
        yield Reason.SELECTOR_FIELD_UNKNOWN
    if any(map(has_repeated_field, selectors)):
        yield Reason.SELECTOR_FIELD_REPEATED
