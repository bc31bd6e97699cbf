"""lacuna.trail.digests: signatures, chains, and the log files that digests name."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lacuna.trail.digests import (
    DigestFile,
    DigestState,
    FileState,
    JudgedDigest,
    attested_hashes,
    cover,
    digest_file,
    entries_of,
    file_state,
    judge,
    judge_files,
    missing_hours,
    parse_name,
    signature_is_valid,
    string_to_sign,
)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
KEYS = {"f1": PUBLIC}
BUCKET = "trail-logs"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FILE = {"s3Bucket": BUCKET, "s3Object": "a.json.gz", "hashValue": "AB12"}


def signed(hour: int = 12, previous: DigestFile | None = None, **changes: object) -> DigestFile:
    """A digest file as CloudTrail writes it, ending at `hour`."""
    end = NOON.replace(hour=hour)
    key = f"digests/{end:%H}.json.gz"
    document = {
        "awsAccountId": "123456789012",
        "digestStartTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "digestS3Bucket": BUCKET,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": "f1",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": BUCKET if previous else None,
        "previousDigestS3Object": previous.object_key if previous else None,
        "previousDigestHashValue": (
            hashlib.sha256(previous.content or b"").hexdigest() if previous else None
        ),
        "previousDigestSignature": previous.signature if previous else None,
        "logFiles": [FILE],
        **changes,
    }
    content = json.dumps(document).encode()
    # The lines are put together here by AWS's description, not by the code under test.
    text = "\n".join(
        [
            str(document["digestEndTime"]),
            f"{document['digestS3Bucket']}/{document['digestS3Object']}",
            hashlib.sha256(content).hexdigest(),
            str(document["previousDigestSignature"] or "null"),
        ]
    ).encode()
    signature = KEY.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex()
    return digest_file(BUCKET, key, content, signature)


def trusted(file: DigestFile, state: DigestState = DigestState.VALID) -> JudgedDigest:
    assert file.document is not None
    return JudgedDigest(state, file.document.digestStartTime, file.document.digestEndTime, file)


def test_a_genuine_digest_is_valid():
    first = signed(11)
    assert judge(first, KEYS, None) is DigestState.VALID
    assert judge(signed(12, first), KEYS, first) is DigestState.VALID


def test_the_keys_of_both_encodings_are_understood():
    spki = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file = signed()
    assert signature_is_valid(spki, file.signature, string_to_sign(file))


def test_an_edited_digest_has_an_invalid_signature():
    good = signed()
    content = (good.content or b"").replace(b"AB12", b"AB13")
    edited = digest_file(BUCKET, good.object_key, content, good.signature)
    assert judge(edited, KEYS, None) is DigestState.INVALID_SIGNATURE


@pytest.mark.parametrize("signature", [None, "", "zz", "00", "00" * 256, "é"])
def test_a_missing_or_senseless_signature_is_invalid(signature):
    assert judge(replace(signed(), signature=signature), KEYS, None) == "invalid_signature"


@pytest.mark.parametrize("key", [b"", b"rubbish"])
def test_a_senseless_key_validates_nothing(key):
    assert judge(signed(), {"f1": key}, None) == "invalid_signature"


def test_a_key_of_another_kind_validates_nothing():
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert judge(signed(), {"f1": der}, None) == "invalid_signature"


def test_a_digest_in_another_place_than_it_names_was_moved():
    file = signed()
    assert judge(replace(file, object_key="elsewhere.json.gz"), KEYS, None) == "moved"
    assert judge(replace(file, log_bucket="copies"), KEYS, None) == "moved"


def test_a_digest_signed_with_an_unknown_key_says_so():
    assert judge(signed(), {}, None) == "foreign_key"
    assert judge(signed(), {}, None, keys_are_all=False) == "key_unknown"


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"logFiles": []}', b"{" * 100_000, b'{"digestEndTime": 5}']
)
def test_what_is_no_digest_is_unreadable(content):
    assert judge(digest_file(BUCKET, "k", content, "00"), KEYS, None) == "unreadable"


def test_a_digest_whose_predecessor_is_gone_or_another_breaks_the_chain():
    first = signed(11)
    second = signed(12, first)
    assert judge(second, KEYS, None) == "broken_chain"
    assert judge(second, KEYS, replace(first, signature="00")) == "broken_chain"
    other = digest_file(BUCKET, first.object_key, b"{}", first.signature)
    assert judge(second, KEYS, other) == "broken_chain"


def test_an_unreadable_predecessor_is_no_broken_chain():
    assert judge(signed(12, signed(11)), KEYS, None, previous_was_readable=False) == "valid"


def test_a_predecessor_is_known_by_its_signature_where_its_content_cannot_be_compared():
    first = signed(11)
    assert judge(signed(12, first), KEYS, replace(first, content=None)) == "valid"
    unhashed = signed(12, first, previousDigestHashValue=None)
    assert judge(unhashed, KEYS, first) == "valid"
    shouted = hashlib.sha256(first.content or b"").hexdigest().upper()
    assert judge(signed(12, first, previousDigestHashValue=shouted), KEYS, first) == "valid"


def test_a_digest_that_starts_a_second_chain_breaks_the_first():
    assert judge(signed(), KEYS, None, begins_anew=True) == "broken_chain"


def test_an_hour_without_a_digest_is_missing():
    chain = [trusted(signed(hour)) for hour in (9, 10, 13)]
    gaps = missing_hours(chain)
    assert [(gap.start_at.hour, gap.end_at.hour, gap.state) for gap in gaps] == [
        (10, 11, "missing"),
        (11, 12, "missing"),
    ]
    assert missing_hours([*reversed(chain), *gaps]) == gaps
    assert missing_hours([trusted(signed(hour)) for hour in (9, 10, 11)]) == []
    assert missing_hours([]) == []


def test_the_hours_around_a_chain_are_missing_where_it_is_known_to_have_run():
    chain = [trusted(signed(hour)) for hour in (9, 11)]
    seven, thirteen = NOON.replace(hour=7, minute=10), NOON.replace(hour=13, minute=10)

    def ends(gaps):
        return [f"{gap.end_at:%H:%M}" for gap in gaps]

    assert ends(missing_hours(chain, since=seven)) == ["10:00"]
    assert ends(missing_hours(chain, since=seven - timedelta(minutes=10))) == ["08:00", "10:00"]
    assert ends(missing_hours(chain, until=thirteen)) == ["10:00", "12:00", "13:00"]
    assert ends(missing_hours([], since=seven, until=thirteen)) == [
        "08:10", "09:10", "10:10", "11:10", "12:10", "13:10",
    ]  # fmt: skip
    assert missing_hours([], until=thirteen) == []


def test_files_are_missing_or_altered_or_as_attested():
    digest = trusted(signed())
    url = f"s3://{BUCKET}/a.json.gz"
    assert judge_files(digest, {url: "ab12"}, set()).altered == ()
    assert judge_files(digest, {url: "ffff"}, set()).altered == (url,)
    assert judge_files(digest, {url: None}, set()).altered == (url,)
    gone = judge_files(digest, {}, {url})
    assert (gone.missing, gone.altered) == ((url,), ())
    nobody_could_look = judge_files(digest, {}, set())
    assert (nobody_could_look.missing, nobody_could_look.altered) == ((), ())


def test_files_of_a_verdict_come_in_the_order_of_their_names():
    names = [f"{number}.json.gz" for number in (3, 1, 2, 6, 5, 4)]
    digest = trusted(signed(logFiles=[{**FILE, "s3Object": name} for name in names]))
    urls = [f"s3://{BUCKET}/{name}" for name in names]
    ordered = tuple(sorted(urls))
    assert judge_files(digest, {}, set(urls)).missing == ordered
    assert judge_files(digest, dict.fromkeys(urls), set()).altered == ordered


def test_an_attested_hash_has_one_spelling_whatever_the_digest_has():
    assert attested_hashes([trusted(signed())]) == {f"s3://{BUCKET}/a.json.gz": "ab12"}


def test_an_hour_without_a_digest_names_no_files():
    assert entries_of(JudgedDigest(DigestState.VALID, NOON, NOON)) == []


def test_what_a_forged_digest_names_proves_nothing():
    forged = trusted(signed(), DigestState.INVALID_SIGNATURE)
    assert entries_of(forged) == []
    assert attested_hashes([forged]) == {}
    assert attested_hashes([trusted(signed(), DigestState.BROKEN_CHAIN)]) != {}


def test_a_file_is_attested_altered_or_neither():
    assert file_state("ab12", "ab12") is FileState.ATTESTED
    assert file_state("ab12", "ffff") is FileState.ALTERED
    assert file_state("ab12", None) is FileState.ALTERED
    assert file_state("ab12", "ab12", is_covered=True) is FileState.ATTESTED
    assert file_state(None, "ab12") is FileState.NOT_ATTESTED
    assert file_state(None, "ab12", is_covered=True) is FileState.DISOWNED
    assert file_state(None, None, is_covered=True) is FileState.DISOWNED


def hours(*ends: int, state: DigestState = DigestState.VALID) -> list[JudgedDigest]:
    return [
        JudgedDigest(state, NOON.replace(hour=end - 1), NOON.replace(hour=end), signed(end))
        for end in ends
    ]


@pytest.mark.parametrize(
    ("chain", "minutes", "covered"),
    [
        (hours(12), -30, True),
        (hours(12), 30, False),
        (hours(12), -90, False),
        ([], -30, False),
        # near its ends the digest before or after may be the one that has to name the file
        (hours(12), -15, True),
        (hours(12), -14, False),
        (hours(12), -45, True),
        (hours(12), -46, False),
        (hours(13, 12), 0, True),
        (hours(11, 13), 0, False),
        (hours(12) + hours(13, state=DigestState.INVALID_SIGNATURE), 0, False),
        (hours(12) + hours(13, state=DigestState.BROKEN_CHAIN), 0, True),
        (
            [*hours(12), JudgedDigest(DigestState.MISSING, NOON, NOON + timedelta(hours=1))],
            0,
            False,
        ),
    ],
)
def test_trusted_digests_without_a_gap_cover_a_delivery(chain, minutes, covered):
    assert cover(chain, NOON + timedelta(minutes=minutes)) is covered


def test_a_digests_name_says_which_trail_region_and_hour():
    name = "123456789012_CloudTrail-Digest_eu-west-1_my_trail.1_us-east-1_20261121T120000Z"
    parsed = parse_name(name + ".json.gz")
    assert parsed is not None
    assert (parsed.region, parsed.trail_name, parsed.home_region) == (
        "eu-west-1",
        "my_trail.1",
        "us-east-1",
    )
    assert parsed.ends_at == NOON
    assert not parsed.is_backfill
    backfill = parse_name(name + "_backfill.json.gz")
    assert backfill is not None
    assert backfill.is_backfill


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notes.txt",
        "123456789012_CloudTrail_eu-west-1_20261121T1200Z_aB3dE6gH9jK2mN5p.json.gz",
        "123456789012_CloudTrail-Digest_eu-west-1_t_us-east-1_20261321T120000Z.json.gz",
    ],
)
def test_other_names_are_no_digests(name):
    assert parse_name(name) is None
