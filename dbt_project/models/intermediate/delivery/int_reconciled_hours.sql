{{ config(partitioned_by=['event_date'], tags=['event_days'], meta={'sliced_by': 'bucket'}) }}

with

-- A request is (bucket, request id): a batch delete is one request of many lines, and so is a line that arrived twice.
-- What S3 does by itself has no request; the id of a checksum job is shared by all of its lines.
-- A quarantined line counts as a record. Its fields after the request id are not trusted, so it is never comparable.
record_requests as (

    select
        coalesce(bucket_name, head_bucket_name) as bucket_name,
        case
            when quarantine_reason is not null then head_request_id
            when request_id is null or operation like 'S3.%' then line_hash
            else request_id
        end as request_id,
        min(coalesce(requested_at, head_requested_at)) as requested_at,
        min(delivered_at) as delivered_at,
        bool_or(
            {{ is_comparable_record() | indent(12) }}
            and split_part(operation, '.', 2) in ('GET', 'HEAD')
        ) as is_comparable_read,
        bool_or(
            {{ is_comparable_record() | indent(12) }}
            and split_part(operation, '.', 2) not in ('GET', 'HEAD')
        ) as is_comparable_write

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and (quarantine_reason is null or head_request_id is not null)
        and {{ in_slice(bucket='coalesce(bucket_name, head_bucket_name)') }}

    group by 1, 2

),

-- A file that was changed after signing, or that digests should name and do not, proves nothing. Its events are kept for
-- the analyst.
untrusted_files as (

    select log_object

    from {{ ref('stg_evidence__log_objects') }}

    where
        -- no event is delivered on a day before its own
        delivered_on >= date '{{ event_day_range(before=1) | first or var('first_day_of_s3') }}'
        and kind = 'cloudtrail'
        and {{ is_untrusted_file() }}

),

bucket_regions as (

    select
        bucket_name,
        max(region) as region

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

    group by 1

),

-- CloudTrail records a request in its bucket's Region and never before it was made. CloudTrail did not write other
-- events.
credible_events as (

    select events.*

    from {{ ref('int_data_events') }} as events

    left join bucket_regions
        on events.bucket_name = bucket_regions.bucket_name

    where
        events.event_date in {{ event_days(before=1, after=1) }}
        and {{ is_data_event('events.record_kind') }}
        and {{ in_slice(bucket='events.bucket_name') }}
        and events.event_date <= events.delivered_on
        and coalesce(events.region = bucket_regions.region, true)
        and events.log_object not in (select untrusted_files.log_object from untrusted_files)

),

event_requests as (

    select
        bucket_name,
        coalesce(request_id, event_id) as request_id,
        min(occurred_at) as occurred_at,
        bool_or({{ is_comparable_event() | indent(12) }}) as is_comparable_event

    from credible_events

    group by 1, 2

),

requests as (

    select
        coalesce(record_requests.bucket_name, event_requests.bucket_name) as bucket_name,
        -- the log has the time at which a request was received, an event the time at which it was completed
        date_trunc(
            'hour', coalesce(record_requests.requested_at, event_requests.occurred_at)
        ) as hour,
        record_requests.request_id is not null as has_record,
        event_requests.request_id is not null as has_event,
        coalesce(record_requests.is_comparable_read, false) as is_comparable_read,
        coalesce(record_requests.is_comparable_write, false) as is_comparable_write,
        coalesce(event_requests.is_comparable_event, false) as is_comparable_event,
        date_diff('second', record_requests.requested_at, record_requests.delivered_at) as latency_seconds

    from record_requests

    full outer join event_requests
        on
            record_requests.bucket_name = event_requests.bucket_name
            and record_requests.request_id = event_requests.request_id

)

select
    bucket_name,
    hour,
    count_if(has_record) as access_log_requests,
    count_if(has_event) as data_event_requests,
    count_if(has_record and has_event) as matched_requests,
    count_if(is_comparable_event) as witnessed_requests,
    count_if(is_comparable_event and has_record) as witnessed_and_logged_requests,
    count_if(is_comparable_read) as logged_reads,
    count_if(is_comparable_read and has_event) as logged_and_witnessed_reads,
    count_if(is_comparable_write) as logged_writes,
    count_if(is_comparable_write and has_event) as logged_and_witnessed_writes,
    approx_percentile(latency_seconds, 0.5) as latency_p50_seconds,
    approx_percentile(latency_seconds, 0.95) as latency_p95_seconds,
    approx_percentile(latency_seconds, 0.99) as latency_p99_seconds,
    cast(hour as date) as event_date

from requests

where cast(hour as date) in {{ event_days() }}

group by 1, 2
