-- Detections that cannot say of a bucket whether something was there, and what would let them.
--
-- bucket (text): Name of the bucket.
-- day (day, default yesterday): Event day, UTC.
select
    detection,
    coverage,
    hours_unknown,
    array_join(unknown_reasons, ', ') as unknown_reasons,
    array_join(what_would_make_it_known, ' ') as what_would_make_it_known
from lacuna.fct_detection_coverage
where
    bucket_name = ?
    and event_date = cast(? as date)
    and state = 'unknown'
order by detection asc
