{#- What the SQL of a detection is made of. -#}

{#-
    From which value on a row is a hit. A caller's own history can raise the threshold, and it can only if it holds values
    that are smaller than the floor by the factor: so these are hits too, and the findings leave them out.
-#}
{% macro least_value(entry) -%}
    {{ entry.floor / (entry.factor or 1) }}e0
{%- endmacro %}

{#- The columns of a detection's rows, each with its type. -#}
{% macro detection_columns() -%}
    {{ return({
        'bucket_name': 'varchar',
        'bucket_names': 'array(varchar)',
        'subject': 'varchar',
        'principal': 'varchar',
        'remote_ips': 'array(varchar)',
        'severity': 'varchar',
        'value': 'double',
        'summary': 'varchar',
        'object_key': 'varchar',
        'requests': 'bigint',
        'objects': 'bigint',
        'bytes_sent': 'bigint',
        'cause_event_ids': 'array(varchar)',
        'first_at': 'timestamp(3)',
        'last_at': 'timestamp(3)',
    }) }}
{%- endmacro %}

{#- Rows of a detection: `rows`, each column by an expression. What is not given is null, or empty. -#}
{% macro detected(entry, rows) -%}
    {%- set given = {
        'bucket_names': 'array[bucket_name]',
        'remote_ips': 'array[]',
        'principal': 'principal',
        'requests': 'requests',
        'cause_event_ids': 'array[]',
        'first_at': 'first_at',
        'last_at': 'last_at',
        'summary': sentence(entry.summary),
    } -%}
    {%- do given.update(kwargs) %}
select
    {%- for column, type in detection_columns().items() %}
    cast({{ given.get(column, 'null') }} as {{ type }}) as {{ column }},
    {%- endfor %}
    event_date

from {{ rows }}

where {{ given.value }} >= {{ least_value(entry) }}
{%- endmacro %}

{#-
    Two CTEs: changes of protection by bucket and day, those of a condition, and the same in words. What concerns an account
    concerns all its buckets. `severity` is an expression over the changes of a bucket.
-#}
{% macro changes_by_bucket(changes, condition, severity) -%}
buckets as (

    select
        bucket_name,
        account_id,
        is_sensitive,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

described as (

    select
        changes.bucket_name,
        array_agg(distinct coalesce(changes.bucket_name, buckets.bucket_name)) as bucket_names,
        coalesce(changes.bucket_name, 'account ' || min(changes.account_id)) as where_it_is,
        {{ without_session('min(changes.identity_arn)') }} as principal,
        coalesce(min(changes.identity_arn), 'nobody whom a trail names') as who,
        array_join(array_sort(array_agg(distinct changes.control)), ', ') as controls,
        coalesce(
            nullif(
                array_join(
                    array_sort(array_distinct(flatten(array_agg(coalesce(changes.weaker, cast(array[] as array(varchar))))))), '; '
                ),
                ''
            ),
            array_join(array_sort(array_agg(distinct changes.event_name)), ', ')
        ) as how,
        {{ severity }} as severity,
        coalesce(
            array_agg(distinct changes.event_id) filter (where changes.event_id is not null), cast(array[] as array(varchar))
        ) as event_ids,
        count(distinct coalesce(changes.event_id, changes.control)) as changes,
        min(coalesce(changes.changed_at, changes.seen_before_at)) as first_at,
        max(coalesce(changes.changed_at, changes.seen_after_at)) as last_at,
        changes.event_date

    from {{ changes }} as changes

    inner join buckets
        on
            changes.event_date = buckets.event_date
            and if(changes.bucket_name is null, changes.account_id = buckets.account_id, changes.bucket_name = buckets.bucket_name)

    where {{ condition }}

    group by changes.bucket_name, changes.event_date

)
{%- endmacro %}

{#- The buckets of logs on the event days: where access logs of observed buckets go, and files of trails. -#}
{% macro log_buckets_of_days() -%}
select
    target_bucket as bucket_name,
    event_date

from {{ ref('int_logging_config') }}

where
    event_date in {{ event_days() }}
    and target_bucket is not null

union

select
    log_bucket as bucket_name,
    delivered_on as event_date

from {{ ref('stg_evidence__trail_places') }}

where delivered_on in {{ event_days() }}
{%- endmacro %}

{#-
    The sentence of an entry, with columns in its braces: as they are, or as `:number`, `:bytes` or `:minutes`, which is the
    time from the first to the last request. `{at_least}` stays, for the findings.
-#}
{% macro sentence(text) -%}
    {%- set values = {} -%}
    {%- for word, form in modules.re.findall('[{]([a-z_]+):?([a-z]*)[}]', text) if word != 'at_least' -%}
        {%- set forms = {
            'number': number_in_words(word), 'bytes': bytes_in_words(word), 'minutes': minutes_in_words('first_at', 'last_at'),
        } -%}
        {%- do values.update({word ~ (':' ~ form if form else ''): 'coalesce(' ~ forms.get(form, word) ~ ", '?')"}) -%}
    {%- endfor -%}
    {{ filled(quoted(text | trim), values) }}
{%- endmacro %}
