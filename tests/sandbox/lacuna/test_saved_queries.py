"""What each saved query answers, from rows of both logs: in one table, a bucket for each query.

That they answer rightly about a whole day of the simulated account: tests/days.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import boto3
import pytest

from lacuna.cli import ask, saved_queries
from lacuna.lake import athena
from lacuna.lake.lake import Lake, open_lake
from lacuna.settings import Settings
from lacuna.tables.published import MARTS
from tests.sandbox.expectations.conftest import World, mart

Row = dict[str, Any]

DAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 10)
KIM = "arn:aws:iam::123456789012:user/kim"
ETL = "arn:aws:sts::123456789012:assumed-role/etl/i-1"
NUMBERS = itertools.count(1)


def seen(bucket: str, **changed: Any) -> Row:
    """A read of an object by Kim that both logs have."""
    number = next(NUMBERS)
    return {
        **{
            "witness": "both",
            "request_id": f"R{number}",
            "requested_at": AT,
            "bucket_name": bucket,
        },
        **{"operation": "REST.GET.OBJECT", "object_key": "a", "http_status": 200, "bytes_sent": 10},
        **{"requester": KIM, "is_anonymous": False, "remote_ip": "192.0.2.1", "user_agent": "boto"},
        **{"signature_version": "SigV4", "auth_type": "AuthHeader", "cipher_suite": "C"},
        **{"tls_version": "TLSv1.2", "host_header": "h", "total_time_ms": 20, "event_date": DAY},
        **{"turn_around_time_ms": 10, "client_class": "sdk"},
        **changed,
    }


def trail_only(bucket: str, operation: str = "GetObject", **changed: Any) -> Row:
    """The same in the trail alone, in the trail's words: no status, no times."""
    missing = dict.fromkeys(("http_status", "total_time_ms", "turn_around_time_ms", "host_header"))
    return seen(bucket, witness="data_event", operation=operation, **{**missing, **changed})


def by_s3(bucket: str, operation: str, **changed: Any) -> Row:
    """What S3 did by itself: no status, no client, no address."""
    client = ("remote_ip", "user_agent", "signature_version", "auth_type", "cipher_suite")
    nothing = dict.fromkeys((*client, "tls_version", "host_header", "http_status", "bytes_sent"))
    return seen(
        bucket,
        witness="access_log",
        operation=operation,
        requester="AmazonS3",
        **nothing,
        **changed,
    )


def judged(action: str, outcome: str = "success", **changed: Any) -> Row:
    """The same below p/, with what the request was."""
    named = {"object_key": "p/a", "principal": KIM, "actor_class": "human", "is_external": False}
    return seen("callers", action=action, outcome=outcome, **{**named, **changed})


def did(bucket: str, action: str, outcome: str = "success", **changed: Any) -> Row:
    """What Kim did in a bucket, in the words of both logs."""
    return seen(bucket, **{"action": action, "outcome": outcome, "principal": KIM, **changed})


SOON = AT + timedelta(minutes=5)
UNSIGNED = {"requester": None, "is_anonymous": True, "signature_version": None, "auth_type": None}
MALFORMED = {"requester": None, "is_anonymous": True, "http_status": 403}
DENIED = {"http_status": 403, "error_code": "AccessDenied"}
PLAIN = {"tls_version": None, "cipher_suite": None}
LATER = {"event_date": DAY + timedelta(days=1)}

