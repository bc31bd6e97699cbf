{{ config(materialized='ephemeral', tags=['event_days']) }}

with

verdicts as (

    select *

    from {{ ref('int_bucket_verdicts') }}

    where event_date in {{ event_days() }}

),

costs as (

    select
        *,
        cast(round(forecast_data_events_usd_month * 100) as bigint) as cents

    from {{ ref('int_traffic_costs') }}

    where event_date in {{ event_days() }}

),

reasons as (

    select *

    from {{ ref('reasons') }}

    where remedy is not null

),

named_targets as (

    select distinct
        target_bucket,
        event_date

    from verdicts

    where target_bucket is not null

),

-- Targets to offer: a bucket that receives logs already, is not logged itself (no chain) and is not sensitive.
offered_log_buckets as (

    select
        log_buckets.account_id,
        log_buckets.region,
        log_buckets.bucket_name,
        log_buckets.event_date,
        count(*) as sources

    from verdicts as sources

    inner join verdicts as log_buckets
        on
            sources.target_bucket = log_buckets.bucket_name
            and sources.account_id = log_buckets.account_id
            and sources.region = log_buckets.region
            and sources.event_date = log_buckets.event_date

    where
        sources.target_state = 'deliverable'
        and log_buckets.logging_state in ('off', 'elsewhere')
        and not log_buckets.is_sensitive

    group by log_buckets.account_id, log_buckets.region, log_buckets.bucket_name, log_buckets.event_date

),

-- The log bucket of each Region that serves most: two that are offered to each other would become a ring.
offers as (

    select
        account_id,
        region,
        event_date,
        element_at(array_agg(bucket_name order by sources desc, bucket_name asc), 1) as log_bucket

    from offered_log_buckets

    group by account_id, region, event_date

),

explained as (

    select
        verdicts.*,
        named_targets.target_bucket is not null as is_named_target,
        offers.log_bucket as offered_log_bucket,
        transform(verdicts.coverage_faults, fault -> fault.reason) as reasons_at_fault,
        coalesce({{ cost_a_month('costs.cents', 'costs.object_requests') }}, '') as cost

    from verdicts

    left join named_targets
        on
            verdicts.bucket_name = named_targets.target_bucket
            and verdicts.event_date = named_targets.event_date

    left join offers
        on
            verdicts.account_id = offers.account_id
            and verdicts.region = offers.region
            and verdicts.event_date = offers.event_date
            and verdicts.bucket_name <> offers.log_bucket

    left join costs
        on
            verdicts.bucket_name = costs.bucket_name
            and verdicts.event_date = costs.event_date

),

-- What to do about each code. Data events cost money: optional for a bucket that is known not to be sensitive.
prescribed as (

    select
        explained.*,
        reasons.code,
        reasons.priority,
        reasons.meaning,
        reasons.remedy,
        reasons.call as whole_call,
        reasons.is_action,
        codes.recorder,
        -- a call that names its cost is one for more data events
        coalesce(strpos(reasons.call, '{cost}') > 0 and not explained.is_sensitive, false) as is_optional

    from explained

    -- the recorder at fault is known of some reasons; each such recorder brings a remedy of its own
    cross join unnest(
        transform(
            explained.reasons
            || filter(explained.coverage_reasons, reason -> not contains(explained.reasons_at_fault, reason))
            || coalesce(explained.weaknesses, cast(array[] as array(varchar)))
            || if(
                explained.is_sensitive is null and explained.sensitivity_error_code is not null,
                array['sensitivity_unreadable'],
                cast(array[] as array(varchar))
            ),
            reason -> cast(row(reason, cast(null as varchar)) as row(reason varchar, arn varchar))
        )
        || explained.coverage_faults
    ) as codes (reason, recorder)

    inner join reasons
        on
            reasons.code = case
                when codes.reason = 'logging_off' and {{ is_off_on_purpose('explained') }} then 'logging_off_on_purpose'
                when codes.reason = 'logging_off' and explained.is_named_target then 'logging_off_of_log_bucket'
                -- a call that turns on S3's own log would write over the target that it has
                when codes.reason = 'logging_elsewhere' and explained.logging_state = 'on' then 'logging_elsewhere_too'
                else codes.reason
            end

),

remedies as (

    select distinct
        bucket_name,
        event_date,
        code,
        priority,
        meaning,
        if(is_optional, 'Optional, as a witness of its access log: ', '') || remedy as remedy,
        {{ filled_call('if(is_optional, null, whole_call)') }} as call,
        is_action

    from prescribed

    where not (is_optional and coalesce(logging_state = 'off', false))

)

select
    bucket_name,
    array_agg(
        cast(
            row(code, meaning, remedy, call, is_action)
            as row(code varchar, meaning varchar, remedy varchar, call varchar, is_action boolean)
        )
        order by priority, remedy || coalesce(chr(10) || call, '')
    ) as advice,
    event_date

from remedies

group by bucket_name, event_date
