{{ config(partitioned_by=['delivered_on'], tags=['delivery_day']) }}

{%- set day = modules.datetime.date.fromisoformat(var('delivery_day') or '2006-03-14') %}

with

delivered as (

    select
        kind,
        source_bucket,
        log_bucket,
        object_key,
        log_object,
        trail_arn,
        account_id,
        region,
        size_bytes,
        delivered_at,
        readable,
        problem,
        record_count,
        digest_state

    from {{ source('evidence', 'log_objects') }}

    where delivered_on = {{ delivery_day() }}

),

-- Files that a signed digest lists and the log bucket does not hold: they have no row in the catalogue.
missing_files as (

    select distinct
        digests.trail_arn,
        digests.account_id,
        digests.region,
        files.log_object

    from {{ source('evidence', 'trail_digests') }} as digests

    cross join unnest(digests.missing_files) as files (log_object)

    where digests.delivered_on = {{ delivery_day() }}

),

lines as (

    select
        bucket_name,
        requested_at,
        delivered_at,
        quarantine_reason,
        line_hash,
        line_bytes,
        replaced_characters,
        log_object,
        event_date

    from {{ ref('int_access_log_records') }}

    where delivered_on = {{ delivery_day() }}

),

read_objects as (

    select
        log_object,
        min(bucket_name) as bucket_name,
        sum(line_bytes) as bytes_read,
        sum(replaced_characters) as replaced_characters,
        count(*) as lines_read,
        count_if(quarantine_reason is null) as lines_parsed,
        count_if(quarantine_reason is not null) as lines_quarantined,
        approx_percentile(date_diff('second', requested_at, delivered_at), 0.5) as latency_p50_seconds

    from lines

    group by log_object

),

-- A line is a copy of the same line in an earlier delivery, or in an object of the same day that sorts before its own:
-- counted so, an old day that runs again counts what it counted. S3 repeats itself within days, not months.
line_copies as (

    select
        line_hash,
        delivered_on,
        log_object,
        count(*) as copies

    from {{ ref('int_access_log_records') }}

    where
        delivered_on >= date '{{ day - modules.datetime.timedelta(days=14) }}'
        and delivered_on <= {{ delivery_day() }}
        and event_date in (select distinct lines.event_date from lines)

    group by line_hash, delivered_on, log_object

),

repeated_lines as (

    select
        line_hash,
        min(cast(delivered_on as varchar) || log_object) as first_place

    from line_copies

    group by line_hash

    having sum(copies) > 1 and max(delivered_on) = {{ delivery_day() }}

),

duplicates as (

    select
        line_copies.log_object,
        sum(
            line_copies.copies
            - if(repeated_lines.first_place = cast(line_copies.delivered_on as varchar) || line_copies.log_object, 1, 0)
        ) as lines_duplicate

    from line_copies

    inner join repeated_lines
        on line_copies.line_hash = repeated_lines.line_hash

    where line_copies.delivered_on = {{ delivery_day() }}

    group by line_copies.log_object

),

read_events as (

    select
        log_object,
        count(*) as events_read

    from {{ ref('int_data_events') }}

    where delivered_on = {{ delivery_day() }}

    group by log_object

),

counted as (

    select
        delivered.kind,
        coalesce(delivered.source_bucket, read_objects.bucket_name) as source_bucket,
        delivered.log_bucket,
        delivered.object_key,
        delivered.trail_arn,
        delivered.account_id,
        delivered.region,
        delivered.size_bytes,
        delivered.delivered_at,
        delivered.readable,
        delivered.problem,
        delivered.record_count,
        delivered.digest_state,
        case when delivered.kind = 'access_log' then coalesce(read_objects.bytes_read, 0) end as bytes_read,
        coalesce(read_objects.replaced_characters, 0) as replaced_characters,
        coalesce(read_objects.lines_read, 0) as lines_read,
        case delivered.kind
            when 'access_log' then coalesce(read_objects.lines_parsed, 0)
            when 'cloudtrail' then coalesce(read_events.events_read, 0)
        end as lines_parsed,
        case delivered.kind when 'access_log' then coalesce(read_objects.lines_quarantined, 0) end as lines_quarantined,
        case delivered.kind when 'access_log' then coalesce(duplicates.lines_duplicate, 0) end as lines_duplicate,
        read_objects.latency_p50_seconds

    from delivered

    left join read_objects
        on delivered.log_object = read_objects.log_object

    left join duplicates
        on delivered.log_object = duplicates.log_object

    left join read_events
        on delivered.log_object = read_events.log_object

),

judged as (

    select
        kind,
        source_bucket,
        log_bucket,
        object_key,
        size_bytes,
        bytes_read,
        lines_parsed,
        lines_quarantined,
        lines_duplicate,
        delivered_at,
        cast(
            case
                when kind = 'other' then 'not_a_log'
                -- what cannot be read cannot agree with its digest either: digest_state tells that
                when not readable then 'corrupt'
                when digest_state = 'altered' then 'altered'
                when size_bytes = 0 then 'empty'
                when kind = 'cloudtrail'
                    -- a trail may record more than S3 data events, never less than was read
                    then if(lines_parsed > record_count, 'unaccounted', 'accounted')
                when not {{ is_every_byte_read() | indent(12) }} then 'unaccounted'
                when lines_quarantined = lines_read then 'quarantined'
                when lines_duplicate = lines_read then 'duplicate'
                else 'accounted'
            end
            as varchar
        ) as status,
        problem,
        digest_state,
        record_count,
        latency_p50_seconds,
        trail_arn,
        account_id,
        region

    from counted

    union all

    select
        'cloudtrail' as kind,
        cast(null as varchar) as source_bucket,
        split_part(log_object, '/', 3) as log_bucket,
        {{ key_of_url('log_object') }} as object_key,
        cast(null as bigint) as size_bytes,
        cast(null as bigint) as bytes_read,
        cast(null as bigint) as lines_parsed,
        cast(null as bigint) as lines_quarantined,
        cast(null as bigint) as lines_duplicate,
        cast(null as timestamp) as delivered_at,
        'missing' as status,
        'listed in a digest, not in the log bucket' as problem,
        cast(null as varchar) as digest_state,
        cast(null as bigint) as record_count,
        cast(null as bigint) as latency_p50_seconds,
        trail_arn,
        account_id,
        region

    from missing_files

)

select
    kind,
    source_bucket,
    log_bucket,
    object_key,
    size_bytes,
    bytes_read,
    lines_parsed,
    lines_quarantined,
    lines_duplicate,
    delivered_at,
    status,
    problem,
    digest_state,
    record_count,
    latency_p50_seconds,
    trail_arn,
    account_id,
    region,
    {{ delivery_day() }} as delivered_on

from judged
