{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{#- How a mode is covered by everything that records events, and by the trails alone, whose files are the witness. -#}
{%- set modes = {
    'read_coverage': 'read_covered_since', 'write_coverage': 'write_covered_since',
    'read_witness': 'read_witnessed_since', 'write_witness': 'write_witnessed_since',
    'changes_witness': 'changes_witnessed_since',
} %}

with

snapshots as (

    select *

    from {{ ref('stg_evidence__logging_snapshots') }}

    where {{ is_snapshot_of_event_days() }}

),

-- One snapshot of the whole account judges a day. The first snapshot of each bucket would give an old day a row for
-- every bucket that was created since, and a rerun would change an old verdict.
observed as (

    {{ judging_snapshots('snapshots') | indent(4) }}

),

-- A later snapshot of the same day counts only for a bucket whose first snapshot was refused a read: the permission was
-- repaired and the run repeated. Changes of the account in between do not change the day.
judging as (

    select
        observed.event_date,
        snapshots.bucket_name,
        coalesce(
            min(
                if(
                    snapshots.error_code is null
                    and snapshots.sensitivity_error_code is null
                    and not any_match(snapshots.coverage_reasons, reason -> regexp_like(reason, '_unreadable$')),
                    snapshots.observed_at
                )
            ),
            min(snapshots.observed_at)
        ) as observed_at

    from observed

    inner join snapshots
        on cast(observed.observed_at as date) = snapshots.observed_on

    group by observed.event_date, snapshots.bucket_name

),

-- Every snapshot up to the one that judges the day, with the last one that differs from it. Logging that was seen off, or
-- delivered by CloudWatch only, and then on is certainly on since it was first seen on; when it was turned on before that
-- is unknown.
history as (

    select
        judging.event_date,
        snapshots.bucket_name,
        snapshots.observed_at,
        snapshots.logging_state,
        {% for mode in modes %}
        snapshots.{{ mode }},
        max(if(snapshots.{{ mode }} in ('partly_covered', 'not_covered'), snapshots.observed_at)) over (
            partition by judging.event_date, snapshots.bucket_name
        ) as last_without_{{ mode }}_at,
        {% endfor %}
        max(if(snapshots.logging_state = 'off', snapshots.observed_at)) over (
            partition by judging.event_date, snapshots.bucket_name
        ) as last_off_at,
        max(if(snapshots.logging_state in ('off', 'elsewhere'), snapshots.observed_at)) over (
            partition by judging.event_date, snapshots.bucket_name
        ) as last_not_on_at

    from judging

    inner join snapshots
        on
            judging.bucket_name = snapshots.bucket_name
            and judging.observed_at >= snapshots.observed_at
            and date_add('day', -{{ var('config_max_age_days') }}, judging.event_date) <= snapshots.observed_on

),

changes as (

    select
        event_date,
        bucket_name,
        min(if(logging_state = 'on' and observed_at > last_not_on_at, observed_at)) as logged_since,
        {% for mode in modes %}
        min(if({{ mode }} = 'covered' and observed_at > last_without_{{ mode }}_at, observed_at)) as {{ mode }}_since,
        {% endfor %}
        max(if(logging_state = 'on', observed_at)) as last_on_at,
        max(last_off_at) as last_off_at

    from history

    group by event_date, bucket_name

)

select
    snapshots.account_id,
    snapshots.region,
    snapshots.bucket_name,
    -- first seen on after the day: the state during the day is unknown
    if(
        date_add('day', 1, cast(judging.event_date as timestamp)) <= changes.logged_since,
        'unknown',
        snapshots.logging_state
    ) as logging_state,
    changes.logged_since,
    snapshots.target_bucket,
    snapshots.target_prefix,
    snapshots.target_state,
    snapshots.reasons || filter(
        array[
            if(cast(judging.event_date as timestamp) < changes.logged_since, 'logging_turned_on'),
            if(
                snapshots.logging_state = 'on' and cast(judging.event_date as timestamp) <= changes.last_off_at,
                'logging_seen_off'
            ),
            if(
                snapshots.logging_state = 'off' and cast(judging.event_date as timestamp) <= changes.last_on_at,
                'logging_turned_off'
            )
        ],
        reason -> reason is not null
    ) as reasons,
    {% for mode, since in modes.items() %}
    snapshots.{{ mode }},
    {{ later('snapshots.' ~ since, 'changes.' ~ mode ~ '_since') }} as {{ since }},
    {% endfor %}
    snapshots.coverage_reasons || filter(
        array[
            if(
                cast(judging.event_date as timestamp) < snapshots.read_covered_since
                or cast(judging.event_date as timestamp) < snapshots.write_covered_since,
                'trail_started_later'
            ),
            if(
                cast(judging.event_date as timestamp) < changes.read_coverage_since
                or cast(judging.event_date as timestamp) < changes.write_coverage_since,
                'selectors_changed'
            )
        ],
        reason -> reason is not null
    ) as coverage_reasons,
    coalesce(snapshots.coverage_faults, array[]) as coverage_faults,
    coalesce(snapshots.coverage_details, cast(array[] as array(varchar))) as coverage_details,
    snapshots.error_code,
    snapshots.error_operation,
    snapshots.weaknesses,
    snapshots.is_sensitive,
    snapshots.sensitivity_error_code,
    coalesce(snapshots.missing_trail_buckets, cast(array[] as array(varchar))) as missing_trail_buckets,
    {% for column in snapshot_columns() %}
    snapshots.{{ column }},
    {% endfor %}
    snapshots.observed_at as config_observed_at,
    judging.event_date

from judging

inner join snapshots
    on
        judging.bucket_name = snapshots.bucket_name
        and judging.observed_at = snapshots.observed_at

inner join changes
    on
        judging.event_date = changes.event_date
        and judging.bucket_name = changes.bucket_name