REQUESTS = [
    *(seen("history", object_key="k"), trail_only("history", object_key="k", error_code="AccessDenied")),
    *(seen("history", object_key="k", **DENIED), by_s3("history", "S3.EXPIRE.OBJECT", object_key="k")),
    seen("history", object_key="k", http_status=301, outcome="redirect"),
    *(seen("history", object_key="other"), seen("history", object_key="k", **LATER)),
    *(seen("principal", requester=ETL), trail_only("principal", requester=ETL)),
    seen("principal", requester=ETL, **DENIED),
    *(seen("address", remote_ip="203.0.113.7"), trail_only("address", remote_ip="203.0.113.7")),
    *(seen("address", remote_ip="203.0.113.70"), seen("address", remote_ip="203.0.113.7", **LATER)),
    *(seen("anonymous", **UNSIGNED), trail_only("anonymous", **UNSIGNED)),
    *(seen("anonymous", **UNSIGNED, **DENIED), seen("anonymous", **MALFORMED), seen("anonymous")),
    seen("anonymous", http_status=301, outcome="redirect", **UNSIGNED),
    seen("anonymous", operation="REST.OPTIONS.PREFLIGHT", **UNSIGNED),
    by_s3("anonymous", "S3.TRANSITION.OBJECT", is_anonymous=True),
    *(seen("refused", **DENIED), trail_only("refused", error_code="AccessDenied"), seen("refused")),
    seen("refused", http_status=404, error_code=None, operation="REST.HEAD.OBJECT"),
    *(seen("refused", **MALFORMED, error_code="SignatureDoesNotMatch"), trail_only("refused")),
    *(seen("refused", http_status=503, error_code="SlowDown"), by_s3("refused", "S3.EXPIRE.OBJECT")),
    trail_only("refused", error_code="InternalError"),
    *(seen("failed", http_status=500, host_id="H1"), trail_only("failed", error_code="SlowDown")),
    *(seen("failed"), trail_only("failed"), seen("failed", **DENIED), trail_only("failed", error_code="NoSuchKey")),
    *(seen("slow", total_time_ms=n, turn_around_time_ms=1) for n in (10, 20, 30)),
    *(seen("slow", http_status=503, total_time_ms=5), trail_only("slow", error_code="SlowDown")),
    *(seen("bytes", bytes_sent=70), seen("bytes", bytes_sent=50, requester=ETL)),
    *(trail_only("bytes", bytes_sent=30, requester=ETL), seen("bytes", bytes_sent=None)),
    *(seen("often", object_key=key) for key in ("p/b", "p/a", "p/b", "q/c")),
    *(trail_only("often", object_key="p/b", error_code="AccessDenied", requester=ETL),),
    *(seen("traffic"), seen("traffic", witness="access_log"), trail_only("traffic")),
    *(seen("traffic", **DENIED), by_s3("traffic", "S3.EXPIRE.OBJECT"), seen("traffic", **LATER)),
    *(seen("sigv2", signature_version="SigV2"), trail_only("sigv2", signature_version="SigV2")),
    *(seen("sigv2"), seen("sigv2", **UNSIGNED)),
    *(seen("plain", **PLAIN), seen("plain", tls_version="TLSV1.1"), trail_only("plain", tls_version="TLSv1")),
    # S3 says nothing of these, or they are no requests
    *(trail_only("plain", **PLAIN), by_s3("plain", "S3.EXPIRE.OBJECT"), seen("plain")),
    *(seen("plain", **PLAIN, host_header=None), seen("plain", **PLAIN, requester="svc:a.amazonaws.com")),
    *(seen("acl", acl_required="Yes", **UNSIGNED), trail_only("acl", acl_required="Yes")),
    *(seen("acl"), seen("acl", acl_required="Yes", operation="REST.OPTIONS.PREFLIGHT")),
    *(judged("read_object"), judged("read_object", object_key="p/b"), judged("write_object")),
    *(judged("batch_delete", object_key=None),),
    *(judged("delete_object"), judged("list_objects", object_key=None, list_prefix="p/")),
    # the whole bucket, and a folder above: the keys asked about are among theirs; not those beside
    *(judged("list_versions", object_key=None), judged("list_objects", object_key=None, list_prefix="p")),
    judged("list_objects", object_key=None, list_prefix="q/"),
    *(judged("read_object", "denied"), judged("read_object", "not_found"), judged("preflight")),
    *(judged("expire_object", "none", principal="AmazonS3", actor_class="lifecycle"),),
    *(judged("read_object", principal=None, actor_class="anonymous", is_external=True),),
    *(judged("read_object", "auth_failed", principal=None, actor_class="auth_failed"),),
    *(judged("read_object", object_key="q/a"), judged("read_object", **LATER)),
    *(did("taken", "read_object", object_key=key, version_id=of) for key, of in (("p/a", "1"), ("p/a", "2"), ("q/a", None))),
    *(did("taken", "read_object", "denied", object_key="p/b"), did("taken", "head_object", object_key="p/c")),
    *(did("keyed", "read_object", access_key_id="AKIA1"), did("keyed", "read_object", presigned_key_id="AKIA1")),
    *(did("keyed", "read_object", access_key_id="AKIA2"), did("keyed", "write_object", access_key_id="AKIA1", **LATER)),
    *(did("locked", "write_object", sse_applied="SSE_C", sse_customer_algorithm="AES256"),),
    *(did("locked", "write_object", sse_applied="SSE_KMS", kms_key_arn="k"),),
    did("locked", "write_object", witness="access_log"),
    *(did("locked", "write_object", "denied", sse_applied="SSE_KMS"), did("locked", "read_object", sse_applied="SSE_S3")),
    # two halves of a copy, of which both have the event; and one half whose other is in no log
    did("copied", "write_object", copy_source="from/a", request_id="C1"),
    did("from", "copy_read", copy_source="from/a", request_id="C1"),
    did("from", "copy_read", object_key="b"),
    *(did("unwritten", "write_part", "server_error", http_status=500, object_size=7), did("unwritten", "write_object")),
    *(did("unwritten", "write_object", "denied", error_code="AccessDenied", bytes_received=5),),
    *(did("opened", "read_object", "denied"), did("opened", "read_object", requested_at=SOON)),
    *(did("opened", "write_object"), did("opened", "write_object", "denied", requested_at=SOON)),
    *(did("served", "read_object", via_service="athena", via_proof="event"), did("served", "read_object")),
]  # fmt: skip


