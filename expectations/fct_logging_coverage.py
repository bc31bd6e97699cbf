"""Is access to every bucket logged, as of the end of an event day?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from expectations.shared import Check, Partition, Row, first_of, not_allowed

REASONS = Path(__file__).parents[1] / "dbt_project" / "seeds" / "reasons.csv"

# The exact calls differ from bucket to bucket: the mart has them.
WITH_VERDICT = """
select
    bucket_name,
    target_bucket,
    target_prefix,
    sensitivity,
    config_error_code,
    config_error_operation,
    array_join(reasons, ', ') as reasons,
    array_join(
        transform(filter({advice}, item -> item.is_action), item -> item.remedy), ' '
    ) as recommendations
from {{batch}}
where verdict = '{verdict}'
"""

# A bucket that is logged and had no log and no witness is not worth waking a person for
WITHOUT_INACTIVE = """
and not any_match(
    reasons, reason -> reason in ('no_witness', 'records_pending', 'hours_unknown')
)
"""

# CloudWatch delivers the log instead of S3: that is known, and told by a check of its own
ELSEWHERE = "and logging_state = 'elsewhere'"
WITHOUT_ELSEWHERE = "and coalesce(logging_state, 'unknown') <> 'elsewhere'"

# What is certainly not recorded; a trail that could not be read is another finding
SENSITIVE = """
select
    bucket_name,
    sensitivity,
    read_coverage,
    write_coverage,
    array_join(coverage_reasons, ', ') as reasons,
    array_join(coverage_details, '; ') as details
from {batch}
where
    is_sensitive
    and any_match(
        array[read_coverage, write_coverage], one -> one in ('partly_covered', 'not_covered')
    )
"""

# One finding for all buckets that one failed read hides
HIDDEN = """
select
    sensitivity_error_operation,
    sensitivity_error_code,
    sensitivity_missing_permission,
    count(*) as buckets,
    array_join(slice(array_agg(bucket_name order by bucket_name), 1, 3), ', ') as about_name
from {batch}
where is_sensitive is null and sensitivity_error_code is not null
group by sensitivity_error_operation, sensitivity_error_code, sensitivity_missing_permission
"""

# One finding a log bucket and weakness, however many buckets log there
WEAK = """
select
    coverage.target_bucket as bucket_name,
    codes.weakness,
    count(*) as sources,
    array_join(slice(array_agg(coverage.bucket_name order by coverage.bucket_name), 1, 3), ', ')
        as some_sources
