"""Observe how every bucket of every account is logged, and write it down under the day of looking.

Read, judge, write. A bucket that cannot be read is `unknown`, with the call that was refused and
its error code; another account that cannot be read has a row that says so; only the run's own
account as a whole can fail the run. S3 delivers access logs within an account, so each account is
read and judged by itself, but for the trails of an organisation. What the run's role must be allowed is
in infra/lacuna.yaml.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from lacuna.access_log import sensitivity, targets, weaknesses
from lacuna.access_log.sensitivity import Sensitivity
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetConfig
from lacuna.aws import buckets
from lacuna.aws.accounts import Accounts, Member, open_accounts
from lacuna.aws.buckets import Bucket, BucketsUnlisted, LoggingConfig
from lacuna.aws.session import Account, each, head_bucket
from lacuna.aws.tags import Tags, read_tags, tag_of
from lacuna.aws.trails import StoresRead, TrailsRead, read_stores, read_trails
from lacuna.lake.lake import open_lake
from lacuna.lake.sensitivity_table import read_table
from lacuna.reasons import Reason
from lacuna.refusals import NO_BUCKET, Refusal, missing, needed, why_unread
from lacuna.settings import Settings
from lacuna.tables.evidence import (
    ACCOUNTS,
    LOGGING_SNAPSHOTS,
    AccountObserved,
    LoggingSnapshot,
    read_back,
)
from lacuna.text import visible
from lacuna.trail import coverage
from lacuna.trail.recorders import EventDataStore

log = logging.getLogger(__name__)

# Of a bucket's name and its tag
JudgeSensitivity = Callable[[str, str | Refusal | None], Sensitivity]

# What an account is, of evidence.accounts
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


def prepare_lake(settings: Settings) -> None:
    """Create what is missing of the lake; the first task of a day."""
    open_lake(settings).prepare()


def observe(settings: Settings, observed_at: datetime) -> int:
    """Write the accounts' logging configuration as of now; returns the number of buckets.

    The first look of a day stays: the day before is judged by it, whatever was mended since. A
    later one on the same day adds what it sees otherwise, and replaces the one between them.
    """
    lake = open_lake(settings)
    accounts = open_accounts(lake.account, settings)
    judge = partial(
        sensitivity.judge,
        table=read_table(lake, settings.sensitivity_table),
        values=settings.sensitive_values,
        names=settings.sensitive_buckets,
    )
    read = [_read_account(accounts, member, settings, judge) for member in accounts.members]
    # an organisation's event data store shows to its owner only, and records every member
    shared = [
        store
        for one in read
        if isinstance(one, AccountRead)
        for store in one.stores.stores
        if store.is_organization
    ]
    rows: list[LoggingSnapshot] = []
    looked: list[AccountObserved] = []
    for member, one in zip(accounts.members, read, strict=True):
        looked.append(_account_row(member, one, observed_at))
        rows += [] if isinstance(one, Refusal) else _rows(one, shared, observed_at)
    partition = {"observed_on": observed_at.astimezone(UTC).date()}
    lake.write(ACCOUNTS, looked, partition)
    earlier = [read_back(LoggingSnapshot, row) for row in lake.read(LOGGING_SNAPSHOTS, partition)]
    lake.write(LOGGING_SNAPSHOTS, _after(earlier, rows), partition)
    states = [row.logging_state for row in rows]
    log.info(
        "observed %d buckets of %d accounts: logging on for %d, off for %d, unknown for %d",
        len(rows),
        sum(one.state == OBSERVED for one in looked),
        *(states.count(state) for state in ("on", "off", "unknown")),
    )
    return len(rows)


def _after(earlier: list[LoggingSnapshot], rows: list[LoggingSnapshot]) -> list[LoggingSnapshot]:
    """The first look of the day as it was, and of this one the rows that tell something else.

    A bucket that was made in between belongs to the next day's look; one of an account that let
    nobody in before is news.
    """
    first_at = min((row.observed_at for row in (*earlier, *rows)), default=None)
    first = {row.bucket_name: row for row in earlier if row.observed_at == first_at}
    if not first or any(row.observed_at == first_at for row in rows):
        return rows
    accounts = {row.account_id for row in first.values()}

    def is_news(row: LoggingSnapshot) -> bool:
        before = first.get(row.bucket_name)
        if before is None:
            return row.account_id not in accounts
        return replace(row, observed_at=before.observed_at) != before

    return [*first.values(), *filter(is_news, rows)]


def _read_account(
    accounts: Accounts, member: Member, settings: Settings, judge: JudgeSensitivity
) -> AccountRead | Refusal:
    """One account's buckets, trails and stores, or why nobody could look into it."""
    account = member.account
    if isinstance(account, Refusal):
        return account
    try:
        read = _read_buckets(account, settings, judge)
    except BucketsUnlisted as error:
        if account is accounts.home:
            raise
        log.warning("account %s: %s", member.account_id, needed(error.refused))
        return error.refused
    configs = _read_targets(account, read)
    log_buckets = LogBuckets(
        configs=configs,
        keys=_keys(account, read),
        logs_to={
            one.bucket.name: one.logging
            if isinstance(one.logging, Refusal)
            else one.logging.target_bucket
            for one in read
        },
        retention_days=settings.log_retention_days,
        account_flags_off=_account_block(account, configs),
    )
    regions = {one.bucket.region for one in read if one.bucket.region} | {account.region}
    trails = read_trails(account, regions, accounts.entered)
    stores = read_stores(account, regions, settings.store_regions)
    return AccountRead(account, read, log_buckets, trails, stores)


