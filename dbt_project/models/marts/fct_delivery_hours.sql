{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set last_day_offset = var('lateness_days') %}

with

config as (

    select
        account_id,
        bucket_name,
        region,
        logging_state,
        logged_since,
        -- an event data store records as well, but only trails leave the files that are reconciled here
        read_witness as read_coverage,
        write_witness as write_coverage,
        read_witnessed_since as read_covered_since,
        write_witnessed_since as write_covered_since,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

reconciled as (

    select
        bucket_name,
        hour,
        access_log_requests,
        data_event_requests,
        matched_requests,
        witnessed_requests,
        witnessed_and_logged_requests,
        logged_reads,
        logged_and_witnessed_reads,
        logged_writes,
        logged_and_witnessed_writes,
        latency_p50_seconds,
        latency_p95_seconds,
        latency_p99_seconds,
        event_date

    from {{ ref('int_reconciled_hours') }}

    where event_date in {{ event_days() }}

),

catalogued_days as (

    select delivered_on

    from {{ source('evidence', 'catalogued_days') }}

    where delivered_on in {{ event_days(after=last_day_offset) }} or delivered_on >= {{ delivery_day() }}

),

-- Hours are judged as of the end of what was looked at, so that the same evidence gives the same verdict tomorrow.
looked_until as (

    select date_add('day', 1, cast(max(delivered_on) as timestamp)) as as_of

    from catalogued_days

),

unreadable_places as (

    select distinct
        places.delivered_on,
        buckets.bucket_name

    from {{ source('evidence', 'listings') }} as places

    cross join unnest(places.source_buckets) as buckets (bucket_name)

    where
        places.delivered_on in {{ event_days(after=last_day_offset) }}
        and places.kind = 'access_log'
        and places.error_code is not null

),

-- Delivery days in which a log of these event days could have come, but nobody looked for it: in any bucket, or in one.
unseen_days as (

    select
        days.delivered_on,
        cast(null as varchar) as bucket_name

    from (values {{ event_day_rows(after=last_day_offset) }}) as days (delivered_on)

    cross join looked_until

    left join catalogued_days
        on days.delivered_on = catalogued_days.delivered_on

    where
        catalogued_days.delivered_on is null
        and days.delivered_on < cast(looked_until.as_of as date)

    union all

    select
        delivered_on,
        bucket_name

    from unreadable_places

),

with_records as (

    select distinct
        bucket_name,
        event_date

    from reconciled

    where access_log_requests > 0

),

buckets as (

    select
        coalesce(config.bucket_name, with_records.bucket_name) as bucket_name,
        coalesce(config.event_date, with_records.event_date) as event_date,
        config.account_id,
        config.region,
        coalesce(config.logging_state, 'unknown') as logging_state,
        config.logged_since,
        coalesce(config.read_coverage, 'unknown') = 'covered' as is_read_covered,
        coalesce(config.write_coverage, 'unknown') = 'covered' as is_write_covered,
        config.read_covered_since,
        config.write_covered_since

    from config

    full outer join with_records
        on
            config.bucket_name = with_records.bucket_name
            and config.event_date = with_records.event_date

    where
        config.logging_state in ('on', 'unknown')
        or with_records.bucket_name is not null

),

spine as (

    select
        buckets.bucket_name,
        buckets.account_id,
        buckets.region,
        date_add('hour', hours.hour_of_day, cast(buckets.event_date as timestamp)) as hour,
        -- S3 takes up to an hour to begin: a request of that hour may or may not have its record
        if(
            buckets.logging_state = 'on'
            and date_add('hour', hours.hour_of_day - 1, cast(buckets.event_date as timestamp)) < buckets.logged_since,
            'turning_on',
            buckets.logging_state
        ) as logging_state,
        buckets.is_read_covered,
        buckets.is_write_covered,
        buckets.read_covered_since,
        buckets.write_covered_since,
        looked_until.as_of,
        buckets.event_date

    from buckets

    cross join unnest(sequence(0, 23)) as hours (hour_of_day)

    cross join looked_until

    where date_add('hour', hours.hour_of_day, cast(buckets.event_date as timestamp)) < looked_until.as_of

),

-- A trail is no witness of the time before it was started.
witnesses as (

    select
        bucket_name,
        hour,
        is_read_covered and coalesce(read_covered_since <= hour, true) as is_read_covered,
        is_write_covered and coalesce(write_covered_since <= hour, true) as is_write_covered

    from spine

),

-- Events come within minutes; an hour's grace before their absence means anything.
timely as (

    select
        spine.bucket_name,
        spine.hour,
        spine.event_date,
        count(unseen_days.delivered_on) = 0
        and date_add('hour', {{ 1 + var('lateness_hours') }}, spine.hour) <= spine.as_of as is_budget_spent,
        count(unseen_days.delivered_on) = 0
        and date_add('hour', 2, spine.hour) <= spine.as_of as is_witness_in

    from spine

    left join unseen_days
        on
            unseen_days.delivered_on between spine.event_date
            and cast(date_add('second', {{ (1 + var('lateness_hours')) * 3600 - 1 }}, spine.hour) as date)
            and (unseen_days.bucket_name is null or spine.bucket_name = unseen_days.bucket_name)

    group by spine.bucket_name, spine.hour, spine.event_date, spine.as_of

),

unwitnessed_hours as (

    select
        spine.bucket_name,
        spine.hour,
        -- nobody knows what events were to come
        bool_or(gaps.reason in ('folder_unlisted', 'trail_changed_twice')) as is_witness_unknown

    from spine

    inner join {{ ref('int_witness_gaps') }} as gaps
        on
            spine.event_date = gaps.event_date
            and date_add('hour', 1, spine.hour) > gaps.gap_begin
            and spine.hour < gaps.gap_end
            -- a gap or a bucket of no known Region or account concerns them all
            and coalesce(spine.region = gaps.region, true)
            and coalesce(spine.account_id = gaps.account_id, true)

    where
        gaps.event_date in {{ event_days() }}
        -- a store leaves no files that could witness
        and gaps.reason <> 'store_changed_twice'

    group by spine.bucket_name, spine.hour

),

-- Lines of which not even the head can be read: any of them may be the record that an hour lacks.
unreadable_lines as (

    select
        log_object,
        count(*) as line_count

    from {{ ref('int_access_log_records') }}

    where
        -- the partition of such a line is the day it was delivered
        event_date in {{ event_days(after=last_day_offset) }}
        and quarantine_reason is not null
        and head_request_id is null

    group by log_object

),

-- Whose they can be, the place tells in which they were delivered: it may serve several buckets.
spoiled_objects as (

    select distinct
        sources.bucket_name,
        log_objects.log_object,
        log_objects.delivered_at,
        unreadable_lines.line_count

    from unreadable_lines

    inner join {{ source('evidence', 'log_objects') }} as log_objects
        on
            unreadable_lines.log_object = log_objects.log_object
            and log_objects.delivered_on in {{ event_days(after=last_day_offset) }}

    inner join {{ source('evidence', 'listings') }} as places
        on
            log_objects.kind = places.kind
            and log_objects.log_bucket = places.log_bucket
            and starts_with(log_objects.object_key, places.prefix)
            and log_objects.delivered_on = places.delivered_on

    cross join unnest(places.source_buckets) as sources (bucket_name)

),

doubtful_hours as (

    select
        spine.bucket_name,
        spine.hour,
        sum(spoiled_objects.line_count) as unreadable_lines

    from spine

    inner join spoiled_objects
        on
            spine.bucket_name = spoiled_objects.bucket_name
            and spine.hour <= spoiled_objects.delivered_at
            and date_add('hour', {{ 1 + var('lateness_hours') }}, spine.hour) > spoiled_objects.delivered_at

    group by spine.bucket_name, spine.hour

),

counted as (

    select
        spine.bucket_name,
        spine.hour,
        spine.logging_state,
        witnesses.is_read_covered,
        witnesses.is_write_covered,
        timely.is_budget_spent,
        timely.is_witness_in,
        unwitnessed_hours.bucket_name is null as is_witness_seen,
        coalesce(unwitnessed_hours.is_witness_unknown, false) as is_witness_unknown,
        coalesce(doubtful_hours.unreadable_lines, 0) as unreadable_lines,
        coalesce(reconciled.access_log_requests, 0) as access_log_requests,
        coalesce(reconciled.data_event_requests, 0) as data_event_requests,
        coalesce(reconciled.matched_requests, 0) as matched_requests,
        coalesce(reconciled.witnessed_requests, 0) as witnessed_requests,
        coalesce(reconciled.witnessed_and_logged_requests, 0) as witnessed_and_logged_requests,
        -- a mode that the trail does not cover is no witness, whatever events came
        if(witnesses.is_read_covered, coalesce(reconciled.logged_reads, 0), 0)
        + if(witnesses.is_write_covered, coalesce(reconciled.logged_writes, 0), 0) as logged_requests,
        if(witnesses.is_read_covered, coalesce(reconciled.logged_and_witnessed_reads, 0), 0)
        + if(witnesses.is_write_covered, coalesce(reconciled.logged_and_witnessed_writes, 0), 0)
            as logged_and_witnessed_requests,
        reconciled.latency_p50_seconds,
        reconciled.latency_p95_seconds,
        reconciled.latency_p99_seconds,
        spine.event_date

    from spine

    inner join witnesses
        on
            spine.bucket_name = witnesses.bucket_name
            and spine.hour = witnesses.hour

    inner join timely
        on
            spine.bucket_name = timely.bucket_name
            and spine.hour = timely.hour

    left join unwitnessed_hours
        on
            spine.bucket_name = unwitnessed_hours.bucket_name
            and spine.hour = unwitnessed_hours.hour

    left join doubtful_hours
        on
            spine.bucket_name = doubtful_hours.bucket_name
            and spine.hour = doubtful_hours.hour

    left join reconciled
        on
            spine.bucket_name = reconciled.bucket_name
            and spine.hour = reconciled.hour

)

select
    bucket_name,
    hour,
    cast(
        case
            when witnessed_requests > witnessed_and_logged_requests
                then case
                    -- that a record did not come may be how it is meant to be
                    when logging_state in ('off', 'turning_on') then 'unknown'
                    when logging_state <> 'on' and access_log_requests = 0 then 'unknown'
                    when not is_budget_spent then 'pending'
                    when witnessed_requests - witnessed_and_logged_requests <= unreadable_lines then 'unknown'
                    when access_log_requests = 0 then 'missing'
                    else 'partial'
                end
            when access_log_requests > 0 then 'delivered'
            when logging_state <> 'on' then 'unknown'
            when not (is_read_covered and is_write_covered and is_witness_seen) then 'unknown'
            -- something was seen, but nothing that this log must show
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
    -- a log that nobody looked for, or that may not have been meant to be written, is no witness
    if(is_witness_in and not is_witness_unknown, cast(logged_and_witnessed_requests as double) / nullif(logged_requests, 0))
        as data_event_completeness,
    latency_p50_seconds,
    latency_p95_seconds,
    latency_p99_seconds,
    witnessed_requests,
    witnessed_and_logged_requests,
    event_date

from counted
