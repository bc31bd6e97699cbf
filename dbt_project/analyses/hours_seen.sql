-- In how many hours of a bucket one log was provably seen whole, in part, or not provably, and why.
--
-- bucket (text): Name of the bucket.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    count(*) as hours,
    count_if(coverage = 1) as whole,
    count_if(coverage > 0 and coverage < 1) as in_part,
    count_if(coverage = 0) as unseen,
    count_if(coverage > 0 and coverage_basis = 'unwitnessed') as unwitnessed,
    array_join(array_sort(array_distinct(flatten(array_agg(reasons)))), ', ') as reasons
from lacuna.trusted_hours
where
    bucket_name = ?
    and event_date between cast(? as date) and cast(? as date)
order by hours
