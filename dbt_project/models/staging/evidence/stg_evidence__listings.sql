select
    kind,
    log_bucket,
    prefix,
    error_code,
    trail_arn,
    account_id,
    region,
    delivered_on

from {{ source('evidence', 'listings') }}
