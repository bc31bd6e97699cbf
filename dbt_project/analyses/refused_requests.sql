-- Who was refused or asked for what is not there (4xx), with the error and how often.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')) as who,
    coalesce(error_code, cast(http_status as varchar)) as error,
    operation,
    count(*) as requests,
    count(distinct object_key) as objects,
    count(distinct remote_ip) as addresses,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    -- of a request that only the trail saw, the error tells
    and coalesce(
        http_status between 400 and 499,
        error_code not in ('InternalError', 'InternalFailure', 'ServiceUnavailable', 'SlowDown', 'Busy')
    )
group by bucket_name, coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')), error_code, http_status, operation
order by requests desc, bucket_name asc, who asc, error asc, operation asc
