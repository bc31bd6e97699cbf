-- Which findings about a day are open, the worst first, and what to do about them.
--
-- day (day, default yesterday): Day of the marts that was checked, UTC.
select
    checks.severity,
    checks.expectation,
    coalesce(findings.sentence, checks.message) as finding,
    findings.to_do
from lacuna.fct_check_results as checks
left join unnest(checks.sentences, checks.to_do) as findings (sentence, to_do) on true
where
    checks.partition_day = cast(? as date)
    and checks.is_current
    and not checks.success
order by
    case checks.severity when 'critical' then 1 when 'warning' then 2 else 3 end,
    checks.expectation,
    finding
