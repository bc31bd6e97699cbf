{{ config(materialized='view', tags=['event_days']) }}

{#- What is known of a control before and after a span between two observations. -#}
{%- set observed = ['openings', 'guards', 'is_public', 'digest', 'observed_at'] -%}
{%- set subject = 'account_id, bucket_name, control' -%}

with

-- Each known state of a control beside the one before it.
states as (

    select
        account_id,
        bucket_name,
        control,
        {% for column in observed %}
        {{ column }},
        lag({{ column }}) over (partition by {{ subject }} order by observed_at) as {{ column }}_before,
        {% endfor %}
        coalesce(bucket_name, '') as of_bucket

    from {{ ref('stg_evidence__protection_states') }}

    where error_code is null

),

compared as (

    select
        *,
        filter(openings, one -> not contains(openings_before, one))
        || filter(guards_before, one -> not contains(guards, one)) as weaker,
        filter(openings_before, one -> not contains(openings, one))
        || filter(guards, one -> not contains(guards_before, one)) as stronger

    from states

    where observed_at_before is not null

),

spans as (

    select
        *,
        case
            when cardinality(weaker) = 0 and cardinality(stronger) = 0 then if(digest = digest_before, 'same', 'redirected')
            when cardinality(stronger) = 0 or (is_public and not is_public_before) then 'weakened'
            when cardinality(weaker) = 0 then 'strengthened'
            else 'redirected'
        end as direction

    from compared

),

-- Several trails may record one change.
calls as (

    select
        *,
        coalesce(bucket_name, '') as of_bucket,
        row_number() over (partition by event_date, event_id order by log_object) as nth

    from {{ published('int_configuration_changes') }}

    where control is not null

),

-- The span in which a call was made, if AWS did not refuse it, and the calls in it.
made as (

    select
        calls.*,
        spans.observed_at,
        if(
            spans.observed_at is not null,
            count(*) over (partition by calls.account_id, calls.bucket_name, calls.control, spans.observed_at)
        ) as calls,
        row_number() over (
            partition by calls.account_id, calls.bucket_name, calls.control, spans.observed_at
            order by calls.changed_at desc, calls.event_id desc
        ) = 1 as is_last

    from calls

    left join spans
        on
            calls.account_id = spans.account_id
            and calls.of_bucket = spans.of_bucket
            and calls.control = spans.control
            and calls.error_code is null
            and calls.changed_at > spans.observed_at_before
            and calls.changed_at <= spans.observed_at

    where calls.nth = 1

),

-- Each call; and each span that changed something without one.
changes as (

    select
        made.event_id,
        made.event_name,
        made.event_region,
        made.asks_for,
        made.error_code,
        made.identity_type,
        made.identity_arn,
        made.remote_ip,
        made.user_agent,
        made.changed_at,
        made.event_date,
        made.calls,
        coalesce(made.account_id, spans.account_id) as account_id,
        coalesce(made.bucket_name, spans.bucket_name) as bucket_name,
        coalesce(made.control, spans.control) as control,
        case
            -- what failed in S3 itself may have been done
            when errors.outcome in ('server_error', 'throttled') then 'unknown'
            when made.error_code is not null then 'same'
            -- of several calls the last one left what was observed; what the others did was not
            when made.calls > 1 and (not made.is_last or spans.direction = 'same') then 'unknown'
            else coalesce(spans.direction, 'unknown')
        end as direction,
        spans.weaker,
        spans.stronger,
        spans.openings_before || spans.guards_before as state_before,
        spans.openings || spans.guards as state_after,
        spans.observed_at_before,
        spans.observed_at,
        read_days.delivered_on is not null as is_read

    from made

    full outer join spans
        on
            made.account_id = spans.account_id
            and made.of_bucket = spans.of_bucket
            and made.control = spans.control
            and made.observed_at = spans.observed_at

    left join {{ ref('error_outcomes') }} as errors
        on made.error_code = errors.error_code

    -- the calls of the last hours before a snapshot are delivered on its day
    left join {{ ref('stg_evidence__parsed_days') }} as read_days
        on cast(spans.observed_at as date) = read_days.delivered_on

    where made.event_id is not null or spans.direction <> 'same'

)

select
    changed_at,
    account_id,
    bucket_name,
    control,
    cast(direction as varchar) as direction,
    if(direction <> 'unknown' and error_code is null, weaker) as weaker,
    if(direction <> 'unknown' and error_code is null, stronger) as stronger,
    state_before,
    state_after,
    asks_for,
    event_name,
    error_code,
    if(event_id is not null, true, if(is_read, false)) as is_recorded,
    cast(
        case
            when event_id is null then 'snapshot'
            when observed_at is null then 'event'
            else 'both'
        end
        as varchar
    ) as known_by,
    observed_at_before as seen_before_at,
    observed_at as seen_after_at,
    calls,
    identity_type,
    identity_arn,
    remote_ip,
    user_agent,
    event_region,
    event_id,
    -- a snapshot shows what changed until the day before it, but not before the one that it is compared with
    coalesce(
        event_date,
        greatest(date_add('day', -1, cast(observed_at as date)), cast(observed_at_before as date))
    ) as event_date

from changes
