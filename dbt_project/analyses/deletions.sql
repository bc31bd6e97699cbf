-- Which objects were deleted, by whom or by which rule, oldest first, single or in a batch.
--
-- bucket (text): Name of the bucket, or a pattern of LIKE.
-- prefix (text, default ''): How the keys begin.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    requested_at,
    bucket_name,
    object_key,
    version_id,
    operation,
    coalesce(outcome in ('success', 'none'), http_status < 300, error_code is null) as succeeded,
    requester,
    remote_ip,
    witness
from lacuna.fct_object_requests
where
    bucket_name like ?
    and starts_with(object_key, ?)
    and event_date between cast(? as date) and cast(? as date)
    and operation in (
        'REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'DeleteObject',
        'S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER', 'ExpireObject', 'LifecycleExpiration:Delete'
    )
order by requested_at, bucket_name, object_key, version_id
