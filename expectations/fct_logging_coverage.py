"""Is access to every bucket logged, as of the end of an event day?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

import great_expectations as gx

from expectations.partition import Partition, Row, Words, expect_no_rows

# The exact calls, which follow in the lines below, differ from bucket to bucket: the mart has them. What is only to know
# would read as if there were nothing to do.
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
        transform(
            filter(recommendations, one -> not starts_with(one, 'Nothing for the days to come')),
            one -> split_part(one, chr(10), 1)
        ),
        ' '
    ) as recommendations
from {{batch}}
where verdict = '{verdict}'
"""

# A bucket that is logged and quiet, with nobody to witness the quiet, is not worth waking a person for.
QUIET_ASIDE = """
and not any_match(
    reasons, reason -> reason in ('no_witness', 'records_pending', 'hours_unknown')
)
"""

# What surely lacks; a trail that could not be read is told as such
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

# One finding for all that one refused read hides
HIDDEN = """
select
    sensitivity_error_operation,
    sensitivity_error_code,
    sensitivity_missing_permission,
    count(*) as buckets,
    array_join(slice(array_agg(bucket_name order by bucket_name), 1, 3), ', ') as bucket_name
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
group by coverage.target_bucket, codes.weakness
"""

# What a weakness means, said of the log bucket
WEAKNESSES = {
    "target_logs_itself": "is logged into itself: every log object makes new records, for ever",
    "target_chain": "is the first of a chain of log buckets, which log each other's deliveries",
    "prefix_shared": "gets the logs of several buckets under one prefix: no key tells whose",
    "prefix_unattributable": "has other buckets' logs below the prefix of one bucket's",
    "lifecycle_too_short": "deletes logs before they were kept as long as they should be",
    "target_not_versioned": "has no versioning: logs that are overwritten or deleted are gone",
    "target_public_access_not_blocked": "does not block all public access",
    "target_public_acls_not_blocked": "accepts public ACLs (BlockPublicAcls is off)",
    "target_public_acls_not_ignored": "honours public ACLs (IgnorePublicAcls is off)",
    "target_public_policy_not_blocked": "accepts a public policy (BlockPublicPolicy is off)",
    "target_public_buckets_not_restricted": (
        "lets everyone use a public policy (RestrictPublicBuckets is off)"
    ),
    "target_logging_unreadable": "may log itself: s3:GetBucketLogging is not allowed",
    "target_lifecycle_unreadable": (
        "may delete logs too early: s3:GetLifecycleConfiguration is not allowed"
    ),
    "target_versioning_unreadable": (
        "may have no versioning: s3:GetBucketVersioning is not allowed"
    ),
    "target_public_access_unreadable": (
        "may not block all public access: s3:GetBucketPublicAccessBlock is not allowed"
    ),
    "target_account_block_unreadable": (
        "may not block all public access: s3:GetAccountPublicAccessBlock is not allowed"
    ),
}


def suite(on: Partition) -> gx.ExpectationSuite:
    """What is expected of one event day of fct_logging_coverage."""
    return gx.ExpectationSuite(
        name="fct_logging_coverage",
        expectations=[
            expect_no_rows(
                "bucket_not_judged",
                "critical",
                "Every bucket that was observed has a verdict for the day. Without this, an empty "
                "partition would look like an account in good order.",
                _not_judged(on),
            ),
            expect_no_rows(
                "account_unreadable",
                "critical",
                "Every account that is to be looked at was. Without this, an account that lets "
                "nobody in would be as quiet as one whose buckets are in good order.",
                _unreadable_accounts(on),
            ),
            expect_no_rows(
                "bucket_silent",
                "critical",
                "Logging is on, nothing that was read keeps its target from receiving, requests were "
                "seen, and no access log came the whole day.",
                WITH_VERDICT.format(verdict="silent"),
            ),
            expect_no_rows(
                "target_broken",
                "critical",
                "Logging is on, and S3 drops every record because its target cannot receive them. "
                "S3 itself reports nothing.",
                WITH_VERDICT.format(verdict="broken_target"),
            ),
            expect_no_rows(
                "logging_off",
                "warning",
                "The bucket writes no access log: requests of this day can be found in CloudTrail "
                "only, where its data events are recorded. Buckets that LACUNA_UNLOGGED_BUCKETS "
                "names are meant to be so.",
                WITH_VERDICT.format(verdict="off") + on.meant_to_be_logged(),
            ),
            expect_no_rows(
                "logging_unknown",
                "warning",
                "The configuration of the day is not known. Denied is not off: nothing is claimed "
                "about the bucket until it can be read.",
                WITH_VERDICT.format(verdict="unknown") + QUIET_ASIDE,
            ),
            expect_no_rows(
                "sensitive_not_recorded",
                "warning",
                "Every read and write of a sensitive bucket is a data event of some trail or event "
                "data store: access logs alone are delivered at best effort and are not signed.",
                SENSITIVE,
            ),
            expect_no_rows(
                "trail_not_delivering",
                "warning",
                "Every trail that logs can deliver its files. CloudTrail tells nobody but who asks "
                "for the trail's status, and gives up after 30 days.",
                _not_delivering(on),
            ),
            expect_no_rows(
                "sensitivity_unknown",
                "warning",
                "Everything that may call a bucket sensitive could be read. Denied is not harmless: "
                "such a bucket may need data events.",
                HIDDEN,
            ),
            expect_no_rows(
                "log_bucket_weak",
                "warning",
                "Logs are delivered to a place where they can be read wrongly, be gone too early or "
                "be spoilt by strangers; or nobody could look.",
                WEAK,
            ),
        ],
    )


