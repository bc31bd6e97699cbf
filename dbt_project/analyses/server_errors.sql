-- Which requests S3 could not serve (5xx), with the ids that AWS Support asks for.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    requested_at,
    bucket_name,
    http_status,
    error_code,
    request_id,
    host_id,
    operation,
    object_key
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and coalesce(http_status >= 500, error_code in ('InternalError', 'InternalFailure', 'ServiceUnavailable', 'SlowDown', 'Busy'))
order by requested_at, request_id
