"""What the two logs can prove about every hour, computed from the requests themselves.

The unit is (bucket, request id). A unit is counted in its hour when it is known whether its
access-log record and its event were delivered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sandbox.account import operations as ops
from sandbox.account.buckets import UNDELIVERABLE, UNPROVABLE, Bucket, Seen, Trouble
from sandbox.account.cloudtrail import is_recorded
from sandbox.account.period import HOUR, Period, day_of, iso
from sandbox.account.traffic import Request
from sandbox.account.truth import SAID, HourTruth, SaidTruth

LATENESS_BUDGET = 6 * HOUR
# Data events of an hour can arrive this long after it; until then their absence proves nothing.
EVENT_GRACE = HOUR


def expected_in_access_log(request: Request) -> bool:
    """Whether an event of this request requires an access-log record."""
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
    """Whether a record of this request requires an event."""
    operation = request.operation
    return (
        operation.name.startswith("REST.")
        and operation is not ops.PREFLIGHT
        and not operation.is_management
        and _is_object_level(request)
        and not request.client.is_service
        and _was_served_or_denied(request)
        and is_recorded(request)
        # a mode that the trail records only partly proves nothing, even if events arrive
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
        """Return the share of the requests in the trail that the access log has, if it must."""
        return self.matched_records / self.expected_records if self.expected_records else None

    def data_event_completeness(self) -> float | None:
        """Return the share of the requests in the access log that the trail has, if it must."""
        return self.matched_events / self.expected_events if self.expected_events else None


@dataclass(slots=True)
class Mark:
    """The log object in which a planted fault ended up."""

    log_bucket: str
    key: str
    delivered_at: int
    lines: int | None = None


@dataclass(slots=True)
class Ledger:
    """Counts as of the end of the period; filled while the account is generated."""

    period: Period
    hours: dict[tuple[str, int], HourCount] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    by_day: dict[str, Counter[str]] = field(default_factory=dict)
    said: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def note(self, request: Request, *, has_record: bool, has_event: bool) -> None:
        """Count one request in its hour, with the logs of it that were delivered."""
        if not (has_record or has_event):
            return
        moment = request.received if has_record else request.completed
        if has_record or not request.operation.is_management:
            self._said(request.bucket, moment).update(said(request, has_record))
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
        """Count the record that a copy left in the log of its source bucket."""
        self._count(bucket.name, received).records += 1
        self._said(bucket, received).update(requests=1)

    def add(self, delivered_at: int, **amounts: int) -> None:
        """Add to the totals and to the totals of the delivery day."""
        self.totals.update(amounts)
        day = self.by_day.setdefault(day_of(delivered_at).isoformat(), Counter())
        day.update(amounts)

    def _said(self, bucket: Bucket, moment: int) -> Counter[str]:
        return self.said.setdefault((bucket.name, day_of(moment).isoformat()), Counter())

    def _count(self, bucket_name: str, moment: int) -> HourCount:
        key = (bucket_name, moment - moment % HOUR)
        count = self.hours.get(key)
        if count is None:
            count = self.hours[key] = HourCount()
        return count


_DELETES = {"REST.DELETE.OBJECT", "S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER"}


def said(request: Request, has_record: bool) -> dict[str, int]:
    """Return what the logs that were delivered say of a request: what the marts must count.

    A batch is one request and one for each key. The access log also has the reading half of a copy.
    """
    operation, client = request.operation, request.client
    copied = request.copy_source is not None and request.copy_source[0] is request.bucket
    deleted = operation.name in _DELETES and request.act.error is None
    signed_by_nobody = client.requester == "-" and client.auth == "-"
    return {
        "requests": 1 + len(request.batch_keys) + (has_record and copied),
        "denied": request.act.error == "AccessDenied" and operation is not ops.PREFLIGHT,
        "deleted": deleted + len(request.batch_keys),
        "anonymous": signed_by_nobody and operation is not ops.PREFLIGHT,
        "bytes_sent": request.bytes_sent,
    }


def status(count: HourCount, hour: int, period_end: int) -> str | None:
    """Return the hour's status at the end of the period; None without records and events."""
    missing = count.expected_records - count.matched_records
    if missing:
        if hour + HOUR + LATENESS_BUDGET > period_end:
            return "pending"
        return "partial" if count.matched_records else "missing"
    return "delivered" if count.records else None


def hour_truths(ledger: Ledger, judged: list[Bucket]) -> tuple[HourTruth, ...]:
    """Return the hours of these buckets that are not simply delivered and complete."""
    names = {bucket.name for bucket in judged if bucket.trouble is not Trouble.UNREADABLE}
    truths = []
    for (name, hour), count in sorted(ledger.hours.items()):
        word = status(count, hour, ledger.period.end)
        access_log = count.access_log_completeness()
        is_witness_in = hour + HOUR + EVENT_GRACE <= ledger.period.end
        data_event = count.data_event_completeness() if is_witness_in else None
        if name not in names or word is None:
            continue
        if word == "delivered" and data_event in {None, 1.0}:
            continue
        truths.append(HourTruth(name, iso(hour), word, access_log, data_event))
    return tuple(truths)


def said_truths(ledger: Ledger) -> tuple[SaidTruth, ...]:
    """Return what the logs say of each bucket and day."""
    return tuple(
        SaidTruth(name, day, **{one: counts[one] for one in SAID})
        for (name, day), counts in sorted(ledger.said.items())
    )


def verdict(bucket: Bucket, day: str, ledger: Ledger) -> str:
    """Return the logging verdict of a bucket for an event day."""
    if bucket.trouble in {Trouble.UNREADABLE, Trouble.REGION, Trouble.VENDED}:
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
    # Nothing was delivered. `idle` needs a trail that would have recorded requests, and a log bucket
    # that is known to accept the logs.
    is_witnessed = Seen.ALL in {bucket.reads, bucket.writes}
    is_inactive = is_witnessed and not any(count.events for _, count in of_day)
    return "idle" if is_inactive and bucket.trouble not in UNPROVABLE else "unknown"
