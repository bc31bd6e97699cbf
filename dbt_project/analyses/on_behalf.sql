-- Which services of AWS read or wrote for somebody, for whom, and what proves it.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    principal,
    via_service,
    via_proof,
    action,
    outcome,
    count(*) as requests,
    count(distinct object_key) as objects,
    sum(bytes_sent) as bytes_sent
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and via_service is not null
group by bucket_name, principal, via_service, via_proof, action, outcome
order by requests desc, bucket_name asc, principal asc, via_service asc, action asc, outcome asc
