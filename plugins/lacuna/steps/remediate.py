"""Plan how to repair the logging of buckets, and apply a plan that a person has read.

Planning changes nothing. Applying changes a document only if it is still what the plan saw, and
sends a log only to a bucket that can receive it now. It reads the document back and records every
change that it tried in `lacuna_evidence.remediations`. The undo plan is written beside the plan
before the first change. It undoes only changes that these records prove. A run that was killed can
be run again: its changes are `already` there.

S3 has no conditional put for these documents. Between the read and the write of one document
somebody else may change it.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from lacuna import globs
from lacuna.access_log import documents, sensitivity, targets
from lacuna.access_log.documents import Document, Operation
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetConfig, TargetState
from lacuna.aws import bucket_changes, buckets
from lacuna.aws.buckets import Bucket
from lacuna.aws.session import Account, each, head_bucket
from lacuna.aws.tags import read_tags, tag_of
from lacuna.lake.lake import Lake, open_lake
from lacuna.lake.sensitivity_table import read_table
from lacuna.refusals import Refusal, needed
from lacuna.remedy import planner, plans
from lacuna.remedy.planner import BucketSeen, Place
from lacuna.remedy.plans import Change, Plan, PlanError
from lacuna.settings import Settings
from lacuna.steps import plan_files
from lacuna.tables.evidence import REMEDIATIONS, Remediation
from lacuna.text import visible

log = logging.getLogger(__name__)

# Seconds before each read: for a moment S3 may answer as if nothing had been put
_PAUSES = (0.0, 1.0, 3.0)


class Outcome(StrEnum):
    """What became of a change."""

    APPLIED = "applied"  # and read back as planned
    ALREADY = "already"  # it was there: by a run that was killed, or by somebody else
    DIFFERS = "differs"  # written, but something else was read back
    STALE = "stale"  # the document is not what the plan saw: nothing was written
    SKIPPED = "skipped"  # a change that it depends on was not made
    REFUSED = "refused"  # AWS refused it, or no log could be delivered there


MADE = frozenset({Outcome.APPLIED, Outcome.ALREADY})


class NotApplied(RuntimeError):
    """Some change of the plan was not made."""


@dataclass(frozen=True, slots=True)
class Result:
    """A change, its outcome, and the document that was read last."""

    change: Change
    outcome: Outcome
    found: Document | None
    applied_at: datetime
    error_code: str | None = None


# ---- what the DAG's tasks do ------------------------------------------------------------------


def plan_task(params: Mapping[str, Any]) -> None:
    """Write a plan to the parameter `plan_path`."""
    settings = Settings.from_env()
    path = plan_files.below(settings.plan_folder, params["plan_path"])
    write_plan(settings, path, datetime.now(UTC))


def apply_task(params: Mapping[str, Any]) -> None:
    """Apply the plan of `plan_path`. If `plan_id` is given, refuse any other plan."""
    settings, undo = Settings.from_env(), params["undo_path"]
    path = plan_files.below(settings.plan_folder, params["plan_path"])
    undo_file = plan_files.below(settings.plan_folder, undo) if undo else None
    apply_plan(settings, path, params["plan_id"], undo_file)


# ---- planning --------------------------------------------------------------------------------


def write_plan(settings: Settings, path: Path, made_at: datetime) -> Plan:
    """Plan for the account as it is now, and write the plan's file.

    Changes nothing in AWS, except that Athena writes a query's results to the lake if the user
    keeps a table of sensitive buckets.
    """
    before = read_plan(path) if plan_file(path).exists() else None
    if before and before.undo_of:
        raise PlanError(f"{visible(str(path))} is the undo of a plan and is not overwritten")
    lake = open_lake(settings, "remediate")
    account = lake.account
    place = Place(account.account_id, account.partition, account.region, made_at)
    spared = (*settings.unlogged_buckets, lake.bucket)
    seen = _with_sensitivity(lake, settings, _read_buckets(account))
    plan = planner.make(
        place,
        seen,
        _log_buckets(account, seen),
        lambda name: any(globs.matches(glob, name) for glob in spared),
    )
    if before is None:
        plan_files.create(path, plan)
    elif before.plan_id != plan.plan_id:
        kept = plan_files.supersede(path, plan, before)
        log.warning("the plan that %s held is kept as %s", path, kept)
    log.info("%s\n\nwritten to %s", plans.render(plan), path)
    return plan


def _read_buckets(account: Account) -> list[BucketSeen]:
    listed = buckets.list_buckets(account.s3())
    return list(each(lambda b: _read_bucket(account, b), listed, account.concurrency, "buckets"))


def _read_bucket(account: Account, listed: Bucket) -> BucketSeen:
    region = listed.region or head_bucket(account.s3(), listed.name).region
    if region is None:
        return BucketSeen(listed.name, None, Refusal("HeadBucket", "RegionUnknown"))
    s3 = account.s3(region)
    status = buckets.read_status(s3, listed.name, account.account_id)
    policy = buckets.read_policy(s3, listed.name, account.account_id)
    seen = BucketSeen(listed.name, region, status, policy)
    if seen.target is None:
        return seen
    return replace(seen, source=_source(account, Bucket(listed.name, region), seen.configured))


def _with_sensitivity(lake: Lake, settings: Settings, seen: list[BucketSeen]) -> list[BucketSeen]:
    """Return the buckets; of each log bucket also whether it is sensitive, as a snapshot judges."""
    names = planner.log_buckets(seen)
    regions = {
        bucket.name: bucket.region for bucket in seen if bucket.region and bucket.name in names
    }
    if not regions:
        return seen
    account, key = lake.account, settings.sensitivity_tag
    tags = read_tags(account, set(regions.values()), key)
    table = read_table(lake, settings.sensitivity_table)

    def is_sensitive(name: str) -> bool | None:
        tag = tag_of(account, tags, regions[name], name, key)
        verdict = sensitivity.judge(
            name, tag, table, settings.sensitive_values, settings.sensitive_buckets
        )
        if verdict.refused:
            log.warning("%s: %s; the plan sends no new log there", name, needed(verdict.refused))
        return verdict.is_sensitive

    answers = each(is_sensitive, sorted(regions), account.concurrency, "log buckets' sensitivity")
    known = dict(zip(sorted(regions), answers, strict=True))
    return [replace(bucket, is_sensitive=known.get(bucket.name)) for bucket in seen]


def _source(account: Account, bucket: Bucket, status: Document) -> Source:
    return buckets.source_of(account, bucket, buckets.logging_config(status))


def _log_buckets(account: Account, seen: list[BucketSeen]) -> dict[str, TargetConfig]:
    """Read the configuration of every log bucket, including those that no bucket logs to yet."""
    regions = {bucket.name: bucket.region for bucket in seen}
    asked_from = {bucket.target: bucket.region for bucket in seen if bucket.target}
    return buckets.read_targets(account, planner.log_buckets(seen), regions, asked_from)


# ---- plan files ------------------------------------------------------------------------------


def read_plan(
    path: Path,
    account_id: str | None = None,
    plan_id: str | None = None,
    region: str | None = None,
) -> Plan:
    """Read the plan of a file.

    Raises PlanError if the file has no plan, or not the plan with `plan_id`, or if the plan was
    made for another account or in another Region, whose lake would not hold the records.
    """
    try:
        plan = plans.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlanError(f"there is no plan file {visible(str(path))}: plan first") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"cannot read {visible(str(path))}: {visible(str(error))}") from error
    except PlanError as error:
        raise PlanError(f"{visible(str(path))}: {error}") from error
    if account_id and plan.account_id != account_id:
        raise PlanError(
            f"{visible(str(path))} is a plan for account {visible(plan.account_id)}, and this is "
            f"{account_id}: nothing was changed"
        )
    if region and plan.region != region:
        raise PlanError(
            f"{visible(str(path))} was made in Region {visible(plan.region)}, where its lake is, "
            f"and this is {region}: set AWS_REGION={visible(plan.region)}; nothing was changed"
        )
    if plan_id and plan.plan_id != plan_id:
        raise PlanError(
            f"{visible(str(path))} holds plan {plan.plan_id}, not {visible(plan_id)}: somebody has "
            "changed the file since it was read"
        )
    return plan


def undo_path(path: Path, at: datetime) -> Path:
    """Return the file of the undo of an application at `at`: no two share a file."""
    return path.with_name(f"{path.stem}.undo-{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.json")


def plan_file(path: Path) -> Path:
    """Return `path` if a plan may be written there.

    The person who starts the DAG names the file, and may name one that is something else.
    """
    if path.suffix != ".json":
        raise PlanError(f"a plan's file ends with .json, and {visible(str(path))} does not")
    return path


def undo_at(path: Path) -> Plan | None:
    """Return the undo plan that a file holds; it must not be overwritten.

    Raises PlanError if the file holds no plan.
    """
    plan = read_plan(path) if plan_file(path).exists() else None
    return plan if plan and plan.undo_of else None


# ---- applying --------------------------------------------------------------------------------


def apply_plan(
    settings: Settings, path: Path, plan_id: str | None = None, undo_file: Path | None = None
) -> list[Result]:
    """Make the changes of the plan file. Raises NotApplied if one could not be made."""
    began = datetime.now(UTC)
    lake = open_lake(settings)
    account = lake.account
    plan = read_plan(path, account.account_id, plan_id, account.region)
    log.info("applying what %s holds\n\n%s", path, plans.render(plan))
    # before the first change, because a change that cannot be recorded must not be made
    lake.prepare()
    check_undo(lake, plan)
    undo_file = plan_file(undo_file or undo_path(path, began))
    early = plans.undone(plan, [(change, change.after) for change in plan.changes], began)
    plan_files.create(undo_file, early)
    results: list[Result] = []
    try:
        _make(plan, account, bucket_changes.acting(account, settings.remediation_role), results)
    finally:
        rows = [_row(plan, result) for result in results]
        lake.append(REMEDIATIONS, rows, {"applied_on": began.date()})
    for result in results:
        change = result.change
        log.info("%s", as_line(result.outcome, change.operation, change.bucket, result.error_code))
    made = [(result.change, result.found) for result in results if result.outcome in MADE]
    if made:
        plan_files.replace(undo_file, plans.undone(plan, made, began), early)
        log.info("the plan that undoes this is %s", undo_file)
    else:
        undo_file.unlink()
    failed = [result for result in results if result.outcome not in MADE]
    if failed:
        raise NotApplied(f"{len(failed)} of {len(results)} changes of plan {plan.plan_id} not made")
    return results


def check_undo(lake: Lake, plan: Plan) -> None:
    """Raise PlanError if `plan` takes back a change that the lake does not show to have been made."""
    if plan.undo_of is None:
        return
    # the undo is made when the plan is applied, so the records are under that day
    applied_on = plan.made_at.astimezone(UTC).date()
    rows = lake.read(REMEDIATIONS, {"applied_on": applied_on})
    unproven = plans.unproven(plan, rows, MADE)
    if unproven:
        first = unproven[0]
        raise PlanError(
            f"{len(unproven)} of {len(plan.changes)} changes take back what "
            f"lacuna_evidence.remediations does not show for plan {visible(plan.undo_of)} on "
            f"{applied_on} (the first: {first.operation} {visible(first.bucket)}): nothing was "
            "changed. Was its application stopped before it could record? Apply that plan again: "
            "its changes are `already` there, are recorded, and get an undo"
        )


def outcomes(lake: Lake, plan: Plan, since: datetime) -> list[str]:
    """Return one line for each of the plan's changes that the evidence has since then."""
    # if an application ends after midnight, the day before holds the rows
    days = {since.astimezone(UTC).date(), datetime.now(UTC).date()}
    rows = [row for day in days for row in lake.read(REMEDIATIONS, {"applied_on": day})]
    return [
        as_line(row["outcome"], row["operation"], row["bucket_name"], row["error_code"])
        for row in sorted(rows, key=lambda row: row["applied_at"])
        if row["plan_id"] == plan.plan_id and row["applied_at"].replace(tzinfo=UTC) >= since
    ]


