{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{{ hits_of(detection_families().destruction) }}
