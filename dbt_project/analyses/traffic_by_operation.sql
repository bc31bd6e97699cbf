-- How many requests each bucket got a day, by operation and result, and which log saw them.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    bucket_name,
    operation,
    coalesce(cast(http_status as varchar), error_code, 'no error') as result,
    count(*) as requests,
    count_if(witness = 'both') as both_logs,
    count_if(witness = 'access_log') as access_log_only,
    count_if(witness = 'data_event') as trail_only,
    sum(bytes_sent) as bytes_sent
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
group by event_date, bucket_name, operation, http_status, error_code
order by event_date asc, bucket_name asc, requests desc, operation asc, result asc
