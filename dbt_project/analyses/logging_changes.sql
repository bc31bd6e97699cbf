-- Which logging was turned off or changed, by whom, with which call, also if AWS refused it.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE. With % trails and the
--   account are shown too.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    changed_at,
    effect,
    coalesce(bucket_name, trail_name, account_id) as changed,
    event_name,
    error_code as refused_because,
    identity_arn,
    remote_ip,
    target_bucket,
    event_id
from lacuna.fct_logging_changes
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
order by changed_at, event_id
