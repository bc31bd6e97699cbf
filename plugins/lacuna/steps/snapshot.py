"""Observe how every bucket of every account is logged, and write it under the day of observation.

Read, judge, write. A bucket that cannot be read is `unknown`, with the refused call and its error
code. Another account that cannot be read gets a row that says so. Only the run's own account can
fail the run as a whole. S3 delivers access logs within an account, so each account is read and
judged by itself, except for the trails of an organization. infra/lacuna.yaml lists the permissions
that the run's role needs.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from lacuna.access_log import sensitivity, targets
from lacuna.access_log.sensitivity import Sensitivity
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetConfig
from lacuna.aws import buckets
from lacuna.aws.accounts import Accounts, Member, open_accounts
from lacuna.aws.buckets import Bucket, BucketsUnlisted
from lacuna.aws.channels import read_channels
from lacuna.aws.deliveries import read_deliveries
from lacuna.aws.session import Account, each
from lacuna.aws.tags import Tags, read_tags, tag_of
from lacuna.aws.trails import read_stores, read_trails
from lacuna.lake.lake import open_lake
from lacuna.lake.sensitivity_table import read_table
from lacuna.refusals import NO_BUCKET, Refusal, needed
from lacuna.settings import Settings
from lacuna.steps import day_states
from lacuna.steps.snapshot_rows import (
    OBSERVED,
    AccountRead,
    BucketRead,
    LogBuckets,
    account_row,
    bucket_rows,
)
from lacuna.tables.evidence import ACCOUNTS, LOGGING_SNAPSHOTS, LoggingSnapshot
from lacuna.tables.evidence_table import read_back

log = logging.getLogger(__name__)

# Judges a bucket by its name and its tag
JudgeSensitivity = Callable[[str, str | Refusal | None], Sensitivity]


def prepare_lake(settings: Settings) -> None:
    """Create what is missing of the lake; the first task of a day."""
    lake = open_lake(settings, "prepare_lake")
    lake.prepare()
    day_states.adopt(lake)


def observe(settings: Settings, observed_at: datetime) -> int:
    """Write the accounts' logging configuration as of now, and return the number of buckets.

    The first snapshot of a day stays, because the day before is judged by it, whatever was fixed
    since. A later snapshot on the same day adds the rows that differ. It replaces any between them.
    """
    lake = open_lake(settings, "observe_buckets")
    accounts = open_accounts(lake.account, settings)
    judge = partial(
        sensitivity.judge,
        table=read_table(lake, settings.sensitivity_table),
        values=settings.sensitive_values,
        names=settings.sensitive_buckets,
    )
    # One after the other, because the calls of each account are made side by side
    reads = list(
        each(
            lambda member: _read_account(accounts, member, settings, judge),
            accounts.members,
            1,
            "accounts",
        )
    )
    account_reads = [read for read in reads if isinstance(read, AccountRead)]
    # An organization's event data store shows to its owner only, and records every member.
    shared = [
        store for read in account_reads for store in read.stores.stores if store.is_organization
    ]
    account_rows = [
        account_row(member, read, observed_at)
        for member, read in zip(accounts.members, reads, strict=True)
    ]
    rows = [row for read in account_reads for row in bucket_rows(read, shared, observed_at)]
    partition = {"observed_on": observed_at.astimezone(UTC).date()}
    lake.write(ACCOUNTS, account_rows, partition)
    earlier = [read_back(LoggingSnapshot, row) for row in lake.read(LOGGING_SNAPSHOTS, partition)]
    lake.write(LOGGING_SNAPSHOTS, _merged(earlier, rows), partition)
    states = [row.logging_state for row in rows]
    log.info(
        "observed %d buckets of %d accounts: logging on for %d, off for %d, unknown for %d, "
        "delivered by CloudWatch only for %d",
        len(rows),
        sum(row.state == OBSERVED for row in account_rows),
        *(states.count(state) for state in ("on", "off", "unknown", "elsewhere")),
    )
    return len(rows)


def _merged(earlier: list[LoggingSnapshot], rows: list[LoggingSnapshot]) -> list[LoggingSnapshot]:
    """Return the first snapshot of the day as it was, and the rows of this one that differ.

    A bucket that was created in between belongs to the next day's snapshot. A bucket of an account
    that could not be read before is new.
    """
    first_at = min((row.observed_at for row in (*earlier, *rows)), default=None)
    first = {row.bucket_name: row for row in earlier if row.observed_at == first_at}
    if not first or any(row.observed_at == first_at for row in rows):
        return rows
    accounts = {row.account_id for row in first.values()}

    def is_new(row: LoggingSnapshot) -> bool:
        before = first.get(row.bucket_name)
        if before is None:
            return row.account_id not in accounts
        return replace(row, observed_at=before.observed_at) != before

    return [*first.values(), *filter(is_new, rows)]


def _read_account(
    accounts: Accounts, member: Member, settings: Settings, judge: JudgeSensitivity
) -> AccountRead | Refusal:
    """Read one account's buckets and what records them, or return why it cannot be read."""
    account = member.account
    if isinstance(account, Refusal):
        return account
    try:
        bucket_reads = _read_buckets(account, settings, judge)
    except BucketsUnlisted as error:
        if account is accounts.home:
            raise
        log.warning("account %s: %s", member.account_id, needed(error.refused))
        return error.refused
    bucket_regions = {read.bucket.region for read in bucket_reads if read.bucket.region}
    regions = bucket_regions | {account.region}
    read = AccountRead(
        account,
        bucket_reads,
        _read_log_buckets(account, bucket_reads, settings.log_retention_days),
        read_trails(account, regions, accounts.entered),
        read_stores(account, regions, settings.store_regions),
        read_channels(account, regions, settings.store_regions),
        read_deliveries(account, bucket_regions),
    )
    if account is not accounts.home:
        account.close()
    return read


