-- Which requests came without a signature, by bucket and operation, and how many succeeded.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    operation,
    count(*) as requests,
    count_if(coalesce(outcome = 'success', http_status < 300, error_code is null)) as succeeded,
    count(distinct object_key) as objects,
    sum(bytes_sent) as bytes_sent,
    count(distinct remote_ip) as addresses,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and is_anonymous
    -- a signature that S3 could not read has no requester either
    and signature_version is null
    and auth_type is null
    and operation not like 'S3.%'
    -- a browser asks before it sends the request itself
    and operation not in ('REST.OPTIONS.PREFLIGHT', 'REST.OPTIONS.OBJECT', 'PreflightRequest')
group by bucket_name, operation
order by succeeded desc, requests desc, bucket_name asc, operation asc
