{%- set entry = detection('trail_coverage_reduced') -%}

with

changes as (

    select
        *,
        coalesce(trail_name, trail_arn, 'a trail') as named,
        {{ without_session('identity_arn') }} as caller,
        date_trunc('hour', changed_at) as changed_in

    from {{ ref('fct_logging_changes') }}

    where
        event_date in {{ event_days() }}
        and error_code is null
        and about in ('trail', 'event_data_store')
        and effect <> 'on'

),

hours as (

    select
        bucket_name,
        hour,
        min(value) as value,
        event_date

    from {{ ref('int_hour_coverage') }}

    where
        event_date in {{ event_days() }}
        and signal in ('data_events_read', 'data_events_write')
        and not contains(reasons, 'records_pending')

    group by bucket_name, hour, event_date

),

-- Buckets whose data events were seen before the call on that day, and not after it.
lost as (

    select
        changes.event_date,
        changes.named,
        hours.bucket_name,
        max(if(hours.hour < changes.changed_in, hours.value)) as before,
        min(if(hours.hour > changes.changed_in, hours.value)) as after

    from changes

    inner join hours
        on changes.event_date = hours.event_date

    group by changes.event_date, changes.named, changes.event_id, hours.bucket_name

),

buckets as (

    select
        event_date,
        named,
        array_agg(distinct bucket_name) as bucket_names

    from lost

    where before > 0 and after = 0

    group by event_date, named

),

grouped as (

    select
        changes.named,
        min(changes.caller) as principal,
        coalesce(min(changes.identity_arn), 'somebody') as who,
        array_join(array_sort(array_agg(distinct changes.event_name)), ', ') as calls,
        array_agg(distinct changes.event_id) as event_ids,
        count(distinct changes.event_id) as changes,
        min(changes.changed_at) as first_at,
        max(changes.changed_at) as last_at,
        changes.event_date

    from changes

    group by changes.named, changes.event_date

),

described as (

    select
        grouped.*,
        buckets.bucket_names,
        cardinality(buckets.bucket_names) as buckets

    from grouped

    inner join buckets
        on
            grouped.event_date = buckets.event_date
            and grouped.named = buckets.named

)

{{ detected(
    entry,
    'described',
    bucket_names='bucket_names',
    subject='named',
    value='buckets',
    requests='changes',
    cause_event_ids='event_ids',
) }}
