select
    trail_arn,
    account_id,
    region,
    digest_start_at,
    digest_end_at,
    state,
    missing_files,
    altered_files,
    delivered_on

from {{ source('evidence', 'trail_digests') }}
