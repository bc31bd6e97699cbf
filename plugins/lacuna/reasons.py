"""The reasons that a verdict, a coverage or a log bucket's weakness can carry.

To add a reason, edit three places:

1. the member here,
2. its row in dbt_project/seeds/reasons.csv: question, meaning, priority, remedy, call, is_action,
3. the code that raises it: a module of `lacuna.access_log` or `lacuna.trail`, or a dbt model.

`make docs` then writes docs/reasons.md from the seed. A test compares the members with the rows,
and a dbt test compares the codes in the marts with the rows.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A code of `reasons`, `coverage_reasons` or `weaknesses`. Each is a row of the seed reasons."""

    # Is the bucket's access logged? Raised by refusals.py, steps/snapshot_rows.py and dbt.
    LOGGING_OFF = "logging_off"
    LOGGING_OFF_OF_LOG_BUCKET = "logging_off_of_log_bucket"
    LOGGING_OFF_ON_PURPOSE = "logging_off_on_purpose"
    LOGGING_TURNED_OFF = "logging_turned_off"
    LOGGING_TURNED_ON = "logging_turned_on"
    LOGGING_SEEN_OFF = "logging_seen_off"
    LOGGING_INTERRUPTED = "logging_interrupted"
    LOGGING_REDIRECTED = "logging_redirected"
    LOGGING_ELSEWHERE = "logging_elsewhere"
    LOGGING_ELSEWHERE_TOO = "logging_elsewhere_too"
    DELIVERIES_UNREADABLE = "deliveries_unreadable"
    LOGGING_UNREADABLE = "logging_unreadable"
    LOGGING_THROTTLED = "logging_throttled"
    REGION_NOT_ENABLED = "region_not_enabled"
    NOT_OBSERVED = "not_observed"

    # Can S3 deliver to the target? Raised by access_log/targets.py and by dbt.
    TARGET_MISSING = "target_missing"
    TARGET_OTHER_REGION = "target_other_region"
    TARGET_OTHER_ACCOUNT = "target_other_account"
    TARGET_POLICY_MISSING = "target_policy_missing"
    TARGET_POLICY_DENIES = "target_policy_denies"
    TARGET_POLICY_OTHER_PARTITION = "target_policy_other_partition"
    TARGET_ACL_DISABLED = "target_acl_disabled"
    TARGET_KMS_ENCRYPTION = "target_kms_encryption"
    TARGET_OBJECT_LOCK = "target_object_lock"
    TARGET_REQUESTER_PAYS = "target_requester_pays"
    TARGET_POLICY_CONDITION_UNKNOWN = "target_policy_condition_unknown"
    TARGET_POLICY_RESOURCE_PARTIAL = "target_policy_resource_partial"
    TARGET_POLICY_DENY_UNCERTAIN = "target_policy_deny_uncertain"
    TARGET_ACL_INCOMPLETE = "target_acl_incomplete"
    TARGET_GRANTS_NOT_APPLICABLE = "target_grants_not_applicable"
    TARGET_UNCERTAIN = "target_uncertain"
    TARGET_UNKNOWN = "target_unknown"
    TARGET_UNREADABLE = "target_unreadable"
    TARGET_REGION_UNREADABLE = "target_region_unreadable"
    TARGET_POLICY_UNREADABLE = "target_policy_unreadable"
    TARGET_ACL_UNREADABLE = "target_acl_unreadable"
    TARGET_OWNERSHIP_UNREADABLE = "target_ownership_unreadable"
    TARGET_ENCRYPTION_UNREADABLE = "target_encryption_unreadable"
    TARGET_OBJECT_LOCK_UNREADABLE = "target_object_lock_unreadable"
    TARGET_REQUEST_PAYMENT_UNREADABLE = "target_request_payment_unreadable"

    # Did the access log arrive? Raised by dbt.
    HOURS_MISSING = "hours_missing"
    HOURS_PARTLY_MISSING = "hours_partly_missing"
    HOURS_UNKNOWN = "hours_unknown"
    RECORDS_PENDING = "records_pending"
    NO_WITNESS = "no_witness"
    PLACE_UNREADABLE = "place_unreadable"
    TURNING_ON = "turning_on"
    UNREADABLE_LINES = "unreadable_lines"
    EVENTS_OF_OTHER_REQUESTS = "events_of_other_requests"

    # Are the bucket's data events recorded? Raised by trail/recorders.py, trail/coverage.py and dbt.
    NO_TRAIL = "no_trail"
    TRAIL_NOT_LOGGING = "trail_not_logging"
    TRAIL_OTHER_REGION = "trail_other_region"
    TRAIL_DELIVERY_ERROR = "trail_delivery_error"
    TRAIL_BUCKET_MISSING = "trail_bucket_missing"
    TRAIL_STARTED_LATER = "trail_started_later"
    TRAIL_CHANGED_TWICE = "trail_changed_twice"
    ORGANIZATION_TRAIL_UNREADABLE = "organization_trail_unreadable"
    TRAIL_STATUS_UNREADABLE = "trail_status_unreadable"
    TRAIL_SELECTORS_UNREADABLE = "trail_selectors_unreadable"
    TRAILS_UNREADABLE = "trails_unreadable"
    STORE_NOT_INGESTING = "store_not_ingesting"
    STORE_CHANGING = "store_changing"
    STORE_OTHER_REGION = "store_other_region"
    STORE_CHANGED_TWICE = "store_changed_twice"
    STORE_UNREADABLE = "store_unreadable"
    STORES_UNREADABLE = "stores_unreadable"
    ALL_STORES_UNREADABLE = "all_stores_unreadable"
    RECORDED_ELSEWHERE = "recorded_elsewhere"
    CHANNEL_UNREADABLE = "channel_unreadable"
    CHANNELS_UNREADABLE = "channels_unreadable"
    READS_NOT_SELECTED = "reads_not_selected"
    WRITES_NOT_SELECTED = "writes_not_selected"
    READS_PARTLY_SELECTED = "reads_partly_selected"
    WRITES_PARTLY_SELECTED = "writes_partly_selected"
    SELECTOR_FIELD_UNKNOWN = "selector_field_unknown"
    SELECTOR_FIELD_REPEATED = "selector_field_repeated"
    SELECTOR_WILDCARD = "selector_wildcard"
    SELECTOR_KEY_WILDCARD = "selector_key_wildcard"
    SELECTORS_CHANGED = "selectors_changed"
    EVENTS_PARTLY_MISSING = "events_partly_missing"
    CHANGES_NOT_RECORDED = "changes_not_recorded"
    CHANGES_WITNESS_UNKNOWN = "changes_witness_unknown"
    HISTORY_SHORT = "history_short"
    FOLDER_UNLISTED = "folder_unlisted"
    TRAILS_UNLISTED = "trails_unlisted"
    TRAIL_NOT_FOLLOWED = "trail_not_followed"
    FILE_UNTRUSTED = "file_untrusted"
    DIGEST_UNTRUSTED = "digest_untrusted"

    # What is weak about the log bucket? Raised by access_log/weaknesses.py.
    TARGET_LOGS_ITSELF = "target_logs_itself"
    TARGET_CHAIN = "target_chain"
    PREFIX_SHARED = "prefix_shared"
    PREFIX_UNATTRIBUTABLE = "prefix_unattributable"
    LIFECYCLE_TOO_SHORT = "lifecycle_too_short"
    TARGET_NOT_VERSIONED = "target_not_versioned"
    TARGET_PUBLIC_ACCESS_NOT_BLOCKED = "target_public_access_not_blocked"
    TARGET_PUBLIC_ACLS_NOT_BLOCKED = "target_public_acls_not_blocked"
    TARGET_PUBLIC_ACLS_NOT_IGNORED = "target_public_acls_not_ignored"
    TARGET_PUBLIC_POLICY_NOT_BLOCKED = "target_public_policy_not_blocked"
    TARGET_PUBLIC_BUCKETS_NOT_RESTRICTED = "target_public_buckets_not_restricted"
    TARGET_LOGGING_UNREADABLE = "target_logging_unreadable"
    TARGET_LIFECYCLE_UNREADABLE = "target_lifecycle_unreadable"
    TARGET_VERSIONING_UNREADABLE = "target_versioning_unreadable"
    TARGET_PUBLIC_ACCESS_UNREADABLE = "target_public_access_unreadable"
    TARGET_ACCOUNT_BLOCK_UNREADABLE = "target_account_block_unreadable"

    # Is the bucket sensitive? Raised by dbt.
    SENSITIVITY_UNREADABLE = "sensitivity_unreadable"
