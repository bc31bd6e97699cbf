{{ config(partitioned_by=['event_date'], tags=['event_days']) }}

with

judged as (

    select
        *,
        cast(
            case
                -- what CloudWatch delivers is not read
                when coalesce(logging_state, 'unknown') in ('unknown', 'elsewhere') then 'unknown'
                when logging_state = 'off' then 'off'
                when target_state = 'broken' then 'broken_target'
                when records > 0 then 'delivering'
                when is_place_unreadable then 'unknown'
                when missing_hours > 0 then 'silent'
                -- requests were seen, or nothing could see them: the day was not idle
                when events > 0 or inactive_hours = 0 then 'unknown'
                -- no requests do not prove that one would have been logged
                when coalesce(target_state, 'unknown') <> 'deliverable' then 'unknown'
                else 'idle'
            end
            as varchar
        ) as verdict

    from {{ ref('int_bucket_days') }}

),

-- Logging is on, nothing arrived, and nothing proves that something should have.
inactive as (

    select
        *,
        logging_state = 'on' and not is_place_unreadable and verdict in ('idle', 'unknown') as is_inactive

    from judged

),

-- Every bucket needs its access log, except those that receive one. Sensitive buckets need every data event too.
required as (

    select
        *,
        case
            when is_log_bucket then 'met'
            when
                verdict in ('silent', 'broken_target', 'off')
                -- on in the snapshot, but provably not all day
                or was_interrupted
                or contains(config_reasons, 'logging_seen_off')
                -- a possible log bucket may not need its own log; a second log, which is not read, may be whole
                then if(is_log_bucket is null or contains(config_reasons, 'logging_elsewhere'), 'unknown', 'not_met')
            when verdict = 'unknown' or was_redirected or contains(config_reasons, 'logging_turned_on') then 'unknown'
            else 'met'
        end as access_log_state,
        case
            when not is_sensitive or (read_coverage = 'covered' and write_coverage = 'covered') then 'met'
            when
                is_sensitive
                and (
                    read_coverage in ('partly_covered', 'not_covered')
                    or write_coverage in ('partly_covered', 'not_covered')
                )
                then 'not_met'
            else 'unknown'
        end as data_events_state

    from inactive

),

explained as (

    select
        *,
        filter(
            config_reasons,
            -- of a log that is as required, a second one explains nothing
            reason -> reason <> 'logging_elsewhere' or verdict not in ('delivering', 'idle') or access_log_state <> 'met'
        )
        || filter(
            array[
                if(logging_state is null, 'not_observed'),
                if(logging_state = 'unknown' and cardinality(config_reasons) = 0, 'logging_unreadable'),
                if(logging_state = 'off', 'logging_off'),
                if(logging_state = 'on' and target_state = 'uncertain', 'target_uncertain'),
                if(logging_state = 'on' and target_state = 'unknown', 'target_unknown'),
                if(logging_state = 'on' and is_place_unreadable, 'place_unreadable'),
                if(was_interrupted, 'logging_interrupted'),
                if(was_redirected, 'logging_redirected'),
                if(verdict in ('delivering', 'silent') and missing_hours > 0, 'hours_missing'),
                if(verdict = 'delivering' and partial_hours > 0, 'hours_partly_missing'),
                -- of a day that is cataloged and not parsed there may be no hours at all
                if(is_inactive and (pending_hours > 0 or inactive_hours + unknown_hours = 0), 'records_pending'),
                if(is_inactive and 'covered' not in (read_witness, write_witness), 'no_witness'),
                if(is_inactive and unknown_hours > 0 and 'covered' in (read_witness, write_witness), 'hours_unknown')
            ],
            reason -> reason is not null
        ) as reasons

    from required

)

select
    account_id,
    region,
    bucket_name,
    verdict,
    reasons,
    target_bucket,
    target_prefix,
    target_state,
    read_coverage,
    write_coverage,
    coverage_reasons,
    coverage_faults,
    sensitivity_error_code,
    weaknesses,
    is_log_bucket,
    is_sensitive,
    cast(coalesce(logging_state, 'unknown') as varchar) as logging_state,
    cast(
        case
            when 'not_met' in (access_log_state, data_events_state) then 'not_met'
            when 'unknown' in (access_log_state, data_events_state) then 'unknown'
            else 'met'
        end
        as varchar
    ) as requirement_state,
    (
        coalesce(logging_state = 'on', false)
        and missing_hours + partial_hours + pending_hours = 0
        and not (is_place_unreadable or was_interrupted or was_redirected)
        and not contains(config_reasons, 'logging_turned_on')
    ) as is_log_unbroken,
    (
        read_witness = 'covered'
        and write_witness = 'covered'
        and read_coverage = 'covered'
        and write_coverage = 'covered'
    ) as is_witnessed_all_day,
    event_date

from explained
