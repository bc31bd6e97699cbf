{%- set entry = detection('bucket_enumeration') -%}

with

-- What each caller asked about a bucket in an hour, and whether it used objects there on that day.
requests as (

    select
        principal,
        bucket_name,
        count_if({{ entry.evidence }}) as asked,
        count_if({{ entry.evidence }} and action not in ('list_objects', 'list_versions')) as asked_for_settings,
        sum(count_if(object_key is not null and action <> 'head_object' and outcome = 'success')) over (
            partition by principal, bucket_name, event_date
        ) as used,
        {{ some_of('remote_ip', 20, entry.evidence) | indent(8) }} as addresses,
        min(if({{ entry.evidence }}, requested_at)) as first_at,
        max(if({{ entry.evidence }}, requested_at)) as last_at,
        event_date

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and bucket_name is not null
        and not {{ is_listed('automation_roles', 'principal') }}

    group by principal, bucket_name, date_trunc('hour', requested_at), event_date

),

buckets as (

    select
        bucket_name,
        account_id,
        count(*) over (partition by account_id, event_date) as of_account,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

-- Who works in a bucket lists it too.
looks as (

    select
        requests.*,
        buckets.account_id,
        buckets.of_account

    from requests

    left join buckets
        on
            requests.bucket_name = buckets.bucket_name
            and requests.event_date = buckets.event_date

    where requests.asked > 0 and (requests.asked_for_settings > 0 or requests.used = 0)

),

{{ within_an_hour('looks', 'principal') }},

by_account as (

    select
        principal,
        started_at,
        array_agg(distinct bucket_name) as bucket_names,
        cast(count(distinct bucket_name) as double) / min(of_account) as share,
        flatten(array_agg(addresses)) as addresses,
        sum(asked) as asked,
        min(first_at) as first_at,
        least(max(last_at), date_add('hour', 1, started_at)) as last_at,
        event_date

    from within_an_hour

    group by principal, started_at, event_date, account_id

),

windows as (

    select
        principal,
        flatten(array_agg(bucket_names)) as bucket_names,
        sum(cardinality(bucket_names)) as buckets,
        array_distinct(flatten(array_agg(addresses))) as remote_ips,
        sum(asked) as requests,
        min(first_at) as first_at,
        max(last_at) as last_at,
        row_number() over (
            partition by principal, event_date order by sum(cardinality(bucket_names)) desc, started_at asc
        ) as nth,
        event_date

    from by_account

    group by principal, started_at, event_date

    having
        sum(cardinality(bucket_names)) >= {{ entry.many_buckets }}
        or max(if(cardinality(bucket_names) >= {{ entry.floor }}, share)) >= {{ entry.share_of_account }}

)

{{ detected(
    entry,
    'windows',
    bucket_names='bucket_names',
    subject='principal',
    remote_ips='remote_ips',
    value='if(nth = 1, buckets)',
) }}
