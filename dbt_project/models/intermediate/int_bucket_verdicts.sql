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
        coverage_faults,
        coverage_details,
        sensitivity,
        error_code,
        error_operation,
        weaknesses,
        is_sensitive,
        sensitive_by,
        sensitivity_error_code,
        sensitivity_error_operation,
        sensitivity_missing_permission,
        coverage_error_code,
        coverage_error_operation,
        coverage_missing_permission,
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

-- A trail was changed more than once between two looks, or a store that alone records the bucket: what was looked at
-- says nothing of the time in between.
resettled as (

    select
        config.bucket_name,
        config.event_date,
        array_distinct(array_agg(gaps.reason)) as reasons

    from config

    inner join {{ ref('int_witness_gaps') }} as gaps
        on
            config.event_date = gaps.event_date
            -- a gap or a bucket of no known Region or account concerns them all
            and coalesce(config.region = gaps.region, true)
            and coalesce(config.account_id = gaps.account_id, true)

    where
        gaps.event_date in {{ event_days() }}
        and (
            (gaps.reason = 'trail_changed_twice' and 'covered' in (config.read_witness, config.write_witness))
            or (
                gaps.reason = 'store_changed_twice'
                and (
                    (config.read_coverage = 'covered' and config.read_witness <> 'covered')
                    or (config.write_coverage = 'covered' and config.write_witness <> 'covered')
                )
            )
        )

    group by config.bucket_name, config.event_date

),

-- Every log that goes into another bucket. What came proves that it can, whatever could not be read.
logs as (

    select
        config.bucket_name,
        config.target_bucket,
        config.event_date,
        case
            when config.target_state = 'broken' then 'no'
            when config.logging_state = 'on' and (config.target_state = 'deliverable' or hours.records > 0) then 'yes'
            else 'unknown'
        end as is_received

    from config

    left join hours
        on
            config.bucket_name = hours.bucket_name
            and config.event_date = hours.event_date

    where config.target_bucket <> config.bucket_name

),

receivers as (

    select distinct
        target_bucket,
        event_date

    from logs

    where is_received <> 'no'

),

-- Not by being named: a bucket that can receive nothing, or logs into itself only, has to be logged like any other. Nor
-- by standing in a ring: what is logged itself has to receive the log of a bucket that receives none.
log_buckets as (

    select
        logs.target_bucket,
        logs.event_date,
        count_if(logs.is_received = 'yes') > 0 as receives_logs,
        count_if(logs.is_received = 'yes' and receivers.target_bucket is null) > 0 as receives_first_logs,
        count_if(logs.is_received <> 'no') > 0 as may_receive_logs

    from logs

    left join receivers
        on
            logs.bucket_name = receivers.target_bucket
            and logs.event_date = receivers.event_date

    group by logs.target_bucket, logs.event_date

),

