{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

hits as (

    select
        hits.finding_id,
        hits.detection,
        hits.principal,
        hits.remote_ips,
        hits.object_key,
        hits.first_at,
        hits.last_at,
        hits.event_date,
        buckets.bucket_name

    from {{ ref('int_detection_hits') }} as hits

    cross join unnest(hits.bucket_names) as buckets (bucket_name)

    where hits.event_date in {{ event_days() }}

),

log_objects as (

    select
        log_object,
        max(digest_state) as digest_state

    from {{ ref('stg_evidence__log_objects') }}

    where
        delivered_on in {{ event_days(after=var('lateness_days')) }}
        and kind = 'cloudtrail'

    group by log_object

),

requests as (

    select
        bucket_name,
        request_id,
        requested_at,
        witness,
        log_object,
        data_event_id,
        operation,
        outcome,
        object_key,
        version_id,
        principal,
        remote_ip,
        coalesce(bytes_sent, 0) as bytes_sent,
        {% for name in detection_names() %}
        coalesce({{ detection(name).evidence }}, false) as is_of_{{ name }},
        {% endfor %}
        event_date

    from {{ ref('fct_object_requests') }}

    where event_date in {{ event_days() }}

),

matched as (

    select
        hits.finding_id,
        requests.*,
        count(*) over (partition by hits.finding_id) as of_rows,
        row_number() over (
            partition by hits.finding_id
            order by
                requests.requested_at, requests.request_id, requests.object_key, requests.version_id, requests.operation
        ) as nth,
        row_number() over (
            partition by hits.finding_id
            order by
                requests.bytes_sent desc,
                requests.requested_at asc,
                requests.request_id asc,
                requests.object_key asc,
                requests.version_id asc
        ) as nth_largest

    from hits

    inner join requests
        on
            hits.event_date = requests.event_date
            and hits.bucket_name = requests.bucket_name
            and requests.requested_at between hits.first_at and hits.last_at
            and coalesce(hits.object_key = requests.object_key, hits.object_key is null)
            and case
                when hits.principal is not null then hits.principal = requests.principal
                when cardinality(hits.remote_ips) > 0 then contains(hits.remote_ips, requests.remote_ip)
                else true
            end
            and case hits.detection
                {% for name in detection_names() %}
                when '{{ name }}' then requests.is_of_{{ name }}
                {% endfor %}
            end

),

told as (

    select
        finding_id,
        nth,
        case
            when nth = 1 then 'first'
            when nth = of_rows then 'last'
            when nth_largest = 1 then 'largest'
            else 'one_of_many'
        end as why,
        of_rows,
        requested_at,
        bucket_name,
        operation,
        outcome,
        object_key,
        version_id,
        principal,
        remote_ip,
        bytes_sent,
        request_id,
        witness,
        log_object,
        data_event_id as event_id,
        event_date

    from matched

),

rows_of as (

    select *

    from told

    where why <> 'one_of_many' or nth <= {{ var('evidence_rows') }}

    union all

    select *

    from {{ ref('int_detection_calls') }}

)

select
    rows_of.finding_id,
    rows_of.nth,
    cast(rows_of.why as varchar) as why,
    cast(rows_of.of_rows as bigint) as of_rows,
    rows_of.requested_at,
    rows_of.bucket_name,
    rows_of.operation,
    cast(rows_of.outcome as varchar) as outcome,
    rows_of.object_key,
    rows_of.version_id,
    rows_of.principal,
    rows_of.remote_ip,
    rows_of.bytes_sent,
    rows_of.request_id,
    cast(rows_of.witness as varchar) as witness,
    rows_of.log_object,
    rows_of.event_id,
    -- S3 signs no access log, and of a call whose event is gone there is no file
    coalesce(log_objects.digest_state, 'not_attested') as digest_state,
    rows_of.event_date

from rows_of

left join log_objects
    on rows_of.log_object = log_objects.log_object
