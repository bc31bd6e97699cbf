{{ config(materialized='ephemeral', tags=['event_days']) }}

with

config as (

    select
        *,
        {% for mode in ['read', 'write'] %}
        {{ coverage_of_day(mode ~ '_coverage', mode ~ '_covered_since') | indent(8) }} as {{ mode }}_coverage_of_day,
        {{ coverage_of_day(mode ~ '_witness', mode ~ '_witnessed_since') | indent(8) }} as {{ mode }}_witness_of_day
        {{- ',' if not loop.last }}
        {% endfor %}

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

hours as (

    select
        bucket_name,
        event_date,
        sum(access_log_requests) as records,
        count_if(status = 'missing') as missing_hours,
        count_if(status = 'partial') as partial_hours,
        -- of an hour whose logs were not read nothing is known yet
        count_if(status = 'pending' and (witnessed_requests > 0 or judged_as_of <= hour)) as pending_hours,
        count_if(status = 'unknown') as unknown_hours,
        count_if(status = 'idle' or (status = 'pending' and witnessed_requests = 0 and judged_as_of > hour)) as inactive_hours,
        sum(data_event_requests) as events

    from {{ ref('int_delivery_hours') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

log_buckets as (

    select *

    from {{ ref('int_log_buckets') }}

),

gaps as (

    select *

    from {{ ref('int_witness_gaps') }}

),

unlisted_places as (

    select *

    from {{ ref('int_unseen_days') }}

    where bucket_name is not null

),

-- A trail was changed more than once between two snapshots, or an event data store that alone records the bucket. The
-- snapshots say nothing about the time in between.
resettled as (

    select
        config.bucket_name,
        config.event_date,
        array_distinct(array_agg(gaps.reason)) as reasons

    from config

    inner join gaps
        on {{ concerns('gaps', 'config') | indent(12) }}

    where
        (
            gaps.reason = 'trail_changed_twice'
            and 'covered' in (config.read_witness_of_day, config.write_witness_of_day)
        )
        or (
            gaps.reason = 'store_changed_twice'
            and (
                (config.read_coverage_of_day = 'covered' and config.read_witness_of_day <> 'covered')
                or (config.write_coverage_of_day = 'covered' and config.write_witness_of_day <> 'covered')
            )
        )

    group by config.bucket_name, config.event_date

),

-- Logging that is on, to the same place, in both snapshots around the day, and was not in between.
interruptions as (

    select
        bucket_name,
        event_date,
        count_if(effect = 'off') > 0 as is_off,
        count_if(effect = 'redirected') > 0 as is_elsewhere

    from {{ ref('int_logging_changes') }}

    where
        about = 'bucket'
        and effect in ('off', 'redirected')
        and error_code is null

    group by bucket_name, event_date

)

select
    config.account_id,
    config.region,
    coalesce(config.bucket_name, hours.bucket_name) as bucket_name,
    config.logging_state,
    config.target_bucket,
    config.target_prefix,
    config.target_state,
    coalesce(config.reasons, cast(array[] as array(varchar))) as config_reasons,
    {% for mode in ['read', 'write'] %}
    if(
        contains(
            resettled.reasons,
            if(config.{{ mode }}_witness_of_day = 'covered', 'trail_changed_twice', 'store_changed_twice')
        )
        and 'covered' in (config.{{ mode }}_witness_of_day, config.{{ mode }}_coverage_of_day),
        'unknown',
        coalesce(config.{{ mode }}_coverage_of_day, 'unknown')
    ) as {{ mode }}_coverage,
    coalesce(config.{{ mode }}_witness_of_day, 'unknown') as {{ mode }}_witness,
    {% endfor %}
    coalesce(config.coverage_reasons, cast(array[] as array(varchar)))
    || coalesce(resettled.reasons, cast(array[] as array(varchar))) as coverage_reasons,
    coalesce(config.coverage_faults, array[]) as coverage_faults,
    config.sensitivity_error_code,
    config.weaknesses,
    config.is_sensitive,
    case
        when config.is_sensitive or not coalesce(log_buckets.may_receive_logs, false) then false
        when config.logging_state = 'on' and not log_buckets.receives_first_logs
            -- in a ring, or it is unknown whether it receives: judged by the log that it writes
            then false
        when
            not config.is_sensitive
            and (
                log_buckets.receives_first_logs
                or (log_buckets.receives_logs and config.logging_state in ('off', 'elsewhere'))
            )
            then true
    end as is_log_bucket,
    coalesce(config.logging_state, 'unknown') not in ('off', 'elsewhere') and coalesce(interruptions.is_off, false) as was_interrupted,
    config.logging_state = 'on' and coalesce(interruptions.is_elsewhere, false) as was_redirected,
    unlisted_places.bucket_name is not null as is_place_unreadable,
    {% for count in ['records', 'missing_hours', 'partial_hours', 'pending_hours', 'unknown_hours', 'inactive_hours', 'events'] %}
    coalesce(hours.{{ count }}, 0) as {{ count }},
    {% endfor %}
    coalesce(config.event_date, hours.event_date) as event_date

from config

full outer join hours
    on
        config.bucket_name = hours.bucket_name
        and config.event_date = hours.event_date

left join resettled
    on
        config.bucket_name = resettled.bucket_name
        and config.event_date = resettled.event_date

left join unlisted_places
    on
        coalesce(config.bucket_name, hours.bucket_name) = unlisted_places.bucket_name
        and coalesce(config.event_date, hours.event_date) = unlisted_places.delivered_on

left join log_buckets
    on
        config.bucket_name = log_buckets.bucket_name
        and config.event_date = log_buckets.event_date

left join interruptions
    on
        coalesce(config.bucket_name, hours.bucket_name) = interruptions.bucket_name
        and coalesce(config.event_date, hours.event_date) = interruptions.event_date
