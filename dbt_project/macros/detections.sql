{#-
    Every detection, by family and in the order in which docs/detections.md lists them. Each is a model of its own in
    models/detections/, whose yml is its entry. dbt has to know what a model reads before it knows the project, so the names
    are listed here. A family is one statement (models/findings/int_<family>_hits.sql).
-#}
{% macro detection_families() -%}
    {{ return({
        'exposure': [
            'anonymous_access_to_private_bucket',
            'public_write',
            'public_exposure_opened',
            'public_bucket_scraped',
        ],
        'discovery': [
            'denied_burst',
            'key_enumeration',
            'denied_then_allowed',
            'invalid_credentials',
        ],
        'exfiltration': [
            'sensitive_access_first_seen',
            'credential_file_read',
            'bulk_object_read',
            'high_egress',
            'instance_credentials_outside_aws',
            'copy_to_foreign_account',
            'export_configured_to_foreign_account',
            'presigned_url_shared',
            'cross_account_access_first_seen',
        ],
        'destruction': [
            'mass_object_deletion',
            'version_purge',
            'encryption_with_outside_key',
            'mass_overwrite',
            'ransom_note',
            'short_expiration_rule',
            'recovery_controls_weakened',
        ],
        'evasion': [
            'access_logging_reduced',
            'trail_coverage_reduced',
            'log_object_tampering',
            'activity_in_logging_gap',
            'automation_used_interactively',
            'service_write_for_foreign_account',
        ],
    }) }}
{%- endmacro %}

{% macro detection_names() -%}
    {{ return(detection_families().values() | sum(start=[])) }}
{%- endmacro %}

{#-
    The entry of a detection: what its yml says, and in its place what the run says of it. While dbt parses the project no
    entry is known.
-#}
{% macro detection(name) -%}
    {%- set entry = {'floor': 1, 'factor': none, 'evidence': 'true', 'needs': [], 'summary': ''} -%}
    {%- if execute -%}
        {%- do entry.update(graph.nodes['model.lacuna.' ~ name].config.meta) -%}
        {%- do entry.update(var('detections', {}).get(name, {})) -%}
    {%- endif -%}
    {{ return(entry) }}
{%- endmacro %}

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

{#- Which signals a detection needs, as one word: `access_log|data_events_read&configuration`. -#}
{% macro needs_of(entry) -%}
    {%- set all = [] -%}
    {%- for any in entry.needs -%}
        {%- do all.append(any | join('|')) -%}
    {%- endfor -%}
    {{ return(all | join('&')) }}
{%- endmacro %}

{#- Each set of needs with its signals: the set, the number of the part, the signal. -#}
{% macro needed_signals() -%}
    {%- set rows = [] -%}
    {%- for name in detection_names() -%}
        {%- set entry = detection(name) -%}
        {%- for any in entry.needs -%}
            {%- set part = loop.index -%}
            {%- for signal in any if (needs_of(entry), part, signal) not in rows -%}
                {%- do rows.append((needs_of(entry), part, signal)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows or [('none', 1, 'none')]) }}
{%- endmacro %}

{#- `'a text'`, with what SQL would end it at doubled. -#}
{% macro quoted(text) -%}
    '{{ text | string | replace("'", "''") }}'
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

{#- Rows of what findings say of their detection. -#}
{% macro catalogue_rows() -%}
    {%- for name in detection_names() %}
    {%- set entry = detection(name) %}
    (
        '{{ name }}',
        {{ quoted(entry.title) }},
        '{{ entry.confidence or "medium" }}',
        {{ quoted(entry.unit) }},
        {{ quoted_array(entry.attack) }},
        '{{ entry.evidence_table or "fct_object_requests" }}',
        {{ quoted(entry.evidence) }},
        {{ quoted_array([entry.proof] + (entry.act or [])) }}
    ){{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Rows of what each detection needs to be able to say that nothing was there. -#}
{% macro needs_rows() -%}
    {%- set rows = [] %}
    {%- for name in detection_names() if detection(name).stage != 'off' %}
    {%- set entry = detection(name) %}
    {%- do rows.append(
        "('%s', '%s', '%s', '%s', %s)" % (
            name, needs_of(entry), entry.history or 'none', entry.applies_to or 'all', (entry.floor > 1) | lower
        )
    ) %}
    {%- endfor %}
    {{- rows | join(',\n') }}
{%- endmacro %}

{% macro quoted_array(texts) -%}
    cast(array[{% for text in texts or [] %}{{ quoted(text) }}{{ ', ' if not loop.last }}{% endfor %}] as array(varchar))
{%- endmacro %}

{#-
    The query of all that is behind a row of `rows`, as it stands. A stranger chooses names in it: a quote in them is doubled.
-#}
{% macro evidence_query(rows, catalogue) -%}
'select * from lacuna.' || {{ catalogue }}.evidence_table || ' where event_date = date ''' || cast({{ rows }}.event_date as varchar)
|| '''' || if(
    {{ catalogue }}.evidence_table = 'fct_object_requests' or {{ rows }}.bucket_name is not null,
    ' and bucket_name in (' || {{ texts_in_sql(rows ~ '.bucket_names') }} || ')',
    ''
) || if(
    {{ catalogue }}.evidence_table = 'fct_object_requests',
    ' and requested_at between timestamp ''' || cast({{ rows }}.first_at as varchar) || ''' and timestamp '''
    || cast({{ rows }}.last_at as varchar) || ''' and '
    || coalesce(
        'principal = ' || {{ text_in_sql(rows ~ '.principal') }} || ' and ',
        if(cardinality({{ rows }}.remote_ips) > 0, 'remote_ip in (' || {{ texts_in_sql(rows ~ '.remote_ips') }} || ') and '),
        ''
    ) || coalesce('object_key = ' || {{ text_in_sql(rows ~ '.object_key') }} || ' and ', '')
    || {{ catalogue }}.evidence || ' order by requested_at',
    ''
)
{%- endmacro %}

{#- A text, and the items of an array, as literals of SQL. -#}
{% macro text_in_sql(text) -%}
    '''' || replace({{ text }}, '''', '''''') || ''''
{%- endmacro %}

{% macro texts_in_sql(texts) -%}
    '''' || array_join(transform({{ texts }}, one -> replace(one, '''', '''''')), ''', ''') || ''''
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

{#- The hits of a family's detections, as the columns of their table. -#}
{% macro hits_of(family) -%}
with

hits as (

    {% for name in detection_families()[family] %}
    {% set entry = detection(name) %}
    select
        '{{ name }}' as detection,
        {% for column in detection_columns() %}
        {{ column }},
        {% endfor %}
        '{{ entry.severity }}' as usual_severity,
        '{{ entry.stage }}' as stage,
        '{{ needs_of(entry) }}' as needs,
        '{{ entry.history or "none" }}' as history,
        {{ entry.floor }}e0 as floor_value,
        {{ entry.factor ~ 'e0' if entry.factor else 'cast(null as double)' }} as factor,
        event_date

    from {{ ref(name) }}
    {% if entry.stage == 'off' %}

    where false
    {% endif %}
    {% if not loop.last %}

    union all

    {% endif %}
    {% endfor %}

)

select
    -- of what does not change when late logs arrive
    lower(to_hex(md5(to_utf8(array_join(
        array[detection, coalesce(bucket_name, ''), subject, cast(event_date as varchar)], chr(31)
    ))))) as finding_id,
    cast(detection as varchar) as detection,
    bucket_name,
    -- in an order of their own, so that the same rows come of any engine
    array_sort(bucket_names) as bucket_names,
    subject,
    principal,
    slice(array_sort(remote_ips), 1, 100) as remote_ips,
    cast(coalesce(severity, usual_severity) as varchar) as severity,
    cast(stage as varchar) as stage,
    value,
    -- a stranger chooses what is in a key or in the name of a session
    regexp_replace(summary, '[^ -~]', '?') as summary,
    object_key,
    requests,
    objects,
    bytes_sent,
    array_sort(cause_event_ids) as cause_event_ids,
    cast(needs as varchar) as needs,
    cast(history as varchar) as history,
    floor_value,
    factor,
    first_at,
    last_at,
    event_date

from hits
{%- endmacro %}

{#- The hits of all families. -#}
{% macro all_hits() -%}
    {%- for family in detection_families() %}
select
    {{ hit_columns() | join(',\n    ') }}

from {{ ref('int_' ~ family ~ '_hits') }}

where event_date in {{ event_days() }}
{{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro hit_columns() -%}
    {{ return([
        'finding_id', 'detection', 'bucket_name', 'bucket_names', 'subject', 'principal', 'remote_ips', 'severity', 'stage',
        'value', 'summary', 'object_key', 'requests', 'objects', 'bytes_sent', 'cause_event_ids', 'needs', 'history',
        'floor_value', 'factor', 'first_at', 'last_at', 'event_date',
    ]) }}
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
