{{ config(materialized='view', tags=['event_days'], meta={'is_checked': true}) }}

with

catalogue (detection, title, confidence, unit, attack_ids, evidence_table, evidence, next_steps) as (

    values
    {{ catalogue_rows() | indent(4) }}

),

techniques as (

    select
        catalogue.detection,
        array_sort(array_agg(distinct techniques.replaces) filter (where techniques.replaces is not null)) as legacy_attack_ids

    from catalogue

    cross join unnest(catalogue.attack_ids) as attacks (attack_id)

    inner join {{ ref('attack_techniques') }} as techniques
        on attacks.attack_id = techniques.attack_id

    group by catalogue.detection

),

found as (

    select *

    from {{ ref('int_judged_hits') }}

    where is_finding

)

select
    found.finding_id,
    found.detection,
    found.stage,
    catalogue.title,
    replace(
        found.summary, '{at_least}', if(found.coverage < 1, 'at least ', '')
    ) || if(
        found.history = 'baseline' and not found.is_history_short,
        format('; its usual most is %,d', cast(found.usual as bigint)),
        ''
    ) as summary,
    found.severity,
    cast(if(found.is_history_short, 'low', catalogue.confidence) as varchar) as confidence,
    found.account_id,
    found.region,
    found.bucket_name,
    found.bucket_names,
    found.subject,
    found.principal,
    found.remote_ips,
    found.first_at as first_seen_at,
    found.last_at as last_seen_at,
    found.value,
    catalogue.unit,
    found.threshold,
    found.floor_value,
    if(found.history = 'baseline' and not found.is_history_short, found.usual) as usual,
    found.covered_days,
    found.coverage < 1 as at_least,
    found.requests,
    found.objects,
    found.bytes_sent,
    catalogue.attack_ids,
    coalesce(techniques.legacy_attack_ids, cast(array[] as array(varchar))) as legacy_attack_ids,
    found.cause_event_ids,
    catalogue.evidence_table <> 'fct_object_requests' and cardinality(found.cause_event_ids) = 0 as is_observed_only,
    {{ evidence_query('found', 'catalogue') | indent(4) }} as evidence_query,
    catalogue.next_steps,
    found.coverage,
    found.coverage_basis,
    found.event_date

from found

inner join catalogue
    on found.detection = catalogue.detection

left join techniques
    on found.detection = techniques.detection
