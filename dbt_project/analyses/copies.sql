-- Which objects were copied, from where to where. A half that no log has is empty or unknown.
--
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
-- source (text, default '%'): Bucket and key of the source, or a pattern of LIKE.
select
    min(requested_at) as requested_at,
    coalesce(
        max(if(action <> 'copy_read', copy_source)),
        max(if(action = 'copy_read', bucket_name || '/' || object_key))
    ) as source,
    max(if(action <> 'copy_read', bucket_name || '/' || object_key)) as destination,
    max(outcome) as outcome,
    max(kms_key_arn) as kms_key_arn,
    coalesce(max(principal), 'anonymous') as who,
    bool_or(is_external) as is_external,
    request_id
from lacuna.fct_object_requests
where
    event_date between cast(? as date) and cast(? as date)
    and (action = 'copy_read' or (copy_source is not null and action in ('write_object', 'write_part')))
group by request_id
having
    coalesce(
        max(if(action <> 'copy_read', copy_source)),
        max(if(action = 'copy_read', bucket_name || '/' || object_key))
    ) like ?
order by requested_at asc, source asc, destination asc
