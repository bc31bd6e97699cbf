{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

compared as (

    select
        *,
        status is not null and cardinality(read_event_doubts || write_event_doubts) = 0 as is_log_compared

    from {{ ref('int_hour_evidence') }}

),

-- Without data events to compare with, records that arrived are the whole log only if logging was on for the whole
-- hour, and if no more of them may arrive.
valued as (

    select
        *,
        case
            when
                status in ('delivered', 'partial')
                and (is_log_compared or (cardinality(logging_doubts) = 0 and is_budget_spent))
                then coalesce(access_log_completeness, 1)
            -- no records where none can be delivered are no proof that there was nothing to log
            when status = 'idle' and cardinality(target_doubts) = 0 then 1
            else 0
        end as access_log_value,
        {% for mode in ['read', 'write'] %}
        if(cardinality({{ mode }}_event_doubts) > 0, 0, coalesce({{ mode }}_event_completeness, 1)) as {{ mode }}_event_value
        {{- ',' if not loop.last }}
        {% endfor %}

    from compared

)

select
    valued.bucket_name,
    valued.account_id,
    valued.region,
    valued.hour,
    cast(signals.signal as varchar) as signal,
    cast(
        case signals.signal
            when 'access_log' then valued.access_log_value
            when 'data_events_read' then valued.read_event_value
            when 'data_events_write' then valued.write_event_value
            when 'management_events' then if(cardinality(valued.management_event_doubts) > 0, 0, 1)
            else if(cardinality(valued.configuration_doubts) > 0, 0, 1)
        end
        as double
    ) as value,
    cast(
        case
            when signals.signal = 'configuration' then valued.configuration_doubts
            when signals.signal = 'management_events' then valued.management_event_doubts
            {% for mode in ['read', 'write'] %}
            when signals.signal = 'data_events_{{ mode }}'
                then if(
                    cardinality(valued.{{ mode }}_event_doubts) = 0 and valued.{{ mode }}_event_value < 1,
                    array['events_partly_missing'],
                    valued.{{ mode }}_event_doubts
                )
            {% endfor %}
            when valued.access_log_value = 1 then cast(array[] as array(varchar))
            when valued.status = 'missing' then array['hours_missing']
            when valued.access_log_value > 0 or valued.status = 'partial' then array['hours_partly_missing']
            when valued.status = 'unknown' then valued.status_reasons
            when valued.status = 'idle' then valued.target_doubts
            when cardinality(valued.logging_doubts) > 0 then valued.logging_doubts
            else array['records_pending']
        end
        as array(varchar)
    ) as reasons,
    cast(
        case
            when signals.signal = 'access_log' and valued.is_log_compared then 'witnessed'
            {% for mode in ['read', 'write'] %}
            when
                signals.signal = 'data_events_{{ mode }}'
                and valued.access_log_value > 0
                and cardinality(valued.{{ mode }}_event_doubts) = 0
                then 'witnessed'
            {% endfor %}
            else 'unwitnessed'
        end
        as varchar
    ) as basis,
    valued.event_date

from valued

cross join (
    values 'access_log', 'data_events_read', 'data_events_write', 'management_events', 'configuration'
) as signals (signal)
