select
    published_at,
    database_name,
    table_name,
    partition_values,
    location,
    published_on

from {{ source('evidence', 'publications') }}
