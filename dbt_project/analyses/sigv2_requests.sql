-- Who still signs with SigV2, which AWS is switching off, and with which client.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    requester,
    auth_type,
    user_agent,
    count(*) as requests,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and signature_version = 'SigV2'
group by bucket_name, requester, auth_type, user_agent
order by requests desc, bucket_name asc, requester asc, user_agent asc
