"""What callers do that an analyst asks about: harmful, odd, or harmless and easily mistaken.

Each is in a bucket and an hour whose access log arrives, in the night or the early morning, but
`seen_in_the_gap` is in an hour without one. What must be told of it is a row of a mart. No check of
the logs reports any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.account import clients as who
from sandbox.account.buckets import ACCOUNT_ID, BY_NAME, SOURCES
from sandbox.account.period import HOUR, iso
from sandbox.account.plan import Plan
from sandbox.account.planting import EFFECTS, FINDINGS, REQUESTS, day_text, planted, timestamp
from sandbox.account.traffic import Burst
from sandbox.account.truth import Expect, Fault

EXPORTS = "meridian-customer-exports"
ORDERS = "meridian-eu-orders"
PAYROLL = "meridian-payroll"
UPLOADS = "meridian-app-uploads"
BACKUPS = "meridian-backups"
BUILDS = "meridian-build-artifacts"  # whose objects no trail records
SITE = "meridian-web-assets"
TRAILS = "meridian-cloudtrail"
TELEMETRY = "meridian-eu-telemetry"
STRANGERS_ACCOUNT = "999988887777"
# Buckets that nobody uses, and whose access log is delivered
UNUSED = (
    "meridian-forms",
    "meridian-surveys",
    "meridian-tickets",
    "meridian-trials",
    "meridian-ledgers",
)
# Reads within an hour that are surely a finding: the floor of bulk_object_read and a margin
BULK = 1100
_CUSTOMERS = tuple(f"customers/{n:05d}/statement-03.pdf" for n in range(9100, 9124))
_MANY = tuple(f"customers/{n:05d}/statement-04.pdf" for n in range(9100, 9160))


def buckets_enumerated(plan: Plan) -> Plan:
    """A support role lists every bucket that it knows of, an hour before it reads one of them.

    An operator lists all buckets in use each morning, which are too few for a finding.
    """
    hour, caller = plan.period.hour(1, 1), who.SURVEYOR
    names = [bucket.name for bucket in SOURCES if bucket.weight] + list(UNUSED)
    return _behaved(
        plan,
        "buckets_enumerated",
        f"{caller.name} lists {len(names)} buckets within an hour",
        tuple(Burst(BY_NAME[name], hour, 1500, 1, caller, ("list",)) for name in names),
        _row("fct_principal_hours", principal=_principal(caller), action="list_objects"),
        _found("bucket_enumeration", bucket_name=None, subject=_principal(caller), value=20),
        _found("attack_tool", bucket_name=None, subject=f"{_principal(caller)} with rclone",
               severity="low"),
    )  # fmt: skip


def exfiltration(plan: Plan) -> Plan:
    """A support role reads thousands of sensitive objects at night from a new address."""
    hour, who_reads = plan.period.hour(1, 2), who.INTRUDER
    count = max(100, min(4000, plan.requests // 10))
    acts = ("list", *("get",) * 24)
    bucket = BY_NAME[EXPORTS]
    bursts = (
        Burst(bucket, hour + 11 * 60, 49 * 60, count * 2 // 3, who_reads, acts),
        Burst(bucket, hour + HOUR, 25 * 60, count - count * 2 // 3, who_reads, acts),
    )
    reader = _principal(who_reads)
    reads = {"principal": reader, "action": "read_object", "outcome": "success"}
    return _behaved(
        plan,
        "exfiltration",
        "a role with no earlier requests reads a restricted bucket at night; both logs recorded it",
        bursts,
        _row(REQUESTS, requester=who_reads.requester, remote_ip=who_reads.addresses[0], rows=count),
        _row("fct_sensitive_access", **reads, network_class="internet", sensitivity="restricted"),
        _row("fct_traffic", principal=reader, network_class="internet", rows=2),
        _row("fct_first_seen", kind="principal_bucket", subject=reader, seen_with=EXPORTS),
        _row("fct_principal_hours", **reads, rows=2),
        _found("attack_tool", bucket_name=None, subject=f"{reader} with rclone", severity="low"),
        # a small account has too few to be a finding
        *(
            [_found("bulk_object_read", bucket_name=None, subject=reader, severity="high")]
            if count * 2 // 3 >= BULK
            else []
        ),
    )


def refused_then_allowed(plan: Plan) -> Plan:
    """A caller is refused an object, and has it an hour later."""
    hour, keys = plan.period.hour(1, 3), _CUSTOMERS[:1]
    caller, bucket = who.CONTRACTOR, BY_NAME[PAYROLL]
    asked = {"principal": _principal(caller), "action": "read_object"}
    return _behaved(
        plan,
        "refused_then_allowed",
        f"{caller.name} is refused an object at {iso(hour)}, and has it an hour later",
        (
            Burst(bucket, hour, 900, 6, caller, ("denied",), keys),
            Burst(bucket, hour + HOUR, 900, 1, caller, ("get",), keys),
        ),
        _row("fct_denied_requests", **asked, outcome="denied", requests=6),
        _row("fct_principal_hours", **asked, outcome="success", hour=timestamp(hour + HOUR)),
        _found("denied_then_allowed", subject=asked["principal"]),
    )


def overwritten_with_own_key(plan: Plan) -> Plan:
    """A caller reads objects and writes each again, encrypted with a key that only it holds."""
    hour, caller = plan.period.hour(1, 5), who.CONTRACTOR
    count = len(_MANY)
    written = {"principal": _principal(caller), "action": "write_object"}
    return _behaved(
        plan,
        "overwritten_with_own_key",
        f"{caller.name} overwrites {count} objects with SSE-C, after it read them",
        (
            Burst(BY_NAME[ORDERS], hour, 280, count, caller, ("get",), _MANY),
            Burst(BY_NAME[ORDERS], hour + 300, 280, count, caller, ("put_with_own_key",), _MANY),
        ),
        _row(REQUESTS, **written, sse_customer_algorithm="AES256", sse_applied="SSE_C", rows=count),
        _row(
            "fct_sessions", principal=_principal(caller), objects_read=count, objects_written=count
        ),
        _found("encryption_with_outside_key", subject=_principal(caller), severity="critical"),
        _found("mass_overwrite", subject=_principal(caller), value=count),
    )


def own_key_unseen(plan: Plan) -> Plan:
    """The same where no trail records writes: that they are encrypted so, no log shows."""
    hour, caller = plan.period.hour(1, 5), who.CONTRACTOR
    return _behaved(
        plan,
        "own_key_unseen",
        f"{caller.name} writes with SSE-C where no trail records it: how is not known",
        (Burst(BY_NAME[BUILDS], hour + 1800, 600, 9, caller, ("put_with_own_key",)),),
        _row(REQUESTS, principal=_principal(caller), action="write_object", witness="access_log",
             sse_applied=None, sse_customer_algorithm=None, rows=9),
        _row("fct_detection_coverage", detection="encryption_with_outside_key", state="unknown",
             unknown_reasons=["writes_not_selected"]),
    )  # fmt: skip


def versions_purged(plan: Plan) -> Plan:
    """A caller lists the versions of objects and deletes them, so that nothing can be restored."""
    hour, caller = plan.period.hour(1, 6), who.CONTRACTOR
    count = len(_CUSTOMERS)
    return _behaved(
        plan,
        "versions_purged",
        f"{caller.name} deletes versions of {count} objects",
        (
            Burst(BY_NAME[ORDERS], hour, 300, 2, caller, ("list_versions",)),
            Burst(BY_NAME[ORDERS], hour + 300, 900, count, caller, ("delete_version",), _CUSTOMERS),
        ),
        _row("fct_deletions", principal=_principal(caller), how="single", result="deleted",
             recovery="version_or_marker_named", rows=count),
        _found("version_purge", subject=_principal(caller), severity="critical", value=count),
    )  # fmt: skip


def stolen_credentials(plan: Plan) -> Plan:
    """The credentials of an instance are used outside AWS, with the AWS CLI."""
    hour, caller = plan.period.hour(1, 4), who.STOLEN
    bucket = BY_NAME[UPLOADS]
    return _behaved(
        plan,
        "stolen_credentials",
        f"the session {caller.name} reads from an address outside AWS",
        (
            Burst(bucket, hour, 900, 3, who.UPLOADER, ("sdk_get",)),
            Burst(bucket, hour + 1200, 1200, 8, caller, ("get",)),
        ),
        _row("fct_sessions", principal=_principal(caller), client_classes=["cli", "sdk"],
             session_name=caller.requester.rpartition("/")[2], network_classes=["aws", "internet"]),
        _row(REQUESTS, requester=caller.requester, remote_ip=caller.addresses[0],
             access_key_id=caller.access_key_id, network_class="internet", rows=8),
        _found("instance_credentials_outside_aws", bucket_name=None, severity="critical",
               principal=_principal(caller), value=8),
    )  # fmt: skip


def link_shared(plan: Plan) -> Plan:
    """A presigned URL of seven days is used from many addresses."""
    hour, key = plan.period.hour(1, 6), "incoming/user-4711/passport.jpg"
    return _behaved(
        plan,
        "link_shared",
        f"one presigned URL of {key} is used from many addresses",
        (Burst(BY_NAME[UPLOADS], hour, 1800, 24, who.LINK, ("get",), (key,)),),
        _row("fct_presigned_urls", object_key=key, presigned_key_id=who.LINK.access_key_id,
             expires_seconds=who.LINK.valid_seconds, is_claimed_console_transfer=False,
             holders=[_principal(who.LINK)], uses=24, distinct_addresses=5),
        _found("presigned_url_shared", value=3),
    )  # fmt: skip


def console_transfer(plan: Plan) -> Plan:
    """A person downloads in the console, which signs a URL for it: no link that was shared."""
    hour, caller = plan.period.hour(1, 7), who.CONSOLE_TRANSFER
    return _behaved(
        plan,
        "console_transfer",
        f"{caller.name} downloads an object in the console",
        (Burst(BY_NAME[PAYROLL], hour, 200, 1, caller, ("get",), _CUSTOMERS[:1]),),
        _row("fct_presigned_urls", object_key=_CUSTOMERS[0], expires_seconds=300,
             is_claimed_console_transfer=True, holders=[_principal(caller)]),
    )  # fmt: skip


def keys_guessed(plan: Plan) -> Plan:
    """A stranger asks for many keys in vain, and then for one that is there."""
    hour, caller, count = plan.period.hour(1, 5), who.GUESSER, 60
    guesses = tuple(f"backup/site-{n}.sql.gz" for n in range(count))
    return _behaved(
        plan,
        "keys_guessed",
        f"{caller.addresses[0]} asks for {count} keys in vain, and has one",
        (
            Burst(BY_NAME[SITE], hour, 900, count, caller, ("denied",), guesses),
            Burst(BY_NAME[SITE], hour + 1200, 900, 1, caller, ("get",), ("backup/site.sql.gz",)),
        ),
        _row("fct_denied_requests", caller=caller.addresses[0], pattern="sweep", keys=count,
             successes_of_caller=1),
        _row("fct_sensitive_access", key_class="database_dump", action="read_object",
             outcome="success", sensitive_by="key", actor_class="anonymous"),
        _found("key_enumeration", subject=caller.addresses[0], severity="high", value=count),
    )  # fmt: skip


def copied_out(plan: Plan) -> Plan:
    """Objects of a sensitive bucket are copied into another account: only the reading half is here."""
    hour, caller = plan.period.hour(1, 6), who.CONTRACTOR
    copied = {"principal": _principal(caller), "action": "copy_read"}
    return _behaved(
        plan,
        "copied_out",
        f"{caller.name} copies 12 objects into a bucket of another account",
        (Burst(BY_NAME[EXPORTS], hour, 900, 12, caller, ("copied_out",), _CUSTOMERS[:12]),),
        _row(REQUESTS, **copied, witness="access_log", copy_source=None, rows=12),
        _row("fct_sensitive_access", **copied, outcome="success", objects=12),
        _found("copy_to_foreign_account", subject=copied["principal"], confidence="low", value=12),
    )


def copied_inside(plan: Plan) -> Plan:
    """Objects are copied from one bucket to another of the account: both halves are here."""
    hour, caller = plan.period.hour(1, 4), who.OPERATOR
    return _behaved(
        plan,
        "copied_inside",
        f"{caller.name} copies 5 objects from {UPLOADS}",
        (Burst(BY_NAME["meridian-data-lake"], hour, 900, 5, caller, ("copy",)),),
        _row(REQUESTS, requester=caller.requester, operation="REST.COPY.OBJECT",
             action="write_object", witness="both", rows=5),
        _row(REQUESTS, requester=caller.requester, operation="REST.COPY.OBJECT_GET",
             action="copy_read", rows=5, bucket_name=UPLOADS),
    )  # fmt: skip


def seen_in_the_gap(plan: Plan) -> Plan:
    """Who turned a bucket's logging off reads in it meanwhile; the trail shows it."""
    hour, caller = plan.period.hour(1, 14), who.CLERK
    return _behaved(
        plan,
        "seen_in_the_gap",
        f"{caller.name} reads in the hour from {iso(hour)} without an access log",
        (
            Burst(
                BY_NAME["meridian-eu-invoices"], hour + 600, 1800, 7, caller, ("get",), _CUSTOMERS
            ),
        ),
        _row(EFFECTS, signal="access_log", hours_lost=1, requests_of_changer=7),
        _found("activity_in_logging_gap", value=7),
    )


