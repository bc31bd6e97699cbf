"""What the two logs can prove about every hour, worked out from the requests themselves.

The unit is (bucket, request id). Each unit is put to its hour once both its fates are known:
whether its access-log record was delivered, and whether its event was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sandbox.account import operations as ops
from sandbox.account.buckets import UNDELIVERABLE, UNPROVABLE, Bucket, Seen, Trouble
from sandbox.account.cloudtrail import is_recorded
from sandbox.account.period import HOUR, Period, day_of, iso
from sandbox.account.traffic import Request
from sandbox.account.truth import HourTruth

LATENESS_BUDGET = 6 * HOUR
# So long after an hour its data events may still be on their way: they tell nothing yet.
EVENT_GRACE = HOUR


def expected_in_access_log(request: Request) -> bool:
    """Whether an event of this request means that an access-log record must exist."""
    client = request.client
    return (
        is_recorded(request)
        and not request.operation.is_management
        and _is_object_level(request)
        and not client.is_service
        and client.invoked_by is None
        and request.act.error in {None, "AccessDenied"}
    )


def expected_in_data_events(request: Request) -> bool:
    """Whether a record of this request means that an event must exist."""
    operation = request.operation
    return (
        operation.name.startswith("REST.")
        and operation is not ops.PREFLIGHT
        and not operation.is_management
        and _is_object_level(request)
        and not request.client.is_service
        and _was_served_or_denied(request)
        and is_recorded(request)
        # a mode that the trail records only partly witnesses nothing, whatever events come
        and (request.bucket.reads if operation.reads else request.bucket.writes) is Seen.ALL
    )


def _is_object_level(request: Request) -> bool:
    return request.key is not None or request.operation is ops.MULTI_DELETE


def _was_served_or_denied(request: Request) -> bool:
    status = request.act.status
    return 200 <= status < 300 or status == 304 or request.act.error == "AccessDenied"


@dataclass(slots=True)
class HourCount:
    """Units of one hour of one bucket."""

    records: int = 0
    events: int = 0
    expected_records: int = 0
    matched_records: int = 0
    expected_events: int = 0
    matched_events: int = 0

    def access_log_completeness(self) -> float | None:
        """Of the requests that the trail saw and the log must hold: the share it holds."""
        return self.matched_records / self.expected_records if self.expected_records else None

    def data_event_completeness(self) -> float | None:
        """Of the requests that the log holds and the trail must have seen: the share it saw."""
        return self.matched_events / self.expected_events if self.expected_events else None


@dataclass(slots=True)
class Mark:
    """Where a planted thing ended up."""

    log_bucket: str
    key: str
    delivered_at: int
    lines: int | None = None


@dataclass(slots=True)
class Ledger:
    """Counts as of the end of the period; filled while the account is made."""

    period: Period
    hours: dict[tuple[str, int], HourCount] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    by_day: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, request: Request, *, has_record: bool, has_event: bool) -> None:
        """Put one request to its hour, knowing which logs of it have arrived."""
        if not (has_record or has_event):
            return
        moment = request.received if has_record else request.completed
        count = self._count(request.bucket.name, moment)
        if has_record:
            count.records += 1
            if expected_in_data_events(request):
                count.expected_events += 1
                count.matched_events += has_event
        if has_event and not request.operation.is_management:
            count.events += 1
            if expected_in_access_log(request):
                count.expected_records += 1
                count.matched_records += has_record

    def note_copied(self, bucket: Bucket, received: int) -> None:
        """A record that a copy left in its source's log: it counts as one that came."""
        self._count(bucket.name, received).records += 1

    def add(self, delivered_at: int, **amounts: int) -> None:
        """Add to the totals and to those of the delivery day."""
        self.totals.update(amounts)
        day = self.by_day.setdefault(day_of(delivered_at).isoformat(), Counter())
        day.update(amounts)

    def _count(self, bucket_name: str, moment: int) -> HourCount:
        key = (bucket_name, moment - moment % HOUR)
        found = self.hours.get(key)
        if found is None:
            found = self.hours[key] = HourCount()
        return found


def status(count: HourCount, hour: int, period_end: int) -> str | None:
    """The hour's status at the end of the period; None where nothing came and nobody saw."""
    lacking = count.expected_records - count.matched_records
    if lacking:
        if hour + HOUR + LATENESS_BUDGET > period_end:
            return "pending"
        return "partial" if count.matched_records else "missing"
    return "delivered" if count.records else None


def hour_truths(ledger: Ledger, judged: list[Bucket]) -> tuple[HourTruth, ...]:
    """The hours of these buckets that are not plainly delivered and complete."""
    names = {bucket.name for bucket in judged if bucket.trouble is not Trouble.UNREADABLE}
    found = []
    for (name, hour), count in sorted(ledger.hours.items()):
        word = status(count, hour, ledger.period.end)
        access_log = count.access_log_completeness()
        is_witness_in = hour + HOUR + EVENT_GRACE <= ledger.period.end
        data_event = count.data_event_completeness() if is_witness_in else None
        if name not in names or word is None:
            continue
        if word == "delivered" and data_event in {None, 1.0}:
            continue
        found.append(HourTruth(name, iso(hour), word, access_log, data_event))
    return tuple(found)


def verdict(bucket: Bucket, day: str, ledger: Ledger) -> str:
    """The logging verdict of a bucket for an event day."""
    if bucket.trouble in {Trouble.UNREADABLE, Trouble.REGION}:
        return "unknown"
    if bucket.target_bucket is None:
        return "off"
    if bucket.trouble in {Trouble.POLICY, Trouble.GONE, *UNDELIVERABLE}:
        return "broken_target"
    of_day = [
        (hour, count)
        for (name, hour), count in ledger.hours.items()
        if name == bucket.name and iso(hour)[:10] == day
    ]
    if any(count.records for _, count in of_day):
        return "delivering"
    words = {status(count, hour, ledger.period.end) for hour, count in of_day}
    if "missing" in words:
        return "silent"
    # Nothing came. That nobody asked for anything is known only where a trail would have told; and
    # that it would have come, where somebody can tell whether the target takes it.
    is_witnessed = Seen.ALL in {bucket.reads, bucket.writes}
    is_quiet = is_witnessed and not any(count.events for _, count in of_day)
    return "idle" if is_quiet and bucket.trouble not in UNPROVABLE else "unknown"
