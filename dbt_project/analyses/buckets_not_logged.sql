-- Which buckets have no access log that can be relied on, why, and what to do.
--
-- day (day, default yesterday): Event day, UTC.
select
    verdict,
    bucket_name,
    is_sensitive,
    array_join(reasons, ', ') as reasons,
    element_at(recommendations, 1) as first_recommendation,
    target_bucket,
    target_prefix,
    account_id,
    region
from lacuna.fct_logging_coverage
where
    event_date = cast(? as date)
    and verdict not in ('delivering', 'idle')
order by is_sensitive desc, verdict asc, bucket_name asc
