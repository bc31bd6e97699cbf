-- What the run of a day cost in Athena, by step and model, the most expensive first.
--
-- day (day, default yesterday): Delivery day of the run, UTC.
select
    step,
    model,
    kind,
    workgroup,
    statements,
    bytes_scanned,
    round(usd, 6) as usd,
    seconds,
    "rows" as rows_written,
    error_code
from lacuna.fct_run_costs
where day = cast(? as date)
order by usd desc nulls first, bytes_scanned desc, step asc, model asc
