-- Which objects were requested most, by how many requesters and addresses: the 100 first.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- prefix (text, default ''): How the keys begin.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    object_key,
    count(*) as requests,
    count_if(not coalesce(http_status < 400, error_code is null)) as failed,
    count(distinct requester) as requesters,
    count(distinct remote_ip) as addresses,
    sum(bytes_sent) as bytes_sent,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and starts_with(object_key, ?)
    and event_date between cast(? as date) and cast(? as date)
group by bucket_name, object_key
order by requests desc, bucket_name asc, object_key asc
limit 100
