{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

hours as (

    select *

    from {{ ref('int_bucket_hours') }}

    where has_access_log

),

reconciled as (

    select *

    from {{ ref('int_reconciled_hours') }}

    where event_date in {{ event_days() }}

),

unseen_days as (

    select *

    from {{ ref('int_unseen_days') }}

),

doubtful_hours as (

    select *

    from {{ ref('int_doubtful_hours') }}

),

unwitnessed_hours as (

    select *

    from {{ ref('int_unwitnessed_hours') }}

    where event_date in {{ event_days() }}

),

-- An hour is judged as of the end of the last day up to which all that may concern it was seen.
judged as (

    select
        hours.bucket_name,
        hours.hour,
        coalesce(
            cast(min(unseen_days.delivered_on) as timestamp),
            date_add('day', {{ 1 + var('lateness_days') }}, cast(hours.event_date as timestamp))
        ) as judged_as_of

    from hours

    left join unseen_days
        on
            unseen_days.delivered_on between hours.event_date
            and date_add('day', {{ var('lateness_days') }}, hours.event_date)
            and (unseen_days.bucket_name is null or hours.bucket_name = unseen_days.bucket_name)

    group by hours.bucket_name, hours.hour, hours.event_date

),

counted as (

    select
        hours.bucket_name,
        hours.hour,
        hours.logging_state,
        judged.judged_as_of,
        -- Is the time over in which records and events may arrive?
        date_add('hour', {{ 1 + var('lateness_hours') }}, hours.hour) <= judged.judged_as_of as is_budget_spent,
        {{ events_are_in('hours.hour', 'judged.judged_as_of') }} as is_witness_in,
        hours.is_read_covered and hours.is_write_covered and unwitnessed_hours.bucket_name is null as is_witness_seen,
        coalesce(unwitnessed_hours.is_witness_unknown, false) as is_witness_unknown,
        coalesce(doubtful_hours.unreadable_lines, 0) as unreadable_lines,
        coalesce(reconciled.access_log_requests, 0) as access_log_requests,
        coalesce(reconciled.data_event_requests, 0) as data_event_requests,
        coalesce(reconciled.matched_requests, 0) as matched_requests,
        coalesce(reconciled.witnessed_requests, 0) as witnessed_requests,
        coalesce(reconciled.witnessed_and_logged_requests, 0) as witnessed_and_logged_requests,
        -- a mode that the trail does not cover proves nothing, whatever events arrived
        if(hours.is_read_covered, coalesce(reconciled.logged_reads, 0), 0)
        + if(hours.is_write_covered, coalesce(reconciled.logged_writes, 0), 0) as logged_requests,
        if(hours.is_read_covered, coalesce(reconciled.logged_and_witnessed_reads, 0), 0)
        + if(hours.is_write_covered, coalesce(reconciled.logged_and_witnessed_writes, 0), 0)
            as logged_and_witnessed_requests,
        reconciled.latency_p50_seconds,
        reconciled.latency_p95_seconds,
        reconciled.latency_p99_seconds,
        hours.event_date

    from hours

    inner join judged
        on
            hours.bucket_name = judged.bucket_name
            and hours.hour = judged.hour

    left join unwitnessed_hours
        on
            hours.bucket_name = unwitnessed_hours.bucket_name
            and hours.hour = unwitnessed_hours.hour

    left join doubtful_hours
        on
            hours.bucket_name = doubtful_hours.bucket_name
            and hours.hour = doubtful_hours.hour

    left join reconciled
        on
            hours.bucket_name = reconciled.bucket_name
            and hours.hour = reconciled.hour

)

select
    bucket_name,
    hour,
    cast(
        case
            when witnessed_requests - witnessed_and_logged_requests > {{ var('completeness_tolerance') }} * witnessed_requests
                then case
                    -- the record may be missing because logging was off
                    when logging_state in ('off', 'elsewhere', 'turning_on') then 'unknown'
                    when logging_state <> 'on' and access_log_requests = 0 then 'unknown'
                    when not is_budget_spent then 'pending'
                    when witnessed_requests - witnessed_and_logged_requests <= unreadable_lines then 'unknown'
                    when access_log_requests = 0 then 'missing'
                    else 'partial'
                end
            when access_log_requests > 0 then 'delivered'
            when logging_state <> 'on' then 'unknown'
            when not is_witness_seen then 'unknown'
            -- requests were seen, but none that this log must show
            when data_event_requests > 0 then 'unknown'
            when not is_witness_in then 'pending'
            else 'idle'
        end
        as varchar
    ) as status,
    access_log_requests,
    data_event_requests,
    matched_requests,
    cast(witnessed_and_logged_requests as double) / nullif(witnessed_requests, 0) as access_log_completeness,
    -- events that were not listed, or that the trail may not have recorded, prove nothing
    if(is_witness_in and not is_witness_unknown, cast(logged_and_witnessed_requests as double) / nullif(logged_requests, 0))
        as data_event_completeness,
    latency_p50_seconds,
    latency_p95_seconds,
    latency_p99_seconds,
    witnessed_requests,
    witnessed_and_logged_requests,
    judged_as_of,
    is_budget_spent,
    event_date

from counted
