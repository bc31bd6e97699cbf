{{ config(materialized='view', tags=['event_days']) }}

with

findings as (

    select
        *,
        filter(remote_ips, one -> {{ is_ip_address('one') }}) as ips

    from {{ published('fct_findings') }}

    where stage = 'live'

)

select
    -- ECS calls it @timestamp, which is no name of a column in Athena
    last_seen_at as "timestamp",
    summary as message,
    cast(row('9.4.0') as row(version varchar)) as ecs,
    cast(
        row(
            finding_id,
            'alert',
            array['intrusion_detection'],
            array['info'],
            detection,
            'lacuna',
            'lacuna.findings',
            cast({{ nth_of('severity', severities()) }} as bigint),
            first_seen_at,
            summary
        )
        as row(
            id varchar, kind varchar, category array(varchar), type array(varchar), action varchar, module varchar,
            dataset varchar, severity bigint, start timestamp(3), reason varchar
        )
    ) as event,
    cast(
        row(detection, title, 'S3 access', 'Lacuna')
        as row(id varchar, name varchar, category varchar, ruleset varchar)
    ) as rule,
    -- T1685.002 is a sub-technique of T1685
    cast(
        row(
            'MITRE ATT&CK',
            row(
                array_distinct(transform(attack_ids, one -> split_part(one, '.', 1))),
                row(filter(attack_ids, one -> strpos(one, '.') > 0))
            )
        )
        as row(framework varchar, technique row(id array(varchar), subtechnique row(id array(varchar))))
    ) as threat,
    cast(
        row('aws', row(account_id), region, row('s3'))
        as row(provider varchar, account row(id varchar), region varchar, service row(name varchar))
    ) as cloud,
    cast(row(principal) as row(id varchar)) as user,
    cast(row(if(cardinality(ips) = 1, ips[1])) as row(ip varchar)) as source,
    cast(
        row(ips, filter(array[principal], one -> one is not null))
        as row(ip array(varchar), user array(varchar))
    ) as related,
    cast(
        row(bucket_names, subject, coverage, at_least, evidence_query)
        as row(
            bucket_names array(varchar), subject varchar, coverage double, at_least boolean, evidence_query varchar
        )
    ) as labels,
    event_date

from findings
