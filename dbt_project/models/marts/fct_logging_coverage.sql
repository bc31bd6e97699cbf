{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

config as (

    select
        account_id,
        region,
        bucket_name,
        logging_state,
        target_bucket,
        target_prefix,
        key_layout,
        target_state,
        reasons,
        {{ coverage_of_day('read_coverage', 'read_covered_since') | indent(8) }} as read_coverage,
        {{ coverage_of_day('write_coverage', 'write_covered_since') | indent(8) }} as write_coverage,
        {{ coverage_of_day('read_witness', 'read_witnessed_since') | indent(8) }} as read_witness,
        {{ coverage_of_day('write_witness', 'write_witnessed_since') | indent(8) }} as write_witness,
        coverage_reasons,
        coverage_details,
        sensitivity,
        error_code,
        error_operation,
        weaknesses,
        is_sensitive,
        config_observed_at,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

hours as (

    select
        bucket_name,
        event_date,
        sum(access_log_requests) as records,
        count_if(status = 'missing') as missing_hours,
        count_if(status = 'partial') as partial_hours,
        count_if(status = 'pending' and witnessed_requests > 0) as pending_hours,
        count_if(status = 'unknown') as unknown_hours,
        count_if(status = 'idle' or (status = 'pending' and witnessed_requests = 0)) as quiet_hours,
        sum(data_event_requests) as events

    from {{ ref('fct_delivery_hours') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

-- A trail was changed more than once between two looks: what was looked at says nothing of the time in between.
resettled as (

    select distinct
        config.bucket_name,
        config.event_date

    from config

    inner join {{ ref('int_witness_gaps') }} as gaps
        on
            config.event_date = gaps.event_date
            -- a gap or a bucket of no known Region or account concerns them all
            and coalesce(config.region = gaps.region, true)
            and coalesce(config.account_id = gaps.account_id, true)

    where
        gaps.event_date in {{ event_days() }}
        and gaps.reason = 'trail_changed_twice'
        and 'covered' in (config.read_witness, config.write_witness)

),

-- Not by being named: a bucket that can receive nothing, or logs into itself only, has to be logged like any other.
log_buckets as (

    select distinct
        target_bucket,
        event_date

    from config

    where
        target_state <> 'broken'
        and target_bucket <> bucket_name

),

-- Logging that is on, and where it was, when somebody looks, and was not in between.
interruptions as (

    select distinct
        bucket_name,
        event_date

    from {{ ref('fct_logging_changes') }}

    where
        event_date in {{ event_days() }}
        and about = 'bucket'
        and effect in ('off', 'redirected')
        and error_code is null

),

unreadable_places as (

    select distinct
        buckets.bucket_name,
        places.delivered_on

    from {{ source('evidence', 'listings') }} as places

    cross join unnest(places.source_buckets) as buckets (bucket_name)

    where
        places.delivered_on in {{ event_days() }}
        and places.kind = 'access_log'
        and places.error_code is not null

),

known as (

    select
        config.account_id,
        config.region,
        coalesce(config.bucket_name, hours.bucket_name) as bucket_name,
        config.logging_state,
        config.target_bucket,
        config.target_prefix,
        config.key_layout,
        config.target_state,
        coalesce(config.reasons, cast(array[] as array(varchar))) as config_reasons,
        if(
            resettled.bucket_name is not null and config.read_witness = 'covered',
            'unknown',
            coalesce(config.read_coverage, 'unknown')
        ) as read_coverage,
        if(
            resettled.bucket_name is not null and config.write_witness = 'covered',
            'unknown',
            coalesce(config.write_coverage, 'unknown')
        ) as write_coverage,
        coalesce(config.read_witness, 'unknown') as read_witness,
        coalesce(config.write_witness, 'unknown') as write_witness,
        coalesce(config.coverage_reasons, cast(array[] as array(varchar)))
        || if(resettled.bucket_name is null, cast(array[] as array(varchar)), array['trail_changed_twice'])
            as coverage_reasons,
        coalesce(config.coverage_details, cast(array[] as array(varchar))) as coverage_details,
        config.sensitivity,
        config.error_code,
        config.error_operation,
        config.weaknesses,
        config.is_sensitive,
        config.config_observed_at,
        log_buckets.target_bucket is not null and not coalesce(config.is_sensitive, false) as is_log_bucket,
        interruptions.bucket_name is not null as was_interrupted,
        unreadable_places.bucket_name is not null as is_place_unreadable,
        coalesce(hours.records, 0) as records,
        coalesce(hours.missing_hours, 0) as missing_hours,
        coalesce(hours.partial_hours, 0) as partial_hours,
        coalesce(hours.pending_hours, 0) as pending_hours,
        coalesce(hours.unknown_hours, 0) as unknown_hours,
        coalesce(hours.quiet_hours, 0) as quiet_hours,
        coalesce(hours.events, 0) as events,
        coalesce(config.event_date, hours.event_date) as event_date

    from config

    full outer join hours
        on
            config.bucket_name = hours.bucket_name
            and config.event_date = hours.event_date

    left join resettled
        on
            config.bucket_name = resettled.bucket_name
            and config.event_date = resettled.event_date

    left join unreadable_places
        on
            coalesce(config.bucket_name, hours.bucket_name) = unreadable_places.bucket_name
            and coalesce(config.event_date, hours.event_date) = unreadable_places.delivered_on

    left join log_buckets
        on
            config.bucket_name = log_buckets.target_bucket
            and config.event_date = log_buckets.event_date

    left join interruptions
        on
            coalesce(config.bucket_name, hours.bucket_name) = interruptions.bucket_name
            and coalesce(config.event_date, hours.event_date) = interruptions.event_date

),

judged as (

    select
        *,
        cast(
            case
                when coalesce(logging_state, 'unknown') = 'unknown' then 'unknown'
                when logging_state = 'off' then 'off'
                when target_state = 'broken' then 'broken_target'
                when records > 0 then 'delivering'
                when is_place_unreadable then 'unknown'
                when missing_hours > 0 then 'silent'
                -- traffic was seen, or nobody looked: that is no quiet day
                when events > 0 or quiet_hours = 0 then 'unknown'
                else 'idle'
            end
            as varchar
        ) as verdict

    from known

),

-- Logging is on, nothing came, and nothing proves that something should have.
quiet as (

    select
        *,
        logging_state = 'on' and not is_place_unreadable and verdict in ('idle', 'unknown') as is_quiet

    from judged

),

-- The access log of every bucket but those that receive one, and of the sensitive ones every data event too.
required as (

    select
        *,
        case
            when is_log_bucket or verdict in ('delivering', 'idle') then 'met'
            when verdict = 'unknown' then 'unknown'
            else 'not_met'
        end as access_log_state,
        case
            when not is_sensitive or (read_coverage = 'covered' and write_coverage = 'covered') then 'met'
            when
                is_sensitive
                and (
                    read_coverage in ('partly_covered', 'not_covered')
                    or write_coverage in ('partly_covered', 'not_covered')
                )
                then 'not_met'
            else 'unknown'
        end as data_events_state

    from quiet

),

explained as (

    select
        *,
        config_reasons || filter(
            array[
                if(logging_state is null, 'not_observed'),
                if(logging_state = 'unknown' and cardinality(config_reasons) = 0, 'logging_unreadable'),
                if(logging_state = 'off', 'logging_off'),
                if(logging_state = 'on' and target_state = 'uncertain', 'target_uncertain'),
                if(logging_state = 'on' and target_state = 'unknown', 'target_unknown'),
                if(logging_state = 'on' and is_place_unreadable, 'place_unreadable'),
                if(logging_state = 'on' and was_interrupted, 'logging_interrupted'),
                if(verdict in ('delivering', 'silent') and missing_hours > 0, 'hours_missing'),
                if(verdict = 'delivering' and partial_hours > 0, 'hours_partly_missing'),
                if(is_quiet and pending_hours > 0, 'records_pending'),
                if(is_quiet and 'covered' not in (read_witness, write_witness), 'no_witness'),
                if(is_quiet and unknown_hours > 0 and 'covered' in (read_witness, write_witness), 'hours_unknown')
            ],
            reason -> reason is not null
        ) as reasons

    from required

),

remedies_of_reasons as (

    select distinct
        explained.bucket_name,
        explained.event_date,
        remedies.priority,
        remedies.remedy

    from explained

    cross join unnest(
        explained.reasons
        || explained.coverage_reasons
        || coalesce(explained.weaknesses, cast(array[] as array(varchar)))
    ) as codes (reason)

    inner join {{ ref('remedies') }} as remedies
        on codes.reason = remedies.reason

),

advice as (

    select
        bucket_name,
        event_date,
        array_agg(remedy order by priority, remedy) as recommendations

    from remedies_of_reasons

    group by bucket_name, event_date

)

select
    explained.account_id,
    explained.region,
    explained.bucket_name,
    explained.verdict,
    explained.reasons,
    explained.target_bucket,
    explained.target_prefix,
    explained.key_layout,
    explained.read_coverage,
    explained.write_coverage,
    explained.coverage_reasons,
    explained.sensitivity,
    coalesce(advice.recommendations, cast(array[] as array(varchar))) as recommendations,
    explained.config_observed_at,
    explained.error_code as config_error_code,
    explained.error_operation as config_error_operation,
    explained.weaknesses,
    explained.coverage_details,
    explained.is_log_bucket,
    explained.is_sensitive,
    cast(
        case
            when 'not_met' in (explained.access_log_state, explained.data_events_state) then 'not_met'
            when 'unknown' in (explained.access_log_state, explained.data_events_state) then 'unknown'
            else 'met'
        end
        as varchar
    ) as requirement_state,
    cast(coalesce(explained.logging_state, 'unknown') as varchar) as logging_state,
    explained.target_state,
    explained.event_date

from explained

left join advice
    on
        explained.bucket_name = advice.bucket_name
        and explained.event_date = advice.event_date
