select
    account_id,
    observed_at,
    coalesce(missing_trail_buckets, cast(array[] as array(varchar))) as missing_trail_buckets,
    observed_on

from {{ source('evidence', 'accounts') }}
