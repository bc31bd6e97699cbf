from __future__ import annotations

import gzip
import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sandbox.account.account import StoredObject
from sandbox.account.digests import signing_key
from tests.unit.account.conftest import Made


def chain(made: Made, region: str) -> list[tuple[StoredObject, dict[str, Any]]]:
    found = [one for one in made.digests if f"/{region}/" in one.key]
    assert found
    return [(one, json.loads(gzip.decompress(one.body))) for one in found]


def signed_text(one: StoredObject, content: dict[str, Any]) -> str:
    """The string to sign as the AWS CLI builds it, from the digest alone."""
    previous = content["previousDigestSignature"]
    return "\n".join(
        (
            content["digestEndTime"],
            f"{content['digestS3Bucket']}/{content['digestS3Object']}",
            hashlib.sha256(gzip.decompress(one.body)).hexdigest(),
            "null" if previous is None else previous,
        )
    )


def verify(der: bytes, signature: str, text: str) -> None:
    public = load_der_public_key(der)
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(bytes.fromhex(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_signatures_verify_with_the_regions_public_key(made: Made, region: str) -> None:
    key = signing_key(7, region)
    for one, content in chain(made, region):
        assert content["digestPublicKeyFingerprint"] == key.fingerprint
        assert one.metadata["signature-algorithm"] == "SHA256withRSA"
        verify(key.public_der, one.metadata["signature"], signed_text(one, content))


def test_a_changed_digest_does_not_verify(made: Made) -> None:
    one, content = chain(made, "us-east-1")[3]
    changed = signed_text(one, content | {"digestEndTime": "2026-03-02T00:00:00Z"})
    with pytest.raises(InvalidSignature):
        verify(signing_key(7, "us-east-1").public_der, one.metadata["signature"], changed)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_each_digest_continues_the_one_before(made: Made, region: str) -> None:
    found = chain(made, region)
    assert found[0][1]["previousDigestS3Object"] is None
    for (before, earlier), (_, later) in pairwise(found):
        content = gzip.decompress(before.body)
        assert later["previousDigestS3Object"] == before.key == earlier["digestS3Object"]
        assert later["previousDigestSignature"] == before.metadata["signature"]
        assert later["previousDigestHashValue"] == hashlib.sha256(content).hexdigest()
        assert later["digestStartTime"] == earlier["digestEndTime"]


def test_a_digest_comes_every_hour_of_the_period_and_region(made: Made) -> None:
    assert len(chain(made, "us-east-1")) == len(chain(made, "eu-west-1")) == 4 * 24


def test_digests_list_what_was_delivered_and_nothing_else(made: Made) -> None:
    listed = {
        file["s3Object"]: file["hashValue"]
        for region in ("us-east-1", "eu-west-1")
        for _, content in chain(made, region)
        for file in content["logFiles"]
    }
    objects = {f.kind: f.log_object for f in made.truth.faults if f.kind.startswith("trail_file")}
    gone = str(objects["trail_file_deleted"]).removeprefix("s3://meridian-cloudtrail/")
    cut = str(objects["trail_file_truncated"]).removeprefix("s3://meridian-cloudtrail/")
    stored = {one.key: one for one in made.trail_files}
    assert set(listed) - set(stored) == {gone}
    last_digest = max(content["digestEndTime"] for _, content in chain(made, "us-east-1"))
    assert last_digest.startswith("2026-03-05T23:")
    for key, value in listed.items():
        if key not in {gone, cut}:
            assert hashlib.sha256(gzip.decompress(stored[key].body)).hexdigest() == value
    with pytest.raises(EOFError):
        gzip.decompress(stored[cut].body)


def test_a_seed_always_makes_the_same_key_and_another_seed_another() -> None:
    first = signing_key.__wrapped__(7, "us-east-1")
    assert first.public_der == signing_key(7, "us-east-1").public_der
    assert first.public_der != signing_key(7, "eu-west-1").public_der
    assert first.private.key_size == 2048


def test_an_invented_file_is_as_others_are_but_in_no_digest(made: Made) -> None:
    [fault] = [f for f in made.truth.faults if f.kind == "trail_file_invented"]
    key = str(fault.log_object).removeprefix("s3://meridian-cloudtrail/")
    [forged] = [one for one in made.trail_files if one.key == key]
    listed = {
        file["s3Object"] for _, content in chain(made, "us-east-1") for file in content["logFiles"]
    }
    [genuine] = [
        one
        for one in made.trail_files
        if one.key.rpartition("_")[0] == key.rpartition("_")[0] and one.key in listed
    ]
    assert key not in listed
    assert forged.delivered_at == genuine.delivered_at
    invented, real = (json.loads(gzip.decompress(one.body))["Records"] for one in (forged, genuine))
    assert len(invented) == len(real) == fault.lines
    ids = {event["requestID"] for event in invented}
    assert ids.isdisjoint(event["requestID"] for event in real)
    assert [event["eventTime"] for event in invented] == [event["eventTime"] for event in real]