def _rows(
    read: AccountRead, shared: list[EventDataStore], observed_at: datetime
) -> list[LoggingSnapshot]:
    """The rows of one account's buckets; `shared` are the event data stores of organisations."""
    stores = {store.arn: store for store in (*read.stores.stores, *shared)}
    seen = replace(read.stores, stores=tuple(stores.values()))
    return [
        _row(read.account, one, read.log_buckets, read.trails, seen, observed_at)
        for one in read.buckets
    ]


def _account_row(
    member: Member, found: AccountRead | Refusal, observed_at: datetime
) -> AccountObserved:
    """An account without buckets is told from one that nobody could look into."""
    refused = found if isinstance(found, Refusal) else None
    return AccountObserved(
        account_id=member.account_id,
        name=member.name,
        observed_at=observed_at,
        state=UNREADABLE if refused else OBSERVED,
        observed_buckets=0 if isinstance(found, Refusal) else len(found.buckets),
        error_code=refused.error_code if refused else None,
        error_operation=refused.operation if refused else None,
        missing_permission=missing(refused) if refused else None,
    )


def _read_buckets(
    account: Account, settings: Settings, judge: JudgeSensitivity
) -> list[BucketRead]:
    listed = buckets.list_buckets(account.s3())
    regions = {bucket.region for bucket in listed if bucket.region}
    tags = read_tags(account, regions, settings.sensitivity_tag)
    read = each(
        lambda bucket: _read_bucket(account, bucket, settings, tags, judge),
        listed,
        account.concurrency,
        "buckets",
    )
    return [one for one in read if one is not None]


def _read_bucket(
    account: Account,
    listed: Bucket,
    settings: Settings,
    tags: Tags,
    judge: JudgeSensitivity,
) -> BucketRead | None:
    """One bucket's configuration; None where it was deleted since it was listed."""
    bucket, region = listed, listed.region
    if region is None:
        head = head_bucket(account.s3(), listed.name)
        if head.region is None and head.exists is False:
            _say_deleted(listed)
            return None
        if head.region is None:
            nowhere = Refusal("HeadBucket", "RegionUnknown")
            return BucketRead(listed, nowhere, judge(listed.name, nowhere))
        region = head.region
        bucket = replace(listed, region=region)
    s3 = account.s3(region)
    config = buckets.read_logging(s3, bucket.name)
    if isinstance(config, Refusal) and config.error_code in NO_BUCKET:
        _say_deleted(bucket)
        return None
    tag = tag_of(account, tags, region, bucket.name, settings.sensitivity_tag)
    for refused in (config, tag):
        if isinstance(refused, Refusal):
            log.warning("%s: %s", bucket.name, needed(refused))
    return BucketRead(bucket, config, judge(bucket.name, tag))


def _say_deleted(bucket: Bucket) -> None:
    """A bucket that is gone is none of the account's: nothing about it is unknown."""
    log.info("%s was deleted while the account was read: it is left out", bucket.name)


def _read_targets(account: Account, read: list[BucketRead]) -> dict[str, TargetConfig]:
    """Every target bucket's configuration, each read once however many sources it serves."""
    regions = {one.bucket.name: one.bucket.region for one in read}
    # A target that is not the account's own is asked for where its sources lie.
    asked_from = {
        one.logging.target_bucket: one.bucket.region
        for one in read
        if isinstance(one.logging, LoggingConfig) and one.logging.target_bucket
    }
    return buckets.read_targets(account, asked_from, regions, asked_from)


