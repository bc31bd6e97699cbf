-- Which jobs and services used a bucket, what they did there, and how much of it failed.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    bucket_name,
    principal,
    array_join(actor_classes, ', ') as kinds,
    array_join(claimed_jobs, ', ') as claimed_jobs,
    array_join(actions, ', ') as actions,
    requests,
    failures,
    active_hours,
    coverage
from lacuna.fct_automation
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
order by failures desc, requests desc, event_date asc, bucket_name asc, principal asc
