from __future__ import annotations

import random
import re
from urllib.parse import unquote

import pytest

from sandbox.account import access_log, traffic
from sandbox.account import clients as who
from sandbox.account import operations as ops
from sandbox.account.buckets import BY_NAME, Bucket, Layout
from sandbox.account.operations import ACTS
from sandbox.account.period import HOUR
from sandbox.account.traffic import Burst, Request
from tests.unit.account.conftest import Made, readable

NINE = 1772614800  # 2026-03-04T09:00:00Z
LAKE = BY_NAME["meridian-data-lake"]


def asked(act: str, client: who.Client = who.SPARK, bucket: Bucket = LAKE) -> Request:
    return next(traffic.burst(Burst(bucket, NINE, 60, 1, client, (act,)), random.Random(1)))


def fields(request: Request) -> dict[str, str]:
    match = readable(access_log.entry(request).text.split("\n")[0])
    assert match is not None
    return match.groupdict()


def test_a_read_has_the_fields_of_the_documentation_in_their_order() -> None:
    request = asked("get", who.OPERATOR)._replace(key="a/b.txt", field_count=27)
    line = access_log.entry(request).text
    assert re.fullmatch(
        r"[0-9a-f]{64} meridian-data-lake \[04/Mar/2026:09:00:\d\d \+0000\] 198\.51\.100\.\d+ "
        r"arn:aws:iam::123456789012:user/ops/maria\.okafor [0-9A-F]{16} REST\.GET\.OBJECT a/b\.txt "
        r'"GET /\S+ HTTP/1\.1" 200 - \d+ \d+ \d+ \d+ "-" "aws-cli/[^"]+" - '
        r"[A-Za-z0-9+/=]{76} SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader "
        r"meridian-data-lake\.s3\.us-east-1\.amazonaws\.com TLSv1\.2 - - -\n",
        line,
    )


def test_zero_bytes_are_a_dash() -> None:
    assert fields(asked("head"))["sent"] == "-"
    assert fields(asked("get"))["sent"] != "-"


@pytest.mark.parametrize("count", [24, 25, 26, 27, 28])
def test_lines_have_as_many_fields_as_their_log_host_knows(count: int) -> None:
    line = access_log.entry(asked("put")._replace(field_count=count, user_agent="x")).text.strip()
    unquoted = re.sub(r'"[^"]*"|\[[^\]]*\]', "Q", line)
    assert len(unquoted.split(" ")) == count


def test_a_batch_delete_leaves_one_line_and_one_more_a_key_under_one_id() -> None:
    request = asked("multi_delete")
    lines = access_log.entry(request).text.split("\n")[:-1]
    assert len(lines) == 1 + len(request.batch_keys)
    assert all(request.request_id in line and request.host_id in line for line in lines)
    assert " REST.POST.MULTI_OBJECT_DELETE - " in lines[0]
    assert re.search(r" BATCH\.DELETE\.OBJECT \S+ - 204 - - - - - - - - \S{76} SigV4 ", lines[1])


def test_keys_are_encoded_twice_by_requests_and_once_by_s3_itself() -> None:
    key = 'say "100%" + ünïcode.txt'
    twice = fields(asked("get")._replace(key=key))["key"]
    assert unquote(unquote(twice)) == key != unquote(twice)
    expired = asked("lifecycle", who.LIFECYCLE)._replace(key=key)
    assert unquote(fields(expired)["key"]) == key
    batch = asked("multi_delete")._replace(batch_keys=(key,))
    last = access_log.entry(batch).text.split("\n")[1]
    assert unquote(last.split("BATCH.DELETE.OBJECT ")[1].split(" ")[0]) == key


def test_a_lifecycle_line_has_the_shape_of_real_ones() -> None:
    request = asked("lifecycle", who.LIFECYCLE)._replace(field_count=26)
    line = access_log.entry(request).text
    assert re.search(
        r'\] - AmazonS3 \S{16} S3\.\S+ \S+ "-" - - - \d+ - - "-" "-" - \S{76}( -){7}\n$', line
    )


def test_a_checksum_job_has_bare_dashes_and_a_uuid() -> None:
    line = access_log.entry(asked("checksum", who.S3_BATCH)).text
    assert re.search(r" [0-9a-f-]{36} S3\.COMPUTE\.OBJECT\.CHECKSUM \S+ - 200 - ", line)


