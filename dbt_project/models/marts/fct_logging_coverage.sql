{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

verdicts as (

    select *

    from {{ ref('int_bucket_verdicts') }}

    where event_date in {{ event_days() }}

),

config as (

    select *

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

costs as (

    select *

    from {{ ref('int_traffic_costs') }}

    where event_date in {{ event_days() }}

),

advice as (

    select *

    from {{ ref('int_logging_advice') }}

),

joined as (

    select
        -- by name: the table of an older version has columns of the snapshot too
        verdicts.account_id,
        verdicts.region,
        verdicts.bucket_name,
        verdicts.verdict,
        verdicts.reasons,
        verdicts.target_bucket,
        verdicts.target_prefix,
        verdicts.target_state,
        verdicts.read_coverage,
        verdicts.write_coverage,
        verdicts.coverage_reasons,
        verdicts.sensitivity_error_code,
        verdicts.weaknesses,
        verdicts.is_log_bucket,
        verdicts.is_sensitive,
        verdicts.logging_state,
        verdicts.requirement_state,
        verdicts.event_date,
        config.config_observed_at,
        config.error_code as config_error_code,
        config.error_operation as config_error_operation,
        coalesce(config.coverage_details, cast(array[] as array(varchar))) as coverage_details,
        {% for column in snapshot_columns() %}
        config.{{ column }},
        {% endfor %}
        costs.forecast_data_events_usd_month,
        costs.forecast_access_log_usd_month,
        coalesce(advice.advice, array[]) as advice,
        transform(
            coalesce(advice.advice, array[]),
            item -> item.remedy || coalesce(chr(10) || item.call, '')
        ) as recommendations

    from verdicts

    left join config
        on
            verdicts.bucket_name = config.bucket_name
            and verdicts.event_date = config.event_date

    left join costs
        on
            verdicts.bucket_name = costs.bucket_name
            and verdicts.event_date = costs.event_date

    left join advice
        on
            verdicts.bucket_name = advice.bucket_name
            and verdicts.event_date = advice.event_date

)

select
    {{ contract_columns() }}

from joined
