-- What sessions of a principal did, by day: objects read, written and deleted, and refusals.
--
-- principal (text): A part of the principal, for example the name of a role.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    principal,
    session_name,
    is_mfa_authenticated,
    first_at,
    last_at,
    requests,
    objects_read,
    objects_written,
    objects_deleted,
    denied,
    settings_changed,
    array_join(bucket_names, ', ') as buckets,
    array_join(access_key_ids, ', ') as access_keys
from lacuna.fct_sessions
where
    strpos(principal, ?) > 0
    and event_date between cast(? as date) and cast(? as date)
order by first_at asc, principal asc, session_name asc
