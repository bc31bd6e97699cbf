-- Which requests were authorized by an ACL, so that they fail when ACLs are disabled.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')) as who,
    operation,
    count(*) as requests,
    count(distinct object_key) as objects,
    min(object_key) as one_object,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and lower(acl_required) = 'yes'
    and operation not in ('REST.OPTIONS.PREFLIGHT', 'REST.OPTIONS.OBJECT', 'PreflightRequest')
group by bucket_name, coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')), operation
order by requests desc, bucket_name asc, who asc, operation asc
