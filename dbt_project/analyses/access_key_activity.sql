-- What an access key did, by bucket and action, and with which tools. Only data events name keys.
--
-- key (text): Access key id.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    coalesce(principal, 'anonymous') as who,
    session_name,
    bucket_name,
    action,
    outcome,
    count(*) as requests,
    count(distinct object_key) as objects,
    array_join(array_sort(array_agg(distinct remote_ip)), ', ') as addresses,
    array_join(array_sort(array_agg(distinct client_class)), ', ') as clients,
    min(requested_at) as first_at,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(access_key_id, presigned_key_id) = ?
    and event_date between cast(? as date) and cast(? as date)
group by coalesce(principal, 'anonymous'), session_name, bucket_name, action, outcome
order by first_at asc, bucket_name asc, action asc, outcome asc
