{#-
    Do the lines add up to the object? Three things explain a difference: an object whose last line has no
    newline counts one less, the carriage return of a CR LF is swallowed with the newline, and what is no
    UTF-8 reaches SQL as U+FFFD: three bytes in place of one to three.
-#}
{% macro is_every_byte_read() -%}
    (
        size_bytes between bytes_read - 1 - 2 * replaced_characters and bytes_read
        or size_bytes - bytes_read in (lines_read, lines_read - 1)
    )
{%- endmacro %}
