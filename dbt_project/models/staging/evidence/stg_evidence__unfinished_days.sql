select
    begun_at,
    delivered_on

from {{ source('evidence', 'unfinished_days') }}
