{{ config(materialized='view', tags=['event_days'], meta={'is_checked': true}) }}

with

findings as (

    select *

    from {{ published('fct_findings') }}

    where stage = 'live'

),

-- Of the same caller, or in a bucket that both are about.
joined as (

    select
        sequences.sequence,
        sequences.meaning,
        first_ones.finding_id as first_id,
        next_ones.finding_id as next_id,
        first_ones.detection as first_detection,
        next_ones.detection as next_detection,
        if(first_ones.principal = next_ones.principal, next_ones.principal) as principal,
        coalesce(next_ones.bucket_name, first_ones.bucket_name) as bucket_name,
        first_ones.first_seen_at,
        next_ones.last_seen_at,
        next_ones.event_date

    from {{ ref('detection_sequences') }} as sequences

    inner join findings as first_ones
        on contains(split(sequences.first_detections, ' '), first_ones.detection)

    inner join findings as next_ones
        on
            contains(split(sequences.next_detections, ' '), next_ones.detection)
            and first_ones.first_seen_at <= next_ones.last_seen_at
            and date_add('hour', -sequences.hours, next_ones.first_seen_at) <= first_ones.first_seen_at
            and (
                first_ones.principal = next_ones.principal
                or (
                    first_ones.bucket_name = next_ones.bucket_name
                    and (first_ones.principal is null or next_ones.principal is null)
                )
            )

),

-- One case for each caller, or else bucket, and day of what came next.
cases as (

    select
        sequence,
        meaning,
        coalesce(principal, bucket_name) as subject,
        min(principal) as principal,
        array_sort(array_distinct(array_agg(bucket_name) filter (where bucket_name is not null))) as bucket_names,
        array_sort(array_distinct(array_agg(first_detection) || array_agg(next_detection))) as detections,
        array_sort(array_distinct(array_agg(first_id) || array_agg(next_id))) as finding_ids,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        event_date

    from joined

    group by sequence, meaning, coalesce(principal, bucket_name), event_date

)

select
    lower(to_hex(md5(to_utf8(array_join(array[sequence, subject, cast(event_date as varchar)], chr(31)))))) as case_id,
    sequence,
    meaning,
    subject,
    principal,
    coalesce(bucket_names, cast(array[] as array(varchar))) as bucket_names,
    detections,
    finding_ids,
    first_seen_at,
    last_seen_at,
    event_date

from cases
