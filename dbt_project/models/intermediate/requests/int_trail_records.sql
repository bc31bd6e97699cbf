{{ config(partitioned_by=['delivered_on'], tags=['delivery_day']) }}

select
    log_object,
    count(*) as records_read,
    count_if(record_kind = 'data_event') as data_events,
    count_if(record_kind = 'configuration_change') as configuration_changes,
    count_if(record_kind = 'set_aside') as records_set_aside,
    count_if(record_kind = 'unused') as records_unused,
    array_sort(array_agg(distinct set_aside_reason) filter (where set_aside_reason is not null)) as set_aside_reasons,
    {{ delivery_day() }} as delivered_on

from {{ ref('int_data_events') }}

where delivered_on = {{ delivery_day() }}

group by log_object