def test_a_copy_leaves_its_second_line_in_the_log_of_its_source() -> None:
    request = asked("copy")
    source, entry = access_log.copied_entry(request) or pytest.fail("no second line")
    assert source.name == "meridian-app-uploads"
    assert f" {source.name} [" in entry.text
    assert " REST.COPY.OBJECT_GET " in entry.text
    assert request.request_id in entry.text


def test_a_copy_within_a_bucket_leaves_both_lines_in_its_log() -> None:
    request = asked("copy", who.UPLOADER, BY_NAME["meridian-app-uploads"])
    assert access_log.copied_entry(request) is None
    assert access_log.entry(request).line_count == 2


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        (Layout.SIMPLE, "p/2026-03-05-01-02-03-ABCD"),
        (
            Layout.EVENT_TIME,
            "p/123456789012/us-east-1/b/2026/03/04/2026-03-04-00-00-00-ABCD",
        ),
        (
            Layout.DELIVERY_TIME,
            "p/123456789012/us-east-1/b/2026/03/05/2026-03-05-01-02-03-ABCD",
        ),
    ],
)
def test_keys_follow_the_layout(layout: Layout, key: str) -> None:
    bucket = Bucket("b", "us-east-1", "web", 1, "logs", "p/", layout)
    assert access_log.log_key(bucket, NINE, 1772672523, "ABCD") == key


def test_objects_hold_a_few_minutes_and_arrive_15_to_120_minutes_later() -> None:
    extra = Burst(LAKE, NINE, HOUR, 400, who.SPARK, ("get",))
    entries = [access_log.entry(one) for one in traffic.burst(extra, random.Random(3))]
    objects = list(access_log.log_objects(LAKE, NINE, entries, random.Random(4)))
    assert len(objects) > 1
    assert sum(len(one.entries) for one in objects) == len(entries)
    for one in objects:
        late = [one.delivered_at - entry.received for entry in one.entries]
        assert min(late) >= 15 * 60
        assert max(late) <= 120 * 60
        times = [entry.received for entry in one.entries]
        assert times != sorted(times)


def test_all_but_the_planted_lines_can_be_read_in_one_way(made: Made) -> None:
    unreadable = [line for line in made.lines if readable(line) is None]
    [planted] = [fault for fault in made.truth.faults if fault.kind == "malformed_lines"]
    assert len(unreadable) == planted.lines == 7


def test_every_shape_and_kind_of_caller_occurs(made: Made) -> None:
    records = [match for line in made.lines if (match := readable(line))]
    operations = {match["operation"] for match in records}
    assert operations >= {
        "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.PUT.OBJECT", "REST.DELETE.OBJECT",
        "REST.GET.BUCKET", "REST.HEAD.BUCKET", "REST.POST.UPLOADS", "REST.PUT.PART",
        "REST.POST.UPLOAD", "REST.COPY.OBJECT", "REST.COPY.OBJECT_GET",
        "REST.POST.MULTI_OBJECT_DELETE", "BATCH.DELETE.OBJECT", "WEBSITE.GET.OBJECT",
        "REST.GET.LOGGING_STATUS", "REST.OPTIONS.PREFLIGHT", "REST.GET.OBJECT_TAGGING",
        "S3.EXPIRE.OBJECT", "S3.COMPUTE.OBJECT.CHECKSUM",
    }  # fmt: skip
    requesters = " ".join({match["requester"] for match in records})
    assert "user/CloudFront Origin Access Identity E2" in requesters
    assert "svc:cloudfront.amazonaws.com" in requesters
    assert "repo=web,run=1187.4@main" in requesters
    assert {match["status"] for match in records} >= {"200", "204", "206", "304", "403", "404", "-"}
    assert any(":" in match["ip"] for match in records)
    assert any(match["bucket"] == "media.meridian.example" for match in records)
    assert any("X-Amz-Signature=" in match["uri"] for match in records)
    assert {len(match["tail"].split()) for match in records} == {5, 6, 7, 8, 9}


def test_hostile_texts_arrive_as_they_were_sent(made: Made) -> None:
    agents = {match["agent"] for line in made.lines if (match := readable(line))}
    assert any("\x1b" in agent for agent in agents)
    assert any("<script>" in agent for agent in agents)
    assert any("DROP TABLE" in agent for agent in agents)


def test_no_line_holds_a_line_end(made: Made) -> None:
    assert not any("\r" in line for line in made.lines)
    assert all(one.body.endswith(b"\n") for one in made.logs)


def test_lifecycle_is_no_request() -> None:
    assert all(operation.event_name is None for operation in ops.LIFECYCLE)
    assert ACTS["preflight"].operation.event_name is None
