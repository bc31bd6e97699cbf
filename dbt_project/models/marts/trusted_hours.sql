{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

select
    {{ contract_columns() }}

from {{ ref('int_covered_hours') }}
