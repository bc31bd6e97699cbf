-- Who was refused an action in a bucket, and was allowed it later.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    principal,
    action,
    count_if(outcome = 'denied') as refused,
    min(if(outcome = 'denied', requested_at)) as first_refused_at,
    max(if(outcome = 'success', requested_at)) as last_allowed_at,
    count_if(outcome = 'success') as allowed
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and principal is not null
    and outcome in ('denied', 'success')
group by bucket_name, principal, action
having min(if(outcome = 'denied', requested_at)) < max(if(outcome = 'success', requested_at))
order by refused desc, bucket_name asc, principal asc, action asc
