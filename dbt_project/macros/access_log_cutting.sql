{#-
    How a line of an access log is cut: by position if it is plain, else by the grammar's pattern. The steps are macros
    so that stg_s3__access_logs stays one model whose tests give a line and expect its fields. Two of them hold a newline
    inside a text: they cannot be indented.
-#}

{#-
    AWS may append quoted fields some day, with plain ones between and behind them. Then few words follow the last quote,
    and the last fields that are known stand before one. Today ten fields without quotes end a line: what a client writes
    cannot be at its end.
-#}
{% macro appended_pattern() -%}
    (?s)^(.*" [^ "]+ [^ "]+ (?:SigV[0-9]|-)(?: [^ "]+){5,})((?: "[^"]*"(?: [^ "]+){0,3})+)$
{%- endmacro %}

{% macro ends_in_appended_fields() -%}
    regexp_like(line, '"(?: [^ "]+){0,3}$')
{%- endmacro %}

{% macro known_part_of_line() -%}
    if({{ ends_in_appended_fields() }}, coalesce(regexp_extract(line, '{{ appended_pattern() }}', 1), line), line)
{%- endmacro %}

{% macro appended_part_of_line() -%}
    if({{ ends_in_appended_fields() }}, regexp_extract(line, '{{ appended_pattern() }}', 2))
{%- endmacro %}

{#-
    The line split at quotes. Requests that S3 makes by itself or in a batch have bare dashes where others have quoted
    fields: written one way, they can be cut like the rest.
-#}
{% macro parts_of_line() -%}
    split(
        case
            when strpos(line, '"') > 0 then line
            else regexp_replace(line, '^((?:[^ ]+ ){9})- ((?:[^ ]+ ){6})- -', '$1"-" $2"-" "-"')
        end,
        '"'
    )
{%- endmacro %}

{#-
    The first part split at spaces. CloudFront's origin access identities are the one common requester with spaces.
    Joined by the one character that a line cannot hold, they are cut like the others. (Before a dash the requester's end
    is not certain.)
-#}
{% macro head_of_line() -%}
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
    )
{%- endmacro %}

{#-
    How many times the pattern may read a character of the line before it gives up, about. Where a requester, a URI and a
    referer end is not certain, so an engine that backtracks tries all combinations: of the words before the first quote,
    of what looks like a URI's end (a status block behind a quote, or a dash), and of the quotes. A client can write some
    500 quotes into a request: such a line took 18 seconds.
-#}
{% macro readings_of_line() -%}
    greatest(length(element_at(parts, 1)) - length(replace(element_at(parts, 1), ' ', '')) - 8, 1)
    * greatest(
        cardinality(filter(parts, part -> regexp_like(part, '^ +{{ status_block_pattern() }} ')))
        + (length(element_at(parts, 1)) - length(replace(element_at(parts, 1), ' -', ''))) / 2,
        1
    )
    * cardinality(parts)
{%- endmacro %}

{#-
    The sections of the grammar's pattern, separated by the one character that a line cannot hold. A line that does not
    match stays whole: one section instead of eight. A line that would be read too often has none.
-#}
{% macro sections_of_line() -%}
    case
        when {{ readings_of_line() | indent(8) }} <= {{ most_readings() }}
            then split(
                regexp_replace(
                    line,
                    '(?s){{ line_pattern() }}',
                    '{{ ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8"] | join("\n") }}'
                ),
                chr(10)
            )
    end
{%- endmacro %}

{#- An ordinary line is read 7 to 30 times, one with 100 quotes in its user agent some 300 times. -#}
{% macro most_readings() -%}
    400
{%- endmacro %}

{#- Why the line is not trusted. Only a captured field can hold a quote, and only a quote can feign the end of a field. -#}
{% macro doubt_about_line() -%}
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
    end
{%- endmacro %}

{#- A part of a trusted line, however it was cut. -#}
{% macro trusted_part(by_position, by_pattern) -%}
    case
        when quarantine_reason is not null then null
        when is_plain then {{ by_position }}
        else {{ by_pattern }}
    end
{%- endmacro %}

{% macro words_of(text) -%}
    split({{ single_spaced(text) }}, ' ')
{%- endmacro %}

{#- The requester may hold spaces: it is cut by the pattern. -#}
{% macro head_by_pattern() -%}
    slice({{ words_of('element_at(sections, 1)') }}, 1, 5)
    || array[regexp_extract(element_at(sections, 1), '^(?:[^ ]+ +){5}(.*)$', 1)]
    || {{ words_of('element_at(sections, 2)') }}
    || array[element_at(sections, 3)]
{%- endmacro %}

{#- With an empty word before them, as between a quote and a space. -#}
{% macro numbers_by_pattern() -%}
    split(' ' || {{ single_spaced('element_at(sections, 5)') }}, ' ')
{%- endmacro %}
