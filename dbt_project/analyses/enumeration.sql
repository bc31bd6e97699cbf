-- Who looked at many buckets within an hour: listings, reads of configuration and of ACLs.
--
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
-- buckets (number, default 5): At least so many buckets in one hour.
select
    hour,
    principal,
    actor_class,
    count(distinct bucket_name) as buckets,
    sum(requests) as requests,
    sum(if(outcome in ('denied', 'auth_failed'), requests, 0)) as refused,
    array_join(array_sort(array_agg(distinct action)), ', ') as actions
from lacuna.fct_principal_hours
where
    event_date between cast(? as date) and cast(? as date)
    and action in ('list_buckets', 'list_objects', 'list_versions', 'head_bucket', 'read_config', 'read_acl')
group by hour, principal, actor_class
having count(distinct bucket_name) >= cast(? as bigint)
order by buckets desc, hour asc, principal asc
