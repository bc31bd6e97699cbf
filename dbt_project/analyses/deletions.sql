-- Which objects were deleted, by whom or by what, and can they be had back, oldest first.
--
-- bucket (text): Name of the bucket, or a pattern of LIKE.
-- prefix (text, default ''): How the keys begin.
-- principal (text, default ''): A part of the principal, for example the name of a role.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    deleted_at,
    bucket_name,
    object_key,
    version_id,
    how,
    result,
    recovery,
    coalesce(principal, if(actor_class = 'auth_failed', 'signature refused', 'anonymous')) as who,
    remote_ip,
    witness,
    coverage
from lacuna.fct_deletions
where
    bucket_name like ?
    and starts_with(coalesce(object_key, ''), ?)
    and strpos(coalesce(principal, ''), ?) > 0
    and event_date between cast(? as date) and cast(? as date)
order by deleted_at asc, bucket_name asc, object_key asc, version_id asc
