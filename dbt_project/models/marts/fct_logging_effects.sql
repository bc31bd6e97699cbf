{{ config(materialized='view', tags=['event_days']) }}

with

changes as (

    select
        *,
        {{ without_session('identity_arn') }} as principal,
        -- until it is turned on again, at most a week
        least(
            coalesce(
                min(if(effect = 'on', changed_at)) over (
                    partition by about, account_id, coalesce(bucket_name, trail_name) order by changed_at, event_id
                    rows between 1 following and unbounded following
                ),
                date_add('day', {{ var('effect_days') }}, changed_at)
            ),
            date_add('day', {{ var('effect_days') }}, changed_at)
        ) as turned_on_at

    from {{ published('fct_logging_changes') }}

    where error_code is null

),

callers as (

    select
        bucket_name,
        hour,
        principal,
        sum(requests) as requests

    from {{ published('fct_principal_hours') }}

    group by bucket_name, hour, principal

),

activity as (

    select
        bucket_name,
        hour,
        sum(requests) as requests

    from callers

    group by bucket_name, hour

),

config as (

    select *

    from {{ published('fct_logging_coverage') }}

),

-- The day before the change, and the time from its hour on. Hours whose records may still arrive say nothing.
hours as (

    select
        changes.event_id,
        changes.event_date,
        changes.about,
        date_trunc('hour', changes.changed_at) as changed_in,
        config.is_sensitive,
        trusted.bucket_name,
        trusted.account_id,
        trusted.hour,
        trusted.access_log,
        trusted.data_events_read,
        trusted.data_events_write,
        trusted.coverage,
        coalesce(activity.requests, 0) as requests,
        coalesce(callers.requests, 0) as requests_of_changer

    from changes

    inner join {{ published('trusted_hours') }} as trusted
        on
            date_add('day', -1, date_trunc('hour', changes.changed_at)) <= trusted.hour
            and changes.turned_on_at > trusted.hour

    left join config
        on
            trusted.bucket_name = config.bucket_name
            and changes.event_date = config.event_date

    left join activity
        on
            trusted.bucket_name = activity.bucket_name
            and trusted.hour = activity.hour

    left join callers
        on
            trusted.bucket_name = callers.bucket_name
            and trusted.hour = callers.hour
            and changes.principal = callers.principal

    where
        changes.effect <> 'on'
        and (
            changes.about in ('trail', 'event_data_store')
            or (changes.about = 'bucket' and changes.bucket_name = trusted.bucket_name)
            or (changes.about = 'log_bucket' and changes.bucket_name = config.target_bucket)
        )
        and not contains(trusted.reasons, 'records_pending')

),

seen as (

    select
        hours.*,
        hours.hour >= hours.changed_in as is_after,
        signals.signal,
        signals.value,
        min(if(hours.hour > hours.changed_in and signals.value > 0, hours.hour)) over (
            partition by hours.event_id, hours.bucket_name, signals.signal
        ) as seen_again_at

    from hours

    cross join unnest(
        array['access_log', 'data_events_read', 'data_events_write'],
        array[hours.access_log, hours.data_events_read, hours.data_events_write]
    ) as signals (signal, value)

    where (signals.signal = 'access_log') = (hours.about in ('bucket', 'log_bucket'))

),

lost as (

    select
        *,
        is_after and value = 0 and hour < coalesce(seen_again_at, date_add('hour', 1, hour)) as is_lost

    from seen

),

effects as (

    select
        event_id,
        event_date,
        bucket_name,
        signal,
        max(account_id) as account_id,
        bool_or(is_sensitive) as is_sensitive,
        round(avg(if(not is_after, value)), 6) as coverage_before,
        count_if(is_lost) as hours_lost,
        count_if(is_lost and coverage = 0) as hours_dark,
        sum(if(is_lost, requests, 0)) as requests_seen,
        sum(if(is_lost, requests_of_changer, 0)) as requests_of_changer,
        max(seen_again_at) as seen_again_at

    from lost

    group by event_id, event_date, bucket_name, signal

)

select
    changes.changed_at,
    changes.about,
    changes.trail_name,
    changes.effect,
    changes.event_name,
    changes.identity_arn,
    effects.bucket_name,
    effects.account_id,
    effects.is_sensitive,
    cast(effects.signal as varchar) as signal,
    effects.coverage_before,
    effects.hours_lost,
    effects.hours_dark,
    effects.requests_seen,
    effects.requests_of_changer,
    effects.seen_again_at,
    changes.turned_on_at as counted_until,
    effects.event_id,
    effects.event_date

from effects

inner join changes
    on
        effects.event_id = changes.event_id
        and effects.event_date = changes.event_date

where effects.hours_lost > 0 and effects.coverage_before > 0
