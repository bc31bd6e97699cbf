{#-
    What a statement keeps in memory grows with the rows that it joins, and with the wide tables that it reads. So the rows
    of a large day are written by several statements, each for a slice of what is joined: `sliced_by` of a model's meta says
    by what. By request, each log also has statements of its own. One statement, and every other reader of an ephemeral
    model, has no conditions there.
-#}

{#-
    Is a row in the slice that a statement writes? All rows of one request, copies too, have one key, which is a text and
    never null.
-#}
{% macro in_slice(request="''", bucket='bucket_name') -%}
    true /* in slice by request: {{ request }}, by bucket: coalesce({{ bucket }}, '') */
{%- endmacro %}

{#- Does a statement write the rows of this log? -#}
{% macro is_written(log) -%}
    true /* writes {{ log }} */
{%- endmacro %}

{#- The statements that write a model's rows, each of the rows once. -#}
{% macro statements_of(sql) -%}
    {%- set sliced_by = config.get('meta', {}).get('sliced_by') -%}
    {%- set slices = var('slices') if sliced_by else 1 -%}
    {%- set logs = ['records', 'events'] if sliced_by == 'request' else ['records|events'] -%}
    {%- set group = {'request': '\\1', 'bucket': '\\2'}[sliced_by] -%}
    {%- set statements = [] -%}
    {%- for log in logs if slices > 1 -%}
        {%- set of_log = modules.re.sub('true (/\\* writes (?!(?:' ~ log ~ ') ))', 'false \\1', sql) -%}
        {%- for number in range(slices) -%}
            {%- set bounds = (65536 * number // slices, 65536 * (number + 1) // slices - 1) -%}
            {%- set is_in = "substr(to_hex(md5(to_utf8(" ~ group ~ "))), 1, 4) between '%04X' and '%04X'" % bounds -%}
            {%- set statement = modules.re.sub(
                'true /\\* in slice by request: (.*), by bucket: (.*) \\*/', is_in, of_log
            ) -%}
            {%- if statement == of_log or '/* in slice' in statement -%}
                {%- do exceptions.raise_compiler_error(this.name ~ ' has a slice that spans lines, or none') -%}
            {%- endif -%}
            {%- do statements.append(statement) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(statements or [sql]) }}
{%- endmacro %}