def _not_judged(on: Partition) -> str:
    return f"""
    select expected.bucket_name
    from {on.configuration()} as expected
    left join {{batch}} as mart
        on expected.bucket_name = mart.bucket_name
    where mart.bucket_name is null
    """


def _not_delivering(on: Partition) -> str:
    # one whose bucket is gone is told of by fct_log_objects
    return f"""
    select
        split_part(faults.fault, ' ', 2) as trail_arn,
        count(*) as buckets,
        array_join(slice(array_agg(observed.bucket_name order by observed.bucket_name), 1, 3), ', ')
            as some_buckets
    from {on.configuration()} as observed
    cross join unnest(observed.coverage_at_fault) as faults (fault)
    where starts_with(faults.fault, 'trail_delivery_error ')
    group by 1
    """


def _unreadable_accounts(on: Partition) -> str:
    return f"""
    select account_id, name, error_operation, error_code, missing_permission
    from {on.accounts()} as accounts
    where state = 'unreadable'
    """


def _says_unreadable(row: Row) -> str:
    name = f" ({row['name']})" if row["name"] else ""
    lacks = f"; {row['missing_permission']} is not allowed" if row["missing_permission"] else ""
    return (
        f"nobody could look into account {row['account_id']}{name}: {row['error_operation']}: "
        f"{row['error_code']}{lacks}"
        "\nDeploy infra/member.yaml there for Lacuna's role, or take the account out of "
        "LACUNA_ACCOUNTS."
    )


def _says_not_judged(row: Row) -> str:
    return f"{row['bucket_name']} has no logging verdict"


def _says_silent(row: Row) -> str:
    return (
        f"{row['bucket_name']} is silent: logging is on and requests were seen, but no access log "
        f"came{_because(row)}"
    )


def _says_broken(row: Row) -> str:
    target = f"s3://{row['target_bucket']}/{row['target_prefix'] or ''}"
    return (
        f"access logs of {row['bucket_name']} cannot be delivered to {target}, "
        f"all are lost{_because(row)}"
    )


def _says_off(row: Row) -> str:
    return f"access logging of {row['bucket_name']} was off{_because(row)}"


def _says_unknown(row: Row) -> str:
    return f"it is unknown if access to {row['bucket_name']} was logged{_because(row)}"


def _says_weak(row: Row) -> str:
    code = row["weakness"]
    return (
        f"log bucket {row['bucket_name']} {WEAKNESSES.get(code, 'is weak')} "
        f"({code}; logs of {_some(row['some_sources'], row['sources'])})"
    )


def _says_not_recorded(row: Row) -> str:
    recorded = f"; {row['details']}" if row["details"] else ""
    known = f" ({row['reasons']}{recorded})" if row["reasons"] else ""
    level = f" ({row['sensitivity']})" if row["sensitivity"] else ""
    reads, writes = (row[name].replace("_", " ") for name in ("read_coverage", "write_coverage"))
    return (
        f"{row['bucket_name']} is sensitive{level} and not all of it is a data event: "
        f"reads {reads}, writes {writes}{known}"
    )


def _says_not_delivering(row: Row) -> str:
    return (
        f"{row['trail_arn']} logs and cannot deliver: what it alone records of "
        f"{_some(row['some_buckets'], row['buckets'])} may be lost"
    )


def _says_hidden(row: Row) -> str:
    permission = row["sensitivity_missing_permission"]
    lacks = f", {permission} is not allowed" if permission else ""
    return (
        f"it is unknown if these are sensitive: {_some(row['bucket_name'], row['buckets'])} "
        f"({row['sensitivity_error_operation']}: {row['sensitivity_error_code']}{lacks})"
    )


def _some(names: str, number: int) -> str:
    """The first of `number` names, and how many more there are."""
    rest = number - len(names.split(", "))
    return f"{names} and {rest:,} more" if rest else names


def _because(row: Row) -> str:
    reasons = [row["reasons"]] if row["reasons"] else []
    error = (
        [f"{row['config_error_operation']}: {row['config_error_code']}"]
        if row["config_error_code"]
        else []
    )
    sensitivity = [f"sensitivity: {row['sensitivity']}"] if row["sensitivity"] else []
    known = "; ".join(reasons + error + sensitivity)
    todo = f"\n{row['recommendations']}" if row["recommendations"] else ""
    return (f" ({known})" if known else "") + todo


WORDS: Words = {
    "bucket_not_judged": _says_not_judged,
    "account_unreadable": _says_unreadable,
    "bucket_silent": _says_silent,
    "target_broken": _says_broken,
    "logging_off": _says_off,
    "logging_unknown": _says_unknown,
    "sensitive_not_recorded": _says_not_recorded,
    "trail_not_delivering": _says_not_delivering,
    "sensitivity_unknown": _says_hidden,
    "log_bucket_weak": _says_weak,
}
