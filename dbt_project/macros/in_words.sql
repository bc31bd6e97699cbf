{% macro hours_in_words(number) -%}
    cast({{ number }} as varchar) || if({{ number }} = 1, ' hour', ' hours')
{%- endmacro %}

{#- Why an hour is unknown, as the end of a sentence. Codes without words here are about reads that were refused. -#}
{% macro reason_in_words(code) -%}
    case {{ code }}
        when 'folder_unlisted' then 'the trail''s folder could not be read'
        when 'trails_unlisted' then 'the trails could not be listed'
        when 'trail_not_followed' then 'files of a trail were not listed'
        when 'file_untrusted' then 'a file of the trail proves nothing'
        when 'digest_untrusted' then 'a digest of the trail proves nothing'
        when 'trail_changed_twice' then 'a trail was changed more than once'
        when 'no_witness' then 'no trail records all requests'
        when 'unreadable_lines' then 'lines of the log cannot be parsed'
        when 'events_of_other_requests' then 'only requests that this log need not show were seen'
        when 'turning_on' then 'logging was being turned on'
        when 'logging_elsewhere' then 'CloudWatch delivers the log'
        when 'not_observed' then 'the bucket was not observed'
        else
            case
                when regexp_like({{ code }}, '^logging_(off|turned|seen)') then 'logging was not on all day'
                else 'the configuration could not be read'
            end
    end
{%- endmacro %}

{#- 1234567 in a sentence. -#}
{% macro number_in_words(number) -%}
    format('%,d', cast({{ number }} as bigint))
{%- endmacro %}

{#- How long it took: whole minutes, at least one. -#}
{% macro minutes_in_words(first, last) -%}
    format('%,d minutes', greatest(date_diff('minute', {{ first }}, {{ last }}), 1))
{%- endmacro %}

{#- 7300000000 as `7.3 GB`. -#}
{% macro bytes_in_words(number) -%}
    case
        when {{ number }} >= 1e9 then format('%,.1f GB', {{ number }} / 1e9)
        when {{ number }} >= 1e6 then format('%,.1f MB', {{ number }} / 1e6)
        else format('%,d bytes', cast({{ number }} as bigint))
    end
{%- endmacro %}
