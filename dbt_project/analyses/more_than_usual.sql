-- Which callers read, deleted or were sent far more in an hour than on nearly all days before.
--
-- factor (number, default 3): How many times as much.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    event_date,
    bucket_name,
    principal,
    peak_objects_read,
    usual_objects_read,
    peak_objects_deleted,
    usual_objects_deleted,
    peak_bytes_sent,
    usual_bytes_sent,
    covered_days,
    is_history_short
from lacuna.principal_baselines
cross join (select cast(? as bigint) as factor) as given
where
    event_date between cast(? as date) and cast(? as date)
    and (
        peak_objects_read > factor * coalesce(usual_objects_read, 0)
        or peak_objects_deleted > factor * coalesce(usual_objects_deleted, 0)
        or peak_bytes_sent > factor * coalesce(usual_bytes_sent, 0)
    )
order by peak_bytes_sent desc, peak_objects_read desc, bucket_name asc, principal asc
