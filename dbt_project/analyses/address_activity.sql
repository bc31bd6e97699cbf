-- What came from one address: each requester and operation by bucket, and the bytes sent to it.
--
-- address (text): Address, or the beginning of addresses, for example 203.0.113.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    remote_ip,
    requester,
    bucket_name,
    operation,
    count(*) as requests,
    count_if(not coalesce(http_status < 400, error_code is null)) as failed,
    count(distinct object_key) as objects,
    sum(bytes_sent) as bytes_sent,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    starts_with(remote_ip, ?)
    and event_date between cast(? as date) and cast(? as date)
group by remote_ip, requester, bucket_name, operation
order by last_at, remote_ip, requester, bucket_name, operation
