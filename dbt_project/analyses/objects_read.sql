-- How many different objects below a prefix each caller was sent, and how many bytes.
--
-- bucket (text): Name of the bucket.
-- prefix (text, default ''): How the keys begin.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    coalesce(principal, 'anonymous') as who,
    is_external,
    count(distinct object_key) as objects,
    count(distinct object_key || ' ' || version_id) as named_versions,
    count(*) as requests,
    sum(bytes_sent) as bytes_sent,
    count_if(witness = 'data_event') as seen_by_the_trail_only,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    bucket_name = ?
    and starts_with(object_key, ?)
    and event_date between cast(? as date) and cast(? as date)
    and action in ('read_object', 'copy_read')
    and outcome = 'success'
group by coalesce(principal, 'anonymous'), is_external
order by objects desc, who asc, is_external asc
