-- What the detections found, the worst first.
--
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    severity,
    confidence,
    detection,
    bucket_name,
    principal,
    summary,
    first_seen_at,
    last_seen_at,
    evidence_query
from lacuna.fct_findings
where
    event_date between cast(? as date) and cast(? as date)
    and stage = 'live'
order by
    case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end asc,
    first_seen_at asc,
    detection asc