def as_line(outcome: str, operation: str, bucket: str, error_code: str | None) -> str:
    """Return one change and its outcome as a line for a person."""
    why = f"  ({visible(error_code)})" if error_code else ""
    return f"{outcome:8}  {operation:16}  {visible(bucket)}{why}"


def _make(plan: Plan, account: Account, acting: Account, results: list[Result]) -> None:
    """Make one change after the other. Skip changes that depend on one that was not made.

    `account` reads log buckets; `acting` reads and writes the documents that are changed.
    """
    for change in plan.changes:
        is_blocked = any(
            result.outcome not in MADE and plans.depends(change, result.change)
            for result in results
        )
        if is_blocked:
            now = datetime.now(UTC)
            results.append(Result(change, Outcome.SKIPPED, None, now))
        else:
            results.append(_make_one(change, account, acting))


def _make_one(change: Change, account: Account, acting: Account) -> Result:
    s3 = acting.s3_of(change.bucket)

    def read() -> Document | Refusal | None:
        return bucket_changes.read(s3, change.operation, change.bucket, account.account_id)

    def result(
        outcome: Outcome, document: Document | Refusal | None, code: str | None = None
    ) -> Result:
        found = None if isinstance(document, Refusal) else document
        return Result(change, outcome, found, datetime.now(UTC), code)

    document = read()
    if isinstance(document, Refusal):
        return result(Outcome.REFUSED, document, document.error_code)
    if documents.same(change.operation, document, change.after):
        return result(Outcome.ALREADY, document)
    if not documents.same(change.operation, document, change.before):
        return result(Outcome.STALE, document)
    refused = _obstacle(change, account) or bucket_changes.write(
        s3, change.operation, change.bucket, change.after, account.account_id
    )
    document = read() if refused else _read_back(read, change)
    # also if only the answer to the write was lost
    if _is_made(change, document):
        return result(Outcome.APPLIED, document)
    if refused:
        return result(Outcome.REFUSED, document, refused.error_code)
    code = document.error_code if isinstance(document, Refusal) else None
    return result(Outcome.DIFFERS, document, code)


