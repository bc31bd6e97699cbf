with

source as (

    select
        line,
        "$path" as log_object,
        delivered_on

    from {{ source('raw', 's3_access_logs') }}

),

-- Requests that S3 makes by itself or in a batch have bare dashes where others have quoted fields:
-- written one way, they can be cut like the rest.
split_at_quotes as (

    select
        line,
        log_object,
        delivered_on,
        split(
            case
                when strpos(line, '"') > 0 then line
                else regexp_replace(line, '^((?:[^ ]+ ){9})- ((?:[^ ]+ ){6})- -', '$1"-" $2"-" "-"')
            end,
            '"'
        ) as parts

    from source

),

-- CloudFront's origin access identities are the one common requester with spaces. Joined by the one
-- character that a line cannot hold they are cut like the others. (Before a dash the requester's end is not sure.)
split_at_spaces as (

    select
        line,
        log_object,
        delivered_on,
        parts,
        split(
            case
                when strpos(element_at(parts, 1), ' Origin Access Identity ') > 0
                    then regexp_replace(
                        element_at(parts, 1),
                        '^((?:[^ ]+ ){5}[^ ]+/CloudFront) Origin Access Identity ([^ ]+ [^ -])',
                        '{{ ["$1", "Origin", "Access", "Identity", "$2"] | join("\n") }}'
                    )
                else element_at(parts, 1)
            end,
            ' '
        ) as head,
        split(element_at(parts, 3), ' ') as numbers,
        split(element_at(parts, 7), ' ') as tail

    from split_at_quotes

),

told_apart as (

    select
        *,
        coalesce(
            {{ is_plain_line() | indent(12) }},
            false
        ) as is_plain

    from split_at_spaces

),

-- A line that does not match comes back whole: one section instead of eight.
-- Sections are parted by the one character that a line cannot hold.
captured as (

    select
        *,
        case
            when not is_plain
                then split(
                    regexp_replace(
                        line,
                        '(?s){{ line_pattern() }}',
                        '{{ ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8"] | join("\n") }}'
                    ),
                    chr(10)
                )
        end as sections

    from told_apart

),

matched as (

    select
        *,
        coalesce(
            cardinality(sections) = 8 and not regexp_like(element_at(sections, 5), ' [0-9]{19}'), false
        ) as is_captured

    from captured

),

-- Only a captured field can hold a quote, and only a quote can feign the end of a field.
examined as (

    select
        *,
        case
            when is_plain then null
            when not is_captured or regexp_like(element_at(sections, 2), '^[^ ]*\.[^ ]* ') then 'no_match'
            when
                regexp_like(element_at(sections, 8), '{{ later_status_pattern() }}')
                then 'ambiguous_status'
            when
                regexp_like(element_at(sections, 4), '{{ forged_status_pattern() }}')
                or regexp_like(element_at(sections, 6), '{{ forged_status_pattern() }}')
                or regexp_like(element_at(sections, 7), '{{ forged_status_pattern() }}')
                then 'ambiguous_status'
            when
                regexp_like(element_at(sections, 4), '{{ forged_tail_pattern() }}')
                or regexp_like(element_at(sections, 6), '{{ forged_tail_pattern() }}')
                or regexp_like(element_at(sections, 7), '{{ forged_tail_pattern() }}')
                -- the version id is the client's text too: a quote in it swallows a field
                or regexp_like(element_at(sections, 8), '^ +[^ ]+ +SigV[0-9]( |$)')
                then 'forged_tail'
        end as doubt,
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
            when is_captured then cardinality(split({{ single_spaced('element_at(sections, 8)') }}, ' ')) - 1
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
        ) as requested_at

    from examined

),

judged as (

    select
        *,
        cast(
            case
                when doubt is not null then doubt
                when requested_at is null then 'bad_time'
                -- S3 went from 18 fields to 23 at once: what ends between them was cut off
                when fields_after_user_agent between 2 and 5 then 'truncated'
            end
            as varchar
        ) as quarantine_reason

    from timed

),

-- From here on both ways of cutting look alike; a quarantined line has no fields at all.
cut as (

    select
        *,
        case
            when quarantine_reason is not null then null
            when is_plain then head
            else
                slice(split({{ single_spaced('element_at(sections, 1)') }}, ' '), 1, 5)
                || array[regexp_extract(element_at(sections, 1), '^(?:[^ ]+ +){5}(.*)$', 1)]
                || split({{ single_spaced('element_at(sections, 2)') }}, ' ')
                || array[element_at(sections, 3)]
        end as head_fields,
        case
            when quarantine_reason is not null then null
            when is_plain then numbers
            else split(' ' || {{ single_spaced('element_at(sections, 5)') }}, ' ')
        end as number_fields,
        case
            when quarantine_reason is not null then null
            when is_plain then tail
            else split({{ single_spaced('element_at(sections, 8)') }}, ' ')
        end as tail_fields,
        case
            when quarantine_reason is not null then null
            when is_plain then element_at(parts, 2)
            else {{ unquoted('element_at(sections, 4)') }}
        end as request_uri,
        case
            when quarantine_reason is not null then null
            when is_plain then element_at(parts, 4)
            else {{ unquoted('element_at(sections, 6)') }}
        end as referrer,
        case
            when quarantine_reason is not null then null
            when is_plain then element_at(parts, 6)
            else {{ unquoted('element_at(sections, 7)') }}
        end as user_agent

    from judged

),

renamed as (

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
        case
            when cardinality(tail_fields) > 11
                then array_join(slice(tail_fields, 12, cardinality(tail_fields)), ' ')
        end as extra_fields,

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
        line,
        to_hex(md5(to_utf8(line))) as line_hash,
        -- with the newline that ended it
        length(to_utf8(line)) + 1 as line_bytes,
        log_object,

        ---------- partition
        delivered_on

    from cut

)

select * from renamed
