select
    suite,
    expectation,
    severity,
    success,
    errored,
    message,
    offending,
    partition_day,
    checked_at,
    findings,
    sentences,
    to_do,
    bucket_names,
    query_of_all,
    cause,
    checked_on,
    delivery_day

from {{ source('evidence', 'check_results') }}
