select
    run_day,
    workgroup,
    region,
    read_at,
    known_until,
    statements,
    error_code,
    error_operation,
    missing_permission,
    read_on

from {{ source('evidence', 'cost_readings') }}
