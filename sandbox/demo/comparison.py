"""Compare the marts with the answer sheet. Pure: rows in, a comparison out.

It answers three questions. Was every planted fault found? Is every verdict and every hour as
planted? Does a planted fault explain every finding?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, groupby
from typing import Any

from sandbox.demo import detected, said

Row = Mapping[str, Any]

BUDGET = timedelta(hours=6)
HOUR = timedelta(hours=1)

# The expectations that a planted fault may break. The first one must report the fault.
BREAKS: Mapping[str, tuple[str, ...]] = {
    "logging_off": ("logging_off",),
    "sensitive_not_recorded": ("sensitive_not_recorded",),
    "turned_off": ("logging_weakened",),
    "logging_interrupted": ("logging_weakened", "hour_lost"),
    "trail_narrowed": ("logging_changed",),
    "trail_deleted": ("logging_weakened",),
    "store_stopped": ("logging_weakened",),
    "log_bucket_policy_changed": ("logging_changed",),
    "account_block_changed": ("logging_changed",),
    "target_policy_denies": ("target_broken", "hour_lost"),
    "target_gone": ("target_broken", "hour_lost", "place_unreadable"),
    "target_kms_encryption": ("target_broken",),
    "target_object_lock": ("target_broken",),
    "target_requester_pays": ("target_broken",),
    "target_policy_other_partition": ("target_broken",),
    "target_policy_misses_prefix": ("target_broken",),
    "target_policy_explicit_deny": ("target_broken",),
    "target_other_region": ("target_broken",),
    "target_other_account": ("target_broken", "place_unreadable"),
    "target_policy_condition_unknown": ("logging_unknown",),
    "target_policy_deny_uncertain": ("logging_unknown",),
    "target_acl_incomplete": ("logging_unknown",),
    "target_grants_not_applicable": ("logging_unknown",),
    "target_policy_unreadable": ("logging_unknown",),
    "region_not_enabled": ("logging_unknown",),
    "config_unreadable": ("logging_unknown",),
    "logging_elsewhere": ("logging_elsewhere",),
    "log_bucket_weak": ("log_bucket_weak",),
    "silent": ("bucket_silent", "hour_lost"),
    "hour_lost": ("hour_lost",),
    "hour_partly_lost": ("hour_partly_lost",),
    "late_beyond_budget": ("records_late", "hour_lost", "hour_partly_lost"),
    "duplicate_lines": ("lines_duplicate",),
    "duplicate_object": ("lines_duplicate",),
    "stray_object": ("object_not_a_log",),
    "trail_failing": ("trail_not_delivering",),
    "trail_bucket_gone": ("place_unreadable",),
    "trail_file_truncated": ("object_corrupt", "data_events_lost"),
    "trail_file_deleted": ("object_missing", "data_events_lost"),
    "trail_file_invented": ("object_disowned",),
}
# Expectations that a fault may break but need not, for example with too few lines.
MAY_BREAK: Mapping[str, tuple[str, ...]] = {"malformed_lines": ("quarantine_share",)}

# The log bucket of these cannot be listed, so their hours stay open.
UNLISTED = frozenset({"target_other_account"})

# Columns of a bucket's row that must equal the answer sheet.
SETTINGS = ("read_coverage", "write_coverage", "coverage_details", "sensitivity", "weaknesses")

# A state that a later delivery day heals is only in the check results of its own day.
CHECK_OF_STATUS = {"missing": "hour_lost", "partial": "hour_partly_lost"}

# The expectations whose findings are about hours of a bucket
HOURLY = frozenset({"hour_lost", "hour_partly_lost", "data_events_lost", "records_late"})

# The expectations that a fault breaks on the day of its delivery only
OF_A_DELIVERY = frozenset({"quarantine_share", "lines_duplicate"})

# What stands between the items of an array that is compared as text
BETWEEN = "; "


@dataclass(frozen=True, slots=True)
class Seen:
    """What the runs wrote. Times are UTC without a time zone, as Athena returns them.

    `expected_rows` has, for each fault's id, the number of rows of each of its expectations.
    `checks` has a row for each finding of a failed check, and one without a `subject` for a check that
    names none. The settings that are arrays are text, with BETWEEN between the items.
    """

    coverage: Sequence[Row]
    hours: Sequence[Row]
    days: Sequence[Row]
    checks: Sequence[Row]
    findings: Sequence[Row]
    answers: Sequence[Row]
    expected_rows: Mapping[str, Sequence[int]]
    said: Sequence[Row]
    most: Sequence[Row]
    lake_bucket: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bucket's verdict of every day, and the planted one."""

    bucket_name: str
    found: Mapping[str, str]
    planted: Mapping[str, str]
    why: str

    @property
    def agrees(self) -> bool:
        return all(self.found.get(day) == verdict for day, verdict in self.planted.items())


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A planted fault, whether it was found, and where it shows (or should)."""

    fault_id: str
    kind: str
    note: str
    found: bool
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The states of a bucket's hours, and the lowest completeness of an hour, both ways.

    Pending hours do not count: their logs may still arrive.
    """

    bucket_name: str
    hours: Mapping[str, int]
    requests: int
    access_log: float | None
    data_events: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result. `unplanted` are findings that no planted fault explains."""

    verdicts: tuple[Verdict, ...]
    faults: tuple[PlantedFault, ...]
    unplanted: tuple[str, ...]
    completeness: tuple[Completeness, ...]
    said: tuple[str, ...]
    detected: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return (
            bool(self.verdicts)
            and all(verdict.agrees for verdict in self.verdicts)
            and all(fault.found for fault in self.faults)
            and not self.unplanted
        )


def compare(truth: Row, seen: Seen) -> Comparison:
    """Compare the rows with what was planted (truth.json, see sandbox/account/README.md)."""
    return Comparison(
        verdicts=tuple(_verdicts(truth, seen)),
        faults=tuple(_fault(fault, truth, seen) for fault in truth["faults"]),
        unplanted=(
            *_unplanted_buckets(truth, seen),
            *_wrong_settings(truth, seen),
            *_wrong_hours(truth, seen),
            *_wrong_days(truth, seen),
            *_unexplained_checks(truth, seen),
            *detected.unplanted(_expected(truth), truth["faults"], seen.findings),
            *said.differences(truth, seen.said),
        ),
        completeness=tuple(_completeness(seen)),
        said=tuple(said.in_words(seen.said, seen.most)),
        detected=tuple(detected.in_words(seen.answers, seen.findings)),
    )


def _verdicts(truth: Row, seen: Seen) -> Iterator[Verdict]:
    for bucket in truth["buckets"]:
        rows = sorted(
            (row for row in seen.coverage if row["bucket_name"] == bucket["bucket_name"]),
            key=lambda row: str(row["event_date"]),
        )
        yield Verdict(
            bucket_name=bucket["bucket_name"],
            found={str(row["event_date"]): row["verdict"] for row in rows},
            planted={day: expected["verdict"] for day, expected in bucket["expected"].items()},
            why=_why(rows[-1]) if rows else "no row in fct_logging_coverage",
        )


def _why(row: Row) -> str:
    reads, writes = row["read_coverage"], row["write_coverage"]
    witness = (
        f"data events {reads}"
        if reads == writes
        else f"reads {reads}, writes {writes} by data events"
    )
    reasons = [row["reasons"]] if row["reasons"] else []
    return "; ".join([*reasons, witness]).replace("_", " ")


def _fault(fault: Row, truth: Row, seen: Seen) -> PlantedFault:
    counts = seen.expected_rows[fault["id"]]
    marks = [
        _is_met(expect, count, truth, seen)
        for expect, count in zip(expectations(fault), counts, strict=True)
    ]
    where = [_place(expect) for expect in expectations(fault)]
    must_report = BREAKS.get(fault["kind"], ())[:1]
    if must_report:
        is_reported = any(
            check["expectation"] == must_report[0] and explains(fault, check, truth)
            for check in seen.checks
        )
        marks.append(is_reported)
        where.append(f"check_results: {must_report[0]}")
    return PlantedFault(
        fault_id=fault["id"],
        kind=fault["kind"],
        note=fault["note"],
        found=all(marks),
        where=tuple(where),
    )


def expectations(fault: Row) -> list[Row]:
    """Return where a fault must show, in the order of `Seen.expected_rows`."""
    return [fault["expect"], *fault["also"]]


def _expected(truth: Row) -> list[Row]:
    return [expect for fault in truth["faults"] for expect in expectations(fault)]


def _is_met(expect: Row, count: int, truth: Row, seen: Seen) -> bool:
    code = CHECK_OF_STATUS.get(expect["where"].get("status", ""))
    if code and expect["as_of"] and expect["as_of"] < truth["until"]:
        hour = datetime.fromisoformat(expect["where"]["hour"])
        return any(
            check["expectation"] == code
            and str(check["delivery_day"]) == expect["as_of"]
            and check["bucket_name"] == expect["where"]["bucket_name"]
            and hour in _hours_named(check, truth["faults"])
            for check in seen.checks
        )
    return bool(count >= expect["at_least"].get("rows", 1))


def _place(expect: Row) -> str:
    where = dict(expect["where"])
    values = []
    if "log_bucket" in where and "object_key" in where:
        values = [f"s3://{where.pop('log_bucket')}/{where.pop('object_key')}"]
    values += map(str, where.values())
    as_of = f" (as of {expect['as_of']})" if expect["as_of"] else ""
    return f"{expect['table']}: {', '.join(values)}{as_of}"


def _unplanted_buckets(truth: Row, seen: Seen) -> Iterator[str]:
    # the run itself created the lake, whose logging is off
    known = {bucket["bucket_name"] for bucket in truth["buckets"]} | {seen.lake_bucket}
    for name in sorted({row["bucket_name"] for row in seen.coverage} - known):
        yield f"{name}: a bucket that is not in the account has a verdict"


def _wrong_settings(truth: Row, seen: Seen) -> Iterator[str]:
    """Yield settings of buckets and log buckets that were not read as configured."""
    planted = {bucket["bucket_name"]: bucket for bucket in truth["buckets"]}
    for row in seen.coverage:
        bucket = planted.get(row["bucket_name"], row)
        of_day = bucket.get("expected", {}).get(str(row["event_date"]), {})
        for name in SETTINGS:
            expected = of_day.get(name, bucket[name])
            if isinstance(expected, list):
                expected = BETWEEN.join(expected)
            if row[name] != expected:
                yield (
                    f"{row['bucket_name']} {row['event_date']}: {name} is {row[name]}, "
                    f"planted {expected}"
                )


def _wrong_hours(truth: Row, seen: Seen) -> Iterator[str]:
    """Yield hours that differ from the planted ones, of buckets whose hours can be known."""
    planted = {(hour["bucket_name"], _moment(hour["hour"])): hour for hour in truth["hours"]}
    judged = _judged(truth)
    unlisted = {fault["bucket_name"] for fault in truth["faults"] if fault["kind"] in UNLISTED}
    end = _moment(truth["until"]) + timedelta(days=1)
    found = {(row["bucket_name"], row["hour"]): row for row in seen.hours}
    for (name, hour), row in sorted(found.items()):
        is_open = name in unlisted or hour + HOUR + BUDGET > end
        wrong = _difference(row, planted.get((name, hour)), is_open)
        if name in judged and wrong:
            yield f"{name} {hour:%Y-%m-%d %H:%M}: {wrong}"
    for name, hour in sorted(planted.keys() - found.keys()):
        yield f"{name} {hour:%Y-%m-%d %H:%M}: no row in fct_delivery_hours"


def _judged(truth: Row) -> set[str]:
    """Return the buckets whose hours can be known."""
    return {
        bucket["bucket_name"]
        for bucket in truth["buckets"]
        if bucket["logging"] == "on" and not _is_unreadable(bucket)
    }


def _wrong_days(truth: Row, seen: Seen) -> Iterator[str]:
    """Yield days of buckets that say another loss than was planted, or that have no row."""
    planted = Counter(
        (hour["bucket_name"], hour["hour"][:10], hour["status"]) for hour in truth["hours"]
    )
    found = {(row["bucket_name"], str(row["event_date"])): row for row in seen.days}
    judged = _judged(truth)
    for bucket in truth["buckets"]:
        for day in bucket["expected"]:
            key = (bucket["bucket_name"], day)
            row = found.get(key)
            if row is None:
                yield f"{' '.join(key)}: no row in fct_bucket_days"
                continue
            lost, part = (planted[(*key, status)] for status in ("missing", "partial"))
            is_denied = row["sentence"].startswith("complete") and lost + part > 0
            if bucket["bucket_name"] in judged and (row["hours_missing"] != lost or is_denied):
                yield f"{' '.join(key)}: {row['sentence']!r}, planted {lost} lost hours and {part} in part"


def _is_unreadable(bucket: Row) -> bool:
    return any(expected["verdict"] == "unknown" for expected in bucket["expected"].values())


def _difference(row: Row, planted: Row | None, is_open: bool) -> str:
    """Return how an hour differs from the planted one; empty if it does not.

    Hours that the answer sheet leaves out are complete, or have neither records nor events.
    """
    if planted is None:
        inactive = {"idle", "unknown"} | ({"pending"} if is_open else set())
        complete = row["status"] == "delivered" and all(
            row[name] in (None, 1)
            for name in ("access_log_completeness", "data_event_completeness")
        )
        return (
            ""
            if complete or row["status"] in inactive
            else f"is {_state(row)}, nothing was planted"
        )
    same = row["status"] == planted["status"] and all(
        _is_close(row[name], planted[name])
        for name in ("access_log_completeness", "data_event_completeness")
    )
    return "" if same else f"is {_state(row)}, planted is {_state(planted)}"


def _state(row: Row) -> str:
    shares = (row["access_log_completeness"], row["data_event_completeness"])
    access_log, data_events = ("-" if share is None else f"{share:.3f}" for share in shares)
    return f"{row['status']} (access log {access_log}, data events {data_events})"


def _is_close(found: float | None, planted: float | None) -> bool:
    if found is None or planted is None:
        return found is planted
    return abs(found - planted) < 1e-6


def _unexplained_checks(truth: Row, seen: Seen) -> Iterator[str]:
    for check in seen.checks:
        if check["expectation"] in detected.CHECKS and not check["errored"]:
            continue
        finding = f"{check['expectation']} of {check['partition_day']}"
        if check["errored"]:
            yield f"{finding}: {check['message']}"
            continue
        is_about_lake = seen.lake_bucket in (check["bucket_name"], check["subject"])
        if not is_about_lake and not is_explained(check, truth):
            yield f"{finding}, seen on {check['delivery_day']}: {check['subject']}"


def is_explained(check: Row, truth: Row) -> bool:
    """Whether what was planted explains a finding."""
    # faults of two hours can share one finding
    return any(explains(fault, check, truth) for fault in truth["faults"]) or bool(
        _hours_named(check, truth["faults"])
    )


def explains(fault: Row, check: Row, truth: Row) -> bool:
    """Whether the planted fault alone explains a finding."""
    code, subject = check["expectation"], check["subject"]
    if not subject or code not in _may_break(fault):
        return False
    if subject == fault["log_object"]:
        return True
    if code in {"log_bucket_weak", "place_unreadable"}:
        return subject in _places_of(fault["bucket_name"], truth)
    if code in HOURLY:
        if fault["hours"]:
            return bool(_hours_named(check, [fault]))
        # a configuration: it applies to every hour
        return bool(fault["bucket_name"] == check["bucket_name"])
    is_its_day = fault["delivery_day"] == str(check["delivery_day"])
    return bool(fault["bucket_name"] == subject) and (is_its_day or code not in OF_A_DELIVERY)


def _may_break(fault: Row) -> tuple[str, ...]:
    return BREAKS.get(fault["kind"], ()) + MAY_BREAK.get(fault["kind"], ())


def _places_of(bucket_name: str, truth: Row) -> tuple[str, ...]:
    """Return a bucket's log bucket and its place there; a deleted bucket is one place."""
    buckets = {bucket["bucket_name"]: bucket for bucket in truth["buckets"]}
    bucket = buckets.get(bucket_name)
    if bucket is None:
        return (f"s3://{bucket_name}/",)
    target = bucket["target_bucket"]
    return target, f"s3://{target}/{bucket['target_prefix'] or ''}"


