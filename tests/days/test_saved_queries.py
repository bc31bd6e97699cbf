"""The saved queries about a day of the simulated account: they find what was planted, and each request once.

What each answers about rows of every kind: tests/sandbox/lacuna/test_saved_queries.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from string import Template
from typing import Any

import boto3
import pytest

from lacuna import detections
from lacuna.cli import saved_queries
from lacuna.lake import athena
from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import backtest, protection
from lacuna.steps.backtest import Trial
from sandbox.account import behaviour, clients, protections
from sandbox.account.account import Account
from sandbox.account.faults import make_plan
from sandbox.account.ledger import Ledger
from sandbox.account.period import Period
from sandbox.account.traffic import Request
from tests.days.conftest import World, world
from tests.support import REPO

pytestmark = pytest.mark.long

REQUESTS = 3000
SITE = "media.meridian.example"  # whose visitors sign nothing and use plain HTTP
LOSSY = "meridian-app-uploads"  # an hour of which is in the trail only
DELETIONS = {"REST.DELETE.OBJECT", "S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER"}


@dataclass(frozen=True)
class Seen:
    """A request that was made, and whether the access log has it. Otherwise the trail has."""

    request: Request
    has_record: bool

    @property
    def name(self) -> str | None:
        """The name of the operation, in the words of the log that has it."""
        of = self.request.operation
        return of.name if self.has_record else of.event_name

    @property
    def says_acl(self) -> bool:
        """Whether the log that has it says if an ACL was needed: of a record the 26th field."""
        return not self.has_record or self.request.field_count >= 26

    @property
    def error(self) -> str:
        act = self.request.act
        return act.error or str(act.status)


@pytest.fixture(scope="module")
def built(airflow_home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A day on which everything is planted, run once: half a minute on an idle machine.

    What protects the buckets was observed on the morning of the day, and changed since.
    """
    folder = tmp_path_factory.mktemp("planted")
    for one in world(airflow_home, folder, "--requests", str(REQUESTS), "--days", "1"):
        change_protection(one)
        one.run(one.truth["until"])
        yield one


