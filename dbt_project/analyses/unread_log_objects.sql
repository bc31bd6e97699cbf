-- Which log objects could not be read whole, or are not what was delivered.
--
-- since (day, default yesterday): First day of delivery, UTC.
-- until (day, default since): Last day of delivery, UTC.
select
    delivered_on,
    status,
    kind,
    log_bucket,
    object_key,
    problem,
    size_bytes,
    bytes_read,
    digest_state
from lacuna.fct_log_objects
where
    delivered_on between cast(? as date) and cast(? as date)
    and (
        status not in ('accounted', 'duplicate', 'empty')
        or digest_state in ('altered', 'disowned')
    )
order by delivered_on, status, log_bucket, object_key
