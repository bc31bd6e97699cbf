"""One simulation as a stream of stored objects, hour by hour, and then its answer sheet.

It uses no network and no clock: the same plan gives the same bytes. Only one hour is in memory at a
time, so a million requests need no more memory than their busiest hour.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sandbox.account import access_log, cloudtrail, digests, hostile, ledger, management, traffic
from sandbox.account.access_log import Entry, LogObject
from sandbox.account.buckets import (
    ACCOUNT_ID,
    BUCKETS,
    REGIONS,
    SOURCES,
    TRAIL_BUCKET,
    TRAIL_HOME,
    Bucket,
    Trouble,
)
from sandbox.account.cloudtrail import WINDOW, TrailFile
from sandbox.account.ledger import Ledger, Mark
from sandbox.account.period import HOUR, day_of
from sandbox.account.plan import Damage, Plan, Tamper, Tampering
from sandbox.account.planting import OBJECTS, QUARANTINE
from sandbox.account.profiles import volume
from sandbox.account.resettings import coverage_of_day
from sandbox.account.selectors import coverage_details
from sandbox.account.traffic import Request
from sandbox.account.truth import BucketTruth, Fault, Truth

_DUPLICATE_AFTER = 7 * 60
# If an hour's records are tampered with, its requests end inside it. Then the event and the record
# have the same hour, and a lost record is missed in the hour in which it was lost.
_TAMPERED_SECONDS = HOUR - 200


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as stored in a bucket; `delivered_at` is its LastModified."""

    bucket: str
    key: str
    body: bytes
    delivered_at: int
    metadata: dict[str, str] = field(default_factory=dict)


