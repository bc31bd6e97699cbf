-- Which lines of access logs could not be trusted, why, and where they lie.
--
-- log_bucket (text, default '%'): Name of the log bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day of delivery, UTC.
-- until (day, default since): Last day of delivery, UTC.
select
    delivered_on,
    reason,
    log_bucket,
    object_key,
    line
from lacuna.quarantined_lines
where
    log_bucket like ?
    and delivered_on between cast(? as date) and cast(? as date)
order by delivered_on, log_bucket, object_key, reason, line
