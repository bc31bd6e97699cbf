-- What became of each day: built, not run, or failed in its checks. A day not run is not clean.
--
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    day,
    state,
    checked_at,
    message
from lacuna.days
where day between cast(? as date) and cast(? as date)
order by day asc
