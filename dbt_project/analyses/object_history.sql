-- What was done to one object, by whom and from where, oldest first.
--
-- bucket (text): Name of the bucket.
-- key (text): Key of the object as the bucket knows it, not encoded.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    requested_at,
    operation,
    coalesce(outcome in ('success', 'none'), http_status < 300, error_code is null) as succeeded,
    coalesce(error_code, cast(http_status as varchar)) as result,
    requester,
    remote_ip,
    bytes_sent,
    witness,
    request_id
from lacuna.fct_object_requests
where
    bucket_name = ?
    and object_key = ?
    and event_date between cast(? as date) and cast(? as date)
order by requested_at, request_id
