"""What did the detections find, and is there evidence behind it?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count

# From so many findings a day a detection says more about itself than about the account
MANY = 50

FINDINGS = """
select subject as about_name, finding_id, bucket_name, detection, title, summary, confidence
from {{batch}}
where stage = 'live' and severity {severity}
"""
NOISY = f"""
select detection as about_name, count(*) as number
from {{batch}}
where stage = 'live'
group by detection
having count(*) > {MANY}
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_findings."""
    return (
        Check(
            "case_found",
            "critical",
            "Do no findings together make a case?",
            "Findings of one caller, or in one bucket, follow each other as an attack does. Each case is "
            "a row of fct_cases.",
            _cases(on),
            _case_sentence,
            lambda row: "read its findings in their order: fct_cases names them",
            stages=60,
        ),
        Check(
            "finding_critical",
            "critical",
            "Did the detections find nothing of critical severity?",
            "A detection found what cannot wait: destruction, ransom, stolen credentials, strangers "
            "who write. Each finding is a row of fct_findings with its evidence.",
            FINDINGS.format(severity="= 'critical'"),
            _finding_sentence,
            _finding_to_do,
            stages=20,
        ),
        Check(
            "finding_high",
            "warning",
            "Did the detections find nothing of high severity?",
            "A detection found what somebody should look at today. Each finding is a row of "
            "fct_findings with its evidence.",
            FINDINGS.format(severity="= 'high'"),
            _finding_sentence,
            _finding_to_do,
            stages=20,
        ),
        Check(
            "finding_other",
            "info",
            "Did the detections find nothing else?",
            "Detections found something of medium or low severity. Each finding is a row of "
            "fct_findings with its evidence.",
            FINDINGS.format(severity="in ('medium', 'low', 'informational')"),
            _finding_sentence,
            _finding_to_do,
            stages=20,
        ),
        Check(
            "finding_without_evidence",
            "critical",
            "Does each finding have its evidence?",
            "A finding has no request and no call behind it in fct_finding_evidence. It cannot be "
            "proved, so it must not be believed.",
            _without_evidence(on),
            _without_evidence_sentence,
            stages=45,
        ),
        Check(
            "findings_many",
            "info",
            "Does each detection find few enough things to look at?",
            f"A detection has more than {MANY} findings of one day: something normal trips it. Raise "
            "its floor, or list what is meant to be so.",
            NOISY,
            _many_sentence,
            stages=20,
        ),
    )


def _cases(on: Partition) -> str:
    return f"""
    select
        cases.subject as about_name,
        cases.sequence,
        if(cases.principal is null, cases.subject) as bucket_name,
        cases.meaning,
        array_join(cases.detections, ', ') as detections
    from {on.mart("fct_cases")} as cases
    where cases.event_date = date '{on.day}'
    """


def _case_sentence(row: Row) -> str:
    return f"{row['about_name']}: {row['meaning']} ({row['detections']})"


def _without_evidence(on: Partition) -> str:
    return f"""
    select findings.subject as about_name, findings.finding_id, findings.bucket_name, findings.detection
    from {{batch}} as findings
    left join {on.mart("fct_finding_evidence")} as evidence
        on
            findings.finding_id = evidence.finding_id
            and evidence.event_date = date '{on.day}'
    where evidence.finding_id is null and not findings.is_observed_only
    """


def _finding_sentence(row: Row) -> str:
    doubt = " (low confidence)" if row["confidence"] == "low" else ""
    return f"{row['title']}: {row['summary']}{doubt}"


def _finding_to_do(row: Row) -> str:
    return f"docs/detections.md#{row['detection']} says how to prove it and what to do"


def _without_evidence_sentence(row: Row) -> str:
    about = row["bucket_name"] or row["about_name"]
    return f"{row['detection']} found something about {about}, and no evidence of it is kept"


def _many_sentence(row: Row) -> str:
    return f"{row['about_name']} has {count(row['number'], 'finding')}"
