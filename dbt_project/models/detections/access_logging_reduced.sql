{%- set entry = detection('access_logging_reduced') -%}

with

config as (

    select distinct
        target_bucket,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

changes as (

    select
        changes.*,
        {{ without_session('changes.identity_arn') }} as caller,
        config.target_bucket is not null as is_known_target

    from {{ ref('fct_logging_changes') }} as changes

    left join config
        on
            changes.target_bucket = config.target_bucket
            and changes.event_date = config.event_date
            and changes.effect = 'redirected'

    where
        changes.event_date in {{ event_days() }}
        and changes.error_code is null
        and changes.bucket_name is not null
        and (
            (changes.about = 'bucket' and changes.effect in ('off', 'redirected'))
            or (changes.about = 'log_bucket' and changes.effect = 'off')
        )

),

grouped as (

    select
        bucket_name,
        min(caller) as principal,
        coalesce(min(identity_arn), 'somebody') as who,
        if(
            bool_or(effect = 'off'),
            if(bool_or(about = 'log_bucket'), 'took away the policy or the bucket of the logs in', 'turned off the access log of'),
            'sent to another place the access log of'
        ) as what_was_done,
        bool_and(effect = 'redirected' and is_known_target) as is_moved,
        array_agg(distinct event_id) as event_ids,
        count(*) as changes,
        min(changed_at) as first_at,
        max(changed_at) as last_at,
        event_date

    from changes

    group by bucket_name, event_date

)

{{ detected(
    entry,
    'grouped',
    bucket_name='bucket_name',
    subject="'access log'",
    severity="if(is_moved, 'informational')",
    value='changes',
    requests='changes',
    cause_event_ids='event_ids',
) }}
