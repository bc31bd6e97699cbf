{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

requests as (

    select *

    from {{ ref('fct_object_requests') }}

    where
        event_date in {{ event_days() }}
        and action in ('delete_object', 'batch_delete', 'expire_object', 'expire_marker')

),

-- One request deletes up to a thousand keys; both logs name each of them, CloudTrail since June 2025.
batches as (

    select
        bucket_name,
        request_id,
        event_date,
        count_if(action = 'batch_delete') as batches,
        count_if(action = 'delete_object') as keys

    from requests

    where request_id is not null

    group by bucket_name, request_id, event_date

),

-- Whether a bucket kept versions, at two observations in a row: of one day or of neighbouring days, between which no
-- observation can be that another set of days would show.
versioning as (

    select
        bucket_name,
        observed_at,
        contains(guards, 'versions are kept') as keeps_versions,
        lag(observed_at) over (partition by bucket_name order by observed_at) as observed_at_before,
        lag(contains(guards, 'versions are kept')) over (partition by bucket_name order by observed_at) as kept_versions_before

    from {{ ref('stg_evidence__protection_states') }}

    where
        observed_on in {{ event_days(before=1, after=1) }}
        and control = 'versioning'
        and error_code is null

),

deletions as (

    select
        requests.*,
        case
            when versioning.keeps_versions and versioning.kept_versions_before then 'version_kept'
            when versioning.keeps_versions or versioning.kept_versions_before then 'versioning_changed'
            when versioning.bucket_name is not null then 'versions_not_kept'
            else 'versioning_not_observed'
        end as seen_versioning,
        batches.keys as batch_size,
        case
            when requests.action = 'expire_object' then 'lifecycle'
            when requests.action = 'expire_marker' then 'lifecycle_marker'
            when requests.action = 'batch_delete' then 'batch_of_unknown_keys'
            when requests.operation = 'BATCH.DELETE.OBJECT' or batches.batches > 0 then 'batch'
            else 'single'
        end as how,
        case
            -- S3 answers success to a batch also if it refused each key
            when requests.action = 'batch_delete' or requests.outcome = 'unknown' then 'unknown'
            when {{ is_done('requests.outcome') }} then 'deleted'
            when requests.outcome = 'denied' then 'refused'
            else 'failed'
        end as result

    from requests

    left join batches
        on
            requests.bucket_name = batches.bucket_name
            and requests.request_id = batches.request_id
            and requests.event_date = batches.event_date

    left join versioning
        on
            requests.bucket_name = versioning.bucket_name
            and requests.requested_at > versioning.observed_at_before
            and requests.requested_at <= versioning.observed_at
            and date_diff('day', cast(versioning.observed_at_before as date), cast(versioning.observed_at as date)) <= 1

    where
        requests.action <> 'batch_delete'
        or coalesce(batches.keys, 0) = 0

),

described as (

    select
        requested_at as deleted_at,
        bucket_name,
        object_key,
        version_id,
        cast(how as varchar) as how,
        cast(result as varchar) as result,
        outcome,
        error_code,
        if(how = 'batch', batch_size) as batch_size,
        object_size as size_bytes,
        cast(
            case
                when result in ('refused', 'failed') then 'not_deleted'
                when how = 'lifecycle' then 'expired'
                when version_id is not null and how <> 'lifecycle_marker' then 'version_or_marker_named'
                when how = 'lifecycle_marker' and seen_versioning = 'versioning_not_observed' then 'marker_written'
                else seen_versioning
            end
            as varchar
        ) as recovery,
        principal,
        session_name,
        principal_account_id,
        is_external,
        actor_class,
        via_service,
        access_key_id,
        remote_ip,
        network_class,
        client_class,
        key_class,
        is_sensitive,
        witness,
        request_id,
        log_object,
        event_date

    from deletions

),

covered as (

    {{ with_coverage('described') | indent(4) }}

)

select
    {{ contract_columns() }}

from covered
