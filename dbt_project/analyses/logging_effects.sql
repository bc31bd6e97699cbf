-- What went dark after logging was changed, and what the other log saw in these hours.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day of the changes, UTC.
-- until (day, default since): Last day, UTC.
select
    changed_at,
    event_name,
    effect,
    identity_arn,
    bucket_name,
    is_sensitive,
    signal,
    hours_lost,
    hours_dark,
    requests_seen,
    requests_of_changer,
    coverage_before,
    seen_again_at
from lacuna.fct_logging_effects
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
order by hours_dark desc, changed_at asc, bucket_name asc, signal asc
