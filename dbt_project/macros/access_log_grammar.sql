{#-
    The grammar of an access-log line, for the lines that cannot be cut by position.

    No look-ahead or look-behind and no possessive quantifier: the patterns mean the same to Athena's regex engine and to
    RE2. `[^ ]` instead of `\S`, which is Unicode-aware in one and not in the other.
-#}

{#- Status, error code, bytes sent, object size, total time, turn-around time: what follows the request URI. -#}
{% macro status_block_pattern(digits='[0-9]{1,18}') -%}
    {%- set number = '(?:-|' ~ digits ~ ')' -%}
    (?:-|[0-9]{3}) +[^ "]+ +{{ number }} +{{ number }} +{{ number }} +{{ number }}
{%- endmacro %}

{% macro operation_pattern() -%}
    (?:-|[A-Z][A-Z0-9]*\.[^ "]+)
{%- endmacro %}

{#-
    The whole line in eight sections: 1 owner to requester, 2 request id and operation, 3 key, 4 request URI,
    5 status block, 6 referer, 7 user agent, 8 the fields after it.

    * A requester may hold spaces (CloudFront origin access identities): it ends where a request id and an
      operation follow.
    * The URI ends at the first quote that a status block follows, the referer at the first quote that allows
      a user agent after it, the user agent at the last quote of the line: nothing behind it is client text.
    * In the tail the signature version is short and the host id before it is long, so that a tail cannot be
      read one field too late when the user agent is a bare dash.
    * A requester or key with spaces is written word by word, so that a run of spaces is read in one way only.
    * Counted repetitions make a pattern large and matching slow, by a factor of three here: numbers of any
      length match, and those that no bigint holds are rejected afterwards.
    * Behind the last field, `";` and the like are scraps of whatever the line was copied from.
-#}
{% macro line_pattern() -%}
    {%- set word = '[^ "]+' -%}
    {%- set words = word ~ '(?: +' ~ word ~ ')*?' -%}
    {%- set head = word ~ ' +' ~ word ~ ' +\\[[^\\]]*\\] +' ~ word ~ ' +' ~ words -%}
    {%- set tail = '(?: +W(?: +W(?: +[^ "]{1,15}(?: +W)*)?)?)?' | replace('W', word) -%}
    ^({{ head }}) +({{ word }} +{{ operation_pattern() }}) +([^ ]+|{{ words }}) +(-|".*?") +({{ status_block_pattern('[0-9]+') }}) +(-|".*?") +(-|".*")({{ tail }})(?:"[;,]+)? *$
{%- endmacro %}

{#- What S3 writes before any text of the client: 1 bucket, 2 time, 3 its offset, 4 request id. -#}
{% macro line_head_pattern() -%}
    {%- set word = '[^ "]+' -%}
    {%- set requester = word ~ '(?: +' ~ word ~ ')*?' -%}
    ^{{ word }} +({{ word }}) +\[([^ \]]*) ([+-][0-9]{4})\] +{{ word }} +{{ requester }} +([0-9A-Z]{16}|[0-9a-f-]{36}) +{{ operation_pattern() }}(?: .*)?$
{%- endmacro %}

{#- A second status block inside a field that the client wrote: either of the two may be the true one. -#}
{% macro forged_status_pattern() -%}
    " +{{ status_block_pattern() }} +["-]
{%- endmacro %}

{#-
    A status block where version, host id and what follows them should be: of a key with spaces, or of a copy or batch
    that has no URI, the first block may be the client's text and this one S3's.
-#}
{% macro later_status_pattern() -%}
    {%- set number = '(?:-|[0-9]+)' -%}
    (?:-|") +[0-9]{3} +[^ "]+ +{{ number }} +{{ number }} +{{ number }} +{{ number }}(?: |$)
{%- endmacro %}

{#- Version, host id and signature behind a quote inside a field that the client wrote. -#}
{% macro forged_tail_pattern() -%}
    " +[^ "]+ +[^ "]+ +(?:SigV[0-9]|- +[^ "]+ +(?:-|AuthHeader|QueryString) )
{%- endmacro %}

{#-
    Can the line be cut by position? True for the lines of ordinary clients: three quoted fields without a
    quote inside, one space between fields. Both ways of cutting give the same fields (tests/sandbox/dbt_project
    compares them on generated lines); this one costs a small part of the pattern's time.
    `parts` is the line split at quotes; `head`, `numbers` and `tail` are its 1st, 3rd and 7th part split at spaces.
-#}
{% macro is_plain_line() -%}
    cardinality(parts) = 7
    and cardinality(head) = 10
    and element_at(head, 1) <> ''
    and element_at(head, 10) = ''
    and length(element_at(head, 3)) = 21
    and element_at(head, 4) = '+0000]'
    and strpos(element_at(parts, 1), '  ') = 0
    and regexp_like(element_at(head, 8), '^{{ operation_pattern() }}$')
    and regexp_like(element_at(parts, 3), '^ {{ status_block_pattern() | replace(" +", " ") }} $')
    -- a request id has no dot: an operation in its place has slid there
    and strpos(element_at(head, 7), '.') = 0
    and element_at(parts, 5) = ' '
    -- a quote and a space could be the end of one field and the beginning of the next
    and not starts_with(element_at(parts, 2), ' ')
    and not starts_with(element_at(parts, 4), ' ')
    and not starts_with(element_at(parts, 6), ' ')
    and (
        element_at(parts, 7) = ''
        or (
            element_at(tail, 1) = ''
            and element_at(tail, cardinality(tail)) <> ''
            and strpos(element_at(parts, 7), '  ') = 0
            and length(coalesce(element_at(tail, 4), '')) <= 15
            -- ten fields are known; many more may be a second rest of a line
            and cardinality(tail) <= 15
        )
    )
{%- endmacro %}

{% macro single_spaced(text) -%}
    regexp_replace({{ text }}, ' +', ' ')
{%- endmacro %}

{#- The text between a captured field's quotes; a bare dash has none. -#}
{% macro unquoted(text) -%}
    case when {{ text }} = '-' then '-' else substr({{ text }}, 2, length({{ text }}) - 2) end
{%- endmacro %}

{#- `06/Feb/2019:00:00:38` as a timestamp, null if it is none of S3's. -#}
{% macro timestamp_of(stamp) -%}
    case
        when regexp_like(
            {{ stamp }},
            '^[0-3][0-9]/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/20[0-9]{2}:[0-2][0-9](?::[0-5][0-9]){2}$'
        )
            then try(date_parse({{ stamp }}, '%d/%b/%Y:%H:%i:%s'))
    end
{%- endmacro %}

{#- Minutes to add to a local time with this offset (`-0800`) to come to UTC; null if it is no offset. -#}
{% macro minutes_to_utc(utc_offset) -%}
    case
        when {{ utc_offset }} = '+0000' then 0
        when regexp_like({{ utc_offset }}, '^[+-][0-9]{4}$')
            then (case when substr({{ utc_offset }}, 1, 1) = '-' then 1 else -1 end)
                * (cast(substr({{ utc_offset }}, 2, 2) as integer) * 60 + cast(substr({{ utc_offset }}, 4, 2) as integer))
    end
{%- endmacro %}

{#- A time that a log delivered on `day` can hold; null for any other. No log is older than S3. -#}
{% macro possible_time(time, day) -%}
    case
        when {{ time }} >= timestamp '2006-03-14 00:00:00.000'
            and {{ time }} < date_add('day', 2, cast({{ day }} as timestamp))
            then {{ time }}
    end
{%- endmacro %}
