"""The rows of a snapshot: what was read of an account and its buckets, judged and written flat.

A new column is a field of `LoggingSnapshot`, a value in one of the `_with_…` functions here, and
its entry in the contract of the mart that shows it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lacuna.access_log import targets, weaknesses
from lacuna.access_log.sensitivity import Sensitivity
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetConfig
from lacuna.aws import buckets
from lacuna.aws.accounts import Member
from lacuna.aws.buckets import Bucket, LoggingConfig
from lacuna.aws.channels import ChannelsRead
from lacuna.aws.deliveries import DeliveriesRead
from lacuna.aws.session import Account
from lacuna.aws.trails import StoresRead, TrailsRead
from lacuna.reasons import Reason
from lacuna.refusals import Refusal, error_columns, why_unread
from lacuna.tables.evidence import AccountObserved, LoggingSnapshot
from lacuna.text import visible
from lacuna.trail import coverage
from lacuna.trail.recorders import EventDataStore

log = logging.getLogger(__name__)

# The states of an account in evidence.accounts
OBSERVED, UNREADABLE = "observed", "unreadable"


@dataclass(frozen=True, slots=True)
class BucketRead:
    """One bucket's own configuration as read."""

    bucket: Bucket
    logging: LoggingConfig | Refusal
    sensitivity: Sensitivity


@dataclass(frozen=True, slots=True)
class LogBuckets:
    """The log buckets, by name: their configuration, and every key that is delivered there.

    `logs_to` is where each bucket of the account logs to, as `weaknesses.judge` takes it.
    """

    configs: Mapping[str, TargetConfig]
    keys: Mapping[str, list[str]]
    logs_to: Mapping[str, str | Refusal | None]
    retention_days: int
    account_flags_off: frozenset[str] | Refusal


@dataclass(frozen=True, slots=True)
class AccountRead:
    """All that was read of one account."""

    account: Account
    buckets: list[BucketRead]
    log_buckets: LogBuckets
    trails: TrailsRead
    stores: StoresRead
    channels: ChannelsRead
    deliveries: DeliveriesRead


def account_row(
    member: Member, read: AccountRead | Refusal, observed_at: datetime
) -> AccountObserved:
    """Distinguish an account without buckets from one that could not be read."""
    refused = read if isinstance(read, Refusal) else None
    return AccountObserved(
        account_id=member.account_id,
        name=member.name,
        observed_at=observed_at,
        state=UNREADABLE if refused else OBSERVED,
        observed_buckets=0 if isinstance(read, Refusal) else len(read.buckets),
        missing_trail_buckets=() if isinstance(read, Refusal) else _missing_buckets(read.trails),
        **error_columns(refused),
    )


def bucket_rows(
    read: AccountRead, shared: list[EventDataStore], observed_at: datetime
) -> list[LoggingSnapshot]:
    """Return the rows of one account's buckets. `shared`: the organizations' event data stores."""
    stores = {store.arn: store for store in (*read.stores.stores, *shared)}
    everywhere = replace(read, stores=replace(read.stores, stores=tuple(stores.values())))
    return [_bucket_row(everywhere, bucket, observed_at) for bucket in read.buckets]


def _bucket_row(read: AccountRead, bucket: BucketRead, observed_at: datetime) -> LoggingSnapshot:
    row = LoggingSnapshot(
        account_id=read.account.account_id,
        region=bucket.bucket.region,
        bucket_name=bucket.bucket.name,
        observed_at=observed_at,
        missing_trail_buckets=_missing_buckets(read.trails),
    )
    row = _with_coverage(row, read)
    row = _with_changes_witness(row, read.trails)
    row = _with_sensitivity(row, bucket.sensitivity)
    return _with_logging(row, read, bucket)


