-- Who came from outside, what they did, and with which answer, the most requests first.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    party_kind,
    party,
    is_external,
    action,
    outcome,
    sum(requests) as requests,
    sum(bytes_sent) as bytes_sent,
    sum(acl_required_requests) as needed_an_acl,
    min(first_at) as first_at,
    max(last_at) as last_at,
    min(coverage) as least_coverage_of_a_day
from lacuna.fct_external_access
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
group by bucket_name, party_kind, party, is_external, action, outcome
order by requests desc, bucket_name asc, party_kind asc, party asc, action asc, outcome asc
