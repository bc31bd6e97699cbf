select
    kind,
    log_bucket,
    object_key,
    log_object,
    source_bucket,
    trail_arn,
    account_id,
    region,
    size_bytes,
    delivered_at,
    stamped_at,
    readable,
    problem,
    record_count,
    digest_state,
    delivered_on

from {{ source('evidence', 'log_objects') }}
