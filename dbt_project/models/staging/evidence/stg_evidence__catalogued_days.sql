select
    catalogued_at,
    delivered_on

from {{ source('evidence', 'catalogued_days') }}
