{{ config(materialized='view', tags=['delivery_day']) }}

with

-- Athena bills whole megabytes, at least ten for a statement that scans. A failed one, and one that scans nothing, is free.
statements as (

    select
        *,
        if(state = 'FAILED' or bytes_scanned = 0, 0, greatest(10, (bytes_scanned + 1048575) / 1048576) * 1048576)
            as bytes_billed

    from {{ ref('stg_evidence__run_costs') }}

),

prices as (

    select
        region,
        max(price / per) as usd_a_byte

    from {{ ref('prices') }}

    where item = 'athena_bytes_scanned' and currency = 'USD'

    group by region

),

-- What a later reading knew is unknown no more.
readings as (

    select
        *,
        max(if(error_code is null, read_at)) over (partition by workgroup, region) as known_at

    from {{ ref('stg_evidence__cost_readings') }}

),

costs as (

    select
        statements.day,
        statements.step,
        statements.model,
        count(*) as statements,
        sum(statements.bytes_scanned) as bytes_scanned,
        if(sum(statements.bytes_billed) = 0, 0, sum(statements.bytes_billed) * max(prices.usd_a_byte)) as usd,
        sum(statements.engine_ms) / 1000.0 as seconds,
        sum(statements.rows_written) as rows_written,
        statements.kind,
        statements.workgroup,
        statements.region,
        sum(statements.bytes_billed) as bytes_billed,
        count_if(statements.state <> 'SUCCEEDED') as statements_failed,
        min(statements.submitted_at) as first_submitted_at,
        max(statements.submitted_at) as last_submitted_at,
        cast(null as varchar) as error_code,
        cast(null as varchar) as error_operation,
        cast(null as varchar) as missing_permission

    from statements

    left join prices
        on statements.region = prices.region

    group by
        statements.day,
        statements.step,
        statements.model,
        statements.kind,
        statements.workgroup,
        statements.region

    union all

    select
        run_day as day,
        'unknown' as step,
        null as model,
        null as statements,
        null as bytes_scanned,
        null as usd,
        null as seconds,
        null as rows_written,
        null as kind,
        workgroup,
        region,
        null as bytes_billed,
        null as statements_failed,
        null as first_submitted_at,
        null as last_submitted_at,
        max(error_code) as error_code,
        max_by(error_operation, error_code) as error_operation,
        max_by(missing_permission, error_code) as missing_permission

    from readings

    where error_code is not null and (known_at is null or known_at < read_at or error_code = 'HistoryTooLong')

    group by run_day, workgroup, region

)

select
    day,
    step,
    model,
    statements,
    bytes_scanned,
    cast(usd as double) as usd,
    cast(seconds as double) as seconds,
    rows_written as "rows",
    kind,
    workgroup,
    region,
    bytes_billed,
    statements_failed,
    first_submitted_at,
    last_submitted_at,
    error_code,
    error_operation,
    missing_permission

from costs
