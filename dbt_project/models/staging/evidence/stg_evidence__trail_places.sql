select
    trail_arn,
    split_part(trail_arn, ':', 5) as account_id,
    home_region,
    regexp_replace(trail_arn, '^.*/', '') as trail_name,
    is_multi_region,
    is_organization,
    log_bucket,
    key_prefix,
    delivered_on

from {{ source('evidence', 'trail_places') }}
