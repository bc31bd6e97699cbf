{{ config(partitioned_by=['delivered_on'], tags=['delivery_day']) }}

{#- What is counted of a file, and null of one that is missing. -#}
{%- set counts = [
    'size_bytes', 'bytes_read', 'lines_parsed', 'lines_quarantined', 'lines_duplicate', 'record_count',
    'latency_p50_seconds', 'records_read', 'records_set_aside', 'records_unused',
] %}

with

delivered as (

    select *

    from {{ ref('stg_evidence__log_objects') }}

    where delivered_on = {{ delivery_day() }}

),

records as (

    select *

    from {{ ref('int_access_log_records') }}

    where delivered_on = {{ delivery_day() }}

),

copies as (

    select *

    from {{ ref('int_line_copies') }}

),

trail_records as (

    select *

    from {{ ref('int_trail_records') }}

    where delivered_on = {{ delivery_day() }}

),

digests as (

    select *

    from {{ ref('stg_evidence__trail_digests') }}

    where delivered_on = {{ delivery_day() }}

),

-- Files that a signed digest lists and the log bucket does not hold. They have no row in the catalog.
missing_files as (

    select
        files.log_object,
        min(digests.trail_arn) as trail_arn,
        min(digests.account_id) as account_id,
        min(digests.region) as region

    from digests

    cross join unnest(digests.missing_files) as files (log_object)

    group by files.log_object

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

    from records

    group by log_object

),

counted as (

    select
        delivered.*,
        coalesce(delivered.source_bucket, read_objects.bucket_name) as bucket_name,
        case when delivered.kind = 'access_log' then coalesce(read_objects.bytes_read, 0) end as bytes_read,
        coalesce(read_objects.replaced_characters, 0) as replaced_characters,
        coalesce(read_objects.lines_read, 0) as lines_read,
        case delivered.kind
            when 'access_log' then coalesce(read_objects.lines_parsed, 0)
            when 'cloudtrail' then coalesce(trail_records.data_events, 0)
        end as lines_parsed,
        case delivered.kind when 'access_log' then coalesce(read_objects.lines_quarantined, 0) end as lines_quarantined,
        case delivered.kind when 'access_log' then coalesce(copies.lines_duplicate, 0) end as lines_duplicate,
        if(delivered.kind = 'cloudtrail', coalesce(trail_records.records_read, 0)) as records_read,
        if(delivered.kind = 'cloudtrail', coalesce(trail_records.records_set_aside, 0)) as records_set_aside,
        if(delivered.kind = 'cloudtrail', coalesce(trail_records.records_unused, 0)) as records_unused,
        trail_records.set_aside_reasons,
        coalesce(trail_records.configuration_changes, 0) as configuration_changes,
        read_objects.latency_p50_seconds

    from delivered

    left join read_objects
        on delivered.log_object = read_objects.log_object

    left join copies
        on delivered.log_object = copies.log_object

    left join trail_records
        on delivered.log_object = trail_records.log_object

),

judged as (

    select
        kind,
        bucket_name as source_bucket,
        log_bucket,
        object_key,
        {{ counts | join(',\n        ') }},
        delivered_at,
        cast(
            case
                when kind = 'other' then 'not_a_log'
                -- an unreadable file cannot agree with its digest either: digest_state shows that
                when not readable then 'corrupt'
                when digest_state = 'altered' then 'altered'
                when size_bytes = 0 then 'empty'
                when kind = 'cloudtrail'
                    then if(
                        records_read = record_count
                        and lines_parsed + configuration_changes + records_set_aside + records_unused = records_read,
                        'accounted',
                        'unaccounted'
                    )
                when not {{ is_every_byte_read() | indent(12) }} then 'unaccounted'
                when lines_quarantined = lines_read then 'quarantined'
                when lines_duplicate = lines_read then 'duplicate'
                else 'accounted'
            end
            as varchar
        ) as status,
        problem,
        digest_state,
        trail_arn,
        account_id,
        region,
        set_aside_reasons,
        {{ delivery_day() }} as delivered_on

    from counted

    union all

    select
        'cloudtrail' as kind,
        cast(null as varchar) as source_bucket,
        split_part(log_object, '/', 3) as log_bucket,
        {{ key_of_url('log_object') }} as object_key,
        {% for count in counts %}
        cast(null as bigint) as {{ count }},
        {% endfor %}
        cast(null as timestamp) as delivered_at,
        'missing' as status,
        'listed in a digest, not in the log bucket' as problem,
        cast(null as varchar) as digest_state,
        trail_arn,
        account_id,
        region,
        cast(null as array(varchar)) as set_aside_reasons,
        {{ delivery_day() }} as delivered_on

    from missing_files

)

select
    {{ contract_columns() }}

from judged