class Account:
    """A simulation in progress: read `objects()` once, then call `truth()`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ledger = Ledger(plan.period)
        self.newest_trail_file = plan.period.start
        self.newest_digest = plan.period.start
        self._windows: dict[tuple[str, int], list[tuple[int, list[str]]]] = defaultdict(list)
        self._listed: dict[str, list[digests.Listed]] = {region: [] for region in REGIONS}
        self._extras: dict[tuple[Bucket, int], list[traffic.Burst]] = defaultdict(list)
        for burst in plan.bursts:
            self._extras[burst.bucket, burst.start - burst.start % HOUR].append(burst)

    def objects(self) -> Iterator[StoredObject]:
        """Yield everything that is delivered by the end of the period."""
        planned = _volumes(self.plan)
        for hour in self.plan.period.hours():
            entries: dict[Bucket, list[Entry]] = defaultdict(list)
            self._manage(hour)
            for bucket in SOURCES:
                self._make_hour(bucket, hour, planned[bucket, hour], entries)
            for bucket in SOURCES:
                yield from self._deliver_hour(bucket, hour, entries[bucket])
            yield from self._deliver_trail(before=hour + HOUR)
        yield from self._deliver_trail(before=None)
        yield from self._deliver_digests()
        yield from self._deliver_strays()

    def truth(self) -> Truth:
        """Return the answer sheet; it is complete after the last object."""
        plan, book = self.plan, self.ledger
        return Truth(
            seed=plan.seed,
            until=plan.period.until.isoformat(),
            days=plan.period.days,
            account_id=ACCOUNT_ID,
            buckets=tuple(_bucket_truth(bucket, plan, book) for bucket in BUCKETS),
            faults=tuple(_located(fault, book.marks.get(fault.id)) for fault in plan.faults),
            hours=ledger.hour_truths(book, [b for b in SOURCES if b.target_bucket is not None]),
            said=ledger.said_truths(book),
            totals={
                **dict(sorted(book.totals.items())),
                "by_delivery_day": {
                    day: dict(sorted(counts.items())) for day, counts in sorted(book.by_day.items())
                },
            },
        )

    def _manage(self, hour: int) -> None:
        """Add the hour's management events, which leave no record in an access log."""
        for region in REGIONS:
            for at, event in management.account_events(self.plan.seed, region, hour):
                self._windows[region, at - at % WINDOW].append((at, [event]))
        for change in self.plan.changes:
            if hour <= change.at < hour + HOUR:
                at, event = management.logging_changed(self.plan.seed, change)
                self._windows[change.bucket.region, at - at % WINDOW].append((at, [event]))
        for resetting in self.plan.trail_changes:
            if hour <= resetting.at < hour + HOUR:
                at, event = management.selectors_changed(self.plan.seed, resetting)
                self._windows[TRAIL_HOME, at - at % WINDOW].append((at, [event]))
        for call in self.plan.calls:
            if hour <= call.at < hour + HOUR:
                at, event = management.called(self.plan.seed, call)
                self._windows[TRAIL_HOME, at - at % WINDOW].append((at, [event]))

    def _make_hour(
        self, bucket: Bucket, hour: int, count: int, entries: dict[Bucket, list[Entry]]
    ) -> None:
        tamper = self.plan.tampers.get((bucket.name, hour))
        rng = random.Random(f"{self.plan.seed}/requests/{bucket.name}/{hour}")
        seconds = HOUR if tamper is None else _TAMPERED_SECONDS
        for request in traffic.bucket_hour(bucket, hour, count, rng, seconds):
            self._take(request, entries)
        for burst in self._extras.get((bucket, hour), ()):
            for request in traffic.burst(burst, rng):
                self._take(request, entries)
        if tamper is not None and tamper.how is Tampering.SPOIL:
            for request in traffic.forged(bucket, hour, rng):
                self._record(request)
                self.ledger.totals["requests"] += 1
                # the head of the line shows the request; nothing else in it can be trusted
                entries[bucket].append(access_log.entry(request)._replace(is_record=False))

    def _take(self, request: Request, entries: dict[Bucket, list[Entry]]) -> None:
        self.ledger.totals["requests"] += 1
        self._record(request)
        if not request.bucket.delivers:
            self._note(request, delivered_at=None)
            return
        entries[request.bucket].append(access_log.entry(request))
        copied = access_log.copied_entry(request)
        if copied is not None and copied[0].delivers:
            entries[copied[0]].append(copied[1])

    def _record(self, request: Request) -> None:
        if cloudtrail.is_recorded(request):
            window = request.completed - request.completed % WINDOW
            self._windows[request.bucket.region, window].append(
                (request.completed, cloudtrail.events(request))
            )

    def _note(self, request: Request, delivered_at: int | None) -> None:
        end = self.plan.period.end
        self.ledger.note(
            request,
            has_record=delivered_at is not None and delivered_at < end,
            has_event=cloudtrail.is_recorded(request) and self._event_arrives(request),
        )

    def _event_arrives(self, request: Request) -> bool:
        region, completed = request.bucket.region, request.completed
        window = completed - completed % WINDOW
        if (region, window) in self.plan.tears:
            return False
        arrives = cloudtrail.delivered_at(self.plan.seed, region, window)
        return arrives < self.plan.period.end

    def _deliver_hour(
        self, bucket: Bucket, hour: int, entries: list[Entry]
    ) -> Iterator[StoredObject]:
        if not entries:
            return
        tamper = self.plan.tampers.get((bucket.name, hour))
        rng = random.Random(f"{self.plan.seed}/delivery/{bucket.name}/{hour}")
        held: list[Entry] = []
        if tamper is not None and tamper.how in {Tampering.LOSE, Tampering.DELAY}:
            entries, held = _split(entries, tamper.share)
        made = list(access_log.log_objects(bucket, hour, entries, rng))
        if tamper is not None:
            made = self._tamper(bucket, hour, tamper, made=made, held=held, rng=rng)
        for one in made:
            yield from self._store(bucket, one)

    def _tamper(
        self,
        bucket: Bucket,
        hour: int,
        tamper: Tamper,
        *,
        made: list[LogObject],
        held: list[Entry],
        rng: random.Random,
    ) -> list[LogObject]:
        """Return the hour's objects with the planted fault, which is marked in the ledger."""
        if tamper.how is Tampering.LOSE:
            for entry in held:
                if entry.request is not None:
                    self._note(entry.request, delivered_at=None)
            return made
        if tamper.how is Tampering.DELAY:
            arrives = hour + HOUR + tamper.delay + rng.randint(300, 900)
            late = access_log.log_object(bucket, held, arrives, rng)
            self._mark(tamper, late, late.line_count)
            if arrives >= self.plan.period.end:
                for entry in held:
                    if entry.request is not None:
                        self._note(entry.request, delivered_at=None)
                return made
            return [*made, late]
        if tamper.how is Tampering.REPEAT_LINES:
            made[0] = _with_repeated_lines(made[0], tamper.lines)
            self._mark(tamper, made[0], tamper.lines)
        elif tamper.how is Tampering.REPEAT_OBJECT:
            again = made[0].delivered_at + _DUPLICATE_AFTER
            received = made[0].entries[0].received
            key = access_log.log_key(bucket, received, again, f"{rng.getrandbits(64):016X}")
            twin = replace(made[0], key=key, delivered_at=again, entries=())
            self._mark(tamper, twin, twin.line_count)
            made.append(twin)
        elif tamper.how is Tampering.SPOIL:
            made[0], spoiled = _with_spoiled_lines(made[0], rng)
            forged = sum(not entry.is_record for entry in made[0].entries)
            self._mark(tamper, made[0], spoiled + forged)
        return made

    def _mark(self, tamper: Tamper, made: LogObject, lines: int) -> None:
        self.ledger.marks[tamper.fault_id] = Mark(
            made.log_bucket, made.key, made.delivered_at, lines
        )

    def _store(self, bucket: Bucket, made: LogObject) -> Iterator[StoredObject]:
        for entry in made.entries:
            if entry.request is not None:
                self._note(entry.request, made.delivered_at)
        if made.delivered_at >= self.plan.period.end:
            return
        for entry in made.entries:
            if entry.request is None:
                self.ledger.note_copied(bucket, entry.received)
        self.ledger.add(
            made.delivered_at,
            access_log_objects=1,
            access_log_lines=made.line_count,
            access_log_bytes=len(made.body),
        )
        yield StoredObject(made.log_bucket, made.key, made.body, made.delivered_at)

    def _deliver_trail(self, before: int | None) -> Iterator[StoredObject]:
        """Yield the files of the windows that end by `before`: no later request adds to them."""
        ready = [key for key in self._windows if before is None or key[1] + WINDOW <= before]
        for region, window in sorted(ready):
            taken = self._windows.pop((region, window))
            records = [event for _, events in taken for event in events]
            times = [completed for completed, _ in taken]
            made = cloudtrail.trail_file(self.plan.seed, region, window, records, times)
            if made.delivered_at < self.plan.period.end:
                self._listed[region].append(digests.listed(made))
                yield from self._store_file(made)
                yield from self._forge_file(made)

    def _store_file(self, made: TrailFile) -> Iterator[StoredObject]:
        body = made.body
        tear = self.plan.tears.get((made.region, made.window))
        if tear is not None:
            self._mark_file(tear.fault_id, made)
            if tear.damage is Damage.DELETED:
                return
            body = body[: len(body) * 2 // 3]
        self.newest_trail_file = max(self.newest_trail_file, made.delivered_at)
        yield self._put_file(made, body, events=0 if tear is not None else made.event_count)

    def _forge_file(self, genuine: TrailFile) -> Iterator[StoredObject]:
        fault_id = self.plan.forgeries.get((genuine.region, genuine.window))
        if fault_id is None:
            return
        made = cloudtrail.forged_file(self.plan.seed, genuine)
        self._mark_file(fault_id, made)
        yield self._put_file(made, made.body, events=made.event_count)

    def _mark_file(self, fault_id: str, made: TrailFile) -> None:
        self.ledger.marks[fault_id] = Mark(
            TRAIL_BUCKET, made.key, made.delivered_at, made.event_count
        )

    def _put_file(self, made: TrailFile, body: bytes, *, events: int) -> StoredObject:
        self.ledger.add(
            made.delivered_at, trail_files=1, trail_events=events, trail_bytes=len(body)
        )
        return StoredObject(TRAIL_BUCKET, made.key, body, made.delivered_at)

    def _deliver_digests(self) -> Iterator[StoredObject]:
        for region in REGIONS:
            key = digests.signing_key(self.plan.seed, region)
            files = self._listed[region]
            for digest in digests.digests(region, files, self.plan.period, self.plan.seed, key):
                at = digest.delivered_at
                self.ledger.add(at, digests=1)
                self.newest_digest = max(self.newest_digest, at)
                yield StoredObject(TRAIL_BUCKET, digest.key, digest.body, at, digest.metadata)

    def _deliver_strays(self) -> Iterator[StoredObject]:
        for stray in self.plan.strays:
            self.ledger.marks[stray.fault_id] = Mark(
                stray.log_bucket, stray.key, stray.delivered_at
            )
            self.ledger.add(stray.delivered_at, stray_objects=1)
            yield StoredObject(stray.log_bucket, stray.key, stray.body, stray.delivered_at)


def _volumes(plan: Plan) -> dict[tuple[Bucket, int], int]:
    """Return the number of requests of each bucket in each hour, without the bursts."""
    shares = {
        (bucket, hour): volume(bucket, hour) for hour in plan.period.hours() for bucket in SOURCES
    }
    spread = max(plan.requests - sum(burst.count for burst in plan.bursts), 0)
    scale = spread / sum(shares.values())
    rng = random.Random(f"{plan.seed}/volumes")
    return {key: int(share * scale + rng.random()) for key, share in shares.items()}


def _split(entries: list[Entry], share: float) -> tuple[list[Entry], list[Entry]]:
    """Split entries into those to keep and those to take; a share of 0.5 takes every second one.

    Entries that the trail recorded come first, so that both parts hold some of them.
    """
    ranked = sorted(entries, key=lambda entry: (not _is_witnessed(entry), entry.received))
    kept: list[Entry] = []
    taken: list[Entry] = []
    for n, entry in enumerate(ranked):
        (taken if int((n + 1) * share) > int(n * share) else kept).append(entry)
    return kept, taken


def _is_witnessed(entry: Entry) -> bool:
    return entry.request is not None and ledger.expected_in_access_log(entry.request)


def _with_repeated_lines(made: LogObject, count: int) -> LogObject:
    lines = _lines(made.body)
    repeated = lines[:count]
    body = b"".join(lines + repeated)
    return replace(made, body=body, line_count=made.line_count + len(repeated))


def _with_spoiled_lines(made: LogObject, rng: random.Random) -> tuple[LogObject, int]:
    """Return the object with two truncated lines and two lines of garbage mixed in."""
    lines = _lines(made.body)
    plain = [line for line in lines if line.count(b'"') == 6 and b" HTTP/1.1" in line]
    cut = [plain[0][: plain[0].index(b' HTTP/1.1"') + 2], plain[1][: plain[1].index(b'"') - 1]]
    spoiled = [line + b"\n" for line in cut] + [f"{text}\n".encode() for text in hostile.rubbish()]
    for line in spoiled:
        lines.insert(rng.randrange(len(lines)), line)
    body = b"".join(lines)
    return replace(made, body=body, line_count=len(lines)), len(spoiled)


def _lines(body: bytes) -> list[bytes]:
    return [line + b"\n" for line in body.split(b"\n")[:-1]]


def _located(fault: Fault, mark: Mark | None) -> Fault:
    """Return the fault with the object in which it ended up."""
    if mark is None:
        return fault
    expect = fault.expect
    if "delivered_on" in expect.where:
        where = expect.where | {"delivered_on": day_of(mark.delivered_at).isoformat()}
        if expect.table in {OBJECTS, QUARANTINE}:
            where |= {"log_bucket": mark.log_bucket, "object_key": mark.key}
        expect = replace(expect, where=where)
    if expect.table == QUARANTINE:
        expect = replace(expect, at_least={"rows": mark.lines or 0})
    elif fault.kind.startswith("duplicate"):
        expect = replace(expect, at_least={"lines_duplicate": mark.lines or 0})
    return replace(
        fault,
        expect=expect,
        log_object=f"s3://{mark.log_bucket}/{mark.key}",
        lines=mark.lines,
        delivery_day=day_of(mark.delivered_at).isoformat(),
    )


def _bucket_truth(bucket: Bucket, plan: Plan, book: Ledger) -> BucketTruth:
    return BucketTruth(
        bucket_name=bucket.name,
        region=bucket.region,
        logging=_logging(bucket),
        target_bucket=bucket.target_bucket,
        target_prefix=bucket.target_prefix,
        key_layout=None if bucket.layout is None else bucket.layout.value,
        read_coverage=bucket.reads.coverage,
        write_coverage=bucket.writes.coverage,
        coverage_details=coverage_details(bucket),
        sensitivity=bucket.sensitivity or bucket.inventoried,
        weaknesses=bucket.weaknesses,
        expected={
            day.isoformat(): {"verdict": ledger.verdict(bucket, day.isoformat(), book)}
            | coverage_of_day(bucket, day, plan)
            for day in plan.period.dates()
        },
    )


def _logging(bucket: Bucket) -> str:
    if bucket.trouble is Trouble.VENDED:
        return "elsewhere"
    return "off" if bucket.target_bucket is None else "on"
