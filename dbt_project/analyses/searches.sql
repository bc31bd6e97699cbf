-- Which callers asked for many keys and were not answered, as somebody who searches does.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    hour,
    bucket_name,
    caller,
    outcome,
    error_code,
    requests,
    keys,
    share_of_caller,
    successes_of_caller,
    array_join(sample_keys, ', ') as sample_keys
from lacuna.fct_denied_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and pattern = 'sweep'
order by keys desc, hour asc, bucket_name asc, caller asc, outcome asc
