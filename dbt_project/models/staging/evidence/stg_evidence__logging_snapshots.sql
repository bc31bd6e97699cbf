select
    account_id,
    region,
    bucket_name,
    observed_at,
    logging_state,
    target_bucket,
    target_prefix,
    target_state,
    reasons,
    read_coverage,
    write_coverage,
    read_covered_since,
    write_covered_since,
    -- snapshots of versions that knew no event data stores hold only what the trails cover
    coalesce(read_witness, read_coverage) as read_witness,
    coalesce(write_witness, write_coverage) as write_witness,
    if(read_witness is null, read_covered_since, read_witnessed_since) as read_witnessed_since,
    if(write_witness is null, write_covered_since, write_witnessed_since) as write_witnessed_since,
    changes_witness,
    changes_witnessed_since,
    coverage_reasons,
    -- snapshots of older versions hold the same as texts, `reason arn`
    coalesce(
        coverage_faults,
        transform(
            coverage_at_fault,
            fault -> cast(
                row(split_part(fault, ' ', 1), split_part(fault, ' ', 2))
                as row(reason varchar, arn varchar)
            )
        )
    ) as coverage_faults,
    coverage_details,
    coalesce(witness_covers, array[]) as witness_covers,
    missing_trail_buckets,
    is_sensitive,
    sensitivity_error_code,
    error_code,
    error_operation,
    weaknesses,
    {% for column in snapshot_columns() %}
    {{ column }},
    {% endfor %}
    observed_on

from {{ source('evidence', 'logging_snapshots') }}
