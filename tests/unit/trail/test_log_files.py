import gzip
import hashlib
import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.trail.log_files import FileContent, GzipError, gunzip, inspect

DOCUMENT = json.dumps({"Records": [{"eventName": "GetObject", "key": "käse"}, {}]}).encode()


def packed(document: bytes) -> FileContent:
    return inspect([gzip.compress(document)])


def test_a_whole_file_is_readable_counted_and_hashed():
    assert packed(DOCUMENT) == FileContent(
        readable=True, content_sha256=hashlib.sha256(DOCUMENT).hexdigest(), record_count=2
    )


def test_a_file_without_records_is_whole_as_well():
    assert packed(b'{"Records":[]}').record_count == 0


@given(st.integers(0, 300), st.integers(1, 64))
def test_a_file_is_read_alike_in_whatever_pieces_it_comes(records, size):
    document = json.dumps({"Records": [{"n": n} for n in range(records)]}).encode()
    whole = gzip.compress(document)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert inspect(pieces) == inspect([whole])
    assert inspect(pieces).record_count == records


@given(st.data())
def test_a_file_cut_off_anywhere_is_truncated(data):
    whole = gzip.compress(DOCUMENT)
    cut = data.draw(st.integers(1, len(whole) - 1))
    found = inspect([whole[:cut]])
    assert (found.readable, found.problem, found.content_sha256) == (False, "truncated gzip", None)


def test_a_file_with_a_flipped_byte_is_corrupt():
    whole = bytearray(gzip.compress(DOCUMENT))
    whole[-6] ^= 0xFF
    assert inspect([bytes(whole)]).problem == "corrupt gzip"
    assert inspect([b"\x1f\x8b\x07rubbish"]).problem == "corrupt gzip"


@pytest.mark.parametrize("content", [b"", DOCUMENT])
def test_what_was_never_gzip_says_so(content):
    assert inspect([content]).problem == "not gzip"


def test_members_and_padding_are_read_as_one_file():
    half = len(DOCUMENT) // 2
    members = gzip.compress(DOCUMENT[:half]) + gzip.compress(DOCUMENT[half:])
    assert inspect([members]).record_count == 2
    assert inspect([members + b"\0" * 512]).record_count == 2
    assert not inspect([members + b"trailing"]).readable


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "not JSON"),
        (b'{"Records":[{"a":1}', "not JSON"),
        (b'{"Records":[{"a":1,}]}', "not JSON"),
        (b'{"Records":[{"a":"\xff"}]}', "not JSON"),
        (b'{"Records":[]} {"Records":[]}', "not JSON"),
        (b'{"Records":[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}", "not JSON"),
        (b'{"Records":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "no Records"),
        (b"[]", "no Records"),
        (b"{}", "no Records"),
        (b'{"Records":null}', "no Records"),
        (b'{"Records":[1,2]}', "no Records"),
        (b'{"Records":{"a":1}}', "no Records"),
    ],
)
def test_a_document_that_athena_would_choke_on_is_named_and_still_hashed(document, problem):
    found = packed(document)
    assert (found.readable, found.problem) == (False, problem)
    assert found.content_sha256 == hashlib.sha256(document).hexdigest()


def test_a_bomb_is_stopped_before_it_fills_the_memory():
    with pytest.raises(GzipError, match="larger than 128 MiB"):
        gunzip([gzip.compress(b"\0" * (8 << 20))], most=1 << 20)
    assert len(gunzip([gzip.compress(b"\0" * (1 << 20))], most=1 << 20)) == 1 << 20


def peak_mib(chunks: list[bytes]) -> tuple[FileContent, float]:
    """What a file is found to be, and the memory that it took beyond its packed bytes."""
    tracemalloc.start()
    found = inspect(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak / (1 << 20)


def test_a_file_of_very_many_members_is_corrupt_in_no_time():
    started = time.process_time()
    found = inspect([gzip.compress(b"") * 160_000])
    assert (found.readable, found.problem) == (False, "corrupt gzip")
    assert time.process_time() - started < 1
    # a tool may join files, and padding is no member
    half = len(DOCUMENT) // 2
    joined = [gzip.compress(DOCUMENT[:half]), *[gzip.compress(b"")] * 500, b"\0" * 200_000]
    assert inspect([b"".join(joined) + gzip.compress(DOCUMENT[half:])]).record_count == 2


def test_what_unpacks_without_end_takes_bounded_memory():
    bomb = gzip.compress(b"\0" * (200 << 20), 1)
    found, mib = peak_mib([bomb])
    assert (found.readable, found.problem) == (False, "larger than 128 MiB uncompressed")
    assert mib < 2 * 128


def test_records_without_number_take_bounded_memory():
    """Each `{}` of three bytes would become an object of some thirty."""
    crowd = b'{"Records":[' + b"{}," * 5_000_000 + b"{}]}"
    found, mib = peak_mib([gzip.compress(crowd, 1)])
    assert (found.readable, found.problem) == (False, "larger than 128 MiB uncompressed")
    assert found.content_sha256 == hashlib.sha256(crowd).hexdigest()
    assert mib < 64


def test_the_largest_file_of_cloudtrail_is_read():
    event = b'{"eventVersion":"1.11","userIdentity":{},"resources":[{},{}],"n":"' + b"x" * 1500
    document = b'{"Records":[' + (event + b'"},') * 32_000 + b"{}]}"
    assert len(document) > 50_000_000
    found, mib = peak_mib([gzip.compress(document, 1)])
    assert found.record_count == 32_001
    assert mib < 2 * 64


@given(st.binary(max_size=200))
def test_no_content_is_a_crash(content):
    assert inspect([content]).readable is False
    packed(content)
