{{ config(partitioned_by=['event_date'], tags=['event_days'], meta={'sliced_by': 'request'}) }}

select
    {{ contract_columns() }}

from {{ ref('int_request_facts') }}
