select
    listings.kind,
    listings.log_bucket,
    listings.prefix,
    buckets.bucket_name,
    listings.error_code,
    listings.delivered_on

from {{ source('evidence', 'listings') }} as listings

cross join unnest(listings.source_buckets) as buckets (bucket_name)
