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

{#-
    The busiest hour of each caller and day: of `hours` (one row per `caller`, hour and event_date, with value, first_at and
    last_at) the clock hour with the greatest value, or two in a row whose requests all lie within one hour.
-#}
{% macro busiest_hours(hours) -%}
select
    caller,
    value,
    first_at,
    last_at,
    event_date

from (
    select
        *,
        row_number() over (partition by caller, event_date order by value desc, first_at asc) as nth

    from (
        select
            caller,
            event_date,
            first_at,
            if(is_one_hour, value + next_value, value) as value,
            if(is_one_hour, next_last_at, last_at) as last_at

        from (
            select
                *,
                lead(value) over (partition by caller, event_date order by hour) as next_value,
                lead(last_at) over (partition by caller, event_date order by hour) as next_last_at,
                coalesce(
                    lead(last_at) over (partition by caller, event_date order by hour) <= date_add('hour', 1, first_at), false
                ) as is_one_hour

            from {{ hours }}
        ) as neighbours
    ) as windows
) as ranked

where nth = 1
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

{#- Is what a column holds on a list of the user's? (LACUNA_LISTS_TABLE) -#}
{% macro is_listed(kind, column) -%}
    {%- set values = var('lists', {}).get(kind, []) -%}
    {%- if values -%}
        coalesce({{ column }} in ({% for one in values %}{{ quoted(one) }}{{ ', ' if not loop.last }}{% endfor %}), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- Is an address in one of the user's networks? IPv4 of whole numbers: 192.0.2.0/24 is `192.0.2.`. -#}
{% macro is_in_networks(column) -%}
    {%- set networks = var('lists', {}).get('trusted_networks', []) -%}
    {%- if networks -%}
        coalesce({% for one in networks %}starts_with({{ column }}, {{ quoted(one) }}){{ ' or ' if not loop.last }}{% endfor %}, false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#-
    Two CTEs: the busiest hour of each caller, and what is in it of `rows`, which have the caller in a column `by`. `hours` as
    busiest_hours() takes them. `more` are further columns of the second.
-#}
{% macro bursts(hours, rows, by, more={}) -%}
busiest as (

    {{ busiest_hours(hours) | indent(4) }}

),

bursts as (

    select
        busiest.caller,
        busiest.value,
        busiest.first_at,
        busiest.last_at,
        busiest.event_date,
        {%- for column, expression in more.items() %}
        {{ expression }} as {{ column }},
        {%- endfor %}
        array_agg(distinct rows_of.bucket_name) as bucket_names,
        sum(rows_of.requests) as requests

    from busiest

    inner join {{ rows }} as rows_of
        on
            busiest.caller = rows_of.{{ by }}
            and busiest.event_date = rows_of.event_date
            and busiest.first_at <= rows_of.last_at
            and busiest.last_at >= rows_of.first_at

    group by busiest.caller, busiest.value, busiest.first_at, busiest.last_at, busiest.event_date

)
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
