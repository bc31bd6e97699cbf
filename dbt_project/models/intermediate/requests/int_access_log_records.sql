{{ config(partitioned_by=['delivered_on', 'event_date'], tags=['delivery_day']) }}

{%- set texts_of_clients = ['request_uri', 'referrer', 'user_agent', 'extra_fields'] %}

with

lines as (

    select
        *,
        {{ object_key('operation', 'object_key_raw') | indent(8) }} as object_key,
        {{ client_class('requester', 'user_agent') | indent(8) }} as client_class

    from {{ ref('stg_s3__access_logs') }}

    where delivered_day = {{ delivery_day_text() }}

),

-- S3 writes the head of a line before any text of the client, so it names the request even in a line that is not
-- trusted. A line that does not match stays whole: one part instead of four.
heads as (

    select
        *,
        case
            when quarantine_reason is not null
                then split(
                    regexp_replace(
                        line,
                        '(?s){{ line_head_pattern() }}',
                        '{{ ["$1", "$2", "$3", "$4"] | join("\n") }}'
                    ),
                    chr(10)
                )
        end as head

    from lines

),

dated_heads as (

    select
        *,
        case
            when cardinality(head) = 4
                then date_add(
                    'minute',
                    {{ minutes_to_utc('element_at(head, 3)') | indent(20) }},
                    {{ timestamp_of('element_at(head, 2)') | indent(20) }}
                )
        end as head_named_at

    from heads

),

with_heads as (

    select
        *,
        {{ possible_time('head_named_at', 'delivered_on') | indent(8) }} as head_requested_at

    from dated_heads

),

log_objects as (

    select *

    from {{ ref('stg_evidence__log_objects') }}

    where
        delivered_on = {{ delivery_day() }}
        and kind = 'access_log'

)

select
    {% for column in request_columns() %}
    {% if column in texts_of_clients %}
    {{ without_secrets('lines.' ~ column) | indent(4) }} as {{ column }},
    {% elif column in ['object_key', 'object_key_raw'] %}
    {{ key_without_secrets('lines.' ~ column) | indent(4) }} as {{ column }},
    {% else %}
    lines.{{ column }},
    {% endif %}
    {% endfor %}
    lines.quarantine_reason,
    -- the text is kept where the fields are not
    case
        when lines.quarantine_reason is not null
            then {{ without_secrets('lines.line') | indent(12) }}
    end as line,
    lines.line_hash,
    lines.line_bytes,
    -- bytes that are not UTF-8 reach SQL as this character, which is three bytes long
    length(lines.line) - length(replace(lines.line, chr(65533), '')) as replaced_characters,
    if(lines.head_requested_at is not null, nullif(element_at(lines.head, 1), '-')) as head_bucket_name,
    if(lines.head_requested_at is not null, element_at(lines.head, 4)) as head_request_id,
    lines.head_requested_at,
    lines.log_object,
    log_objects.delivered_at,
    lines.delivered_on,
    coalesce(cast(coalesce(lines.requested_at, lines.head_requested_at) as date), lines.delivered_on) as event_date

from with_heads as lines

left join log_objects
    on lines.log_object = log_objects.log_object
