{{ config(materialized='ephemeral', tags=['event_days']) }}

{#- A role that AWS made in an account is of that account. -#}
{%- set is_of_aws = "coalesce(actor_reason in ('acts_by_itself', 'service_principal', 'origin_access_identity', 'account_of_aws'), false)" %}

with

requests as (

    select
        *,
        {{ is_anonymous() | indent(8) }} as is_anonymous,
        if(
            not {{ is_anonymous() | indent(12) }},
            {{ without_session('requester') }}
        ) as principal,
        regexp_extract(requester, '^arn:[^:]*:sts::[0-9]{12}:assumed-role/[^/]+/(.+)$', 1) as session_name,
        coalesce(
            regexp_extract(requester, '^arn:[^:]*:(?:iam|sts)::([0-9]{12}):', 1),
            regexp_extract(requester, '^[0-9]{12}$'),
            regexp_extract(identity_account_id, '^[0-9]{12}$')
        ) as named_account_id,
        auth_type = 'QueryString' as is_presigned,
        {{ claimed_service('user_agent') | indent(8) }} as claimed_service

    from {{ ref('int_object_requests') }}

),

-- The account of each bucket on each day, and whether it is marked as sensitive.
buckets as (

    select
        bucket_name,
        event_date,
        min(account_id) as account_id,
        bool_or(is_sensitive) as is_sensitive

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

    group by bucket_name, event_date

),

joined as (

    select
        requests.*,
        coalesce(request_actions.action, 'other') as action,
        error_outcomes.outcome as outcome_of_error,
        coalesce(requests.bucket_account_id, buckets.account_id) as owner_account_id,
        coalesce(
            requests.named_account_id,
            if(requests.requester = requests.bucket_owner, coalesce(requests.bucket_account_id, buckets.account_id)),
            canonical_ids.account_id
        ) as caller_account_id,
        aws_callers.service as calling_service,
        buckets.is_sensitive as is_sensitive_bucket,
        cast({{ key_class('requests.object_key') | indent(8) }} as varchar) as key_class,
        own_accounts.account_ids

    from requests

    left join {{ ref('request_actions') }} as request_actions
        on requests.operation = request_actions.operation

    left join {{ ref('error_outcomes') }} as error_outcomes
        on requests.error_code = error_outcomes.error_code

    left join buckets
        on
            requests.bucket_name = buckets.bucket_name
            and requests.event_date = buckets.event_date

    left join {{ ref('int_own_accounts') }} as own_accounts
        on requests.event_date = own_accounts.event_date

    left join {{ ref('aws_callers') }} as aws_callers
        on coalesce(requests.named_account_id, requests.requester) = aws_callers.caller

    left join {{ ref('int_canonical_ids') }} as canonical_ids
        on
            requests.requester = canonical_ids.canonical_id
            and requests.event_date = canonical_ids.event_date
            and canonical_ids.event_date in {{ event_days() }}

),

judged as (

    select
        *,
        {{ outcome() | indent(8) }} as outcome,
        {% for part in ['class', 'reason'] %}
        cast(
            case
                {% for actor_class, rule, condition in actor_rules() %}
                when {{ condition }} then '{{ actor_class if part == 'class' else rule }}'
                {% endfor %}
                {{ "else 'unknown'" if part == 'class' }}
            end
            as varchar
        ) as actor_{{ part }}{{ ',' if not loop.last }}
        {% endfor %}

    from joined

)

select
    {{ request_columns() | join(',\n    ') }},
    witness,
    is_anonymous,
    data_event_id,
    log_object,
    event_date,

    ---------- what was done
    cast(action as varchar) as action,
    cast(outcome as varchar) as outcome,

    ---------- who: S3 or CloudTrail says so
    principal,
    session_name,
    if(not {{ is_of_aws }}, caller_account_id) as principal_account_id,
    owner_account_id as bucket_account_id,
    actor_class,
    actor_reason,
    case
        when {{ is_of_aws }} then false
        when actor_class = 'anonymous' then true
        when caller_account_id = owner_account_id or contains(account_ids, caller_account_id) then false
        when caller_account_id is not null and owner_account_id is not null and account_ids is not null then true
    end as is_external,
    {% for column in event_columns() if column not in ['bucket_account_id', 'signed_at', 'expires_seconds', 'list_prefix'] %}
    {{ column }},
    {% endfor %}

    ---------- for whom
    cast(
        coalesce(
            {{ service('invoked_by') }},
            {{ service('requester', 'svc:') }},
            calling_service,
            claimed_service
        ) as varchar
    ) as via_service,
    cast(
        case
            when {{ service('invoked_by') }} is not null then 'event'
            when coalesce({{ service('requester', 'svc:') }}, calling_service) is not null then 'requester'
            when claimed_service is not null then 'claim'
        end
        as varchar
    ) as via_proof,

    ---------- from where
    cast({{ network_class('remote_ip', 'source_region') | indent(4) }} as varchar) as network_class,

    ---------- what for
    {{ key_prefix('object_key') | indent(4) }} as key_prefix,
    lower(regexp_extract(object_key, '[.]([A-Za-z0-9]{1,10})$', 1)) as key_extension,
    key_class,
    coalesce(key_class in ('credential', 'key_material', 'database_dump'), false) or is_sensitive_bucket as is_sensitive,
    coalesce(list_prefix, {{ decoded(presigned_part('request_uri', 'prefix', '[^& ]+')) }}) as list_prefix,

    ---------- how it was signed
    coalesce(is_presigned, false) as is_presigned,
    if(is_presigned, coalesce({{ presigned_part('request_uri', 'X-Amz-Credential', '[A-Z0-9]{16,128}') }}, access_key_id)) as presigned_key_id,
    if(is_presigned, coalesce({{ signing_time(presigned_part('request_uri', 'X-Amz-Date', '[0-9TZ]+')) | indent(4) }}, signed_at)) as signed_at,
    if(
        is_presigned,
        coalesce(try_cast({{ presigned_part('request_uri', 'X-Amz-Expires', '[0-9]{1,9}') }} as bigint), expires_seconds)
    ) as expires_seconds,

    ---------- what the client says of itself
    coalesce(
        is_presigned and regexp_like(referrer, '{{ console_pattern() }}'), false
    ) as is_claimed_console_transfer,
    {{ audited('pr') }} as claimed_principal,
    {{ audited('ji') }} as claimed_job

from judged
