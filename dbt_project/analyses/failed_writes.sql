-- Which writes and uploads failed, why, and how much was sent in vain.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(principal, 'anonymous') as who,
    action,
    outcome,
    coalesce(error_code, cast(http_status as varchar)) as error,
    count(*) as requests,
    count(distinct object_key) as objects,
    sum(coalesce(bytes_received, object_size)) as bytes_received,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and action in ('write_object', 'write_part')
    and outcome <> 'success'
group by
    bucket_name,
    coalesce(principal, 'anonymous'),
    action,
    outcome,
    coalesce(error_code, cast(http_status as varchar))
order by requests desc, bucket_name asc, who asc, action asc, error asc
