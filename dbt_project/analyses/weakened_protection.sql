-- Buckets that are protected less than before, or that a call tried to protect less.
--
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    coalesce(changed_at, seen_after_at) as changed_by,
    bucket_name,
    control,
    direction,
    asks_for,
    array_join(weaker, ', ') as weaker,
    is_recorded,
    event_name,
    error_code,
    identity_arn
from lacuna.fct_protection_changes
where
    event_date between cast(? as date) and cast(? as date)
    and (
        direction in ('weakened', 'redirected')
        or (asks_for = 'weaker' and direction <> 'strengthened')
    )
order by is_recorded asc, changed_by asc, bucket_name asc, control asc
