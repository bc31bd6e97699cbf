-- Which objects were copied, from where to where. Only data events of writes name the source.
--
-- source (text, default '%'): Bucket and key of the source, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    requested_at,
    copy_source,
    bucket_name,
    bucket_account_id,
    object_key,
    outcome,
    kms_key_arn,
    coalesce(principal, 'anonymous') as who,
    is_external
from lacuna.fct_object_requests
where
    copy_source like ?
    and event_date between cast(? as date) and cast(? as date)
order by requested_at asc, bucket_name asc, object_key asc
