{#-
    How a request ended, from either log. An error decides also beside a status of success: S3 begins some answers before
    it knows how they end. What S3 does by itself has no status.
-#}
{% macro outcome() -%}
    case
        -- what the trail writes of a failed authentication has no error
        when operation like 'Authenticate%' then 'auth_failed'
        when operation like 'S3.%' and http_status is null and error_code is null then 'none'
        when http_status = 304 then 'success'
        when outcome_of_error is not null then outcome_of_error
        when http_status between 200 and 299 and error_code is null then 'success'
        when http_status between 300 and 399 then 'redirect'
        when http_status = 403 then 'denied'
        when http_status = 404 then 'not_found'
        when http_status between 400 and 499 then 'client_error'
        when http_status between 500 and 599 then 'server_error'
        when error_code is not null then 'error'
        when witness = 'data_event' then 'success'
        else 'unknown'
    end
{%- endmacro %}
