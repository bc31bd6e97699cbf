{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

hours as (

    select *

    from {{ ref('int_bucket_hours') }}

),

-- an event data store leaves no files that could be evidence
gaps as (

    select distinct
        gaps.account_id,
        gaps.region,
        gaps.trail_arn,
        gaps.reason,
        gaps.event_date,
        date_add('hour', hours_of_day.hour_of_day, cast(gaps.event_date as timestamp)) as hour

    from {{ ref('int_witness_gaps') }} as gaps

    cross join unnest(sequence(0, 23)) as hours_of_day (hour_of_day)

    where
        gaps.reason <> 'store_changed_twice'
        and date_add('hour', 1 + hours_of_day.hour_of_day, cast(gaps.event_date as timestamp)) > gaps.gap_begin
        and date_add('hour', hours_of_day.hour_of_day, cast(gaps.event_date as timestamp)) < gaps.gap_end

),

covers as (

    select *

    from {{ ref('int_witness_covers') }}

),

read_days as (

    select *

    from {{ ref('int_seen_days') }}

),

listed_trails as (

    select distinct
        trail_arn,
        delivered_on

    from {{ ref('stg_evidence__trail_places') }}

    where delivered_on in {{ event_days(after=1) }}

),

gaps_of_hours as (

    select
        hours.bucket_name,
        hours.hour,
        hours.event_date,
        gaps.trail_arn,
        gaps.reason

    from hours

    inner join gaps
        on
            hours.hour = gaps.hour
            and {{ concerns('gaps', 'hours') | indent(12) }}

    union all

    -- A snapshot knows the trail, and nobody looked for its files on a day that was read: it was deleted before the day
    -- was cataloged, or came after a catalog that is kept.
    select
        hours.bucket_name,
        hours.hour,
        hours.event_date,
        trails.trail_arn,
        'trail_not_followed' as reason

    from hours

    inner join covers
        on
            hours.bucket_name = covers.bucket_name
            and hours.event_date = covers.event_date

    cross join unnest(split(covers.trails, ' ')) as trails (trail_arn)

    inner join read_days
        on
            -- files arrive within the hour
            read_days.delivered_on in (hours.event_date, cast(date_add('hour', 1, hours.hour) as date))

    left join listed_trails
        on
            trails.trail_arn = listed_trails.trail_arn
            and read_days.delivered_on = listed_trails.delivered_on

    where listed_trails.trail_arn is null

),

gapped as (

    select
        bucket_name,
        hour,
        event_date,
        -- it is unknown which events should have arrived
        bool_or(reason in ('folder_unlisted', 'trails_unlisted', 'trail_not_followed', 'trail_changed_twice')) as is_witness_unknown,
        -- trails that could not be listed are others than those that were
        bool_or(trail_arn is null and reason <> 'trails_unlisted') as is_any_trail,
        array_sort(array_agg(distinct reason)) as gap_reasons,
        filter(array_agg(trail_arn), trail -> trail is not null) as gapped_trails

    from gaps_of_hours

    group by bucket_name, hour, event_date

),

-- Trails without a gap of their own in the hour, which are enough for a mode.
witnessed_modes as (

    select
        gapped.bucket_name,
        gapped.hour,
        array_agg(distinct covers.mode) as modes

    from gapped

    inner join covers
        on
            gapped.bucket_name = covers.bucket_name
            and gapped.event_date = covers.event_date
            and coalesce(gapped.hour >= covers.since, true)

    where
        not gapped.is_any_trail
        and none_match(split(covers.trails, ' '), trail -> contains(gapped.gapped_trails, trail))

    group by gapped.bucket_name, gapped.hour

)

select
    gapped.bucket_name,
    gapped.hour,
    gapped.is_witness_unknown,
    gapped.gap_reasons,
    {% for mode in ['read', 'write'] %}
    coalesce(contains(witnessed_modes.modes, '{{ mode }}'), false) as is_{{ mode }}_witnessed,
    {% endfor %}
    gapped.event_date

from gapped

left join witnessed_modes
    on
        gapped.bucket_name = witnessed_modes.bucket_name
        and gapped.hour = witnessed_modes.hour

-- reads and writes
where coalesce(cardinality(witnessed_modes.modes), 0) < 2