def _account_block(
    account: Account, configs: Mapping[str, TargetConfig]
) -> frozenset[str] | Refusal:
    """Asked only where a log bucket's own block leaves something open, or was not readable."""
    if not any(config.public_access_flags_off for config in configs.values()):
        return frozenset()
    found = buckets.read_account_block(account)
    if isinstance(found, Refusal):
        log.warning("account %s: %s", account.account_id, needed(found))
    return found


def _keys(account: Account, read: list[BucketRead]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for one in read:
        if isinstance(one.logging, LoggingConfig) and one.logging.target_bucket:
            key = targets.log_key(buckets.source_of(account, one.bucket, one.logging))
            keys.setdefault(one.logging.target_bucket, []).append(key)
    return {name: sorted(found) for name, found in keys.items()}


def _row(
    account: Account,
    read: BucketRead,
    log_buckets: LogBuckets,
    trails: TrailsRead,
    stores: StoresRead,
    observed_at: datetime,
) -> LoggingSnapshot:
    bucket, config, sensitive = read.bucket, read.logging, read.sensitivity
    hidden = sensitive.refused
    region = bucket.region or ""
    all_trails_seen = bucket.region is not None and bucket.region not in trails.refusals
    changes = coverage.judge_changes(region, trails.trails, all_trails_seen=all_trails_seen)
    recorded = coverage.judge(
        bucket.name,
        region,
        trails.trails,
        stores.stores,
        all_trails_seen=all_trails_seen,
        # A store of any Region may record this one too.
        all_stores_seen=not stores.refusals,
        partition=account.partition,
    )
    unread = recorded.refused
    if Reason.TRAILS_UNREADABLE in recorded.reasons:
        unread = trails.refusals.get(region) or unread
    if Reason.STORES_UNREADABLE in recorded.reasons:
        unread = unread or next(iter(stores.refusals.values()), None)
    row = LoggingSnapshot(
        account_id=account.account_id,
        region=bucket.region,
        bucket_name=bucket.name,
        observed_at=observed_at,
        logging_state="off",
        target_bucket=None,
        target_prefix=None,
        key_layout=None,
        target_state=None,
        reasons=(),
        read_coverage=recorded.reads,
        write_coverage=recorded.writes,
        read_covered_since=recorded.reads_since,
        write_covered_since=recorded.writes_since,
        coverage_reasons=recorded.reasons,
        sensitivity=sensitive.word,
        error_code=None,
        error_operation=None,
        weaknesses=(),
        coverage_details=tuple(map(str, recorded.parts)),
        read_witness=recorded.witness.reads,
        write_witness=recorded.witness.writes,
        read_witnessed_since=recorded.witness.reads_since,
        write_witnessed_since=recorded.witness.writes_since,
        is_sensitive=sensitive.is_sensitive,
        missing_permission=None,
        changes_witness=changes.coverage,
        changes_witnessed_since=changes.since,
        sensitive_by=sensitive.sensitive_by,
        sensitivity_error_code=hidden.error_code if hidden else None,
        sensitivity_error_operation=hidden.operation if hidden else None,
        sensitivity_missing_permission=missing(hidden) if hidden else None,
        coverage_at_fault=recorded.at_fault,
        coverage_error_code=unread.error_code if unread else None,
        coverage_error_operation=unread.operation if unread else None,
        coverage_missing_permission=missing(unread) if unread else None,
        missing_trail_buckets=tuple(
            sorted({one.log_bucket for one in trails.trails if one.log_bucket_exists is False})
        ),
    )
    if isinstance(config, Refusal):
        return replace(
            row,
            logging_state="unknown",
            reasons=(why_unread(config, bucket.region),),
            error_code=config.error_code,
            error_operation=config.operation,
            missing_permission=missing(config),
        )
    if config.target_bucket is None:
        return row
    source = buckets.source_of(account, bucket, config)
    return _with_target(row, source, log_buckets.configs[config.target_bucket], log_buckets)


def _with_target(
    row: LoggingSnapshot, source: Source, target: TargetConfig, log_buckets: LogBuckets
) -> LoggingSnapshot:
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
    refused = next(iter(refusals), None)
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
        error_code=refused.error_code if refused else None,
        error_operation=refused.operation if refused else None,
        missing_permission=missing(refused) if refused else None,
        weaknesses=weak,
    )
