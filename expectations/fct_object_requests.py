"""Do the marts of requests hold the day's requests, and is every operation known?"""

# Only dates, numbers and our own names are put into the SQL.
# ruff: noqa: S608

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count

IS_DONE = "outcome in ('success', 'none')"

# What each mart counts, and of which requests. Rows of a version that knew no actions are in none.
MARTS = {
    "fct_traffic": ("sum(requests)", "true"),
    "fct_principal_hours": ("sum(requests)", "true"),
    "fct_denied_requests": ("sum(requests)", f"not {IS_DONE} and action <> 'preflight'"),
    "fct_deletions": (
        "count_if(how <> 'batch_of_unknown_keys')",
        "action in ('delete_object', 'expire_object', 'expire_marker')",
    ),
    # not is_sensitive, which the mart reads: a wrong mark would be in both
    "fct_sensitive_access": (
        "sum(requests)",
        "action <> 'preflight' and (key_class in ('credential', 'key_material', 'database_dump') "
        "or sensitive.bucket_name is not null)",
    ),
    "fct_external_access": (
        "sum(requests)",
        "coalesce(is_external, true) and action <> 'preflight'",
    ),
    "fct_automation": ("sum(requests)", "principal is not null"),
    "fct_presigned_urls": ("sum(uses)", "is_presigned"),
    "fct_sessions": (
        "sum(requests)",
        "principal is not null and actor_class not in ('aws_service', 'lifecycle')",
    ),
}

ADDED_UP = """
select
    marts.about_name,
    marts.requests,
    facts.requests as requests_of_facts
from ({marts}) as marts
inner join (
    select about_name, requests
    from (
        select {counts}
        from {{batch}} as requests
        left join (select bucket_name from {coverage} where {day} and is_sensitive) as sensitive
            on requests.bucket_name = sensitive.bucket_name
        where action is not null
    ) as counted
    cross join unnest(array[{names}], array[{columns}]) as facts (about_name, requests)
) as facts
    on marts.about_name = facts.about_name
where marts.requests <> facts.requests
"""

# Rows of marts that lead back to nothing: of a deletion the log object is known too. A session is of no bucket.
NOT_FOUND = """
select
    pointers.mart || coalesce(' in ' || pointers.bucket_name, '') as about_name,
    count(*) as requests
from ({pointers}) as pointers
left join (select distinct bucket_name, request_id, log_object from {{batch}}) as facts
    on
        pointers.request_id = facts.request_id
        and (pointers.bucket_name is null or pointers.bucket_name = facts.bucket_name)
        and (pointers.log_object is null or pointers.log_object = facts.log_object)
where facts.log_object is null and pointers.request_id is not null
group by pointers.mart, pointers.bucket_name
"""

# What each mart names of a request: its bucket, its id and its log object
POINTERS = {
    "fct_deletions": "bucket_name, request_id, log_object from {mart}",
    "fct_denied_requests": (
        "bucket_name, ids.request_id, null as log_object from {mart} "
        "cross join unnest(sample_request_ids) as ids (request_id)"
    ),
    "fct_sessions": "null as bucket_name, first_request_id as request_id, null as log_object from {mart}",
    **dict.fromkeys(
        (
            "fct_principal_hours",
            "fct_sensitive_access",
            "fct_external_access",
            "fct_automation",
            "fct_presigned_urls",
        ),
        "bucket_name, first_request_id as request_id, null as log_object from {mart}",
    ),
}

UNKNOWN = """
select operation as about_name, count(*) as requests, count(distinct bucket_name) as buckets
from {batch}
where action = 'other'
group by operation
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one event day of fct_object_requests, and of the marts made of it."""
    return (
        Check(
            "requests_do_not_add_up",
            "critical",
            "Does each mart of requests count what fct_object_requests holds for it?",
            "A mart of requests holds more or fewer requests than the table that it is made of: "
            "something was invented or dropped.",
            _added_up(on),
            lambda row: (
                f"{row['about_name']} counts {count(row['requests'], 'request')}, and "
                f"fct_object_requests holds {row['requests_of_facts']:,} of them"
            ),
        ),
        Check(
            "request_not_found",
            "critical",
            "Is each request that a mart names in fct_object_requests?",
            "A row of a mart names a request that is not there, so nothing proves it.",
            _not_found(on),
            lambda row: (
                f"{count(row['requests'], 'row')} of {row['about_name']} of a request that "
                "fct_object_requests does not have"
            ),
        ),
        Check(
            "operation_unknown",
            "info",
            "Is every operation of S3 known?",
            "The seed request_actions does not know an operation, so its action is `other` and no "
            "mart says what it did. AWS adds operations.",
            UNKNOWN,
            _unknown_sentence,
        ),
    )


def _day(on: Partition) -> str:
    return f"event_date = date '{on.day}'"


def _not_found(on: Partition) -> str:
    pointers = " union all ".join(
        f"select '{mart}' as mart, {named.format(mart=on.mart(mart))} where {_day(on)}"
        for mart, named in POINTERS.items()
    )
    return NOT_FOUND.format(pointers=pointers)


def _added_up(on: Partition) -> str:
    marts = " union all ".join(
        f"select '{mart}' as about_name, coalesce({counted}, 0) as requests "
        f"from {on.mart(mart)} where {_day(on)}"
        for mart, (counted, _) in MARTS.items()
    )
    counts = ", ".join(f"count_if({kept}) as of_{mart}" for mart, (_, kept) in MARTS.items())
    return ADDED_UP.format(
        marts=marts,
        counts=counts,
        coverage=on.mart("fct_logging_coverage"),
        day=_day(on),
        names=", ".join(f"'{mart}'" for mart in MARTS),
        columns=", ".join(f"of_{mart}" for mart in MARTS),
    )


def _unknown_sentence(row: Row) -> str:
    return (
        f"{count(row['requests'], 'request')} of the operation {row['about_name']} in "
        f"{count(row['buckets'], 'bucket')}: the seed request_actions does not know it"
    )
