{%- set entry = detection('short_expiration_rule') -%}

{#- CloudTrail writes one rule as an object, and several as an array. -#}
{%- set places = ['$.LifecycleConfiguration.Rule'] -%}
{%- for nth in range(4) -%}
    {%- do places.append(places[0] ~ '[' ~ nth ~ ']') -%}
{%- endfor -%}
{%- set members = {
    'status': ['.Status'], 'prefix': ['.Filter.Prefix', '.Filter.And.Prefix', '.Prefix'], 'days': ['.Expiration.Days'],
    'expires_on': ['.Expiration.Date'], 'noncurrent_days': ['.NoncurrentVersionExpiration.NoncurrentDays'],
} %}

with

changes as (

    select
        *,
        {{ without_session('identity_arn') }} as caller

    from {{ ref('int_configuration_changes') }}

    where
        event_date in {{ event_days() }}
        and control = 'lifecycle'
        and error_code is null
        and bucket_name is not null

),

rules as (

    select
        changes.*,
        rule_of.status,
        coalesce(rule_of.prefix, '') as prefix,
        coalesce(
            try_cast(rule_of.days as bigint),
            date_diff('day', changes.event_date, try_cast(substr(rule_of.expires_on, 1, 10) as date))
        ) as days,
        try_cast(rule_of.noncurrent_days as bigint) as noncurrent_days,
        array[rule_of.days, substr(rule_of.expires_on, 1, 10), rule_of.noncurrent_days] as said

    from changes

    cross join unnest(
        {% for paths in members.values() %}
        array[
            {% for place in places %}
            coalesce({% for path in paths %}json_extract_scalar(changes.request_parameters, '{{ place ~ path }}'), {% endfor %}null){{ ',' if not loop.last }}
            {% endfor %}
        ]{{ ',' if not loop.last }}
        {% endfor %}
    ) as rule_of ({{ members | join(', ') }})

),

short as (

    select
        *,
        least(coalesce(days, noncurrent_days), coalesce(noncurrent_days, days)) as soonest

    from rules

    where
        status = 'Enabled'
        and least(coalesce(days, noncurrent_days), coalesce(noncurrent_days, days)) <= {{ entry.days or 0 }}
        and not regexp_like(lower(prefix), '(?:^|/)(?:tmp|temp|_temporary|staging|athena-results)(?:/|$)')

),

log_buckets as (

    {{ log_buckets_of_days() | indent(4) }}

),

-- Of a call between two observations only what is new counts: a call writes all rules of the bucket again.
grouped as (

    select
        short.bucket_name,
        min(short.caller) as principal,
        coalesce(min(short.identity_arn), 'somebody') as who,
        greatest(min(short.soonest), 0) as soonest,
        bool_or(log_buckets.bucket_name is not null) as is_log_bucket,
        array_agg(distinct short.event_id) as event_ids,
        count(distinct short.event_id) as changes,
        min(short.changed_at) as first_at,
        max(short.changed_at) as last_at,
        short.event_date

    from short

    left join log_buckets
        on
            short.bucket_name = log_buckets.bucket_name
            and short.event_date = log_buckets.event_date

    left join {{ ref('fct_protection_changes') }} as states
        on
            short.event_id = states.event_id
            and short.event_date = states.event_date

    where
        coalesce(states.direction, 'unknown') = 'unknown'
        or any_match(
            states.weaker,
            one -> contains(short.said, regexp_extract(one, ' (?:after|on) ([0-9-]+)(?: days)?$', 1))
        )

    group by short.bucket_name, short.event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_name='bucket_name',
    subject="'lifecycle'",
    severity="if(is_log_bucket, 'critical')",
    value='changes',
    requests='changes',
    cause_event_ids='event_ids',
) }}
