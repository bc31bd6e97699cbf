{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

-- What the detections need, each such set once: of the signals of a part one is enough, and every part is needed.
needed (needs, part, signal) as (

    values
    {% for needs, part, signal in needed_signals() %}
    ('{{ needs }}', {{ part }}, '{{ signal }}'){{ ',' if not loop.last }}
    {% endfor %}

),

parts as (

    select
        needed.needs,
        needed.part,
        hours.bucket_name,
        hours.account_id,
        hours.region,
        hours.hour,
        hours.event_date,
        max(hours.value) as value,
        max_by(hours.basis, hours.value + if(hours.basis = 'witnessed', 1e-9, 0)) as basis,
        flatten(array_agg(hours.reasons)) as reasons

    from {{ ref('int_hour_coverage') }} as hours

    inner join needed
        on hours.signal = needed.signal

    where hours.event_date in {{ event_days() }}

    group by
        needed.needs, needed.part, hours.bucket_name, hours.account_id, hours.region, hours.hour, hours.event_date

),

hours as (

    select
        needs,
        bucket_name,
        account_id,
        region,
        hour,
        event_date,
        min(value) as value,
        -- 'unwitnessed' is the lesser word
        min(basis) as basis,
        flatten(array_agg(if(value < 1, reasons, cast(array[] as array(varchar))))) as reasons

    from parts

    group by needs, bucket_name, account_id, region, hour, event_date

),

log_buckets as (

    select distinct
        bucket_name,
        event_date

    from ({{ log_buckets_of_days() | indent(4) }}) as every

),

days as (

    select
        needs,
        bucket_name,
        account_id,
        region,
        -- a sum of fractions depends on its order in the last digits
        round(avg(value), 6) as coverage,
        min(basis) as coverage_basis,
        count_if(value = 0) as hours_unknown,
        array_sort(
            coalesce(array_agg(hour(hour)) filter (where value = 0), cast(array[] as array(bigint)))
        ) as unknown_hours,
        array_sort(array_distinct(flatten(array_agg(reasons)))) as unknown_reasons,
        event_date

    from hours

    group by needs, bucket_name, account_id, region, event_date

),

remedies as (

    select
        days.needs,
        days.bucket_name,
        days.event_date,
        array_sort(array_agg(distinct reasons.remedy)) as what_would_make_it_known

    from days

    cross join unnest(days.unknown_reasons) as codes (code)

    inner join {{ ref('reasons') }} as reasons
        on codes.code = reasons.code

    where reasons.is_action

    group by days.needs, days.bucket_name, days.event_date

)

select
    cast(days.needs as varchar) as needs,
    days.bucket_name,
    days.account_id,
    days.region,
    days.coverage,
    cast(days.coverage_basis as varchar) as coverage_basis,
    days.hours_unknown,
    days.unknown_hours,
    days.unknown_reasons,
    log_buckets.bucket_name is not null as is_log_bucket,
    coalesce(remedies.what_would_make_it_known, cast(array[] as array(varchar))) as what_would_make_it_known,
    days.event_date

from days

left join remedies
    on
        days.needs = remedies.needs
        and days.bucket_name = remedies.bucket_name
        and days.event_date = remedies.event_date

left join log_buckets
    on
        days.bucket_name = log_buckets.bucket_name
        and days.event_date = log_buckets.event_date