def foreign_delivery(plan: Plan) -> Plan:
    """A service of AWS writes logs of an account that is not ours into our bucket."""
    hour = plan.period.hour(1, 4)
    keys = tuple(
        f"AWSLogs/{STRANGERS_ACCOUNT}/elasticloadbalancing/us-east-1/{n}.log.gz" for n in range(6)
    )
    return _behaved(
        plan,
        "foreign_delivery",
        f"log delivery writes logs of account {STRANGERS_ACCOUNT}",
        (Burst(BY_NAME[TRAILS], hour, 1200, len(keys), who.DELIVERY, ("put",), keys),),
        _row(REQUESTS, actor_class="aws_service", via_service="delivery.logs", via_proof="requester",
             is_external=False, object_key=keys[-1], action="write_object"),
        _row("fct_automation", principal=who.DELIVERY.requester, actor_classes=["aws_service"],
             requests=len(keys)),
        _found("service_write_for_foreign_account", subject=STRANGERS_ACCOUNT, value=len(keys)),
    )  # fmt: skip


def delivery_refused(plan: Plan) -> Plan:
    """A service of AWS is refused again and again: most of a bucket's refusals, and no attack."""
    hour, key = plan.period.hour(1, 7), f"AWSLogs/{ACCOUNT_ID}/vpcflowlogs/refused.log.gz"
    return _behaved(
        plan,
        "delivery_refused",
        "the bucket refuses 30 deliveries of one service",
        (Burst(BY_NAME[SITE], hour, 1800, 30, who.DELIVERY, ("denied_put",), (key,)),),
        _row("fct_denied_requests", actor_class="aws_service", pattern="repeated", requests=30),
    )


