{{ config(materialized='view', tags=['event_days'], meta={'is_checked': true}) }}

select
    findings.finding_id,
    findings.detection,
    rows_of.nth as rank,
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
    rows_of.event_id,
    rows_of.digest_state,
    rows_of.event_date

from {{ published('fct_findings') }} as findings

inner join {{ published('int_detection_evidence') }} as rows_of
    on
        findings.finding_id = rows_of.finding_id
        and findings.event_date = rows_of.event_date
