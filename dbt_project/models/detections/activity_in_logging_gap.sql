{%- set entry = detection('activity_in_logging_gap') -%}

with

hours as (

    select
        *,
        max(value) over (partition by bucket_name, event_date) as best_value

    from {{ ref('int_hour_coverage') }}

    where
        event_date in {{ event_days() }}
        and signal = 'access_log'

),

-- The log was seen in another hour of the day. Where it never is, nothing else is to be expected.
gaps as (

    select *

    from hours

    where
        value = 0
        and best_value > 0
        and not contains(reasons, 'records_pending')

),

seen as (

    select
        gaps.bucket_name,
        count(distinct gaps.hour) as hours,
        count(distinct coalesce(activity.principal, 'anonymous')) as callers,
        bool_or(activity.action in ('delete_object', 'batch_delete', 'write_config', 'write_acl')) as is_harmful,
        min_by(activity.principal, activity.first_at) as principal,
        sum(activity.data_events) as requests,
        min(activity.first_at) as first_at,
        max(coalesce(activity.last_at, activity.first_at)) as last_at,
        gaps.event_date

    from gaps

    inner join {{ ref('fct_principal_hours') }} as activity
        on
            gaps.bucket_name = activity.bucket_name
            and gaps.hour = activity.hour
            and gaps.event_date = activity.event_date

    where
        activity.event_date in {{ event_days() }}
        and activity.data_events > 0
        and activity.records = 0
        and activity.{{ entry.services_left_out }}

    group by gaps.bucket_name, gaps.event_date

)

{{ detected(
    entry,
    'seen',
    bucket_name='bucket_name',
    subject="'access log'",
    principal='if(callers = 1, principal)',
    severity="if(is_harmful, 'high')",
    value='requests',
) }}