-- Logging that is on, and where it was, when somebody looks, and was not in between.
interruptions as (

    select
        bucket_name,
        event_date,
        count_if(effect = 'off') > 0 as is_off,
        count_if(effect = 'redirected') > 0 as is_elsewhere

    from {{ ref('fct_logging_changes') }}

    where
        event_date in {{ event_days() }}
        and about = 'bucket'
        and effect in ('off', 'redirected')
        and error_code is null

    group by bucket_name, event_date

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
            contains(
                resettled.reasons,
                if(config.read_witness = 'covered', 'trail_changed_twice', 'store_changed_twice')
            )
            and 'covered' in (config.read_witness, config.read_coverage),
            'unknown',
            coalesce(config.read_coverage, 'unknown')
        ) as read_coverage,
        if(
            contains(
                resettled.reasons,
                if(config.write_witness = 'covered', 'trail_changed_twice', 'store_changed_twice')
            )
            and 'covered' in (config.write_witness, config.write_coverage),
            'unknown',
            coalesce(config.write_coverage, 'unknown')
        ) as write_coverage,
        coalesce(config.read_witness, 'unknown') as read_witness,
        coalesce(config.write_witness, 'unknown') as write_witness,
        coalesce(config.coverage_reasons, cast(array[] as array(varchar)))
        || coalesce(resettled.reasons, cast(array[] as array(varchar))) as coverage_reasons,
        coalesce(config.coverage_faults, array[]) as coverage_faults,
        coalesce(config.coverage_details, cast(array[] as array(varchar))) as coverage_details,
        config.sensitivity,
        config.error_code,
        config.error_operation,
        config.weaknesses,
        config.is_sensitive,
        config.config_observed_at,
        config.sensitive_by,
        config.sensitivity_error_code,
        config.sensitivity_error_operation,
        config.sensitivity_missing_permission,
        config.coverage_error_code,
        config.coverage_error_operation,
        config.coverage_missing_permission,
        case
            when config.is_sensitive or not coalesce(log_buckets.may_receive_logs, false) then false
            when config.logging_state = 'on' and not log_buckets.receives_first_logs
                -- in a ring, or nobody knows if it receives: it is judged by the log that it writes
                then false
            when
                not config.is_sensitive
                and (
                    log_buckets.receives_first_logs
                    or (log_buckets.receives_logs and config.logging_state = 'off')
                )
                then true
        end as is_log_bucket,
        coalesce(config.logging_state, 'unknown') <> 'off' and coalesce(interruptions.is_off, false) as was_interrupted,
        config.logging_state = 'on' and coalesce(interruptions.is_elsewhere, false) as was_redirected,
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
                -- nor does quiet prove that a request would have been logged
                when coalesce(target_state, 'unknown') <> 'deliverable' then 'unknown'
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
            when is_log_bucket then 'met'
            when
                verdict in ('silent', 'broken_target', 'off')
                -- on whenever the day was judged, and provably not all day
                or was_interrupted
                or contains(config_reasons, 'logging_seen_off')
                -- of what may be a log bucket nobody knows if it has to be logged
                then case when is_log_bucket is null then 'unknown' else 'not_met' end
            when verdict = 'unknown' or was_redirected or contains(config_reasons, 'logging_turned_on') then 'unknown'
            else 'met'
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
                if(was_interrupted, 'logging_interrupted'),
                if(was_redirected, 'logging_redirected'),
                if(verdict in ('delivering', 'silent') and missing_hours > 0, 'hours_missing'),
                if(verdict = 'delivering' and partial_hours > 0, 'hours_partly_missing'),
                if(is_quiet and pending_hours > 0, 'records_pending'),
                if(is_quiet and 'covered' not in (read_witness, write_witness), 'no_witness'),
                if(is_quiet and unknown_hours > 0 and 'covered' in (read_witness, write_witness), 'hours_unknown')
            ],
            reason -> reason is not null
        ) as reasons

    from required

)

select
    account_id,
    region,
    bucket_name,
    verdict,
    reasons,
    target_bucket,
    target_prefix,
    key_layout,
    target_state,
    read_coverage,
    write_coverage,
    coverage_reasons,
    coverage_faults,
    coverage_details,
    sensitivity,
    sensitive_by,
    sensitivity_error_code,
    sensitivity_error_operation,
    sensitivity_missing_permission,
    coverage_error_code,
    coverage_error_operation,
    coverage_missing_permission,
    error_code as config_error_code,
    error_operation as config_error_operation,
    weaknesses,
    is_log_bucket,
    is_sensitive,
    cast(coalesce(logging_state, 'unknown') as varchar) as logging_state,
    cast(
        case
            when 'not_met' in (access_log_state, data_events_state) then 'not_met'
            when 'unknown' in (access_log_state, data_events_state) then 'unknown'
            else 'met'
        end
        as varchar
    ) as requirement_state,
    (
        coalesce(logging_state = 'on', false)
        and missing_hours + partial_hours + pending_hours = 0
        and not (is_place_unreadable or was_interrupted or was_redirected)
        and not contains(config_reasons, 'logging_turned_on')
    ) as is_log_unbroken,
    (
        read_witness = 'covered'
        and write_witness = 'covered'
        and read_coverage = 'covered'
        and write_coverage = 'covered'
    ) as is_witnessed_all_day,
    config_observed_at,
    event_date

from explained
