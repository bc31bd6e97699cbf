{{ config(materialized='ephemeral', tags=['event_days']) }}

with

hits as (

    select
        hits.finding_id,
        buckets.bucket_name,
        causes.event_id,
        hits.event_date

    from {{ ref('int_detection_hits') }} as hits

    cross join unnest(hits.bucket_names) as buckets (bucket_name)

    cross join unnest(hits.cause_event_ids) as causes (event_id)

    where hits.event_date in {{ event_days() }}

),

changes as (

    select *

    from {{ ref('int_configuration_changes') }}

    where event_date in {{ event_days(before=1, after=1) }}

),

-- A call is delivered by each trail, and a finding can be about several buckets.
calls as (

    select
        hits.finding_id,
        hits.event_id,
        min(hits.bucket_name) as bucket_name,
        min(changes.changed_at) as requested_at,
        min(changes.event_name) as operation,
        min(changes.error_code) as error_code,
        min({{ without_session('changes.identity_arn') }}) as principal,
        min(changes.remote_ip) as remote_ip,
        min(changes.log_object) as log_object,
        hits.event_date

    from hits

    left join changes
        on hits.event_id = changes.event_id

    group by hits.finding_id, hits.event_id, hits.event_date

)

select
    finding_id,
    row_number() over (partition by finding_id order by requested_at asc, event_id asc) as nth,
    'cause' as why,
    count(*) over (partition by finding_id) as of_rows,
    requested_at,
    bucket_name,
    operation,
    if(operation is not null, if(error_code is null, 'success', 'client_error')) as outcome,
    cast(null as varchar) as object_key,
    cast(null as varchar) as version_id,
    principal,
    remote_ip,
    cast(null as bigint) as bytes_sent,
    cast(null as varchar) as request_id,
    'management_event' as witness,
    log_object,
    event_id,
    event_date

from calls