def change_protection(built: World) -> None:
    """Observe; then suspend versions, as the planted call says, and open a website without a call."""
    morning = datetime.fromisoformat(built.truth["until"]).replace(hour=1, tzinfo=UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", built.endpoint)
        s3 = boto3.client("s3")
        for bucket in (protections.UNVERSIONED, behaviour.ORDERS):
            enabled = {"Bucket": bucket, "VersioningConfiguration": {"Status": "Enabled"}}
            s3.put_bucket_versioning(**enabled)
        open_lake(Settings()).prepare()
        protection.observe(Settings(), lambda: morning)
        suspended = {"Status": "Suspended"}
        s3.put_bucket_versioning(Bucket=protections.UNVERSIONED, VersioningConfiguration=suspended)
        website = {"IndexDocument": {"Suffix": "index.html"}}
        s3.put_bucket_website(Bucket=protections.OPENED, WebsiteConfiguration=website)


@pytest.fixture(scope="module")
def ask(built: World) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    today = date.fromisoformat(built.truth["until"]) + timedelta(days=1)

    def rows(name: str, **given: str) -> list[dict[str, Any]]:
        query = saved_queries.find(name)
        values = saved_queries.values(query, given, today)
        literals = [saved_queries.literal(*one) for one in values]
        answer = athena.ask(open_lake(Settings()), query.sql, parameters=literals)
        names = [column.name for column in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", built.endpoint)
        yield rows


@pytest.fixture(scope="module")
def seen(built: World) -> list[Seen]:
    """Every request of the day that one of the logs shows, as it was made."""
    until = date.fromisoformat(built.truth["until"])
    found: list[Seen] = []
    note = Ledger.note

    def noted(self: Ledger, request: Request, *, has_record: bool, has_event: bool) -> None:
        moment = request.received if has_record else request.completed
        # of management events none is a row
        is_shown = has_record or (has_event and not request.operation.is_management)
        if is_shown and datetime.fromtimestamp(moment, UTC).date() == until:
            found.append(Seen(request, has_record))
        note(self, request, has_record=has_record, has_event=has_event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "note", noted)
        for _ in Account(make_plan(built.truth["seed"], REQUESTS, Period(until, 1))).objects():
            pass
    return found


def planted(built: World, *kinds: str) -> list[dict[str, Any]]:
    faults = [fault for fault in built.truth["faults"] if fault["kind"] in kinds]
    assert {fault["kind"] for fault in faults} == set(kinds)
    return faults


def unread(built: World) -> set[str]:
    """Buckets some of whose records nobody can read or trust."""
    return {one["bucket_name"] for one in planted(built, "config_unreadable", "malformed_lines")}


def total(rows: list[dict[str, Any]], column: str) -> int:
    return sum(int(row[column] or 0) for row in rows)


def test_hours_that_are_missing_are_those_that_were_lost(built, ask):
    lost = {
        (hour["bucket_name"], hour["hour"][:13].replace("T", " "), hour["status"])
        for hour in built.truth["hours"]
        if hour["status"] in ("missing", "partial", "pending")
    }
    told = ask("missing_hours", bucket="%")
    assert {
        (row["bucket_name"], row["hour"][:13], row["status"])
        for row in told
        if row["status"] in ("missing", "partial")
    } == {one for one in lost if one[2] != "pending"}
    assert {one for one in lost if one[2] == "pending"} <= {
        (row["bucket_name"], row["hour"][:13], row["status"]) for row in told
    }
    counted = ask("hours_by_status")
    missing = Counter(bucket for bucket, _, status in lost if status == "missing")
    assert {
        row["bucket_name"]: int(row["missing"]) for row in counted if row["missing"] != "0"
    } == missing


def test_buckets_that_are_not_logged_have_their_verdict(built, ask):
    until, lake = built.truth["until"], built.lake
    verdicts = {
        one["bucket_name"]: one["expected"][until]["verdict"] for one in built.truth["buckets"]
    }
    bad = {name: one for name, one in verdicts.items() if one not in ("delivering", "idle")}
    told = {row["bucket_name"]: row["verdict"] for row in ask("buckets_not_logged")}
    assert {name: one for name, one in told.items() if name != lake} == bad


def test_each_planted_change_of_logging_is_shown(built, ask):
    changes = [
        one for one in built.truth["faults"] if one["expect"]["table"] == "fct_logging_changes"
    ]
    assert len(changes) > 5
    told = ask("logging_changes")
    for change in changes:
        where = change["expect"]["where"]
        name = where.get("bucket_name") or where.get("trail_name") or built.truth["account_id"]
        found = [row for row in told if (row["changed"], row["effect"]) == (name, where["effect"])]
        assert len(found) >= change["expect"]["at_least"].get("rows", 1), change
    (off,) = planted(built, "turned_off")
    assert [row["effect"] for row in ask("logging_changes", bucket=off["bucket_name"])] == ["off"]


def test_what_could_not_be_read_is_what_was_spoiled(built, ask):
    (spoiled,) = planted(built, "malformed_lines")
    lines = ask("lines_in_quarantine")
    assert {f"s3://{one['log_bucket']}/{one['object_key']}" for one in lines} == {
        spoiled["log_object"]
    }
    assert len(lines) == spoiled["lines"]
    bad = planted(
        built, "stray_object", "trail_file_truncated", "trail_file_deleted", "trail_file_invented"
    )
    told = ask("unread_log_objects")
    assert {f"s3://{one['log_bucket']}/{one['object_key']}" for one in told} == {
        one["log_object"] for one in bad
    }


def test_the_intruder_is_found_by_name_by_address_and_by_what_was_read(built, ask, seen):
    (theft,) = planted(built, "exfiltration")
    where = theft["expect"]["where"]
    for rows in (
        ask("principal_activity", principal=where["requester"].partition(":assumed-role/")[2]),
        ask("address_activity", address=where["remote_ip"]),
    ):
        assert {row["bucket_name"] for row in rows} == {theft["bucket_name"]}
        assert {row["requester"] for row in rows} == {where["requester"]}
        assert total(rows, "requests") == theft["lines"]
    stolen = Counter(
        one.request.key
        for one in seen
        if one.request.client.requester == where["requester"] and one.request.key
    )
    key, times = stolen.most_common(1)[0]
    history = ask("object_history", bucket=theft["bucket_name"], key=key)
    assert sum(row["requester"] == where["requester"] for row in history) == times
    first = ask("most_bytes", bucket=theft["bucket_name"])[0]
    assert first["who"] == where["requester"]
    assert int(first["bytes_sent"]) == sum(
        one.request.bytes_sent for one in seen if one.request.client.requester == where["requester"]
    )


def test_visitors_of_a_site_are_counted_as_they_came(built, ask, seen):
    """With what the file says that CloudTrail never wrote: unread_log_objects names it."""
    (file,) = planted(built, "trail_file_invented")
    invented = built.rows(
        "select operation, is_anonymous, acl_required from lacuna.fct_object_requests where event_date = "
        f"date '{built.truth['until']}' and bucket_name = '{SITE}' and log_object = '{file['log_object']}'"
    )
    of_site = [one for one in seen if one.request.bucket.name == SITE]
    asked = [one for one in of_site if "PREFLIGHT" not in str(one.name)]
    unsigned = [
        one
        for one in asked
        if (one.request.client.requester, one.request.client.auth) == ("-", "-")
    ]
    assert len(unsigned) > 20
    rows = ask("anonymous_requests", bucket=SITE)
    assert {row["operation"]: int(row["requests"]) for row in rows} == Counter(
        [one.name for one in unsigned]
        + [row["operation"] for row in invented if row["is_anonymous"]]
    )
    assert 0 < total(rows, "succeeded") < total(rows, "requests")
    plain = [one for one in of_site if one.has_record and one.request.client.tls == "-"]
    assert total(ask("insecure_transport", bucket=SITE), "requests") == len(plain) > 0
    by_acl = [
        *(one for one in asked if one.request.client.acl_required and one.says_acl),
        *(row for row in invented if row["acl_required"]),
    ]
    assert total(ask("acl_requests", bucket=SITE), "requests") == len(by_acl) > 0
    traffic = ask("traffic_by_operation", bucket=SITE)
    assert total(traffic, "requests") == len(of_site) + len(invented)
    assert total(ask("latency", bucket=SITE), "measured") == sum(one.has_record for one in of_site)
    assert ask("sigv2_requests") == []  # nobody does here


def test_a_bucket_with_a_lost_hour_is_counted_from_both_logs(ask, seen):
    of_bucket = [one for one in seen if one.request.bucket.name == LOSSY]
    in_trail_only = [one for one in of_bucket if not one.has_record]
    assert in_trail_only
    told = ask("traffic_by_operation", bucket=LOSSY)
    events = Counter(one.name for one in in_trail_only if one.name != "DeleteObjects")
    shown = Counter({row["operation"]: 0 for row in told})
    for row in told:
        shown[row["operation"]] += int(row["trail_only"])
    assert {name: number for name, number in events.items() if shown[name] < number} == {}


def test_deleted_objects_are_counted_one_by_one(built, ask, seen):
    wanted: Counter[tuple[str, str, bool]] = Counter()
    for one in seen:
        name, ended_well = one.request.bucket.name, one.request.act.error is None
        if name in unread(built):
            continue
        if one.request.operation.name in DELETIONS:
            wanted[name, str(one.request.key), ended_well] += 1
        wanted.update((name, key, True) for key in one.request.batch_keys)
    told = ask("deletions", bucket="%")
    assert len(wanted) > 20
    assert wanted == Counter(
        (row["bucket_name"], row["object_key"], row["result"] == "deleted")
        for row in told
        if row["bucket_name"] not in unread(built) and row["how"] != "batch_of_unknown_keys"
    )
    kept = {row["recovery"] for row in told if row["bucket_name"] == behaviour.ORDERS}
    assert kept == {"version_kept", "version_or_marker_named"}


def test_refusals_are_counted_with_their_errors(built, ask, seen):
    readable = [one for one in seen if one.request.bucket.name not in unread(built)]
    wanted = Counter(
        (one.request.client.requester, one.error)
        for one in readable
        if 400 <= (one.request.act.status or 0) < 500
    )
    told: Counter[tuple[str, str]] = Counter()
    partner = json.loads(str(clients.PARTNER.identity))
    for row in ask("refused_requests"):
        who = "-" if row["who"] in ("anonymous", "signature refused") else row["who"]
        # the trail names a caller of another account by another id
        who = clients.PARTNER.requester if who == partner["principalId"] else who
        if row["bucket_name"] not in unread(built):
            told[who, row["error"]] += int(row["requests"])
    assert len(wanted) > 5
    assert told == wanted
    failed = [one for one in readable if (one.request.act.status or 0) >= 500]
    ids = {
        row["request_id"] for row in ask("server_errors") if row["bucket_name"] not in unread(built)
    }
    assert ids == {one.request.request_id for one in failed}


def test_what_is_new_and_what_went_dark_is_told_for_what_was_planted(built, ask):
    """Of one day everything is new, and nothing is sure: no day before it was seen."""
    (theft,) = planted(built, "exfiltration")
    thief = theft["expect"]["where"]["requester"].rpartition("/")[0]
    told = ask("first_seen", kind="principal_bucket")
    assert (thief, theft["bucket_name"]) in {(row["subject"], row["seen_with"]) for row in told}
    assert {(row["is_certain"], row["whole_days"]) for row in told} == {("false", "0")}
    assert thief in {row["principal"] for row in ask("more_than_usual")}
    (off,) = planted(built, "logging_interrupted")
    dark = [row for row in ask("logging_effects") if row["signal"] == "access_log"]
    assert [(row["bucket_name"], row["hours_lost"]) for row in dark] == [(off["bucket_name"], "1")]
    assert int(dark[0]["requests_seen"]) > 0  # by the trail


def test_what_the_thief_took_is_counted_as_objects_and_bytes(built, ask, seen):
    (theft,) = planted(built, "exfiltration")
    bucket, thief = theft["bucket_name"], theft["expect"]["where"]["requester"]
    taken = [
        one
        for one in seen
        if (one.request.client.requester, one.request.operation.name) == (thief, "REST.GET.OBJECT")
    ]
    told = ask("objects_read", bucket=bucket)
    (row,) = [row for row in told if row["who"] == thief.rpartition("/")[0]]
    assert int(row["objects"]) == len({one.request.key for one in taken})
    assert int(row["requests"]) == len(taken)
    (facts,) = built.rows(
        "select sum(bytes_sent) as sent from lacuna.fct_object_requests where event_date = "
        f"date '{built.truth['until']}' and bucket_name = '{bucket}'"
    )
    sent = int(facts["sent"])
    # a file of events that nobody made may add to what was sent
    assert sent >= sum(
        one["bytes_sent"] for one in built.truth["said"] if one["bucket_name"] == bucket
    )
    assert total(ask("data_leaving", bucket=bucket), "bytes_sent") == sent
    assert 0 < int(row["bytes_sent"]) <= total(told, "bytes_sent") < sent  # listings are sent too
    key = json.loads(str(clients.INTRUDER.identity))["accessKeyId"]
    assert total(ask("access_key_activity", key=key), "requests") == theft["lines"]


def test_writes_that_failed_and_copies_are_those_that_were_made(built, ask, seen):
    readable = [one for one in seen if one.request.bucket.name not in unread(built)]
    writes = [one for one in readable if one.request.operation.name == "REST.PUT.OBJECT"]
    failed = Counter(
        (one.request.bucket.name, one.error) for one in writes if one.request.act.error is not None
    )
    told: Counter[tuple[str, str]] = Counter()
    for row in ask("failed_writes"):
        if row["bucket_name"] not in unread(built) and row["action"] == "write_object":
            told[row["bucket_name"], row["error"]] += int(row["requests"])
    assert failed <= told
    assert failed
    unrecorded = "meridian-build-artifacts"
    encrypted = ask("encryption_of_writes", bucket=unrecorded)
    assert {row["encryption"] for row in encrypted} == {"not known"}
    assert [row["state"] for row in ask("days_run")] == ["built"]


def test_changes_of_protection_are_those_that_were_made_and_no_others(built, ask, seen):
    columns = ["bucket_name", "control", "direction", "is_recorded", "weaker", "error_code"]
    rows = Counter(tuple(row[column] for column in columns) for row in ask("protection_changes"))
    log_bucket, account, weakened, refused = (
        planted(built, kind)[0]["bucket_name"]
        for kind in (
            "log_bucket_policy_changed",
            "account_block_changed",
            "protection_weakened",
            "protection_refused",
        )
    )
    assert account.startswith("account ")
    # clients of the account put rules that are there already
    reapplied = Counter(
        (one.request.bucket.name, "lifecycle", "same", "true", "", None)
        for one in seen
        if one.request.operation.name == "REST.PUT.LIFECYCLE"
    )
    assert reapplied
    assert rows == reapplied | {
        (weakened, "versioning", "weakened", "true", "versions are kept", None): 1,
        # the day of the observation is not read yet
        (protections.OPENED, "website", "weakened", None, "a website", None): 1,
        # what was taken away was put back: only the two calls show it
        (protections.OPENED, "public_access_block", "unknown", "true", None, None): 2,
        (refused, "policy", "same", "true", None, "AccessDenied"): 1,
        (log_bucket, "policy", "same", "true", "", None): 1,
        (None, "account_public_access_block", "same", "true", "", None): 1,
    }


# The answers that a behaviour must have, by query; and whether no other row of the day may have them
CONTRACTOR = clients.CONTRACTOR.requester.rpartition("/")[0]
ANSWERS = {
    "searches": ({}, {"caller": clients.GUESSER.addresses[0]}, True),
    "refused_then_allowed": ({"bucket": behaviour.PAYROLL}, {"principal": CONTRACTOR, "refused": "6", "allowed": "1"}, True),
    "encryption_of_writes": ({}, {"encryption": "a key of the client", "writes": "60"}, True),
    "presigned_links": (
        {"bucket": behaviour.UPLOADS},
        {"expires_seconds": "604800", "uses": "24", "is_claimed_console_transfer": "false"},
        True,
    ),
    "sessions": (
        {"principal": "contractor-tools"},
        {"objects_written": "69", "objects_deleted": "24"},
        True,
    ),
    "external_parties": (
        {"bucket": behaviour.BUILDS},
        {"party_kind": "unresolved", "party": clients.UNKNOWN_ACCOUNT.requester, "requests": "5"},
        True,
    ),
    "copies": ({"source": f"{behaviour.UPLOADS}/%"}, {"who": clients.OPERATOR.requester}, False),
    "automation": (
        {"bucket": "meridian-data-lake"},
        {"claimed_jobs": "job_202611_0042, job_202611_0043"},
        True,
    ),
    "on_behalf": (
        {"bucket": behaviour.TRAILS},
        {"via_service": "delivery.logs", "via_proof": "requester", "requests": "6"},
        True,
    ),
    "who": ({"bucket": behaviour.EXPORTS}, {"who": CONTRACTOR, "copied_from": "12"}, True),
    "findings": ({}, {"detection": "version_purge", "principal": CONTRACTOR}, True),
    "detections_blind": (
        {"bucket": behaviour.BUILDS},
        {"detection": "encryption_with_outside_key"},
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("query", ANSWERS)
def test_what_callers_do_is_found_and_nothing_else_is_taken_for_it(ask, query):
    given, wanted, is_only = ANSWERS[query]
    rows = ask(query, **given)
    found = [row for row in rows if wanted.items() <= row.items()]
    assert found, rows
    first = next(iter(wanted))
    alike = [row for row in rows if row[first] == wanted[first]]
    assert not is_only or len(found) == len(alike) == 1


def test_what_is_asked_for_most_and_who_looks_around_are_counted(built, ask, seen):
    first = ask("most_requested", bucket=behaviour.UPLOADS)[0]
    asked = Counter(
        one.request.key
        for one in seen
        if one.request.bucket.name == behaviour.UPLOADS and one.request.key
    )
    assert [(first["object_key"], int(first["requests"]))] == asked.most_common(1)
    # the operator lists each bucket that is used, at nine o'clock
    nine = [
        one.request
        for one in seen
        if one.request.client is clients.OPERATOR and one.request.received % 86400 // 3600 == 9
    ]
    listed = {one.bucket.name for one in nine if one.operation.name == "REST.GET.BUCKET"}
    listed -= unread(built)
    assert len(listed) > 10
    told = {
        (row["principal"], row["hour"][11:13]): int(row["buckets"]) for row in ask("enumeration")
    }
    assert len(listed) <= told[clients.OPERATOR.requester, "09"] <= len(built.truth["buckets"])
    assert {principal for principal, _ in told} <= {
        clients.OPERATOR.requester, clients.CONFIG.requester,
        *(one.requester.rpartition("/")[0] for one in (clients.ANALYST, clients.REPORTS, clients.SURVEYOR)),
    }  # fmt: skip


def test_what_is_protected_less_is_what_was_weakened(built, ask):
    (weakened,) = planted(built, "protection_weakened")
    rows = {(row["bucket_name"], row["control"]) for row in ask("weakened_protection")}
    assert rows == {
        (weakened["bucket_name"], "versioning"),
        (protections.OPENED, "website"),
        (protections.OPENED, "public_access_block"),
        (None, "account_public_access_block"),  # asked for: the block was gone already
    }


# What an analyst learns from the page about the intruder: the column that names it
NAMED = {
    "who": "who", "first_seen": "subject", "more_than_usual": "principal",
    "sessions": "principal", "address_activity": "requester", "sensitive_access": "principal",
}  # fmt: skip


def test_the_incident_of_the_page_is_found_by_its_queries(built, ask):
    page = (REPO / "docs" / "analysts.md").read_text()
    values = dict(re.findall(r"\b(BUCKET)=([a-z-]+)", page)) | {"DAY": built.truth["until"]}
    lines = re.findall(r'(?m)^make (?:ask QUERY=(\w+) PARAMS="(.*)"|who (.*))$', page)
    assert len(lines) > 10
    found = {}
    for query, params, who in lines:
        text = Template(params or who).substitute(values)
        given = dict(one.split("=") for one in text.split())
        given = {name.lower(): value for name, value in given.items()}
        found[query or "who"] = ask(query or "who", **given)
    (theft,) = planted(built, "exfiltration")
    thief = theft["expect"]["where"]["requester"].rpartition("/")[0]
    for query, column in NAMED.items():
        assert any(str(row[column]).startswith(thief) for row in found[query]), query
    assert values["BUCKET"] == theft["bucket_name"]
    assert [row["hours"] for row in found["hours_seen"]] == ["24"]
    assert [query for query, rows in found.items() if not rows] == []


def test_findings_name_what_was_planted_and_the_run_has_its_price(built, ask):
    told = ask("open_findings")
    for fault in planted(built, "hour_lost", "hour_partly_lost", "silent"):
        assert any(fault["bucket_name"] in row["finding"] for row in told), fault
    assert [row["severity"] for row in told] == sorted(
        (row["severity"] for row in told), key=["critical", "warning", "info"].index
    )
    steps = {row["step"] for row in ask("run_costs")}
    assert {"parse_delivery_day", "build_event_days", "check_marts"} <= steps


# ---- a detection with other settings ------------------------------------------------------------


@pytest.mark.parametrize("name", ["key_enumeration", "version_purge", "recovery_controls_weakened"])
def test_a_backtest_says_what_other_settings_would_change(ask, built, name):
    """Compiling one takes seconds."""
    found = f"select finding_id from lacuna.fct_findings where detection = '{name}'"
    stored = [row["finding_id"] for row in athena.rows(open_lake(Settings()), found)]
    assert stored
    assert tried(built, name) == dict.fromkeys(stored, "kept")
    assert tried(built, name, floor=10**9) == dict.fromkeys(stored, "gone")
    assert set(tried(built, name, floor=1).values()) <= {"kept", "new"}


def tried(built: World, name: str, **overrides: float) -> dict[str | None, str | None]:
    """What becomes of each finding."""
    (detection,) = (one for one in detections.every() if one.name == name)
    until = date.fromisoformat(built.truth["until"])
    lake, settings = open_lake(Settings()), Settings()
    prepared = backtest.prepare(lake, settings, Trial(detection, until, until, overrides))
    answer = backtest.answer(lake, prepared)
    names = [column.name for column in answer.columns]
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    assert 0 < answer.bytes_scanned <= prepared.most_bytes
    return {row["finding_id"]: row["change"] for row in rows}
