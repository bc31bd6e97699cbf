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
            'insecure_transport',
        ],
        'discovery': [
            'denied_burst',
            'key_enumeration',
            'denied_then_allowed',
            'invalid_credentials',
            'bucket_enumeration',
            'attack_tool',
            'unauthorized_request_flood',
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
            'restore_burst',
            'bucket_deleted_in_use',
            'web_asset_replaced',
        ],
        'evasion': [
            'access_logging_reduced',
            'trail_coverage_reduced',
            'log_object_tampering',
            'activity_in_logging_gap',
            'automation_used_interactively',
            'service_write_for_foreign_account',
            'root_object_access',
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
    {#- the same as those of lacuna.detections, and for parsing what must be there -#}
    {%- set entry = {
        'floor': 1, 'factor': none, 'evidence': 'true', 'needs': [], 'summary': '', 'act': [], 'attack': [],
        'confidence': 'medium', 'evidence_table': 'fct_object_requests', 'applies_to': 'all',
    } -%}
    {%- if execute -%}
        {%- do entry.update(graph.nodes['model.lacuna.' ~ name].config.meta) -%}
        {%- do entry.update(var('detections', {}).get(name, {})) -%}
    {%- endif -%}
    {{ return(entry) }}
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

{#- The hits of detections, as the columns of their table. -#}
{% macro hits_of(names) -%}
with

hits as (

    {% for name in names %}
    {% set entry = detection(name) %}
    select
        '{{ name }}' as detection,
        {% for column in detection_columns() %}
        {{ column }},
        {% endfor %}
        '{{ entry.severity }}' as usual_severity,
        '{{ entry.stage }}' as stage,
        '{{ needs_of(entry) }}' as needs,
        '{{ entry.history }}' as history,
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