def partner_looks(plan: Plan) -> Plan:
    """A caller of another account, whom the access log knows by a canonical id only."""
    hour = plan.period.hour(1, 7)
    return _behaved(
        plan,
        "partner_looks",
        "account 210987654321 looks at 6 objects; both logs together name it",
        (Burst(BY_NAME[ORDERS], hour, 1800, 6, who.PARTNER, ("head",), _CUSTOMERS[:6]),),
        _row("fct_external_access", party_kind="account", party="210987654321",
             action="head_object", outcome="success", is_external=True, requests=6),
    )  # fmt: skip


def unknown_account_reads(plan: Plan) -> Plan:
    """A caller of another account that no event names."""
    hour, caller = plan.period.hour(1, 7), who.UNKNOWN_ACCOUNT
    return _behaved(
        plan,
        "unknown_account_reads",
        "a canonical id reads 5 objects, and no event says whose it is",
        (Burst(BY_NAME[BUILDS], hour, 1800, 5, caller, ("get",)),),
        _row("fct_external_access", party_kind="unresolved", party=caller.requester,
             is_external=None, requests=5),
    )  # fmt: skip


def sent_in_the_open(plan: Plan) -> Plan:
    """A device signs its requests and sends them in plain HTTP; scanners that do not sign do so too."""
    hour, caller = plan.period.hour(1, 5), who.METER
    return _behaved(
        plan,
        "sent_in_the_open",
        f"{caller.name} writes 4 objects in plain HTTP",
        (Burst(BY_NAME[TELEMETRY], hour, 1800, 4, caller, ("put",)),),
        _row(REQUESTS, requester=caller.requester, cipher_suite=None, tls_version=None, rows=4),
        _found("insecure_transport", subject=caller.requester, severity="informational", value=4),
    )


