-- two runs that ended at the same time may both have written a statement
select distinct
    statement_id,
    workgroup,
    region,
    step,
    kind,
    model,
    statement_type,
    state,
    submitted_at,
    bytes_scanned,
    engine_ms,
    rows_written,
    submitted_on,
    day

from {{ source('evidence', 'run_costs') }}
