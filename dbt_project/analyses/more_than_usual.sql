-- Which callers read, deleted or were sent far more in an hour than on nearly all days before.
--
-- factor (number, default 3): More than how many times as much. What is not known to be usual counts as one.
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
    is_history_short,
    is_learned_automation
from lacuna.principal_baselines
where
    greatest(
        cast(peak_objects_read as double) / greatest(coalesce(usual_objects_read, 0), 1),
        cast(peak_objects_deleted as double) / greatest(coalesce(usual_objects_deleted, 0), 1),
        cast(peak_bytes_sent as double) / greatest(coalesce(usual_bytes_sent, 0), 1)
    ) > ?
    and event_date between cast(? as date) and cast(? as date)
order by peak_bytes_sent desc, peak_objects_read desc, bucket_name asc, principal asc
