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
        coverage_at_fault,
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

named_targets as (

    select distinct
        target_bucket,
        event_date

    from config

    where target_bucket is not null

),

-- What a log may be sent to: it receives some already, is not logged itself, so that no chain comes of it, and is known
-- to hold nothing sensitive.
offered_log_buckets as (

    select
        log_buckets.account_id,
        log_buckets.region,
        log_buckets.bucket_name,
        log_buckets.event_date,
        count(*) as sources

    from config as sources

    inner join config as log_buckets
        on
            sources.target_bucket = log_buckets.bucket_name
            and sources.account_id = log_buckets.account_id
            and sources.region = log_buckets.region
            and sources.event_date = log_buckets.event_date

    where
        sources.target_state = 'deliverable'
        and log_buckets.logging_state = 'off'
        and not log_buckets.is_sensitive

    group by log_buckets.account_id, log_buckets.region, log_buckets.bucket_name, log_buckets.event_date

),

-- The one of each Region that serves most: were two of them offered to each other, whoever follows both would build a ring.
offers as (

    select
        account_id,
        region,
        event_date,
        element_at(array_agg(bucket_name order by sources desc, bucket_name asc), 1) as log_bucket

    from offered_log_buckets

    group by account_id, region, event_date

),

-- The day's requests, whichever log saw them, and those of them that are data events or would be: CloudTrail writes none
-- of a bucket's configuration, of preflights and of what S3 does by itself.
traffic as (

    select
        bucket_name,
        event_date,
        count(*) as requests,
        count_if(witness <> 'data_event') as logged_requests,
        count_if(
            witness <> 'access_log'
            or (operation like 'REST.%' and operation not like 'REST.OPTIONS.%' and object_key is not null)
            or operation in (
                'REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.HEAD.BUCKET',
                'REST.POST.MULTI_OBJECT_DELETE', 'BATCH.DELETE.OBJECT'
            )
        ) as object_requests

    from {{ ref('fct_object_requests') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

-- How long a line is: the bucket's own of the day, or else all of the day.
delivered_lines as (

    select
        source_bucket,
        delivered_on,
        cast(sum(bytes_read) as double) as bytes,
        sum(lines_parsed + lines_quarantined) as lines

    from {{ ref('fct_log_objects') }}

    where
        delivered_on in {{ event_days() }}
        and kind = 'access_log'

    group by source_bucket, delivered_on

),

lines_of_days as (

    select
        delivered_on,
        sum(bytes) / nullif(sum(lines), 0) as bytes_a_line

    from delivered_lines

    group by delivered_on

),

regions as (

    select distinct region

    from config

    where region is not null

),

-- Of each Region in dollars, its own price before the one of all.
prices as (

    select
        regions.region,
        prices.item,
        max_by(prices.price / prices.per, prices.region <> '*') as usd_each

    from regions

    inner join {{ ref('prices') }} as prices
        on
            regions.region = prices.region
            or (prices.region = '*' and {{ partition_of('regions.region') | indent(16) }} = 'aws')

    where prices.currency = 'USD'

    group by regions.region, prices.item

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
        coalesce(config.coverage_at_fault, cast(array[] as array(varchar))) as coverage_at_fault,
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
        named_targets.target_bucket is not null as is_named_target,
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
        offers.log_bucket as offered_log_bucket,
        traffic.requests,
        traffic.object_requests,
        coalesce(traffic.logged_requests, 0) as logged_requests,
        coalesce(delivered_lines.bytes / nullif(delivered_lines.lines, 0), lines_of_days.bytes_a_line) as bytes_a_line,
        event_prices.usd_each as usd_a_data_event,
        storage_prices.usd_each as usd_a_stored_byte,
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

    left join named_targets
        on
            config.bucket_name = named_targets.target_bucket
            and config.event_date = named_targets.event_date

    left join interruptions
        on
            coalesce(config.bucket_name, hours.bucket_name) = interruptions.bucket_name
            and coalesce(config.event_date, hours.event_date) = interruptions.event_date

    left join offers
        on
            config.account_id = offers.account_id
            and config.region = offers.region
            and config.event_date = offers.event_date
            and config.bucket_name <> offers.log_bucket

    left join traffic
        on
            config.bucket_name = traffic.bucket_name
            and config.event_date = traffic.event_date

    left join delivered_lines
        on
            config.bucket_name = delivered_lines.source_bucket
            and config.event_date = delivered_lines.delivered_on

    left join lines_of_days
        on config.event_date = lines_of_days.delivered_on

    left join prices as event_prices
        on
            config.region = event_prices.region
            and event_prices.item = 'cloudtrail_data_event'

    left join prices as storage_prices
        on
            config.region = storage_prices.region
            and storage_prices.item = 's3_standard_stored'

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
        logging_state = 'on' and not is_place_unreadable and verdict in ('idle', 'unknown') as is_quiet,
        -- by trails from end to end, or by an access log that was on all day and of which nothing is known to lack
        (
            read_witness = 'covered'
            and write_witness = 'covered'
            and read_coverage = 'covered'
            and write_coverage = 'covered'
        )
        or (
            logging_state = 'on'
            and logged_requests > 0
            and missing_hours + partial_hours + pending_hours = 0
            and not (is_place_unreadable or was_interrupted or was_redirected)
            and not contains(config_reasons, 'logging_turned_on')
        ) as is_all_seen

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

),

-- A month is 30 days like this one. Only where a log saw the whole day: what nobody saw would be paid for as well.
forecast as (

    select
        *,
        if(is_all_seen, cast(object_requests as double) * 30 * usd_a_data_event) as data_events_usd_month,
        if(is_all_seen, cast(requests as double) * bytes_a_line * 30 * usd_a_stored_byte) as access_log_usd_month

    from explained

),

told as (

    select
        *,
        coalesce(
            if(cents = 0, ', less than USD 0.01', ', about USD ')
            || if(cents = 0, '', cast(cents / 100 as varchar) || '.' || substr(cast(100 + cents % 100 as varchar), 2))
            || ' a month for all its reads and writes, at the ' || cast(object_requests as varchar) || ' of this day',
            ''
        ) as cost

    from (
        select
            *,
            cast(round(data_events_usd_month * 100) as bigint) as cents

        from forecast
    ) as in_cents

),

-- What to do about each code. More data events cost by their number: asked for where a bucket is, or may be, sensitive. Any
-- other's are no more than a witness of its access log, if it writes one, and left to whoever pays.
asked as (

    select
        told.*,
        remedies.priority,
        remedies.remedy,
        remedy_calls.call as whole_call,
        codes.recorder,
        -- a call that tells its cost is one for more data events
        coalesce(strpos(remedy_calls.call, '{cost}') > 0 and not told.is_sensitive, false) as is_optional

    from told

    cross join unnest(
        told.reasons
        || filter(
            told.coverage_reasons, reason -> none_match(told.coverage_at_fault, one -> starts_with(one, reason || ' '))
        )
        || told.coverage_at_fault
        || coalesce(told.weaknesses, cast(array[] as array(varchar)))
        || filter(
            array[if(told.is_sensitive is null and told.sensitivity_error_code is not null, 'sensitivity_unreadable')],
            reason -> reason is not null
        )
    ) as reasons_told (reason)

    cross join unnest(array[split_part(reasons_told.reason, ' ', 1)], array[split_part(reasons_told.reason, ' ', 2)])
        as codes (reason, recorder)

    inner join {{ ref('remedies') }} as remedies
        on
            if(codes.reason = 'logging_off' and told.is_named_target, 'logging_off_of_log_bucket', codes.reason)
            = remedies.reason

    left join {{ ref('remedy_calls') }} as remedy_calls
        on remedies.reason = remedy_calls.reason

),

remedies_of_reasons as (

    select distinct
        bucket_name,
        event_date,
        priority,
        if(is_optional, 'Optional, as a witness of its access log: ', '') || remedy || coalesce(
            chr(10)
            || {{ filled('if(is_optional, null, whole_call)', {
                'bucket': safe_to_copy('bucket_name', 'BUCKET'),
                'account': safe_to_copy('account_id', 'ACCOUNT'),
                'region': safe_to_copy('region', 'REGION'),
                'partition': partition_of('region'),
                'log_bucket': safe_to_copy('target_bucket', 'LOG_BUCKET'),
                'prefix': safe_to_copy('target_prefix', 'PREFIX'),
                'offered_log_bucket': safe_to_copy('offered_log_bucket', 'LOG_BUCKET'),
                'day': 'cast(event_date as varchar)',
                'cost': 'cost',
                'recorder': safe_to_copy('recorder', 'ARN'),
                'recorder_region': safe_to_copy("split_part(recorder, ':', 4)", 'HOME_REGION'),
                'newline': 'chr(10)',
            }) }},
            ''
        ) as recommendation

    from asked

    where not (is_optional and coalesce(logging_state = 'off', false))

),

advice as (

    select
        bucket_name,
        event_date,
        array_agg(recommendation order by priority, recommendation) as recommendations

    from remedies_of_reasons

    group by bucket_name, event_date

)

select
    told.account_id,
    told.region,
    told.bucket_name,
    told.verdict,
    told.reasons,
    told.target_bucket,
    told.target_prefix,
    told.key_layout,
    told.read_coverage,
    told.write_coverage,
    told.coverage_reasons,
    told.sensitivity,
    coalesce(advice.recommendations, cast(array[] as array(varchar))) as recommendations,
    told.config_observed_at,
    told.error_code as config_error_code,
    told.error_operation as config_error_operation,
    told.weaknesses,
    told.coverage_details,
    told.is_log_bucket,
    told.is_sensitive,
    cast(
        case
            when 'not_met' in (told.access_log_state, told.data_events_state) then 'not_met'
            when 'unknown' in (told.access_log_state, told.data_events_state) then 'unknown'
            else 'met'
        end
        as varchar
    ) as requirement_state,
    cast(coalesce(told.logging_state, 'unknown') as varchar) as logging_state,
    told.target_state,
    told.sensitive_by,
    told.sensitivity_error_code,
    told.sensitivity_error_operation,
    told.sensitivity_missing_permission,
    told.data_events_usd_month as forecast_data_events_usd_month,
    told.access_log_usd_month as forecast_access_log_usd_month,
    told.event_date

from told

left join advice
    on
        told.bucket_name = advice.bucket_name
        and told.event_date = advice.event_date
