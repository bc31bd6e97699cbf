-- Which presigned URLs were used, from how many addresses, and after they had expired.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    object_key,
    presigned_key_id,
    array_join(holders, ', ') as holders,
    signed_at,
    expires_seconds,
    uses,
    uses_after_expiry,
    distinct_addresses,
    is_claimed_console_transfer,
    last_use_at
from lacuna.fct_presigned_urls
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
order by uses desc, bucket_name asc, object_key asc, signed_at asc
