{{ config(materialized='ephemeral', tags=['event_days']) }}

{{ judged_hits(published('int_detection_hits')) }}
