"""A plan as a file, as a diff and undone; and what no plan file can make Lacuna do."""

import contextlib
import copy
import json
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.documents import Operation, canonical
from lacuna.remedy import plans
from lacuna.remedy.plans import Change, Note, Plan, PlanError

ACCOUNT = "123456789012"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OURS = {
    "Sid": "LacunaLogDelivery0123456789abcdef",
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/web/*",
    "Condition": {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    },
}
THEIRS = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "New": [{"a": 1}]}
GRANTS = [{"Grantee": {"Type": "CanonicalUser", "ID": "79a5"}, "Permission": "READ"}]
ON = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "web/"}}


def policy(*statements: object) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


TURN_ON = Change("photos", Operation.PUT_LOGGING, {}, ON, "logging_off")
MOVE = Change(
    "photos",
    Operation.PUT_LOGGING,
    ON,
    {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetBucket": "other"}},
    "target_missing",
)
LET_IN = Change("logs", Operation.PUT_POLICY, policy(THEIRS), policy(THEIRS, OURS), "photos")
FIRST = Change("logs", Operation.PUT_POLICY, None, policy(OURS), "photos")


def plan(*changes: Change, **fields) -> Plan:
    return Plan(ACCOUNT, "us-east-1", AT, changes, **fields)


def changed(change: Change, path: str, value: object) -> str:
    """A plan file with one value of its only change's `after` replaced."""
    document = json.loads(plans.written(plan(change)))
    *names, last = path.split("/")
    place = document["changes"][0]
    for name in names:
        place = place[int(name) if name.isdigit() else name]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(document)


# ---- as a file -------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [TURN_ON, MOVE, LET_IN, FIRST], ids=lambda one: one.operation)
def test_a_plan_is_read_as_it_was_written_and_so_is_its_undo(change):
    made = plan(change, notes=(Note("far", "logging_off", "deploy"),))
    assert plans.read(plans.written(made)) == made
    undo = plans.undone(made, [(change, change.after)], AT)
    assert plans.read(plans.written(undo)) == undo
    assert undo.undo_of == made.plan_id
    assert (undo.changes[0].before, undo.changes[0].after) == (change.after, change.before)
    # and the undo of the undo
    again = plans.undone(undo, [(undo.changes[0], undo.changes[0].after)], AT)
    assert (again.changes[0].before, again.changes[0].after) == (change.before, change.after)
    assert plans.read(plans.written(again)) == again


def test_the_id_follows_from_the_content():
    assert plan(TURN_ON).plan_id == plan(copy.deepcopy(TURN_ON)).plan_id
    assert plan(TURN_ON).plan_id != plan(LET_IN).plan_id


def test_an_undo_goes_backwards():
    undo = plans.undone(plan(LET_IN, TURN_ON), [(LET_IN, LET_IN.after), (TURN_ON, ON)], AT)
    assert [one.bucket for one in undo.changes] == ["photos", "logs"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no JSON object"),
        ("{}", "no JSON object with a schema"),
        ('{"schema": 2}', "schema is 2, and this version knows 1"),
        ('{"schema": true}', "schema is true"),
        ('{"schema": "\\u001b[2J"}', 'schema is "\\\\u001b'),
        ('{"schema": 1}', "account_id is null"),
        ('{"schema": 1, "schema": 1}', "repeated"),
        (changed(TURN_ON, "operation", "DeleteBucket"), "no plan of Lacuna's has"),
        (changed(TURN_ON, "bucket", 7), "bucket is 7"),
        (changed(TURN_ON, "after", []), "after is \\[\\]"),
        (json.dumps({**json.loads(plans.written(plan())), "changes": {}}), "changes is not a list"),
        (json.dumps({**json.loads(plans.written(plan())), "made_at": "today"}), "made_at"),
        (
            json.dumps({**json.loads(plans.written(plan())), "made_at": "2026-11-22"}),
            "no time zone",
        ),
    ],
)
def test_what_is_no_plan_is_refused_in_one_visible_line(text, why):
    with pytest.raises(PlanError, match=why) as refused:
        plans.read(text)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        (LET_IN, "after/Statement/1/Principal", "*"),
        (LET_IN, "after/Statement/1/Principal", {"AWS": "*"}),
        (LET_IN, "after/Statement/1/Principal/AWS", "arn:aws:iam::210987654321:root"),
        (LET_IN, "after/Statement/1/Action", "s3:*"),
        (LET_IN, "after/Statement/1/Action", ["s3:PutObject", "s3:GetObject"]),
        (LET_IN, "after/Statement/1/Effect", "Deny"),
        (LET_IN, "after/Statement/1/Resource", "*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws:s3:::other/*"),
        (LET_IN, "after/Statement/1/Resource", "x:s3:::logs/web/*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws-mars:s3:::logs/web/*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws-cn:s3:::logs/web/*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws:s3:::logs/w*b/*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws:s3:::logs/${aws:username}/*"),
        (LET_IN, "after/Statement/1/Resource", "arn:aws:s3:::logs/web/index.html"),
        (LET_IN, "after/Statement/1/NotResource", "arn:aws:s3:::other/*"),
        (LET_IN, "after/Statement/1/Sid", "Mine"),
        (LET_IN, "after/Statement/1/Condition/ArnLike/aws:SourceArn", "*"),
        (LET_IN, "after/Statement/1/Condition/ArnLike/aws:SourceArn", "arn:aws:s3:::*"),
        (LET_IN, "after/Statement/1/Condition/StringEquals/aws:SourceAccount", "210987654321"),
        (LET_IN, "after/Statement/1/Condition", {}),
        (LET_IN, "after/Statement", [OURS]),
        (LET_IN, "after/Statement/0/Effect", "Allow"),
        (LET_IN, "after/Version", "2008-10-17"),
        (LET_IN, "after/Id", "mine"),
        (LET_IN, "after", None),
        (FIRST, "after/Statement/0/Principal", "*"),
        (TURN_ON, "after", None),
        (TURN_ON, "after/LoggingEnabled/TargetBucket", "photos"),
        (MOVE, "after/LoggingEnabled/TargetBucket", "photos"),
        (TURN_ON, "after/Surprise", {}),
        (TURN_ON, "after/LoggingEnabled/Surprise", {}),
        (TURN_ON, "after/LoggingEnabled/TargetGrants", [{"Permission": "READ"}]),
        (TURN_ON, "after/LoggingEnabled/TargetGrants", GRANTS),
        (TURN_ON, "after/LoggingEnabled/TargetPrefix", None),
        (TURN_ON, "after/LoggingEnabled/TargetObjectKeyFormat", "DeliveryTime"),
        (TURN_ON, "after/LoggingEnabled/TargetObjectKeyFormat", {"PartitionedPrefix": 1}),
        (MOVE, "after/LoggingEnabled/TargetGrants", [{"Grantee": {}, "Permission": "WRITE"}]),
        (MOVE, "after/LoggingEnabled/TargetPrefix", "mine/"),
        (TURN_ON, "before", {"LoggingEnabled": {"TargetBucket": "x", "TargetPrefix": "kept/"}}),
    ],
)
def test_a_file_cannot_ask_for_more_than_lacuna_plans(change, path, value):
    with pytest.raises(PlanError, match="does more than any plan of Lacuna's"):
        plans.read(changed(change, path, value))


TAKES_AWAY = [
    replace(TURN_ON, before=ON, after={}),
    replace(FIRST, before=policy(OURS), after=None),
    replace(LET_IN, before=policy(THEIRS, OURS), after=policy(THEIRS)),
    replace(
        LET_IN, before=policy(OURS), after=policy({**OURS, "Resource": "arn:aws:s3:::logs/x/*"})
    ),
]


@pytest.mark.parametrize("change", TAKES_AWAY)
def test_only_an_undo_takes_away(change):
    with pytest.raises(PlanError, match="does more than any plan of Lacuna's"):
        plans.read(plans.written(plan(change)))
    assert plans.read(plans.written(plan(change, undo_of="0123456789abcdef"))).changes == (change,)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["schema", "changes", "before", "after", "Statement", "x"]),
                        inner, max_size=4), max_leaves=12))  # fmt: skip
def test_no_file_is_a_crash(document):
    whole = json.loads(plans.written(plan(LET_IN, TURN_ON)))
    for text in (
        json.dumps(document),
        json.dumps({**whole, "changes": document}),
        json.dumps({**whole, "changes": [{**whole["changes"][0], "after": document}]}),
        json.dumps({**whole, "changes": [{**whole["changes"][1], "after": document}]}),
        json.dumps({**whole, "changes": [{**whole["changes"][0], "before": {"Statement": document}}]}),
    ):  # fmt: skip
        with contextlib.suppress(PlanError):
            plans.written(plans.read(text))


# ---- what an undo may take back ----------------------------------------------------------------


def recorded(change: Change, **fields) -> dict:
    """The row of the evidence that says that a change was made."""
    return {
        "plan_id": plan(change).plan_id,
        "account_id": ACCOUNT,
        "bucket_name": change.bucket,
        "operation": change.operation.value,
        "outcome": "applied",
        "before": canonical(change.before),
        "after": canonical(change.after),
        "found": canonical(change.after),
    } | fields


REWORDED = {**LET_IN.after, "Statement": [OURS, THEIRS]}


@pytest.mark.parametrize(
    ("change", "seen", "row", "is_proven"),
    [
        (TURN_ON, TURN_ON.after, {}, True),
        (FIRST, FIRST.after, {"outcome": "already"}, True),
        # as it was planned, before anything was made; and as it was read back
        (LET_IN, LET_IN.after, {"found": canonical(REWORDED)}, True),
        (LET_IN, REWORDED, {"found": canonical(REWORDED)}, True),
        (LET_IN, REWORDED, {}, False),
        (TURN_ON, TURN_ON.after, {"outcome": "refused"}, False),
        (TURN_ON, TURN_ON.after, {"outcome": "differs"}, False),
        (TURN_ON, TURN_ON.after, {"plan_id": "0123456789abcdef"}, False),
        (TURN_ON, TURN_ON.after, {"account_id": "210987654321"}, False),
        (TURN_ON, TURN_ON.after, {"bucket_name": "films"}, False),
        (TURN_ON, TURN_ON.after, {"operation": "PutBucketPolicy"}, False),
        (TURN_ON, TURN_ON.after, {"before": canonical(MOVE.before)}, False),
        (TURN_ON, MOVE.after, {}, False),
    ],
)
def test_an_undo_takes_back_what_was_done_and_nothing_else(change, seen, row, is_proven):
    undo = plans.undone(plan(change), [(change, seen)], AT)
    rows = [recorded(change, **row)]
    assert plans.unproven(undo, rows, ["applied", "already"]) == (
        [] if is_proven else [*undo.changes]
    )


# ---- to read ---------------------------------------------------------------------------------


def test_a_change_is_shown_as_a_diff_with_its_reason_above_and_its_undo_below():
    lines = plans.render(plan(LET_IN, TURN_ON)).splitlines()
    at = lines.index("2 of 2  PutBucketLogging photos")
    assert lines[at + 1] == "  why   logging_off"
    assert "-{}" in lines[at:]
    assert '+    "TargetPrefix": "web/"' in lines[at:]
    assert lines[-1] == (
        "  undo  aws s3api put-bucket-logging --bucket photos --bucket-logging-status '{}'"
    )
    policy_lines = lines[:at]
    assert not [line for line in policy_lines if line.startswith("-  ")]
    assert '+        "Service": "logging.s3.amazonaws.com"' in policy_lines


def test_a_policy_that_was_not_there_is_undone_by_deleting_it():
    shown = plans.render(plan(FIRST))
    assert "-(no policy)" in shown
    assert "undo  aws s3api delete-bucket-policy --bucket logs" in shown


def test_no_call_is_shown_that_s3_would_refuse():
    """A plan moves a log only away from where S3 takes none."""
    lines = plans.render(plan(TURN_ON, MOVE)).splitlines()
    turned_on, moved = [one for one in lines if one.startswith("  undo")]
    assert "aws s3api put-bucket-logging" in turned_on
    assert moved == "  undo  none: S3 would refuse to go back to logs"
    # an undo moves it back, and that can be taken back
    back = Change(MOVE.bucket, MOVE.operation, MOVE.after, MOVE.before, "undo")
    (line,) = [
        one
        for one in plans.render(plan(back, undo_of="0123456789abcdef")).splitlines()
        if one.startswith("  undo")
    ]
    command = line.removeprefix("  undo  ")
    assert command.startswith("aws s3api put-bucket-logging --bucket photos")
    assert json.loads(shlex.split(command)[-1]) == MOVE.after


def test_a_single_statement_is_not_shown_as_changed():
    before = {"Version": "2012-10-17", "Statement": THEIRS}
    shown = plans.render(plan(Change("logs", Operation.PUT_POLICY, before, LET_IN.after, "why")))
    assert not [line for line in shown.splitlines() if line.startswith("-  ")]


def test_the_undo_that_is_shown_is_one_word_to_a_shell():
    wild = policy({**THEIRS, "Sid": 'it\'s $(id) `id` "x"'})
    change = Change("logs", Operation.PUT_POLICY, wild, policy(*wild["Statement"], OURS), "why")
    (line,) = [one for one in plans.render(plan(change)).splitlines() if "  undo  " in one]
    command = line.removeprefix("  undo  ").replace("aws s3api", "printf '%s\\n'", 1)
    words = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(words.stdout.splitlines()[-1]) == wild


@pytest.mark.parametrize("wild", ["\x1b[2J", "\x7f", "\u202e", "\r", "\u2028", "\x9b"])
def test_text_of_strangers_is_seen_and_never_acted_upon(wild):
    status = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": f"a{wild}b"}}
    change = Change(f"b{wild}", Operation.PUT_LOGGING, {}, status, f"why {wild}")
    made = plan(change, notes=(Note(wild, wild, wild),))
    assert wild not in plans.render(made)
    assert wild not in plans.written(made)
    assert plans.read(plans.written(made)) == made


def test_a_plan_without_changes_says_so():
    assert "nothing to change" in plans.render(plan())


# ---- order -----------------------------------------------------------------------------------


def test_what_depends_on_what():
    elsewhere = Change("films", Operation.PUT_LOGGING, {}, ON, "why")
    other = Change(
        "tapes", Operation.PUT_LOGGING, {}, {"LoggingEnabled": {"TargetBucket": "x"}}, ""
    )
    assert plans.depends(TURN_ON, LET_IN)
    assert plans.depends(LET_IN, TURN_ON)  # of an undo, where the order is the other
    assert plans.depends(LET_IN, FIRST)
    assert not plans.depends(elsewhere, TURN_ON)
    assert not plans.depends(other, LET_IN)
