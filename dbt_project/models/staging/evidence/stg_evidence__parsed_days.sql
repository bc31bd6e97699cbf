select
    catalogued_at,
    delivered_on

from {{ source('evidence', 'parsed_days') }}