def hour(bucket: str, of_day: int, status: str, **changed: Any) -> Row:
    counts = {"witnessed_requests": 10, "witnessed_and_logged_requests": 4}
    day = {"bucket_name": bucket, "hour": datetime(2026, 11, 20, of_day), "event_date": DAY}
    return {**day, "status": status, "status_reasons": [], **counts, **changed}


HOURS = [
    *(hour("lossy", 1, "delivered"), hour("lossy", 2, "idle"), hour("lossy", 3, "missing")),
    *(hour("lossy", 4, "unknown", status_reasons=["no_witness", "logging_off"]),),
    *(hour("lossy", 5, "partial"), hour("lossy", 6, "pending"), hour("lossy", 7, "missing", **LATER)),
    hour("whole", 1, "delivered", latency_p99_seconds=7),
]  # fmt: skip
TRUSTED = [
    {"bucket_name": "seen", "coverage": share, "coverage_basis": basis, "reasons": reasons}
    for share, basis, reasons in (
        (1.0, "witnessed", []),
        (1.0, "unwitnessed", []),
        (0.5, "witnessed", ["hours_partly_missing"]),
        (0.0, "unwitnessed", ["logging_off", "no_witness"]),
    )
] + [{"bucket_name": "seen", "coverage": 1.0, "reasons": [], **LATER}]
SENSITIVE = [
    {
        "bucket_name": "payroll",
        "principal": KIM,
        "action": "read_object",
        "is_external": outside,
        "objects": objects,
        "coverage": 0.5,
        **changed,
    }
    for outside, objects, changed in (
        (False, 9, {}),
        (True, 1, {}),
        (None, 0, {"principal": None, "action": None}),
        (True, 7, LATER),
    )
]
EXTERNAL = [
    {"bucket_name": "shared", "requests": 2, "coverage": share, **party}
    for share, party in (
        (1.0, {"party_kind": "account", "party": "999999999999", "is_external": True}),
        (0.5, {"party_kind": "account", "party": "999999999999", "is_external": True}),
        (1.0, {"party_kind": "anonymous", "is_external": True}),
        (1.0, {"party_kind": "anonymous", "is_external": True, **LATER}),
    )
]
REFUSALS = [
    {"bucket_name": "site", "caller": one, "pattern": one, "keys": 30, "sample_keys": ["a", "b"]}
    for one in ("sweep", "single")
]
DELETED = {
    "how": "single",
    "result": "deleted",
    "principal": KIM,
    "deleted_at": AT,
    "event_date": DAY,
}
DELETIONS = [
    DELETED | {"bucket_name": bucket, "object_key": key, **more}
    for bucket, key, more in (
        ("deleted", "x/1", {"recovery": "version_kept"}),
        ("deleted", "x/2", {"how": "lifecycle", "principal": "AmazonS3"}),
        ("deleted", "x/3", {"result": "refused", "principal": None, "recovery": "not_deleted"}),
        ("deleted", "y/4", {}),
        ("deleted", None, {"how": "batch_of_unknown_keys"}),
        ("deleted", "x/5", LATER),
        ("other", "x/6", {}),
    )
]
LINKS = [
    {"bucket_name": "drop", "uses": uses, "holders": [ETL], "distinct_addresses": 2, **changed}
    for uses, changed in ((1, {}), (3, {"uses_after_expiry": 2}), (9, LATER))
]
SESSIONS = [
    {"principal": one, "session_name": "jo", "bucket_names": ["a", "b"], "denied": 1}
    for one in ("arn:aws:sts::1:assumed-role/ops", "arn:aws:sts::1:assumed-role/dev")
]
CHANGES = [
    {
        "changed_at": AT,
        "about": "bucket",
        "effect": "off",
        "bucket_name": "photos",
        "event_id": "E1",
    },
    {"changed_at": AT, "about": "trail", "effect": "off", "trail_name": "main", "event_id": "E2"},
    {"changed_at": AT, "effect": "off", "bucket_name": "photos", "event_id": "E3", **LATER},
]
SIGHTS = [
    {"kind": kind, "subject": KIM, "seen_with": "a", "is_certain": sure, **changed}
    for kind, sure, changed in (
        ("principal_bucket", True, {}),
        ("principal_network", False, {}),
        ("principal_bucket", True, LATER),
    )
]
PEAKS = [
    {"bucket_name": one, "peak_objects_read": read, "usual_objects_read": 10}
    | {"peak_objects_deleted": deleted, "usual_objects_deleted": 0, "peak_bytes_sent": sent}
    for one, read, deleted, sent in (
        ("a", 41, 0, 0),
        ("b", 40, 4, 4),
        ("c", 0, 5, 0),
        ("d", 0, 0, 5),
    )
]
EFFECTS = [
    {"bucket_name": "photos", "changed_at": AT, "hours_dark": dark, "signal": signal, **changed}
    for dark, signal, changed in ((0, "a", {}), (2, "b", {}), (9, "c", LATER))
]
HOURS_OF_CALLERS = [
    {
        "hour": AT,
        "principal": who,
        "bucket_name": bucket,
        "action": action,
        "requests": 2,
        **changed,
    }
    for who, bucket, action, changed in (
        (KIM, "a", "list_objects", {"outcome": "denied"}),
        (KIM, "b", "read_config", {}),
        (KIM, "c", "read_object", {}),
        (ETL, "a", "list_objects", {}),
        (KIM, "d", "list_objects", LATER),
    )
]
TRAFFIC = [
    {
        "bucket_name": "out",
        "principal": who,
        "transfer_class": to,
        "bytes_sent": sent,
        "coverage": 0.5,
    }
    for who, to, sent in (
        (KIM, "public_address", 5),
        (KIM, "public_address", 6),
        (None, "same_region", 7),
        (ETL, "same_region", 0),
    )
]
JOBS = [
    {"bucket_name": "lake", "principal": ETL, "failures": failures, "requests": 9}
    | {"actor_classes": ["automation"], "claimed_jobs": ["j"], "actions": ["a", "b"], **changed}
    for failures, changed in ((0, {}), (3, {}), (9, LATER))
]
RUN_DAYS = [
    {"day": DAY, "state": "not_run"},
    {"day": DAY + timedelta(days=1), "state": "built"},
]
PROTECTION = [
    {"bucket_name": bucket, "changed_at": at, "seen_after_at": AT, "control": "policy"}
    | {"direction": to, "asks_for": asks, "is_recorded": at is not None}
    | {"weaker": ["public", "x"] if to == "weakened" else [], "stronger": []}
    | changed
    for bucket, at, to, asks, changed in (
        ("photos", AT, "weakened", None, {}),
        ("photos", None, "weakened", None, {}),
        (None, AT, "unknown", "weaker", {}),
        ("papers", AT, "strengthened", "stronger", {}),
        ("papers", AT, "same", None, {}),
        ("photos", AT, "weakened", None, LATER),
    )
]
VERDICTS = [
    *({"bucket_name": one, "verdict": one, "reasons": []} for one in ("delivering", "idle", "off")),
    *({"bucket_name": "b", "verdict": "silent", "reasons": ["x"], "is_sensitive": True},),
    {"bucket_name": "b", "verdict": "off", "reasons": [], **LATER},
]  # fmt: skip
LINES = [
    *({"log_bucket": one, "object_key": "k", "line": "=1", "reason": "no_match"} for one in "ab"),
    {"log_bucket": "a", "line": "x", "reason": "no_match", "delivered_on": DAY + timedelta(days=1)},
]
OBJECTS = [
    {"status": status, "object_key": status, "log_bucket": "a"}
    for status in ("accounted", "duplicate", "empty", "corrupt", "missing", "unaccounted")
] + [
    {"status": "accounted", "digest_state": state, "object_key": state, "log_bucket": "a"}
    for state in ("attested", "not_attested", "disowned")
]
CHECK = {"partition_day": DAY, "is_current": True, "success": False, "errored": False}
CHECKS = [
    CHECK
    | {"expectation": "late", "severity": "warning", "sentences": ["a", "b"], "to_do": ["do"]},
    CHECK | {"expectation": "lost", "severity": "critical", "sentences": [], "message": "broken"},
    CHECK
    | {"expectation": "healed", "severity": "critical", "is_current": False, "sentences": ["c"]},
    CHECK | {"expectation": "good", "severity": "critical", "success": True, "sentences": []},
    CHECK | {"expectation": "other", "severity": "critical", "partition_day": date(2026, 11, 21)},
]
COSTS = [
    {"day": DAY, "step": "parse", "model": "a", "usd": 0.00042, "bytes_scanned": 5},
    {"day": DAY, "step": "unknown", "usd": None, "error_code": "AccessDenied"},
    {"day": DAY + timedelta(days=1), "step": "parse", "model": "b", "usd": 1.0},
]


