{#- What findings say of their detections. -#}

{#- Rows of what findings say of their detection. -#}
{% macro catalogue_rows() -%}
    {%- for name in detection_names() %}
    {%- set entry = detection(name) %}
    (
        '{{ name }}',
        {{ quoted(entry.title) }},
        '{{ entry.confidence }}',
        {{ quoted(entry.unit) }},
        {{ quoted_array(entry.attack) }},
        '{{ entry.evidence_table }}',
        {{ quoted(entry.evidence) }},
        {{ quoted_array([entry.proof] + entry.act) }}
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
            name, needs_of(entry), entry.history, entry.applies_to, (entry.floor > 1) | lower
        )
    ) %}
    {%- endfor %}
    {{- rows | join(',\n') }}
{%- endmacro %}

{% macro quoted_array(texts) -%}
    cast(array[{% for text in texts %}{{ quoted(text) }}{{ ', ' if not loop.last }}{% endfor %}] as array(varchar))
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
