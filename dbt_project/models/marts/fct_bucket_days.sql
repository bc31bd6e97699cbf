{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set statuses = ['delivered', 'partial', 'missing', 'pending', 'idle', 'unknown'] %}

with

hours as (

    select
        trusted.bucket_name,
        trusted.account_id,
        trusted.region,
        trusted.event_date,
        judged.status,
        judged.status_reasons,
        judged.witnessed_requests,
        judged.witnessed_and_logged_requests,
        trusted.access_log > 0 and trusted.access_log < 1 as is_partly_lost,
        -- more records may arrive, or not all could be delivered
        judged.status in ('delivered', 'idle') and trusted.access_log = 0 as is_not_proved,
        contains(trusted.reasons, 'records_pending') as is_open,
        trusted.access_log < 1 and trusted.coverage = 1 as is_compensated

    from {{ ref('trusted_hours') }} as trusted

    left join {{ ref('fct_delivery_hours') }} as judged
        on
            trusted.bucket_name = judged.bucket_name
            and trusted.hour = judged.hour
            and judged.event_date in {{ event_days() }}

    where trusted.event_date in {{ event_days() }}

),

counted as (

    select
        bucket_name,
        event_date,
        max(account_id) as account_id,
        max(region) as region,
        {% for status in statuses %}
        count_if(status = '{{ status }}') as hours_{{ status }},
        {% endfor %}
        count_if(status is null) as hours_unlogged,
        count_if(is_partly_lost) as hours_partly_lost,
        count_if(status = 'pending' or (is_not_proved and is_open)) as hours_open,
        count_if(is_not_proved and not is_open) as hours_doubtful,
        count_if(is_compensated) as hours_compensated,
        cast(sum(witnessed_and_logged_requests) as double) / nullif(sum(witnessed_requests), 0) as completeness,
        array_sort(array_distinct(flatten(array_agg(coalesce(status_reasons, cast(array[] as array(varchar)))))))
            as unknown_reasons

    from hours

    group by bucket_name, event_date

),

-- also of buckets whose logging is off
requests as (

    select
        bucket_name,
        event_date,
        sum(access_log_requests) as access_log_requests,
        sum(data_event_requests) as data_event_requests,
        sum(matched_requests) as matched_requests

    from {{ ref('int_reconciled_hours') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

joined as (

    select
        counted.*,
        coalesce(requests.access_log_requests, 0) as access_log_requests,
        coalesce(requests.data_event_requests, 0) as data_event_requests,
        coalesce(requests.matched_requests, 0) as matched_requests,
        coalesce(requests.access_log_requests + requests.data_event_requests - requests.matched_requests, 0) as requests_seen,
        unseen.hours_compared,
        unseen.unseen_estimate,
        unseen.unseen_lower,
        unseen.unseen_upper,
        coverage.coverage,
        coverage.access_log_coverage,
        coverage.coverage_basis,
        coverage.hours_unknown as hours_unseen,
        filter(
            array[
                if(counted.hours_unlogged = 24, 'not logged'),
                if(
                    counted.hours_missing > 0,
                    'lost ' || cast(counted.hours_missing as varchar) || ' of 24 hours'
                ),
                if(counted.hours_partly_lost > 0, 'lost part of ' || {{ hours_in_words('counted.hours_partly_lost') }}),
                if(counted.hours_open > 0, {{ hours_in_words('counted.hours_open') }} || ' may still change'),
                if(counted.hours_doubtful > 0, {{ hours_in_words('counted.hours_doubtful') }} || ' possibly not logged'),
                if(
                    counted.hours_unknown > 0,
                    cast(counted.hours_unknown as varchar) || ' unknown because '
                    || array_join(
                        array_distinct(transform(counted.unknown_reasons, reason -> {{ reason_in_words('reason') }})), ' or '
                    )
                )
            ],
            part -> part is not null
        ) as faults

    from counted

    left join requests
        on
            counted.bucket_name = requests.bucket_name
            and counted.event_date = requests.event_date

    left join {{ ref('int_unseen_requests') }} as unseen
        on
            counted.bucket_name = unseen.bucket_name
            and counted.event_date = unseen.event_date

    left join {{ ref('int_day_coverage') }} as coverage
        on
            counted.bucket_name = coverage.bucket_name
            and counted.event_date = coverage.event_date

)

select
    account_id,
    region,
    bucket_name,
    {% for status in statuses %}
    hours_{{ status }},
    {% endfor %}
    hours_unlogged,
    completeness,
    cast(
        case
            when cardinality(faults) > 0 then array_join(faults, ', ')
            when coverage_basis = 'witnessed' then 'complete'
            else 'complete as far as one log can show'
        end
        || if(hours_compensated > 0, '; data events show ' || {{ hours_in_words('hours_compensated') }} || ' of it', '')
        as varchar
    ) as sentence,
    access_log_requests,
    data_event_requests,
    matched_requests,
    requests_seen,
    unseen_estimate,
    unseen_lower,
    unseen_upper,
    hours_compared,
    coverage,
    access_log_coverage,
    coverage_basis,
    hours_unseen,
    event_date

from joined
