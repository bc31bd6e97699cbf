{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

coverage as (

    select *

    from {{ ref('fct_logging_coverage') }}

    where event_date in {{ event_days() }}

),

controls as (

    select *

    from {{ ref('controls') }}

),

listings as (

    select *

    from {{ ref('stg_evidence__listings') }}

    where
        delivered_on in {{ event_days(before=1, after=1) }}
        and kind = 'cloudtrail'

),

-- Of a day on which no trail was listed, what the day before and after it had.
trail_buckets as (

    select
        listings.log_bucket,
        days.event_date,
        -- whose trails could not be listed
        if(listings.log_bucket = '', listings.account_id) as account_id,
        bool_or(listings.delivered_on = days.event_date) as is_of_day,
        bool_or(bool_or(listings.delivered_on = days.event_date)) over (partition by days.event_date) as is_day_listed

    from listings

    inner join (values {{ event_day_rows() }}) as days (event_date)
        on listings.delivered_on between date_add('day', -1, days.event_date) and date_add('day', 1, days.event_date)

    group by listings.log_bucket, days.event_date, if(listings.log_bucket = '', listings.account_id)

),

-- What does not exist cannot be logged, nor hold a trail's files.
missing_trail_buckets as (

    select *

    from {{ ref('int_missing_trail_buckets') }}

),

-- Unknown is null.
buckets as (

    select
        coverage.*,
        {{ is_off_on_purpose('coverage') }} as is_off_on_purpose,
        nullif(read_coverage, 'unknown') = 'covered' as is_read_covered,
        nullif(write_coverage, 'unknown') = 'covered' as is_write_covered,
        if(logging_state in ('on', 'off'), logging_state = 'on') as is_configured,
        case
            when verdict = 'unknown' then 'unknown'
            -- a second log, which is not read, may be whole
            when verdict not in ('delivering', 'idle') then if(contains(reasons, 'logging_elsewhere'), 'unknown', 'failed')
            when
                any_match(
                    reasons,
                    reason -> reason in ('hours_missing', 'hours_partly_missing', 'logging_interrupted', 'logging_seen_off')
                )
                then 'passed_with_losses'
            when any_match(reasons, reason -> reason in ('logging_turned_on', 'logging_redirected')) then 'unknown'
            else 'passed'
        end as result

    from coverage

),

answers as (

    -- a bucket that receives access logs would log its own deliveries without end
    select
        'access_log' as asks,
        account_id,
        region,
        bucket_name,
        case
            when is_log_bucket or is_off_on_purpose then 'not_applicable'
            when is_log_bucket is null and result = 'failed' then 'unknown'
            else result
        end as result,
        is_configured,
        if(is_off_on_purpose, array['logging_off_on_purpose'], reasons) as reasons,
        event_date

    from buckets

    union all

    select
        'trail_bucket_access_log' as asks,
        coalesce(buckets.account_id, missing.account_id, trail_buckets.account_id) as account_id,
        buckets.region,
        trail_buckets.log_bucket as bucket_name,
        case
            -- it is unknown whether it was still a trail's bucket
            when not trail_buckets.is_of_day then 'unknown'
            when missing.log_bucket is not null then 'failed'
            when buckets.is_off_on_purpose then 'not_applicable'
            -- nor into a bucket of another account
            else coalesce(buckets.result, 'unknown')
        end as result,
        if(missing.log_bucket is null, buckets.is_configured, false) as is_configured,
        coalesce(
            if(buckets.is_off_on_purpose, array['logging_off_on_purpose'], buckets.reasons),
            array[
                case
                    when missing.log_bucket is not null then 'trail_bucket_missing'
                    -- DescribeTrails was refused: the bucket is unknown
                    when trail_buckets.log_bucket = '' then 'trails_unreadable'
                    else 'not_observed'
                end
            ]
        ) as reasons,
        trail_buckets.event_date

    from trail_buckets

    left join buckets
        on
            trail_buckets.log_bucket = buckets.bucket_name
            and trail_buckets.event_date = buckets.event_date

    left join missing_trail_buckets as missing
        on
            trail_buckets.log_bucket = missing.log_bucket
            and trail_buckets.event_date = missing.event_date

    where trail_buckets.is_of_day or not trail_buckets.is_day_listed

    union all

    select
        modes.asks,
        buckets.account_id,
        buckets.region,
        buckets.bucket_name,
        case modes.is_covered when true then 'passed' when false then 'failed' else 'unknown' end as result,
        modes.is_covered as is_configured,
        if(
            modes.is_covered,
            cast(array[] as array(varchar)),
            filter(buckets.coverage_reasons, reason -> not starts_with(reason, modes.others))
        ) as reasons,
        buckets.event_date

    from buckets

    cross join unnest(
        array['reads', 'writes', 'reads_and_writes'],
        -- how reasons about the other mode begin
        array['writes_', 'reads_', '-'],
        array[buckets.is_read_covered, buckets.is_write_covered, buckets.is_read_covered and buckets.is_write_covered]
    ) as modes (asks, others, is_covered)

)

select
    controls.framework,
    controls.control,
    answers.account_id,
    answers.region,
    answers.bucket_name,
    cast(answers.result as varchar) as result,
    answers.reasons,
    answers.is_configured,
    answers.event_date

from answers

inner join controls
    on answers.asks = controls.asks