from {batch} as coverage
cross join unnest(coverage.weaknesses) as codes (weakness)
group by 1, 2
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_logging_coverage."""
    return (
        Check(
            "bucket_not_judged",
            "critical",
            "Does every observed bucket have a verdict for the day?",
            "An observed bucket has no verdict. An empty partition would otherwise look like an "
            "account in good order.",
            _not_judged(on),
            lambda row: f"{row['bucket_name']} has no logging verdict",
        ),
        Check(
            "account_unreadable",
            "critical",
            "Could every account of LACUNA_ACCOUNTS be read?",
            "An account could not be read. Without this check it would look like an account whose "
            "buckets are in good order.",
            _unreadable_accounts(on),
            _unreadable_account_sentence,
            lambda row: (
                "Deploy infra/member.yaml there for Lacuna's role, or take the account out of "
                "LACUNA_ACCOUNTS."
            ),
        ),
        Check(
            "bucket_silent",
            "critical",
            "Did every bucket that logs, can deliver and had requests get an access log?",
            "Logging is on, nothing known blocks delivery, and requests were seen, but no access "
            "log arrived on the whole day.",
            _with_verdict(on, "silent"),
            _silent_sentence,
            _recommendations,
        ),
        Check(
            "target_broken",
            "critical",
            "Can the target of every bucket that logs receive its access log?",
            "Logging is on, and S3 drops every record because the target cannot receive it. S3 "
            "itself reports nothing.",
            _with_verdict(on, "broken_target"),
            _broken_sentence,
            _recommendations,
        ),
        Check(
            "logging_off",
            "warning",
            "Is access logging on for every bucket that LACUNA_UNLOGGED_BUCKETS does not name?",
            "The bucket writes no access log. Requests of this day are in CloudTrail only, if its "
            "data events are recorded.",
            _with_verdict(on, "off") + on.must_be_logged(),
            lambda row: f"access logging of {row['bucket_name']} was off{_because(row)}",
            _recommendations,
        ),
        Check(
            "logging_unknown",
            "warning",
            "Is the logging of every bucket known?",
            "Whether the bucket is logged is unknown. Refused is not off: Lacuna claims nothing "
            "about the bucket until its configuration can be read.",
            _with_verdict(on, "unknown") + WITHOUT_INACTIVE + WITHOUT_ELSEWHERE,
            lambda row: (
                f"whether access to {row['bucket_name']} was logged is unknown{_because(row)}"
            ),
            _recommendations,
        ),
        Check(
            "logging_elsewhere",
            "info",
            "Does S3 itself deliver the access log of every bucket that is logged?",
            "Only CloudWatch delivers the bucket's access log. Lacuna does not read it there, so "
            "whether it arrived is unknown.",
            _with_verdict(on, "unknown") + ELSEWHERE,
            lambda row: (
                f"the access log of {row['bucket_name']} is delivered by CloudWatch only, where "
                "Lacuna does not read it"
            ),
            _recommendations,
        ),
        Check(
            "sensitive_not_recorded",
            "warning",
            "Is every read and write of a sensitive bucket recorded as a data event?",
            "No trail or event data store records all reads and writes of a sensitive bucket. "
            "Access logs alone are delivered at best effort and are not signed.",
            SENSITIVE,
            _not_recorded_sentence,
        ),
        Check(
            "trail_not_delivering",
            "warning",
            "Can every trail that logs deliver its files?",
            "A trail logs and cannot deliver. Only the trail's status shows that, and CloudTrail "
            "gives up after 30 days.",
            _not_delivering(on),
            _not_delivering_sentence,
        ),
        Check(
            "sensitivity_unknown",
            "warning",
            "Could everything be read that may call a bucket sensitive?",
            "Whether buckets are sensitive is unknown, because a read was refused or failed. Refused "
            "is not harmless: such a bucket may need data events.",
            HIDDEN,
            _hidden_sentence,
        ),
        Check(
            "log_bucket_weak",
            "warning",
            "Is every log bucket safe: its logs attributable, kept long enough and closed to "
            "strangers?",
            "Logs are delivered to a place where they can be misread, deleted too early or changed "
            "by strangers, or whose settings could not be read.",
            WEAK,
            _weak_sentence,
        ),
    )


def _with_verdict(on: Partition, verdict: str) -> str:
    return WITH_VERDICT.format(verdict=verdict, advice=on.advice)


def _not_judged(on: Partition) -> str:
    return f"""
    select expected.bucket_name
    from {on.configuration()} as expected
    left join {{batch}} as mart
        on expected.bucket_name = mart.bucket_name
    where mart.bucket_name is null
    """


def _not_delivering(on: Partition) -> str:
    # A trail whose bucket is gone is a finding of fct_log_objects. Older snapshots have texts.
    return f"""
    select
        faults.arn as trail_arn,
        count(*) as buckets,
        array_join(slice(array_agg(observed.bucket_name order by observed.bucket_name), 1, 3), ', ')
            as some_buckets
    from {on.configuration()} as observed
    cross join unnest(
        coalesce(
            observed.coverage_faults,
            transform(
                observed.coverage_at_fault,
                fault -> cast(
                    row(split_part(fault, ' ', 1), split_part(fault, ' ', 2))
                    as row(reason varchar, arn varchar)
                )
            )
        )
    ) as faults (reason, arn)
    where faults.reason = 'trail_delivery_error'
    group by 1
    """


def _unreadable_accounts(on: Partition) -> str:
    return f"""
    select account_id, name, error_operation, error_code, missing_permission
    from {on.accounts()} as accounts
    where state = 'unreadable'
    """


def _unreadable_account_sentence(row: Row) -> str:
    name = f" ({row['name']})" if row["name"] else ""
    return (
        f"account {row['account_id']}{name} could not be read ({row['error_operation']}: "
        f"{row['error_code']}{not_allowed(row['missing_permission'])})"
    )


def _silent_sentence(row: Row) -> str:
    return (
        f"{row['bucket_name']} is silent: logging is on and requests were seen, but no access log "
        f"arrived{_because(row)}"
    )


def _broken_sentence(row: Row) -> str:
    target = f"s3://{row['target_bucket']}/{row['target_prefix'] or ''}"
    return (
        f"access logs of {row['bucket_name']} cannot be delivered to {target}, "
        f"all are lost{_because(row)}"
    )


def _not_recorded_sentence(row: Row) -> str:
    recorded = f"; {row['details']}" if row["details"] else ""
    known = f" ({row['reasons']}{recorded})" if row["reasons"] else ""
    level = f" ({row['sensitivity']})" if row["sensitivity"] else ""
    reads, writes = (row[name].replace("_", " ") for name in ("read_coverage", "write_coverage"))
    return (
        f"{row['bucket_name']} is sensitive{level} and not every request is a data event: "
        f"reads {reads}, writes {writes}{known}"
    )


def _not_delivering_sentence(row: Row) -> str:
    return (
        f"{row['trail_arn']} logs and cannot deliver: what it alone records of "
        f"{first_of(row['some_buckets'], row['buckets'])} may be lost"
    )


def _hidden_sentence(row: Row) -> str:
    return (
        "whether these buckets are sensitive is unknown: "
        f"{first_of(row['about_name'], row['buckets'])} "
        f"({row['sensitivity_error_operation']}: {row['sensitivity_error_code']}"
        f"{not_allowed(row['sensitivity_missing_permission'])})"
    )


def _weak_sentence(row: Row) -> str:
    meaning = _meanings().get(row["weakness"], "is weak")
    return (
        f"log bucket {row['bucket_name']} {meaning} "
        f"({row['weakness']}; logs of {first_of(row['some_sources'], row['sources'])})"
    )


@cache
def _meanings() -> Mapping[str, str]:
    with REASONS.open(newline="", encoding="utf-8") as file:
        return {row["code"]: row["meaning"] for row in csv.DictReader(file)}


def _recommendations(row: Row) -> str:
    return row["recommendations"] or ""


def _because(row: Row) -> str:
    error = (
        row["config_error_code"] and f"{row['config_error_operation']}: {row['config_error_code']}"
    )
    sensitivity = row["sensitivity"] and f"sensitivity: {row['sensitivity']}"
    known = "; ".join(filter(None, (row["reasons"], error, sensitivity)))
    return f" ({known})" if known else ""
