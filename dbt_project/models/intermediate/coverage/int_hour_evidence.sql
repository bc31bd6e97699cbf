{{ config(materialized='ephemeral', tags=['event_days']) }}

{#- What is said of the other mode is no doubt about this one. -#}
{%- set modes = {'read': 'write', 'write': 'read'} %}

with

hours as (

    select *

    from {{ ref('int_bucket_hours') }}

),

config as (

    select
        bucket_name,
        event_date,
        error_code,
        target_state,
        filter(reasons, reason -> starts_with(reason, 'target_')) as target_reasons,
        {% for mode, other in modes.items() %}
        filter(coverage_reasons, reason -> not starts_with(reason, '{{ other }}s_')) as {{ mode }}_reasons,
        {% endfor %}
        changes_witness,
        changes_witnessed_since,
        filter(reasons, reason -> regexp_like(reason, '_(unreadable|throttled|enabled)$')) as refusals

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

explained as (

    select *

    from {{ ref('int_explained_hours') }}

),

reconciled as (

    select *

    from {{ ref('int_reconciled_hours') }}

    where event_date in {{ event_days() }}

),

unwitnessed as (

    select *

    from {{ ref('int_unwitnessed_hours') }}

    where event_date in {{ event_days() }}

),

-- Which trails record the calls that change settings is not known, so a gap of any of them may hide such a call.
gapped as (

    select
        hours.bucket_name,
        hours.hour,
        array_sort(array_agg(distinct gaps.reason)) as reasons

    from hours

    inner join {{ ref('int_witness_gaps') }} as gaps
        on
            hours.event_date = gaps.event_date
            and coalesce(hours.account_id = gaps.account_id, true)
            and coalesce(hours.region = gaps.region, true)
            and date_add('hour', 1, hours.hour) > gaps.gap_begin
            and hours.hour < gaps.gap_end

    where
        gaps.event_date in {{ event_days() }}
        and gaps.reason <> 'store_changed_twice'

    group by hours.bucket_name, hours.hour

),

-- A place of access logs that was not listed (unseen_days with a bucket) hides no events.
known_days as (

    select
        days.event_date,
        coalesce(
            cast(min(unseen_days.delivered_on) as timestamp),
            date_add('day', {{ 1 + var('lateness_days') }}, cast(days.event_date as timestamp))
        ) as known_until

    from (values {{ event_day_rows() }}) as days (event_date)

    left join {{ ref('int_unseen_days') }} as unseen_days
        on
            unseen_days.delivered_on between days.event_date
            and date_add('day', {{ var('lateness_days') }}, days.event_date)
            and unseen_days.bucket_name is null

    group by days.event_date

)

select
    hours.bucket_name,
    hours.account_id,
    hours.region,
    hours.hour,
    explained.status,
    explained.status_reasons,
    explained.access_log_completeness,
    explained.is_budget_spent,
    coalesce(explained.logging_doubts, array['logging_off']) as logging_doubts,
    case
        when config.target_state = 'deliverable' then cast(array[] as array(varchar))
        when cardinality(config.target_reasons) > 0 then config.target_reasons
        else array['target_unknown']
    end as target_doubts,
    {% for mode in modes %}
    case
        when not hours.is_{{ mode }}_covered
            then case
                when config.bucket_name is null then array['not_observed']
                when cardinality(config.{{ mode }}_reasons) > 0 then config.{{ mode }}_reasons
                else array['no_witness']
            end
        -- some of the files that should show this mode were not listed, or are not genuine
        when not unwitnessed.is_{{ mode }}_witnessed then unwitnessed.gap_reasons
        when not {{ events_are_in('hours.hour', 'known_days.known_until') }} then array['records_pending']
        else cast(array[] as array(varchar))
    end as {{ mode }}_event_doubts,
    cast(reconciled.logged_and_witnessed_{{ mode }}s as double) / nullif(reconciled.logged_{{ mode }}s, 0)
        as {{ mode }}_event_completeness,
    {% endfor %}
    case
        when config.bucket_name is null then array['not_observed']
        when config.changes_witness in ('not_covered', 'partly_covered') then array['changes_not_recorded']
        when coalesce(config.changes_witness, 'unknown') <> 'covered' then array['changes_witness_unknown']
        when config.changes_witnessed_since > hours.hour then array['trail_started_later']
        when gapped.reasons is not null then gapped.reasons
        when unwitnessed.is_witness_unknown then unwitnessed.gap_reasons
        when not {{ events_are_in('hours.hour', 'known_days.known_until') }} then array['records_pending']
        else cast(array[] as array(varchar))
    end as management_event_doubts,
    case
        when config.bucket_name is null then array['not_observed']
        when config.error_code is not null
            then if(cardinality(config.refusals) > 0, config.refusals, array['logging_unreadable'])
        else cast(array[] as array(varchar))
    end as configuration_doubts,
    hours.event_date

from hours

inner join known_days
    on hours.event_date = known_days.event_date

left join config
    on
        hours.bucket_name = config.bucket_name
        and hours.event_date = config.event_date

left join explained
    on
        hours.bucket_name = explained.bucket_name
        and hours.hour = explained.hour

left join reconciled
    on
        hours.bucket_name = reconciled.bucket_name
        and hours.hour = reconciled.hour

left join unwitnessed
    on
        hours.bucket_name = unwitnessed.bucket_name
        and hours.hour = unwitnessed.hour

left join gapped
    on
        hours.bucket_name = gapped.bucket_name
        and hours.hour = gapped.hour
