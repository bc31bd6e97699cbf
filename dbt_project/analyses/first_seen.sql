-- Who, or which account or key, did something for the first time in 28 days, and is that sure.
--
-- kind (text, default '%'): What is new: principal_bucket, account_bucket, key_bucket,
--   principal_network, principal_client, principal_action, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    kind,
    subject,
    seen_with,
    first_seen_at,
    requests,
    done_requests,
    is_certain,
    whole_days,
    request_id
from lacuna.fct_first_seen
where
    kind like ?
    and event_date between cast(? as date) and cast(? as date)
order by first_seen_at asc, kind asc, subject asc, seen_with asc