def _with_coverage(row: LoggingSnapshot, read: AccountRead) -> LoggingSnapshot:
    region, trails, stores, channels = row.region or "", read.trails, read.stores, read.channels
    recorded = coverage.judge(
        row.bucket_name,
        region,
        trails.trails,
        stores.stores,
        channels.channels,
        all_trails_seen=_all_trails_seen(row, trails),
        # A store or a channel of any Region may record this one too.
        all_stores_seen=not stores.refusals,
        all_channels_seen=not channels.refusals,
        partition=read.account.partition,
    )
    refused = recorded.refused
    if Reason.TRAILS_UNREADABLE in recorded.reasons:
        refused = trails.refusals.get(region) or refused
    for reason, refusals in (
        (Reason.STORES_UNREADABLE, stores.refusals),
        (Reason.CHANNELS_UNREADABLE, channels.refusals),
    ):
        if reason in recorded.reasons:
            refused = refused or next(iter(refusals.values()), None)
    reasons = recorded.reasons
    if stores.is_refused_alike:
        alike = {Reason.STORES_UNREADABLE: Reason.ALL_STORES_UNREADABLE}
        reasons = tuple(alike.get(reason, reason) for reason in reasons)
    return replace(
        row,
        read_coverage=recorded.reads,
        write_coverage=recorded.writes,
        read_covered_since=recorded.reads_since,
        write_covered_since=recorded.writes_since,
        coverage_reasons=reasons,
        coverage_details=tuple(map(str, recorded.parts)),
        coverage_faults=recorded.faults,
        read_witness=recorded.witness.reads,
        write_witness=recorded.witness.writes,
        read_witnessed_since=recorded.witness.reads_since,
        write_witnessed_since=recorded.witness.writes_since,
        witness_covers=recorded.witness.covers,
        **error_columns(refused, "coverage_"),
    )


def _missing_buckets(trails: TrailsRead) -> tuple[str, ...]:
    """Return the buckets that the trails deliver to and that do not exist."""
    return tuple(sorted({t.log_bucket for t in trails.trails if t.log_bucket_exists is False}))


def _with_changes_witness(row: LoggingSnapshot, trails: TrailsRead) -> LoggingSnapshot:
    changes = coverage.judge_changes(
        row.region or "", trails.trails, all_trails_seen=_all_trails_seen(row, trails)
    )
    return replace(row, changes_witness=changes.coverage, changes_witnessed_since=changes.since)


def _all_trails_seen(row: LoggingSnapshot, trails: TrailsRead) -> bool:
    return row.region is not None and row.region not in trails.refusals


def _with_sensitivity(row: LoggingSnapshot, sensitivity: Sensitivity) -> LoggingSnapshot:
    return replace(
        row,
        sensitivity=sensitivity.word,
        is_sensitive=sensitivity.is_sensitive,
        sensitive_by=sensitivity.sensitive_by,
        **error_columns(sensitivity.refused, "sensitivity_"),
    )


def _with_logging(row: LoggingSnapshot, read: AccountRead, bucket: BucketRead) -> LoggingSnapshot:
    config = bucket.logging
    if isinstance(config, Refusal):
        reasons = (why_unread(config, row.region),)
        return replace(row, reasons=reasons, **error_columns(config))
    delivered = read.deliveries.of(row.bucket_name, row.region)
    if config.target_bucket is None:
        return _without_target(row, delivered)
    source = buckets.source_of(read.account, bucket.bucket, config)
    row = _with_target(row, source, read.log_buckets)
    # a second log: whatever is wrong with this one, requests may be found there
    return (
        replace(row, reasons=(*row.reasons, Reason.LOGGING_ELSEWHERE)) if delivered is True else row
    )


def _without_target(row: LoggingSnapshot, delivered: bool | Refusal) -> LoggingSnapshot:
    """S3 delivers no access log of the bucket; CloudWatch may, where it is not read."""
    if isinstance(delivered, Refusal):
        return replace(row, reasons=(Reason.DELIVERIES_UNREADABLE,), **error_columns(delivered))
    if delivered:
        return replace(row, logging_state="elsewhere", reasons=(Reason.LOGGING_ELSEWHERE,))
    return replace(row, logging_state="off")


def _with_target(row: LoggingSnapshot, source: Source, log_buckets: LogBuckets) -> LoggingSnapshot:
    target = log_buckets.configs[source.target_bucket]
    verdict = targets.judge(source, target)
    weak = weaknesses.judge(
        source,
        target,
        log_buckets.keys[target.bucket_name],
        log_buckets.logs_to,
        log_buckets.retention_days,
        log_buckets.account_flags_off,
    )
    refusals, account_block = target.refusals(), log_buckets.account_flags_off
    if isinstance(account_block, Refusal) and Reason.TARGET_ACCOUNT_BLOCK_UNREADABLE in weak:
        refusals.append(account_block)
    if verdict.reasons:
        log.warning(
            "%s: target %s is %s (%s)",
            row.bucket_name,
            visible(f"{target.bucket_name}/{source.target_prefix}"),
            verdict.state,
            ", ".join(verdict.reasons),
        )
    return replace(
        row,
        logging_state="on",
        target_bucket=target.bucket_name,
        target_prefix=source.target_prefix,
        key_layout=source.key_layout,
        target_state=verdict.state,
        reasons=verdict.reasons,
        weaknesses=weak,
        **error_columns(next(iter(refusals), None)),
    )
