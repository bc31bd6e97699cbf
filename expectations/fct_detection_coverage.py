"""Does each detection answer for each bucket, and can its answer be trusted?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row

# A count may be called clear if nearly all was seen
CLEAR_COVERAGE = 0.98

UNPROVED = f"""
select bucket_name, detection, hours_unknown, coverage
from {{batch}}
where state = 'clear' and (hours_unknown > 0 or coverage < {CLEAR_COVERAGE})
"""
UNEXPLAINED = """
select bucket_name, detection
from {batch}
where state = 'unknown' and cardinality(unknown_reasons) = 0
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_detection_coverage."""
    return (
        Check(
            "detection_not_judged",
            "critical",
            "Does each detection have an answer for each observed bucket?",
            "A bucket of the account has no row for a detection. That it found nothing there is then "
            "no answer.",
            _not_judged(on),
            lambda row: f"{row['detection']} has no answer for {row['bucket_name']}",
            stages=50,
        ),
        Check(
            "clear_without_proof",
            "critical",
            "Was everything that is needed seen wherever a detection says clear?",
            "A detection says that nothing was there, and not every hour that it needs was seen.",
            UNPROVED,
            _unproved_sentence,
            stages=25,
        ),
        Check(
            "unknown_without_reason",
            "critical",
            "Does each unknown answer say why?",
            "A detection cannot answer for a bucket and names no reason, so nobody can change it.",
            UNEXPLAINED,
            lambda row: f"{row['detection']} is unknown for {row['bucket_name']}, and says not why",
            stages=25,
        ),
        Check(
            "found_without_finding",
            "critical",
            "Is there a finding wherever a detection says found, and nowhere else?",
            "fct_detection_coverage and fct_findings differ about a bucket.",
            _differing(on),
            lambda row: (
                f"{row['detection']} is {row['state']} for {row['bucket_name']}, and "
                f"fct_findings has {'a' if row['found'] else 'no'} finding"
            ),
        ),
    )


def _not_judged(on: Partition) -> str:
    return f"""
    select expected.bucket_name, detections.detection
    from {on.configuration()} as expected
    cross join (select distinct detection from {on.mart("fct_detection_coverage")}) as detections
    left join {{batch}} as mart
        on expected.bucket_name = mart.bucket_name and detections.detection = mart.detection
    where mart.bucket_name is null
    """


def _differing(on: Partition) -> str:
    return f"""
    select mart.bucket_name, mart.detection, mart.state, found.bucket_name is not null as found
    from {{batch}} as mart
    left join (
        select distinct findings.detection, buckets.bucket_name
        from {on.mart("fct_findings")} as findings
        cross join unnest(findings.bucket_names) as buckets (bucket_name)
        where findings.event_date = date '{on.day}'
    ) as found
        on mart.bucket_name = found.bucket_name and mart.detection = found.detection
    where (mart.state = 'found') <> (found.bucket_name is not null)
    """


def _unproved_sentence(row: Row) -> str:
    return (
        f"{row['detection']} is clear for {row['bucket_name']}, and {row['hours_unknown']} hours are "
        f"unknown (coverage {row['coverage']:.2f})"
    )
