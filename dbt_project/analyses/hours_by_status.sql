-- How complete the access log of each bucket is: its hours by status, the least complete first.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    count_if(status = 'missing') as missing,
    count_if(status = 'partial') as partly_missing,
    count_if(status = 'unknown') as unknown,
    count_if(status = 'pending') as pending,
    count_if(status = 'idle') as idle,
    count_if(status = 'delivered') as delivered,
    sum(witnessed_requests) as witnessed,
    sum(witnessed_and_logged_requests) as logged,
    max(latency_p99_seconds) as p99_seconds
from lacuna.fct_delivery_hours
where
    bucket_name like ?
    and event_date between cast(? as date) and cast(? as date)
group by bucket_name
order by missing desc, partly_missing desc, unknown desc, bucket_name asc
