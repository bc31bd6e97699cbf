"""Observe what protects every bucket of every account, and write it under the day of observation.

Read and write: the mart fct_protection_changes compares what was written. A control that cannot be
read is unknown, with the refused call.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime

from lacuna.aws import buckets
from lacuna.aws import protection as controls
from lacuna.aws.accounts import open_accounts
from lacuna.aws.buckets import Bucket, BucketsUnlisted
from lacuna.aws.session import Account, each
from lacuna.lake.lake import open_lake
from lacuna.protection.controls import Control, State
from lacuna.refusals import NO_BUCKET, Refusal, error_columns, needed
from lacuna.settings import Settings
from lacuna.tables.evidence_table import read_back
from lacuna.tables.protection import PROTECTION_STATES, ProtectionState

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

_REGION_UNKNOWN = Refusal("HeadBucket", "RegionUnknown")


def observe(settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> int:
    """Write what protects the buckets now; return how many controls could be read.

    The day's first states stay. A later snapshot of the day adds those that differ.
    """
    if settings.protection_snapshot == "off":
        log.info("LACUNA_PROTECTION_SNAPSHOT is off: what protects the buckets is not read")
        return 0
    lake = open_lake(settings, "observe_protection")
    accounts = open_accounts(lake.account, settings)
    today = clock().astimezone(UTC).date()
    rows: list[ProtectionState] = []
    for member in accounts.members:
        # an account that cannot be entered or listed is named in evidence.accounts
        if isinstance(member.account, Refusal):
            continue
        try:
            rows += _read_account(member.account, clock)
        except BucketsUnlisted as error:
            log.warning("account %s: %s", member.account_id, needed(error.refused))
        if member.account is not accounts.home:
            member.account.close()
    partition: dict[str, date] = {"observed_on": today}
    earlier = [read_back(ProtectionState, row) for row in lake.read(PROTECTION_STATES, partition)]
    lake.append(PROTECTION_STATES, _changed(earlier, rows), partition)
    unknown = [row for row in rows if row.error_code]
    for permission in sorted({row.missing_permission or "" for row in unknown} - {""}):
        log.warning("what protects the buckets is partly unknown: the role needs %s", permission)
    log.info(
        "read %d controls of %d accounts, %d unknown",
        len(rows),
        len(accounts.members),
        len(unknown),
    )
    return len(rows) - len(unknown)


def _changed(
    earlier: Iterable[ProtectionState], rows: Iterable[ProtectionState]
) -> list[ProtectionState]:
    """Return the rows that do not say what the newest earlier row of the same control says."""
    newest = {_subject(row): _said(row) for row in sorted(earlier, key=lambda one: one.observed_at)}
    return [row for row in rows if newest.get(_subject(row)) != _said(row)]


def _subject(row: ProtectionState) -> tuple[str, str | None, str]:
    return row.account_id, row.bucket_name, row.control


def _said(row: ProtectionState) -> tuple[object, ...]:
    return row.digest, row.openings, row.guards, row.is_public, row.error_code


def _read_account(account: Account, clock: Clock) -> Iterator[ProtectionState]:
    listed = buckets.list_buckets(account.s3())
    listed_at = clock()
    own = controls.read_account(account)
    yield _row(account, None, Control.ACCOUNT_PUBLIC_ACCESS_BLOCK, own, listed_at)
    regions = {bucket.region for bucket in listed if bucket.region}
    points, refused = controls.read_access_points(account, regions)
    reads = each(
        lambda bucket: _read_bucket(account, bucket, clock),
        listed,
        account.concurrency,
        "buckets' protection",
    )
    for bucket, states, read_at in reads:
        if not states:
            continue  # it was deleted since it was listed
        states[Control.ACCESS_POINT] = (
            refused.get(bucket.region or "") or points.get(bucket.name, State())
            if bucket.region in regions
            else _REGION_UNKNOWN
        )
        for control, state in states.items():
            at = listed_at if control is Control.ACCESS_POINT else read_at
            yield _row(account, bucket, control, state, at)


def _read_bucket(
    account: Account, bucket: Bucket, clock: Clock
) -> tuple[Bucket, controls.States, datetime]:
    at = clock()
    located = buckets.located(account.s3(), bucket)
    if located is None:
        return bucket, {}, at
    if located.region is None:
        own = set(Control) - {Control.ACCOUNT_PUBLIC_ACCESS_BLOCK}
        return bucket, dict.fromkeys(own, _REGION_UNKNOWN), at
    states = controls.read_bucket(account.s3(located.region), bucket.name, account.account_id)
    codes = {state.error_code for state in states.values() if isinstance(state, Refusal)}
    return located, {} if codes & NO_BUCKET else states, at


def _row(
    account: Account, bucket: Bucket | None, control: Control, state: State | Refusal, at: datetime
) -> ProtectionState:
    known = State() if isinstance(state, Refusal) else state
    return ProtectionState(
        account_id=account.account_id,
        region=bucket.region if bucket else None,
        bucket_name=bucket.name if bucket else None,
        control=control.value,
        observed_at=at,
        openings=known.openings,
        guards=known.guards,
        is_public=known.is_public,
        digest=known.digest,
        **error_columns(state if isinstance(state, Refusal) else None),
    )
