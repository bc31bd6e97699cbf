{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set days = event_day_range() %}

with

event_days as (

    select event_date

    from (values {{ event_day_rows() }}) as days (event_date)

    where event_date is not null

),

snapshots as (

    select
        account_id,
        region,
        bucket_name,
        observed_at,
        logging_state,
        target_bucket,
        target_prefix,
        key_layout,
        target_state,
        reasons,
        read_coverage,
        write_coverage,
        read_covered_since,
        write_covered_since,
        coverage_reasons,
        sensitivity,
        error_code,
        error_operation,
        observed_on

    from {{ source('evidence', 'logging_snapshots') }}

    where
        {% if days %}
        observed_on >= date '{{ days | first }}'
        and observed_on <= date '{{ (days | last) + modules.datetime.timedelta(days=1 + var("config_max_age_days")) }}'
        {% else %}
        false
        {% endif %}

),

-- One observation of the whole account judges a day. Taking the first of each bucket instead would give an old
-- day a row for every bucket that was created since, and a rerun would change what was said.
observed as (

    select
        event_days.event_date,
        min(snapshots.observed_at) as observed_at

    from event_days

    inner join snapshots
        on
            date_add('day', 1, cast(event_days.event_date as timestamp)) <= snapshots.observed_at
            and date_add('day', {{ 1 + var('config_max_age_days') }}, event_days.event_date) >= snapshots.observed_on

    group by event_days.event_date

),

-- What was seen within the day: a bucket that was not logged then was not logged all day, whatever is seen after it.
contradicted as (

    select distinct
        event_days.event_date,
        snapshots.bucket_name

    from event_days

    inner join snapshots
        on event_days.event_date = snapshots.observed_on

    where snapshots.logging_state = 'off'

)

select
    snapshots.account_id,
    snapshots.region,
    snapshots.bucket_name,
    if(
        snapshots.logging_state = 'on' and contradicted.bucket_name is not null, 'unknown', snapshots.logging_state
    ) as logging_state,
    snapshots.target_bucket,
    snapshots.target_prefix,
    snapshots.key_layout,
    snapshots.target_state,
    snapshots.reasons || if(
        snapshots.logging_state = 'on' and contradicted.bucket_name is not null,
        array['logging_turned_on'],
        cast(array[] as array(varchar))
    ) as reasons,
    snapshots.read_coverage,
    snapshots.write_coverage,
    snapshots.read_covered_since,
    snapshots.write_covered_since,
    snapshots.coverage_reasons,
    snapshots.sensitivity,
    snapshots.error_code,
    snapshots.error_operation,
    snapshots.observed_at as config_observed_at,
    observed.event_date

from observed

inner join snapshots
    on observed.observed_at = snapshots.observed_at

left join contradicted
    on
        observed.event_date = contradicted.event_date
        and snapshots.bucket_name = contradicted.bucket_name
