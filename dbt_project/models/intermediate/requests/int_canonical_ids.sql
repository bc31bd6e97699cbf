{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

{%- set is_canonical = "regexp_like({}, '^[0-9a-f]{{64}}$')" %}

with

records as (

    select *

    from {{ ref('int_access_log_records') }}

    where
        event_date in {{ event_days() }}
        and quarantine_reason is null

),

requests as (

    select distinct
        bucket_name,
        request_id,
        requester,
        event_date

    from records

    where {{ is_canonical.format('requester') }}

),

-- Neighbouring days too: a request that crosses midnight has its record on one side and its event on the other.
callers as (

    select distinct
        bucket_name,
        request_id,
        identity_account_id

    from {{ ref('int_data_events') }}

    where
        event_date in {{ event_days(before=1, after=1) }}
        and {{ is_data_event() }}
        and regexp_like(identity_account_id, '^[0-9]{12}$')

),

buckets as (

    select distinct
        bucket_name,
        account_id,
        event_date

    from {{ ref('int_logging_config') }}

    where event_date in {{ event_days() }}

),

owners as (

    select distinct
        bucket_name,
        bucket_owner,
        event_date

    from records

    where {{ is_canonical.format('bucket_owner') }}

),

proofs as (

    -- a caller whom no event names has a row without an account
    select
        requests.requester as canonical_id,
        callers.identity_account_id as account_id,
        if(callers.identity_account_id is not null, cast('both_logs' as varchar)) as proof,
        requests.event_date

    from requests

    left join callers
        on
            requests.bucket_name = callers.bucket_name
            and requests.request_id = callers.request_id

    union all

    select
        owners.bucket_owner as canonical_id,
        buckets.account_id,
        cast('bucket_owner' as varchar) as proof,
        owners.event_date

    from owners

    inner join buckets
        on
            owners.bucket_name = buckets.bucket_name
            and owners.event_date = buckets.event_date

)

-- An id belongs to one account. Two of them are a contradiction, and resolve nothing.
select
    canonical_id,
    if(count(distinct account_id) = 1, min(account_id)) as account_id,
    case
        when count(distinct account_id) > 1 then cast('contradicted' as varchar)
        else coalesce(min(proof), cast('unresolved' as varchar))
    end as resolved_by,
    event_date

from proofs

group by canonical_id, event_date
