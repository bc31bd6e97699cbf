"""Try what the run's role may do and what AWS's documentation leaves open, before a run needs it.

Nothing is written but a scratch folder of the lake, which is removed, and the results as evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lacuna.aws import probes as calls
from lacuna.aws.accounts import Accounts, open_accounts
from lacuna.aws.probes import Differs, NotTried, Probe
from lacuna.aws.session import AccountError, AwsError, explained, refusal
from lacuna.lake import probes
from lacuna.lake.athena import QueryFailed
from lacuna.lake.lake import Lake
from lacuna.refusals import PERMISSIONS, Refusal, is_denied, needed
from lacuna.settings import Settings
from lacuna.tables import evidence, raw
from lacuna.tables.evidence import DOCTOR_RESULTS, LOGGING_SNAPSHOTS, DoctorResult

COST = (
    "about 11 queries of Athena (10 MB each at least), 24 objects written and removed, 60 other "
    "calls, and 2 for each trail and log place: less than USD 0.01"
)

MOST_PLACES = 200  # of access logs

# Calls of this module alone, or with more to allow than their own action
_ALSO = {
    "BatchDeleteTable": "glue:BatchDeleteTable",
    "BatchUpdatePartition": "glue:BatchUpdatePartition",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject, and kms:Decrypt on the key if there is one",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A probe's outcome: works, differs, denied, failed or not_tried; and what was seen."""

    probe: str
    outcome: str
    observed: str
    then: str


def examine(lake: Lake, settings: Settings) -> Iterator[Tried]:
    """Try everything, and yield each outcome as it is known. The results are kept if a lake exists."""
    tried: list[Tried] = []
    for probe in _without_a_lake(lake, settings):
        tried.append(attempt(probe))
        yield tried[-1]
    is_prepared = lake.table_exists(raw.DATABASE, raw.ACCESS_LOGS)
    if is_prepared:
        with probes.Scratch(lake) as scratch:
            for probe in [
                *probes.surroundings(lake, settings.analyst_workgroups),
                *probes.behaviour(scratch),
            ]:
                tried.append(attempt(probe))
                yield tried[-1]
    else:
        yield Tried("Athena", "not_tried", "there is no lake yet: run a day first", "")
    if is_prepared and lake.table_exists(evidence.DATABASE, DOCTOR_RESULTS.name):
        _keep(lake, tried)


def attempt(probe: Probe) -> Tried:
    """Try one probe. A refused call is an outcome and not an error."""
    try:
        return Tried(probe.name, "works", probe.attempt(), "")
    except NotTried as reason:
        return Tried(probe.name, "not_tried", str(reason), "")
    except Differs as difference:
        return Tried(probe.name, "differs", str(difference), probe.then)
    except QueryFailed as failure:
        return _refused(probe, failure.refused, str(failure))
    except AccountError as error:
        return Tried(probe.name, "failed", str(error), probe.then)
    except AwsError as error:
        operation = getattr(error, "operation_name", probe.name)
        return _refused(probe, refusal(error, operation), explained(error))


def _refused(probe: Probe, refused: Refusal, words: str) -> Tried:
    if not is_denied(refused.error_code):
        return Tried(probe.name, "failed", words, probe.then)
    operation = refused.operation
    permission = _ALSO.get(operation) or PERMISSIONS.get(operation) or operation
    return Tried(probe.name, "denied", f"{words}; allow {permission}", probe.then)


def _without_a_lake(lake: Lake, settings: Settings) -> Iterator[Probe]:
    """Yield what can be tried before the first run: calls, accounts, trails, places of logs."""
    yield calls.clock(lake.account)
    yield Probe(f"lake {lake.bucket}", lambda: _usable(lake), "no run is possible")
    bucket = lake.bucket if lake.exists() else _any_bucket(lake)
    if bucket:
        yield from calls.calls(lake.account, bucket)
    accounts = open_accounts(lake.account, settings)
    yield from _members(accounts)
    for account in accounts.entered.values():
        yield from calls.trails(account, lake.account)
    yield from _places(lake, accounts)


def _usable(lake: Lake) -> str:
    lake.check()
    return f"usable, in {lake.account.region}"


def _any_bucket(lake: Lake) -> str | None:
    """Return a bucket of the account to try the calls on."""
    try:
        found = lake.account.s3().list_buckets(MaxBuckets=1)["Buckets"]
    except AwsError:
        return lake.bucket  # the probe of ListBuckets says that it is refused
    return found[0]["Name"] if found else None


def _members(accounts: Accounts) -> Iterator[Probe]:
    for member in accounts.members:

        def enter(account: object = member.account) -> str:
            if isinstance(account, Refusal):
                raise Differs(needed(account))
            return "it can be entered"

        yield Probe(f"account {member.account_id}", enter, "its buckets are not observed")


def _places(lake: Lake, accounts: Accounts) -> Iterator[Probe]:
    """Yield a probe for each place of access logs that the newest snapshot names.

    It reads as the run does: Athena reads logs with the run's own credentials.
    """
    days = lake.days(LOGGING_SNAPSHOTS) if lake.exists() else []
    rows = lake.read(LOGGING_SNAPSHOTS, {"observed_on": days[-1]}) if days else []
    places = {
        (row["target_bucket"], row["target_prefix"] or "")
        for row in rows
        if row["logging_state"] == "on"
    }
    for bucket, prefix in sorted(places)[:MOST_PLACES]:
        yield calls.read_of(accounts.home, bucket, prefix, "hours whose logs lie there")


def _keep(lake: Lake, tried: list[Tried]) -> None:
    now = datetime.now(UTC)
    rows = [DoctorResult(now, one.probe, one.outcome, one.observed, one.then) for one in tried]
    lake.append(DOCTOR_RESULTS, rows, {"tried_on": now.date()})
