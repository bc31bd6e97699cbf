{{ config(materialized='view', tags=['event_days'], meta={'is_checked': true}) }}

select
    findings.finding_id,
    findings.detection,
    rows_of.nth,
    rows_of.why,
    rows_of.of_rows,
    rows_of.requested_at,
    rows_of.bucket_name,
    rows_of.operation,
    rows_of.outcome,
    rows_of.object_key,
    rows_of.version_id,
    rows_of.principal,
    rows_of.remote_ip,
    rows_of.bytes_sent,
    rows_of.request_id,
    rows_of.witness,
    rows_of.log_object,
    rows_of.data_event_id as event_id,
    rows_of.event_date

from {{ published('fct_findings') }} as findings

inner join {{ published('int_detection_evidence') }} as rows_of
    on
        findings.finding_id = rows_of.finding_id
        and findings.event_date = rows_of.event_date

union all

-- the calls that a finding is made of
select
    findings.finding_id,
    findings.detection,
    cast(row_number() over (partition by findings.finding_id order by causes.event_id) as bigint) as nth,
    cast('cause' as varchar) as why,
    cast(cardinality(findings.cause_event_ids) as bigint) as of_rows,
    cast(null as timestamp(3)) as requested_at,
    findings.bucket_name,
    cast(null as varchar) as operation,
    cast(null as varchar) as outcome,
    cast(null as varchar) as object_key,
    cast(null as varchar) as version_id,
    findings.principal,
    cast(null as varchar) as remote_ip,
    cast(null as bigint) as bytes_sent,
    cast(null as varchar) as request_id,
    cast('management_event' as varchar) as witness,
    cast(null as varchar) as log_object,
    causes.event_id,
    findings.event_date

from {{ published('fct_findings') }} as findings

cross join unnest(findings.cause_event_ids) as causes (event_id)