def spark_job(plan: Plan) -> Plan:
    """A Spark job looks for objects that are not there, as it always does: no search of a stranger."""
    hour, caller = plan.period.hour(1, 4), who.SPARK_JOB
    return _behaved(
        plan,
        "spark_job",
        f"{caller.name} looks for 5 objects in vain, and names its job",
        (Burst(BY_NAME["meridian-data-lake"], hour, 1800, 5, caller, ("head_missing",)),),
        _row("fct_automation", principal=_principal(caller), claimed_jobs=["job_202611_0043"],
             actor_reasons=["session_named_as_instance"]),
    )  # fmt: skip


def root_reads(plan: Plan) -> Plan:
    """The root user reads objects; elsewhere it changes a setting, as it may."""
    hour, caller = plan.period.hour(1, 6), who.ROOT
    return _behaved(
        plan,
        "root_reads",
        "the root user reads 3 objects",
        (Burst(BY_NAME[PAYROLL], hour, 900, 3, caller, ("get",), _CUSTOMERS[:3]),),
        _row(REQUESTS, actor_class="root", action="read_object", outcome="success", rows=3),
        _found("root_object_access", subject="root", severity="high", value=3),
    )


def restored(plan: Plan) -> Plan:
    """A caller restores many archived objects; the operator restores one now and then."""
    hour, caller, count = plan.period.hour(1, 4), who.CONTRACTOR, 120
    return _behaved(
        plan,
        "restored",
        f"{caller.name} restores {count} objects within half an hour",
        (Burst(BY_NAME[BACKUPS], hour, 1800, count, caller, ("restore",)),),
        _row("fct_principal_hours", principal=_principal(caller), action="restore",
             outcome="success", requests=count),
        _found("restore_burst", bucket_name=None, subject=_principal(caller), value=count),
    )  # fmt: skip


