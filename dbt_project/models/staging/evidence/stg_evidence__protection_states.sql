select
    account_id,
    region,
    bucket_name,
    control,
    observed_at,
    openings,
    guards,
    is_public,
    digest,
    error_code,
    error_operation,
    missing_permission,
    observed_on

from {{ source('evidence', 'protection_states') }}