def _is_made(change: Change, document: Document | Refusal | None) -> bool:
    return not isinstance(document, Refusal) and documents.same(
        change.operation, document, change.after
    )


def _obstacle(change: Change, account: Account) -> Refusal | None:
    """Return why no log can be delivered to the log bucket of the change, as it is now."""
    if change.operation is not Operation.PUT_LOGGING or not change.after:
        return None
    region = head_bucket(account.s3(), change.bucket).region
    if region is None:
        return Refusal("HeadBucket", "RegionUnknown")
    source = _source(account, Bucket(change.bucket, region), change.after)
    target = change.after["LoggingEnabled"]["TargetBucket"]
    reasons: tuple[str, ...] = ()
    # more than once, because a change before this one may just have let the log service in
    for pause in _PAUSES:
        time.sleep(pause)
        config = buckets.read_target(account.s3(region), target, account.account_id)
        verdict = targets.judge(source, config)
        if verdict.state is TargetState.DELIVERABLE:
            return None
        reasons = verdict.reasons
    return Refusal(change.operation.value, ", ".join(reasons))


def _read_back(
    read: Callable[[], Document | Refusal | None], change: Change
) -> Document | Refusal | None:
    document: Document | Refusal | None = None
    for pause in _PAUSES:
        time.sleep(pause)
        document = read()
        if _is_made(change, document):
            break
    return document


def _row(plan: Plan, result: Result) -> Remediation:
    change = result.change
    return Remediation(
        plan_id=plan.plan_id,
        undo_of=plan.undo_of,
        account_id=plan.account_id,
        bucket_name=change.bucket,
        operation=change.operation.value,
        outcome=result.outcome.value,
        error_code=result.error_code,
        why=change.why,
        before=documents.canonical(change.before),
        after=documents.canonical(change.after),
        found=documents.canonical(result.found),
        applied_at=result.applied_at,
    )