FINDING = {"stage": "live", "first_seen_at": AT, "event_date": DAY, "bucket_name": "photos"}
FINDINGS = [
    FINDING | {"severity": "low", "detection": "ransom_note"},
    FINDING | {"severity": "critical", "detection": "version_purge", "bucket_name": None},
    FINDING | {"severity": "high", "detection": "high_egress"},
    FINDING | {"severity": "critical", "detection": "on_trial", "stage": "trial"},
    FINDING | {"severity": "critical", "detection": "old", "event_date": DAY - timedelta(days=1)},
]
ANSWER = {"detection": "ransom_note", "bucket_name": "photos", "event_date": DAY}
ANSWERS = [
    ANSWER
    | {"state": "unknown", "hours_unknown": 2, "coverage": 0.9}
    | {"unknown_reasons": ["hours_missing", "no_witness"], "what_would_make_it_known": ["Do a."]},
    ANSWER | {"state": "clear", "detection": "public_write"},
    ANSWER | {"state": "unknown", "bucket_name": "films"},
    ANSWER | {"state": "unknown", "event_date": DAY - timedelta(days=1)},
]


@pytest.fixture(scope="module")
def lake(sandbox: Any) -> Iterator[Lake]:
    """The rows above in tables of the database of the marts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        world, glue = World(sandbox.url), boto3.client("glue", endpoint_url=sandbox.url)
        world.s3.create_bucket(Bucket=world.name)
        glue.create_database(DatabaseInput={"Name": MARTS})
        for table, rows in {
            "fct_object_requests": REQUESTS,
            "fct_delivery_hours": HOURS,
            "fct_logging_changes": CHANGES,
            "fct_logging_coverage": VERDICTS,
            "trusted_hours": TRUSTED,
            "fct_sensitive_access": SENSITIVE,
            "fct_external_access": EXTERNAL,
            "fct_denied_requests": REFUSALS,
            "fct_deletions": DELETIONS,
            "fct_presigned_urls": LINKS,
            "fct_sessions": SESSIONS,
            "fct_detection_coverage": ANSWERS,
            "fct_findings": FINDINGS,
            "fct_first_seen": SIGHTS,
            "principal_baselines": PEAKS,
            "fct_logging_effects": EFFECTS,
            "fct_protection_changes": PROTECTION,
            "fct_principal_hours": HOURS_OF_CALLERS,
            "fct_traffic": TRAFFIC,
            "fct_automation": JOBS,
            "days": RUN_DAYS,
            "quarantined_lines": LINES,
            "fct_log_objects": OBJECTS,
            "fct_check_results": CHECKS,
            "fct_run_costs": COSTS,
        }.items():
            world.rows[table] = rows
            world.write_table(MARTS, table, mart(table))
        yield open_lake(Settings(lake_bucket=world.name))
        glue.delete_database(Name=MARTS)


CASES: dict[str, tuple[Row, str, list[tuple[Any, ...]]]] = {
    "object_history": (
        {"bucket": "history", "key": "k"},
        "operation succeeded result witness",
        [
            ("REST.GET.OBJECT", "true", "200", "both"),
            ("GetObject", "false", "AccessDenied", "data_event"),
            ("REST.GET.OBJECT", "false", "AccessDenied", "both"),
            ("S3.EXPIRE.OBJECT", "true", None, "access_log"),
            ("REST.GET.OBJECT", "false", "301", "both"),
        ],
    ),
    "principal_activity": (
        {"principal": "assumed-role/etl/"},
        "bucket_name operation requests failed bytes_sent",
        [
            ("bytes", "GetObject", "1", "0", "30"),
            ("bytes", "REST.GET.OBJECT", "1", "0", "50"),
            ("often", "GetObject", "1", "1", "10"),
            ("principal", "GetObject", "1", "0", "10"),
            ("principal", "REST.GET.OBJECT", "2", "1", "20"),
        ],
    ),
    "address_activity": (
        {"address": "203.0.113.7"},
        "remote_ip operation requests bytes_sent",
        [
            ("203.0.113.7", "GetObject", "1", "10"),
            ("203.0.113.7", "REST.GET.OBJECT", "1", "10"),
            ("203.0.113.70", "REST.GET.OBJECT", "1", "10"),
        ],
    ),
    "deletions": (
        {"bucket": "deleted", "prefix": "x/"},
        "object_key how result recovery who",
        [
            ("x/1", "single", "deleted", "version_kept", KIM),
            ("x/2", "lifecycle", "deleted", None, "AmazonS3"),
            ("x/3", "single", "refused", "not_deleted", "anonymous"),
        ],
    ),
    "anonymous_requests": (
        {"bucket": "anonymous"},
        "operation requests succeeded",
        [("REST.GET.OBJECT", "3", "1"), ("GetObject", "1", "1")],
    ),
    "refused_requests": (
        {"bucket": "refused"},
        "who error operation requests",
        [
            (KIM, "404", "REST.HEAD.OBJECT", "1"),
            (KIM, "AccessDenied", "GetObject", "1"),
            (KIM, "AccessDenied", "REST.GET.OBJECT", "1"),
            ("signature refused", "SignatureDoesNotMatch", "REST.GET.OBJECT", "1"),
        ],
    ),
    "server_errors": (
        {"bucket": "failed"},
        "http_status error_code host_id",
        [("500", None, "H1"), (None, "SlowDown", None)],
    ),
    "latency": (
        {"bucket": "slow"},
        "operation requests slowed_down measured most_ms",
        [("GetObject", "1", "1", "0", None), ("REST.GET.OBJECT", "4", "1", "4", "30")],
    ),
    "most_bytes": (
        {"bucket": "bytes"},
        "who bytes_sent requests",
        [(ETL, "80", "2"), (KIM, "70", "1")],
    ),
    "most_requested": (
        {"bucket": "often", "prefix": "p/"},
        "object_key requests failed requesters",
        [("p/b", "3", "1", "2"), ("p/a", "1", "0", "1")],
    ),
    "traffic_by_operation": (
        {"bucket": "traffic"},
        "operation result requests both_logs access_log_only trail_only",
        [
            ("REST.GET.OBJECT", "200", "2", "1", "1", "0"),
            ("GetObject", "no error", "1", "0", "0", "1"),
            ("REST.GET.OBJECT", "403", "1", "1", "0", "0"),
            ("S3.EXPIRE.OBJECT", "no error", "1", "0", "1", "0"),
        ],
    ),
    "sigv2_requests": ({"bucket": "sigv2"}, "requester requests", [(KIM, "2")]),
    "insecure_transport": (
        {"bucket": "plain"},
        "transport requests",
        [("TLSV1.1", "1"), ("TLSv1", "1"), ("plain HTTP", "1")],
    ),
    "acl_requests": (
        {"bucket": "acl"},
        "who operation requests",
        [("anonymous", "REST.GET.OBJECT", "1"), (KIM, "GetObject", "1")],
    ),
    "missing_hours": (
        {"bucket": "lossy"},
        "hour status reasons logged",
        [
            ("2026-11-20 03:00:00.000", "missing", "", "4"),
            ("2026-11-20 04:00:00.000", "unknown", "no_witness, logging_off", "4"),
            ("2026-11-20 05:00:00.000", "partial", "", "4"),
            ("2026-11-20 06:00:00.000", "pending", "", "4"),
        ],
    ),
    "hours_by_status": (
        {},
        "bucket_name missing partly_missing unknown pending idle delivered logged",
        [("lossy", *"111111", "24"), ("whole", *"000001", "4")],
    ),
    "logging_changes": ({}, "changed event_id", [("photos", "E1"), ("main", "E2")]),
    "buckets_not_logged": (
        {},
        "bucket_name verdict reasons",
        [("b", "silent", "x"), ("off", "off", "")],
    ),
    "lines_in_quarantine": ({"log_bucket": "a"}, "line reason", [("=1", "no_match")]),
    "unread_log_objects": (
        {},
        "object_key",
        [("disowned",), ("corrupt",), ("missing",), ("unaccounted",)],
    ),
    "open_findings": (
        {},
        "severity finding to_do",
        [("critical", "broken", None), ("warning", "a", "do"), ("warning", "b", None)],
    ),
    "who": (
        {"bucket": "callers", "prefix": "p/"},
        "who kind object_reads copied_from object_writes deletions batches listings refused failed looks requests objects",
        [
            (KIM, "human", *"201113110", "10", "2"),
            ("AmazonS3", "lifecycle", *"00010000011"),
            ("anonymous", "anonymous", *"10000000011"),
            ("signature refused", "auth_failed", *"00000010011"),
        ],
    ),
    "sensitive_access": (
        {},
        "principal action is_external objects coverage",
        [
            (KIM, "read_object", "true", "1", "0.5"),
            (KIM, "read_object", "false", "9", "0.5"),
            (None, None, None, "0", "0.5"),
        ],
    ),
    "external_parties": (
        {},
        "party_kind party requests least_coverage_of_a_day",
        [("account", "999999999999", "4", "0.5"), ("anonymous", None, "2", "1.0")],
    ),
    "searches": ({}, "caller keys sample_keys", [("sweep", "30", "a, b")]),
    "presigned_links": (
        {},
        "holders uses uses_after_expiry distinct_addresses",
        [(ETL, "3", "2", "2"), (ETL, "1", None, "2")],
    ),
    "sessions": (
        {"principal": "role/ops"},
        "session_name denied buckets access_keys",
        [("jo", "1", "a, b", None)],
    ),
    "first_seen": (
        {"kind": "%_bucket"},
        "subject seen_with is_certain",
        [(KIM, "a", "true")],
    ),
    "more_than_usual": (
        {"factor": "4"},
        "bucket_name peak_objects_read usual_bytes_sent",
        [("d", "0", None), ("a", "41", None), ("c", "0", None)],
    ),
    "logging_effects": ({}, "signal hours_dark", [("b", "2"), ("a", "0")]),
    "objects_read": (
        {"bucket": "taken", "prefix": "p/"},
        "who objects named_versions requests bytes_sent",
        [(KIM, "1", "2", "2", "20")],
    ),
    "access_key_activity": (
        {"key": "AKIA1"},
        "who bucket_name action requests",
        [(KIM, "keyed", "read_object", "2")],
    ),
    "encryption_of_writes": (
        {"bucket": "locked"},
        "encryption kms_key_arn writes",
        [("SSE_KMS", "k", "1"), ("a key of the client", None, "1"), ("not known", None, "1")],
    ),
    "copies": (
        {"source": "from/%"},
        "source destination who",
        [("from/a", "copied/a", KIM), ("from/b", None, KIM)],
    ),
    "failed_writes": (
        {"bucket": "unwritten"},
        "action outcome error requests bytes_received",
        [
            ("write_object", "denied", "AccessDenied", "1", "5"),
            ("write_part", "server_error", "500", "1", "7"),
        ],
    ),
    "refused_then_allowed": (
        {"bucket": "opened"},
        "principal action refused allowed",
        [(KIM, "read_object", "1", "1")],
    ),
    "enumeration": (
        {"buckets": "2"},
        "principal buckets requests refused actions",
        [(KIM, "2", "4", "2", "list_objects, read_config")],
    ),
    "data_leaving": (
        {},
        "bucket_name who transfer_class bytes_sent",
        [("out", KIM, "public_address", "11"), ("out", "anonymous", "same_region", "7")],
    ),
    "automation": (
        {"bucket": "lake"},
        "principal kinds claimed_jobs actions failures",
        [(ETL, "automation", "j", "a, b", "3"), (ETL, "automation", "j", "a, b", "0")],
    ),
    "on_behalf": (
        {"bucket": "served"},
        "principal via_service via_proof requests",
        [(KIM, "athena", "event", "1")],
    ),
    "days_run": ({}, "day state", [("2026-11-20", "not_run")]),
    "protection_changes": (
        {"bucket": "p%o%"},
        "bucket_name direction weaker is_recorded",
        [
            ("photos", "weakened", "public, x", "true"),
            ("photos", "weakened", "public, x", "false"),
        ],
    ),
    "weakened_protection": (
        {},
        "bucket_name direction is_recorded",
        [
            ("photos", "weakened", "false"),
            ("photos", "weakened", "true"),
            (None, "unknown", "true"),
        ],
    ),
    "findings": (
        {},
        "severity detection bucket_name",
        [
            ("critical", "version_purge", None),
            ("high", "high_egress", "photos"),
            ("low", "ransom_note", "photos"),
        ],
    ),
    "detections_blind": (
        {"bucket": "photos"},
        "detection hours_unknown unknown_reasons what_would_make_it_known",
        [("ransom_note", "2", "hours_missing, no_witness", "Do a.")],
    ),
    "hours_seen": (
        {"bucket": "seen"},
        "hours whole in_part unseen unwitnessed reasons",
        [(*"42111", "hours_partly_missing, logging_off, no_witness")],
    ),
    "run_costs": (
        {},
        "step usd error_code",
        [("unknown", None, "AccessDenied"), ("parse", "4.2E-4", None)],
    ),
}


def test_every_saved_query_is_tried() -> None:
    assert sorted(CASES) == [query.name for query in saved_queries.every()]


@pytest.mark.parametrize("name", CASES)
def test_a_saved_query_answers_for_both_logs_and_its_days_only(name: str, lake: Lake) -> None:
    given, columns, expected = CASES[name]
    query = saved_queries.find(name)
    # the day after the one that is asked about is yesterday
    values = saved_queries.values(query, given, DAY + timedelta(days=1))
    literals = [saved_queries.literal(*one) for one in values]
    answer = athena.ask(lake, query.sql, parameters=literals)
    names = [column.name for column in answer.columns]
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    assert [tuple(row[column] for column in columns.split()) for row in rows] == expected


@pytest.mark.parametrize(
    ("query", "given", "said"),
    [
        ("who", {"bucket": "bukcet-3"}, ["no bucket bukcet-3 was observed on these days."]),
        ("who", {"bucket": "deilvering"}, ["Did you mean delivering?"]),
        ("who", {"bucket": "delivering"}, []),
        # a pattern, of a query that takes one and of one that takes a name
        ("deletions", {"bucket": "deliv%"}, []),
        ("who", {"bucket": "deliv%"}, ["no bucket deliv% was observed"]),
        # days of which nothing is known have a warning of their own
        ("who", {"bucket": "deilvering", "since": "2020-01-01"}, []),
    ],
)
def test_a_bucket_that_nobody_observed_is_said(lake: Lake, query, given, said) -> None:
    asked = ask.saved(saved_queries.find(query), {"since": str(DAY)} | given)
    lines = list(ask.unknown_bucket(lake, asked))
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))
