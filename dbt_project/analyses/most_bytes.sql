-- Who was sent the most bytes, by bucket: the 100 first.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')) as who,
    sum(bytes_sent) as bytes_sent,
    count(*) as requests,
    count(distinct object_key) as objects,
    max(bytes_sent) as largest_answer,
    count(distinct remote_ip) as addresses,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and bytes_sent > 0
group by bucket_name, coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused'))
order by bytes_sent desc, bucket_name asc, who asc
limit 100