def _hours_of(check: Row, faults: Iterable[Row]) -> set[datetime]:
    """Return the hours in which the faults may break the check for the bucket of its finding."""
    code, bucket_name = check["expectation"], check["bucket_name"]
    return {
        _moment(hour)
        for fault in faults
        if code in _may_break(fault)
        # a lost file has events of several buckets
        and (code == "data_events_lost" or fault["bucket_name"] == bucket_name)
        for hour in fault["hours"]
    }


def _hours_named(check: Row, faults: Iterable[Row]) -> tuple[datetime, ...]:
    """Return the hours that a finding names; none if it names another than the faults' own."""
    hours = _hours_of(check, faults)
    return _hour_subjects(check["bucket_name"], hours).get(check["subject"], ())


def _hour_subjects(bucket_name: str, hours: Iterable[datetime]) -> dict[str, tuple[datetime, ...]]:
    """Return every subject that names some of the hours of one day, and the hours that it names.

    A check names those of the planted hours that are wrong on the day of the run: any of them.
    """
    from expectations.shared import subject  # takes seconds, as it imports Great Expectations

    return {
        subject(
            {
                "bucket_name": bucket_name,
                "day": day,
                "hours": " ".join(str(moment.hour) for moment in chosen),
            }
        ): chosen
        for day, of_day in groupby(sorted(hours), key=datetime.date)
        for chosen in _choices(tuple(of_day))
    }


def _choices(hours: Sequence[datetime]) -> Iterator[tuple[datetime, ...]]:
    for number in range(1, len(hours) + 1):
        yield from combinations(hours, number)


def _completeness(seen: Seen) -> Iterator[Completeness]:
    for name in sorted({row["bucket_name"] for row in seen.hours}):
        rows = [row for row in seen.hours if row["bucket_name"] == name]
        settled = [row for row in rows if row["status"] != "pending"]
        yield Completeness(
            bucket_name=name,
            hours=dict(Counter(row["status"] for row in rows).most_common()),
            requests=sum(row["access_log_requests"] or 0 for row in rows),
            access_log=_worst(row["access_log_completeness"] for row in settled),
            data_events=_worst(row["data_event_completeness"] for row in settled),
        )


def _worst(shares: Iterable[float | None]) -> float | None:
    return min((share for share in shares if share is not None), default=None)


def _moment(text: str) -> datetime:
    """Return a time of the answer sheet as Athena returns it: UTC, without a time zone."""
    if len(text) == len("2026-01-02"):
        return datetime.combine(date.fromisoformat(text), datetime.min.time())
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
