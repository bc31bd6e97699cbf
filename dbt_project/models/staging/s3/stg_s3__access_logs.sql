with

source as (

    select
        line as whole_line,
        {{ known_part_of_line() }} as line,
        {{ appended_part_of_line() }} as appended,
        "$path" as log_object,
        delivered_on as delivered_day,
        cast(delivered_on as date) as delivered_on

    from {{ source('raw', 's3_access_logs') }}

),

split_at_quotes as (

    select
        *,
        {{ parts_of_line() | indent(8) }} as parts

    from source

),

split_at_spaces as (

    select
        *,
        {{ head_of_line() }} as head,
        split(element_at(parts, 3), ' ') as numbers,
        split(element_at(parts, 7), ' ') as tail

    from split_at_quotes

),

by_position as (

    select
        *,
        coalesce(
            {{ is_plain_line() | indent(12) }},
            false
        ) as is_plain

    from split_at_spaces

),

captured as (

    select
        *,
        case when not is_plain then {{ sections_of_line() }} end as sections

    from by_position

),

matched as (

    select
        *,
        coalesce(
            cardinality(sections) = 8 and not regexp_like(element_at(sections, 5), ' [0-9]{19}'), false
        ) as is_captured

    from captured

),

examined as (

    select
        *,
        {{ doubt_about_line() | indent(8) }} as doubt,
        case
            when is_plain then substr(element_at(head, 3), 2)
            when is_captured then regexp_extract(element_at(sections, 1), '^[^ ]+ +[^ ]+ +\[([^ \]]*)', 1)
        end as stamp,
        case
            when is_plain then '+0000'
            when is_captured then regexp_extract(element_at(sections, 1), '^[^ ]+ +[^ ]+ +\[[^ \]]* ([+-][0-9]{4})\]', 1)
        end as utc_offset,
        case
            when is_plain then cardinality(tail) - 1
            when is_captured then cardinality({{ words_of('element_at(sections, 8)') }}) - 1
        end as fields_after_user_agent

    from matched

),

timed as (

    select
        *,
        date_add(
            'minute',
            {{ minutes_to_utc('utc_offset') | indent(12) }},
            {{ timestamp_of('stamp') | indent(12) }}
        ) as named_at

    from examined

),

judged as (

    select
        *,
        {{ possible_time('named_at', 'delivered_on') | indent(8) }} as requested_at,
        cast(
            case
                when doubt is not null then doubt
                when {{ possible_time('named_at', 'delivered_on') | indent(16) }} is null then 'bad_time'
                -- S3 went from 18 fields to 23 at once: what ends between them was cut off
                when fields_after_user_agent between 2 and 5 then 'truncated'
                when regexp_like(line, '^[^ ]+ +- ') then 'no_bucket'
            end
            as varchar
        ) as quarantine_reason

    from timed

),

-- From here on both ways of cutting give the same columns; a quarantined line has no fields at all.
cut as (

    select
        *,
        {{ trusted_part('head', head_by_pattern()) | indent(8) }} as head_fields,
        {{ trusted_part('numbers', numbers_by_pattern()) | indent(8) }} as number_fields,
        {{ trusted_part('tail', words_of('element_at(sections, 8)')) | indent(8) }} as tail_fields,
        {{ trusted_part('element_at(parts, 2)', unquoted('element_at(sections, 4)')) | indent(8) }} as request_uri,
        {{ trusted_part('element_at(parts, 4)', unquoted('element_at(sections, 6)')) | indent(8) }} as referrer,
        {{ trusted_part('element_at(parts, 6)', unquoted('element_at(sections, 7)')) | indent(8) }} as user_agent

    from judged

)

select

    ---------- ids
    nullif(element_at(head_fields, 7), '-') as request_id,
    nullif(element_at(head_fields, 2), '-') as bucket_name,
    nullif(element_at(head_fields, 1), '-') as bucket_owner,
    nullif(replace(element_at(head_fields, 6), chr(10), ' '), '-') as requester,
    nullif(element_at(head_fields, 9), '-') as object_key_raw,
    nullif(element_at(tail_fields, 2), '-') as version_id,
    nullif(element_at(tail_fields, 3), '-') as host_id,

    ---------- strings
    nullif(element_at(head_fields, 8), '-') as operation,
    nullif(element_at(head_fields, 5), '-') as remote_ip,
    nullif(request_uri, '-') as request_uri,
    nullif(element_at(number_fields, 3), '-') as error_code,
    nullif(referrer, '-') as referrer,
    nullif(user_agent, '-') as user_agent,
    nullif(element_at(tail_fields, 4), '-') as signature_version,
    nullif(element_at(tail_fields, 5), '-') as cipher_suite,
    nullif(element_at(tail_fields, 6), '-') as auth_type,
    nullif(element_at(tail_fields, 7), '-') as host_header,
    nullif(element_at(tail_fields, 8), '-') as tls_version,
    nullif(element_at(tail_fields, 9), '-') as access_point_arn,
    nullif(element_at(tail_fields, 10), '-') as acl_required,
    nullif(element_at(tail_fields, 11), '-') as source_region,
    nullif(trim(
        if(cardinality(tail_fields) > 11, array_join(slice(tail_fields, 12, cardinality(tail_fields)), ' '), '')
        || if(quarantine_reason is null, coalesce(appended, ''), '')
    ), '') as extra_fields,

    ---------- numerics
    try_cast(element_at(number_fields, 2) as integer) as http_status,
    try_cast(element_at(number_fields, 4) as bigint) as bytes_sent,
    try_cast(element_at(number_fields, 5) as bigint) as object_size,
    try_cast(element_at(number_fields, 6) as bigint) as total_time_ms,
    try_cast(element_at(number_fields, 7) as bigint) as turn_around_time_ms,

    ---------- timestamps
    case when quarantine_reason is null then requested_at end as requested_at,

    ---------- the line itself
    quarantine_reason,
    whole_line as line,
    to_hex(md5(to_utf8(whole_line))) as line_hash,
    -- with the newline that ended it
    length(to_utf8(whole_line)) + 1 as line_bytes,
    log_object,

    ---------- partition
    delivered_day,
    delivered_on

from cut
