{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

-- the week before is read for the trend
counted as (

    select
        account_id,
        event_date,
        count(*) as buckets,
        count_if(verdict in ('delivering', 'idle')) as buckets_logged,
        count_if(
            verdict = 'unknown'
            or (is_log_bucket is null and verdict not in ('delivering', 'idle'))
        ) as buckets_unknown,
        count_if(is_sensitive) as sensitive_buckets,
        count_if(is_sensitive and read_coverage = 'covered' and write_coverage = 'covered') as sensitive_buckets_recorded,
        count_if(requirement_state = 'met') as buckets_as_required,
        -- records that arrived prove that logs can be delivered; a day of an older version has no logging_state
        if(
            count(logging_state) > 0,
            count_if(logging_state = 'on' and (target_state = 'deliverable' or verdict = 'delivering'))
        ) as buckets_configured,
        count_if(verdict = 'delivering') as buckets_delivering

    from {{ ref('fct_logging_coverage') }}

    where
        event_date in {{ event_days(before=7) }}
        -- a bucket that certainly receives access logs need not write one; a day of an older version has no
        -- logging_state; what was not observed has no account
        and (not is_log_bucket or (is_log_bucket is null and logging_state is not null))
        and account_id is not null

    group by account_id, event_date

),

shares as (

    select
        *,
        cast(buckets_logged as double) / buckets as share_logged,
        cast(sensitive_buckets_recorded as double) / nullif(sensitive_buckets, 0) as share_sensitive_recorded,
        cast(buckets_as_required as double) / buckets as share_as_required,
        cast(buckets_configured as double) / buckets as share_configured,
        cast(buckets_delivering as double) / buckets as share_delivering

    from counted

)

select
    shares.account_id,
    shares.buckets,
    shares.buckets_logged,
    shares.buckets_unknown,
    shares.sensitive_buckets,
    shares.sensitive_buckets_recorded,
    shares.buckets_as_required,
    shares.share_logged,
    shares.share_sensitive_recorded,
    shares.share_as_required,
    week_before.share_logged as share_logged_week_before,
    week_before.share_sensitive_recorded as share_sensitive_recorded_week_before,
    week_before.share_as_required as share_as_required_week_before,
    shares.buckets_configured,
    shares.buckets_delivering,
    shares.share_configured,
    shares.share_delivering,
    week_before.share_configured as share_configured_week_before,
    week_before.share_delivering as share_delivering_week_before,
    shares.event_date

from shares

left join shares as week_before
    on
        shares.account_id = week_before.account_id
        and date_add('day', -7, shares.event_date) = week_before.event_date

where shares.event_date in {{ event_days() }}
