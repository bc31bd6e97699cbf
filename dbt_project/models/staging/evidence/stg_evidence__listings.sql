select
    kind,
    log_bucket,
    prefix,
    error_code,
    delivered_on

from {{ source('evidence', 'listings') }}
