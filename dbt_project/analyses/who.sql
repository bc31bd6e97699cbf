-- Who read, wrote, deleted or was refused in a bucket, those who did most first.
--
-- bucket (text): Name of the bucket.
-- prefix (text, default ''): How the keys begin. A listing that shows such keys too is counted.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    coalesce(principal, if(actor_class = 'auth_failed', 'signature refused', 'anonymous')) as who,
    actor_class as kind,
    min(principal_account_id) as account,
    is_external,
    count_if(action = 'read_object' and outcome = 'success') as object_reads,
    count_if(action = 'copy_read' and outcome = 'success') as copied_from,
    count_if(action = 'write_object' and outcome = 'success') as object_writes,
    count_if(action in ('delete_object', 'expire_object', 'expire_marker') and outcome in ('success', 'none')) as deletions,
    count_if(action = 'batch_delete' and outcome = 'success') as batches,
    count_if(action like 'list_%' and outcome = 'success') as listings,
    count_if(outcome in ('denied', 'auth_failed')) as refused,
    count_if(outcome not in ('success', 'none', 'denied', 'auth_failed')) as failed,
    count_if(action in ('head_object', 'read_config', 'read_acl', 'head_bucket', 'read_object_config') and outcome = 'success') as looks,
    count(*) as requests,
    count(distinct object_key) as objects,
    sum(bytes_sent) as bytes_sent,
    array_join(array_sort(array_agg(distinct network_class)), ', ') as networks,
    array_join(array_sort(array_agg(distinct via_service)), ', ') as via_services,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    bucket_name = ?
    and any_match(
        array[cast(? as varchar)],
        prefix -> starts_with(coalesce(object_key, list_prefix, ''), prefix)
            -- a listing of more than the prefix shows its keys too
            or (object_key is null and action like 'list_%' and starts_with(prefix, coalesce(list_prefix, '')))
            -- the keys of a batch are rows of their own where a log names them
            or (object_key is null and action = 'batch_delete')
    )
    and event_date between cast(? as date) and cast(? as date)
    and action <> 'preflight'
group by
    coalesce(principal, if(actor_class = 'auth_failed', 'signature refused', 'anonymous')),
    actor_class,
    is_external
order by requests desc, who asc, kind asc, is_external asc
