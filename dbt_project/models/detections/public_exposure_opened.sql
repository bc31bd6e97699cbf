{%- set entry = detection('public_exposure_opened') -%}

with

changes as (

    select
        *,
        case
            when any_match(weaker, one -> regexp_like(one, '^(?:public, as S3 judges it|AllUsers may|AuthenticatedUsers may)')) then 'high'
            when direction = 'unknown' and asks_for = 'weaker' and control = 'acl' then 'high'
            when direction in ('weakened', 'unknown') and coalesce(asks_for, 'weaker') = 'weaker' and control not in ('policy', 'acl') then 'medium'
        end as opens

    from {{ ref('fct_protection_changes') }}

    where
        event_date in {{ event_days() }}
        and error_code is null
        and control in ('policy', 'acl', 'public_access_block', 'account_public_access_block', 'website')
        and (direction in ('weakened', 'redirected') or (direction = 'unknown' and asks_for = 'weaker'))

),

{{ changes_by_bucket('changes', 'changes.opens is not null', "min(changes.opens)") }}

{{ detected(
    entry,
    'described',
    bucket_name='bucket_name',
    bucket_names='bucket_names',
    subject='controls',
    severity='severity',
    value='changes',
    requests='changes',
    cause_event_ids='event_ids',
) }}