PLANTED: tuple[Callable[[Plan], Plan], ...] = (
    buckets_enumerated,
    exfiltration,
    refused_then_allowed,
    overwritten_with_own_key,
    own_key_unseen,
    versions_purged,
    stolen_credentials,
    link_shared,
    console_transfer,
    keys_guessed,
    copied_out,
    copied_inside,
    seen_in_the_gap,
    foreign_delivery,
    delivery_refused,
    partner_looks,
    unknown_account_reads,
    sent_in_the_open,
    spark_job,
    root_reads,
    restored,
)

_COUNTED = frozenset(
    {"rows", "requests", "objects", "keys", "uses", "distinct_addresses", "successes_of_caller",
     "objects_read", "objects_written", "hours_lost", "requests_of_changer", "value"}
)  # fmt: skip


def _principal(client: who.Client) -> str:
    """Return the caller, a role without the name of its session."""
    is_role = ":assumed-role/" in client.requester
    return client.requester.rpartition("/")[0] if is_role else client.requester


def _row(table: str, **columns: Any) -> Expect:
    """Return what must be in a mart: numbers at least, everything else exactly."""
    return Expect(
        table,
        {name: value for name, value in columns.items() if name not in _COUNTED},
        {name: value for name, value in columns.items() if name in _COUNTED},
    )


def _found(detection: str, **columns: Any) -> Expect:
    """Return the finding that a detection must have."""
    return _row(FINDINGS, detection=detection, **columns)


def _behaved(plan: Plan, kind: str, note: str, bursts: tuple[Burst, ...], *rows: Expect) -> Plan:
    bucket, hours = bursts[0].bucket, sorted({burst.start - burst.start % HOUR for burst in bursts})
    day = day_text(hours[0])
    first, *more = (
        replace(row, where=_place(row.table, bucket.name, day) | row.where) for row in rows
    )
    fault = Fault(
        id=kind,
        kind=kind,
        note=note,
        expect=first,
        also=tuple(more),
        bucket_name=bucket.name,
        region=bucket.region,
        hours=tuple(map(iso, hours)),
        lines=sum(burst.count for burst in bursts),
        event_day=day,
        delivery_day=day,
    )
    return replace(planted(plan, fault), bursts=plan.bursts + bursts)


def _place(table: str, bucket_name: str, day: str) -> dict[str, str]:
    # a session and what is new have no bucket of their own
    named = {} if table in ("fct_sessions", "fct_first_seen") else {"bucket_name": bucket_name}
    return {"event_date": day} | named
