-- What one principal did: each operation by bucket, with its first and last request.
--
-- principal (text): Part of the requester: an ARN, a role, a session, a user, a canonical id. The root
--   user is its canonical id in the access log.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    requester,
    bucket_name,
    operation,
    count(*) as requests,
    count_if(not coalesce(http_status < 400, error_code is null)) as failed,
    count(distinct object_key) as objects,
    sum(bytes_sent) as bytes_sent,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    strpos(requester, ?) > 0
    and event_date between cast(? as date) and cast(? as date)
group by requester, bucket_name, operation
order by first_at, requester, bucket_name, operation
