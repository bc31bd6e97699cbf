-- Which hours of a bucket's access log are missing, incomplete or unknown, and why.
--
-- bucket (text): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    hour,
    status,
    array_join(status_reasons, ', ') as reasons,
    witnessed_requests as witnessed,
    witnessed_and_logged_requests as logged
from lacuna.fct_delivery_hours
where
    bucket_name like ?
    and event_date between cast(? as date) and cast(? as date)
    and status not in ('delivered', 'idle')
order by bucket_name, hour
