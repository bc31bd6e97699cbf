{{ config(materialized='view', tags=['event_days']) }}

{% set named = 'row(uid varchar, name varchar)' -%}
{% set attack = 'row(version varchar, technique ' ~ named ~ ', sub_technique ' ~ named ~ ')' -%}
{% set analytic = 'row(uid varchar, name varchar, type_id integer, type varchar, category varchar)' -%}
{% set account = 'row(uid varchar)' -%}
{% set evidence = 'row(actor row(user row(uid varchar)), src_endpoint row(ip varchar))' -%}

with

findings as (

    select
        *,
        filter(remote_ips, one -> {{ is_ip_address('one') }}) as ips

    from {{ published('fct_findings') }}

    where stage = 'live'

),

-- T1685.002 is a sub-technique of T1685.
attacks as (

    select
        findings.finding_id,
        array_agg(
            cast(
                row(
                    '19',
                    row(split_part(ids.attack_id, '.', 1), if(strpos(ids.attack_id, '.') = 0, techniques.name)),
                    if(strpos(ids.attack_id, '.') > 0, cast(row(ids.attack_id, techniques.name) as {{ named }}))
                )
                as {{ attack }}
            )
            order by ids.attack_id asc
        ) as attacks

    from findings

    cross join unnest(findings.attack_ids) as ids (attack_id)

    left join {{ ref('attack_techniques') }} as techniques
        on ids.attack_id = techniques.attack_id

    group by findings.finding_id

)

select
    2 as category_uid,
    'Findings' as category_name,
    2004 as class_uid,
    'Detection Finding' as class_name,
    1 as activity_id,
    'Create' as activity_name,
    cast(200401 as bigint) as type_uid,
    'Detection Finding: Create' as type_name,
    {{ milliseconds('findings.last_seen_at') }} as time,
    {{ milliseconds('findings.first_seen_at') }} as start_time,
    {{ milliseconds('findings.last_seen_at') }} as end_time,
    cast({{ nth_of('findings.severity', severities()) }} as integer) as severity_id,
    {{ capitalized('findings.severity') }} as severity,
    cast({{ nth_of('findings.confidence', ['low', 'medium', 'high']) }} as integer) as confidence_id,
    {{ capitalized('findings.confidence') }} as confidence,
    1 as status_id,
    'New' as status,
    findings.severity in ('high', 'critical') as is_alert,
    findings.summary as message,
    cast(
        row('1.8.0', findings.finding_id, row('Lacuna', 'Lacuna'), array['cloud'])
        as row(version varchar, uid varchar, product row(name varchar, vendor_name varchar), profiles array(varchar))
    ) as metadata,
    cast(
        row('AWS', row(findings.account_id), findings.region)
        as row(provider varchar, account {{ account }}, region varchar)
    ) as cloud,
    cast(
        row(
            findings.finding_id,
            findings.title,
            findings.summary,
            row(findings.detection, findings.title, 1, 'Rule', 'S3 access'),
            attacks.attacks,
            {{ milliseconds('findings.first_seen_at') }},
            {{ milliseconds('findings.last_seen_at') }},
            array['S3 server access logs', 'CloudTrail']
        )
        as row(
            uid varchar, title varchar, desc varchar, analytic {{ analytic }}, attacks array({{ attack }}),
            first_seen_time bigint, last_seen_time bigint, data_sources array(varchar)
        )
    ) as finding_info,
    transform(
        findings.bucket_names,
        one -> cast(
            row('arn:aws:s3:::' || one, one, 'AWS::S3::Bucket', findings.region, row(row(findings.account_id)))
            as row(uid varchar, name varchar, type varchar, region varchar, owner row(account {{ account }}))
        )
    ) as resources,
    -- one for each address, or one of the caller alone
    transform(
        if(cardinality(findings.ips) = 0 and findings.principal is not null, array[cast(null as varchar)], findings.ips),
        one -> cast(row(row(row(findings.principal)), row(one)) as {{ evidence }})
    ) as evidences,
    transform(
        findings.ips,
        one -> cast(
            row('src_endpoint.ip', 2, 'IP Address', one)
            as row(name varchar, type_id integer, type varchar, value varchar)
        )
    ) as observables,
    cast(row(array_join(findings.next_steps, ' ')) as row(desc varchar)) as remediation,
    cast(
        row(
            findings.subject, findings.value, findings.unit, findings.threshold, findings.coverage, findings.coverage_basis,
            findings.at_least, findings.evidence_query
        )
        as row(
            subject varchar, value double, unit varchar, threshold double, coverage double, coverage_basis varchar,
            at_least boolean, evidence_query varchar
        )
    ) as unmapped,
    findings.event_date

from findings

left join attacks
    on findings.finding_id = attacks.finding_id
