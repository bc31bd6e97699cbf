-- Who touched what is sensitive, those from outside first, and how much of the day was seen.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    bucket_name,
    sensitive_by,
    principal,
    actor_class,
    is_external,
    action,
    outcome,
    key_prefix,
    key_class,
    network_class,
    requests,
    objects,
    bytes_sent,
    coverage
from lacuna.fct_sensitive_access
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
order by is_external desc nulls last, objects desc, bucket_name asc, principal asc, action asc,
    outcome asc, key_prefix asc
