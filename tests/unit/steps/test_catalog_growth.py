"""The work of cataloging grows with what there is to catalog, not with its square."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from lacuna.access_log.delivery import Kind, Place, access_log_places
from lacuna.access_log.sources import KeyLayout, Source
from lacuna.steps import catalog_absent_digests, catalog_digest_files, catalog_losses
from lacuna.steps.catalog_digest_files import DayDigests, ListedDigest
from lacuna.steps.catalog_trail_files import AccountFolder, Chain, TrailFiles
from lacuna.trail.digests import DigestFile
from lacuna.trail.recorders import Trail, TrailStatus

DAY = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
REGION = "us-east-1"
ARN = f"arn:aws:cloudtrail:{REGION}:111111111111:trail/main"
TRAIL = Trail(ARN, "main", REGION, True, "logs", is_organization=True, has_digests=True)
FEW, MANY = 20, 200


class Counted(str):
    """Text that counts what is done with it."""

    work: ClassVar[Counter[str]] = Counter()

    def __hash__(self) -> int:
        Counted.work["hash"] += 1
        return super().__hash__()

    def __getitem__(self, index: Any) -> str:
        Counted.work["slice"] += 1
        return super().__getitem__(index)

    def startswith(self, *prefix: Any) -> bool:
        Counted.work["compare"] += 1
        return super().startswith(*prefix)


class Part:
    """An object that counts how often its fields are read."""

    reads = 0

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def __getattr__(self, name: str) -> Any:
        Part.reads += 1
        return self.fields[name]


def work_of(act: Callable[[], object]) -> int:
    Counted.work.clear()
    Part.reads = 0
    act()
    return Part.reads + Counted.work.total()


def assert_linear(work: Callable[[int], int]) -> None:
    """Ten times as much takes ten times the work; a quadratic step would take a hundred."""
    few, many = work(FEW), work(MANY)
    assert 0 < few < many < 12 * few


def chain(account: int) -> Chain:
    account_id = f"{account:012}"
    return Chain(TRAIL, account_id, REGION, f"AWSLogs/o-1/{account_id}/CloudTrail-Digest/{REGION}/")


def test_each_digest_finds_its_chain_and_the_one_before_it_without_asking_the_others() -> None:
    def work(chains: int) -> int:
        listed, files = [], []
        for number in range(chains):
            for hour in range(3):
                # not of one chain after the other, as several trails' digests may be
                name: Any = Part(ends_at=MIDNIGHT + timedelta(hours=hour), is_backfill=False)
                listed.append(ListedDigest(chain(number), name, f"{number}/{hour}", True))
                files.append(DigestFile("logs", f"{number}/{hour}", None, None))

        def judge() -> None:
            digests = DayDigests(listed, files)
            assert [digests.has_older(one) for one in listed] == [False, True, True] * chains
            assert all(digests.at(file.place) is file for file in files)

        return work_of(judge)

    assert_linear(work)


def test_what_accounts_delivered_is_counted_once_for_all_of_their_folders() -> None:
    def work(accounts: int) -> int:
        files = TrailFiles(DAY)
        for number in range(accounts):
            account_id = f"{number:012}"
            place = Part(log_bucket="logs", account_id=account_id, region=REGION)
            files.objects.append(Part(kind=Kind.CLOUDTRAIL, place=place))
            files.account_folders.append(AccountFolder(TRAIL, account_id, "", f"{number}/"))
        files.chains = [chain(0)]
        lost: list[Chain] = []
        spent = work_of(lambda: lost.extend(catalog_digest_files.lost_chains(files, {})))
        assert [one.prefix for one in lost] == [f"{n}/{REGION}/" for n in range(1, accounts)]
        return spent

    assert_linear(work)


def test_a_lost_file_finds_its_place_without_asking_all_places() -> None:
    def work(number: int) -> int:
        places = [(Kind.ACCESS_LOG, "logs", f"{n:05}/") for n in range(number)]
        index = catalog_losses._Places([*places, (Kind.ACCESS_LOG, "logs", "")])
        urls = [Counted(f"s3://logs/{n:05}/object") for n in range(number)]

        def find() -> None:
            assert [index.around(url) for url in urls] == places

        assert index.around("s3://logs/other") == (Kind.ACCESS_LOG, "logs", "")
        assert index.around("s3://elsewhere/00000/object") is None
        return work_of(find)

    assert_linear(work)


def test_thousands_of_buckets_may_share_a_place() -> None:
    def work(buckets: int) -> int:
        sources = [
            Source(Counted(f"bucket-{n:05}"), REGION, "1", "all/", KeyLayout.SIMPLE)
            for n in range(buckets)
        ]
        places: list[Place] = []
        spent = work_of(lambda: places.extend(access_log_places(sources)))
        (place,) = places
        assert place.source_buckets == tuple(source.bucket_name for source in sources)
        # it is looked up for each of its objects
        assert work_of(lambda: hash(place)) == 0
        return spent

    assert_linear(work)


def test_a_trail_is_asked_once_why_the_digests_of_all_its_accounts_are_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def read_status(_client: object, arn: str) -> TrailStatus:
        asked.append(arn)
        return TrailStatus(True, None, MIDNIGHT, MIDNIGHT + timedelta(hours=22, minutes=30))

    monkeypatch.setattr(catalog_absent_digests, "read_status", read_status)
    account = SimpleNamespace(cloudtrail=lambda _region: None)
    accounts: Any = SimpleNamespace(of=lambda _account_id: account, concurrency=2)
    chains = [chain(number) for number in range(FEW)]
    absent = catalog_absent_digests.absent_hours(
        accounts, chains, TrailFiles(DAY), {}, {}, {ARN: MIDNIGHT}
    )
    assert asked == [ARN]
    assert [one for one, _ in absent] == chains
    for _, hours in absent:
        assert [hour.state for hour in hours[-3:]] == ["missing", "pending", "pending"]
