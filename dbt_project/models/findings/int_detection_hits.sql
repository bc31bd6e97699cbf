{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{{ all_hits() }}
