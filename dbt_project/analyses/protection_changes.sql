-- What changed in the protection of buckets, by whom, and what it was before and after.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    coalesce(changed_at, seen_after_at) as changed_by,
    bucket_name,
    control,
    direction,
    array_join(weaker, ', ') as weaker,
    array_join(stronger, ', ') as stronger,
    is_recorded,
    event_name,
    error_code,
    identity_arn,
    remote_ip,
    asks_for,
    seen_before_at,
    seen_after_at
from lacuna.fct_protection_changes
where
    coalesce(bucket_name, 'every bucket') like ?
    and event_date between cast(? as date) and cast(? as date)
order by changed_by asc, bucket_name asc, control asc, event_name asc
