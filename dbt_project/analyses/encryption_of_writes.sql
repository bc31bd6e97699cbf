-- How what was written is encrypted, and with whose key. Without a data event it is not known.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    case
        when sse_customer_algorithm is not null then 'a key of the client'
        when witness = 'access_log' then 'not known'
        else coalesce(sse_applied, 'not said')
    end as encryption,
    kms_key_arn,
    coalesce(principal, 'anonymous') as who,
    count(*) as writes,
    count(distinct object_key) as objects,
    min(requested_at) as first_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and action = 'write_object'
    and outcome = 'success'
group by
    bucket_name,
    case
        when sse_customer_algorithm is not null then 'a key of the client'
        when witness = 'access_log' then 'not known'
        else coalesce(sse_applied, 'not said')
    end,
    kms_key_arn,
    coalesce(principal, 'anonymous')
order by encryption asc, writes desc, bucket_name asc, who asc, kms_key_arn asc
