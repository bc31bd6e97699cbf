-- How much was sent out of AWS or to another Region, from which bucket, to whom.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(principal, 'anonymous') as who,
    transfer_class,
    network_class,
    sum(bytes_sent) as bytes_sent,
    sum(requests) as requests,
    max(largest_answer) as largest_answer,
    min(coverage) as least_coverage_of_an_hour
from lacuna.fct_traffic
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
group by bucket_name, coalesce(principal, 'anonymous'), transfer_class, network_class
having sum(bytes_sent) > 0
order by bytes_sent desc, bucket_name asc, who asc, transfer_class asc
limit 100