def _read_buckets(
    account: Account, settings: Settings, judge: JudgeSensitivity
) -> list[BucketRead]:
    listed = buckets.list_buckets(account.s3())
    regions = {bucket.region for bucket in listed if bucket.region}
    tags = read_tags(account, regions, settings.sensitivity_tag)
    reads = each(
        lambda bucket: _read_bucket(account, bucket, settings, tags, judge),
        listed,
        account.concurrency,
        "buckets",
    )
    return [read for read in reads if read is not None]


def _read_bucket(
    account: Account,
    bucket: Bucket,
    settings: Settings,
    tags: Tags,
    judge: JudgeSensitivity,
) -> BucketRead | None:
    """Read one bucket's configuration; None if it was deleted since it was listed."""
    located = buckets.located(account.s3(), bucket)
    if located is None:
        _log_deleted(bucket)
        return None
    bucket = located
    if bucket.region is None:
        refused = Refusal("HeadBucket", "RegionUnknown")
        return BucketRead(bucket, refused, judge(bucket.name, refused))
    config = buckets.read_logging(account.s3(bucket.region), bucket.name)
    if isinstance(config, Refusal) and config.error_code in NO_BUCKET:
        _log_deleted(bucket)
        return None
    tag = tag_of(account, tags, bucket.region, bucket.name, settings.sensitivity_tag)
    for answer in (config, tag):
        if isinstance(answer, Refusal):
            log.warning("%s: %s", bucket.name, needed(answer))
    return BucketRead(bucket, config, judge(bucket.name, tag))


def _log_deleted(bucket: Bucket) -> None:
    """A deleted bucket no longer belongs to the account: nothing about it is unknown."""
    log.info("%s was deleted while the account was read: it is left out", bucket.name)


def _read_log_buckets(
    account: Account, bucket_reads: list[BucketRead], retention_days: int
) -> LogBuckets:
    sources = _sources(account, bucket_reads)
    regions = {read.bucket.name: read.bucket.region for read in bucket_reads}
    asked_from = {source.target_bucket: source.region or None for source in sources}
    configs = buckets.read_targets(account, asked_from, regions, asked_from)
    keys: dict[str, list[str]] = {}
    for source in sources:
        keys.setdefault(source.target_bucket, []).append(targets.log_key(source))
    return LogBuckets(
        configs=configs,
        keys={name: sorted(of_bucket) for name, of_bucket in keys.items()},
        logs_to={
            read.bucket.name: read.logging
            if isinstance(read.logging, Refusal)
            else read.logging.target_bucket
            for read in bucket_reads
        },
        retention_days=retention_days,
        account_flags_off=_account_block(account, configs),
    )


def _sources(account: Account, bucket_reads: list[BucketRead]) -> list[Source]:
    """Return the buckets whose access log is on."""
    return [
        buckets.source_of(account, read.bucket, read.logging)
        for read in bucket_reads
        if not isinstance(read.logging, Refusal) and read.logging.target_bucket
    ]


def _account_block(
    account: Account, configs: Mapping[str, TargetConfig]
) -> frozenset[str] | Refusal:
    """Read the account's block of public access if a log bucket's own block does not decide."""
    if not any(config.public_access_flags_off for config in configs.values()):
        return frozenset()
    flags_off = buckets.read_account_block(account)
    if isinstance(flags_off, Refusal):
        log.warning("account %s: %s", account.account_id, needed(flags_off))
    return flags_off
