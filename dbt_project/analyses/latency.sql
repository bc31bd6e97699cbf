-- How long requests took and how many S3 slowed down (503), by hour and operation.
--
-- bucket (text): Name of the bucket, or a pattern of LIKE. Only the access log has times.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    date_trunc('hour', requested_at) as hour,
    operation,
    count(*) as requests,
    count_if(coalesce(http_status = 503, error_code in ('SlowDown', 'ServiceUnavailable', 'Busy'))) as slowed_down,
    count(total_time_ms) as measured,
    approx_percentile(total_time_ms, 0.5) as p50_ms,
    approx_percentile(total_time_ms, 0.95) as p95_ms,
    max(total_time_ms) as most_ms,
    approx_percentile(turn_around_time_ms, 0.5) as s3_p50_ms
from lacuna.fct_object_requests
where
    bucket_name like ?
    and event_date between cast(? as date) and cast(? as date)
group by bucket_name, date_trunc('hour', requested_at), operation
order by bucket_name, hour, operation
