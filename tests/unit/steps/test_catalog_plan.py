"""A day is packed into shards: each place once, and together what is judged together."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.delivery import Kind, Place
from lacuna.steps import catalog_plan
from lacuna.steps.catalog_plan import MOST_SHARDS, PLACES_A_SHARD, Shard, overlapping, pack
from lacuna.steps.catalog_trail_files import AccountFolder
from lacuna.trail.recorders import Trail

TRAIL = Trail("arn:aws:cloudtrail:us-east-1:1:trail/main", "main", "us-east-1", True, "trail-logs")


def place(prefix: str, bucket: str = "logs", account_id: str = "1") -> Place:
    return Place(Kind.ACCESS_LOG, bucket, prefix, region="us-east-1", account_id=account_id)


def folder(account_id: str, number: int = 0) -> AccountFolder:
    return AccountFolder(TRAIL, account_id, f"{number}/{account_id}/", f"{number}/{account_id}/d/")


def test_a_small_account_is_one_shard_and_an_empty_one_too():
    assert pack([], []) == [Shard()]
    places = [place(f"{one:03}/") for one in range(PLACES_A_SHARD - 20)]
    (shard,) = pack(places, [folder("1")])
    assert shard == Shard(tuple((one,) for one in places), (folder("1"),))
    assert len(pack([*places, place("z/")], [folder("1")])) == 2


def test_a_place_whose_account_and_region_are_unknown_is_in_a_shard_too():
    unknown = replace(place("u/"), account_id=None, region=None)
    (shard,) = pack([place("a/"), unknown], [])
    assert shard.places == ((unknown,), (place("a/"),))


def test_a_large_account_is_no_more_shards_than_airflow_expands():
    places = [place(f"{one:06}/") for one in range(100_000)]
    shards = pack(places, [])
    assert len(shards) == MOST_SHARDS
    assert {len(shard.places) for shard in shards} == {500}


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text("ab/", max_size=4)), max_size=40),
    st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 3)), max_size=8),
    st.integers(1, 50),
)
def test_each_place_is_in_one_shard_with_all_that_it_is_judged_with(names, owners, size):
    places = [place(prefix, bucket) for bucket, prefix in dict.fromkeys(names)]
    folders = [folder(*owner) for owner in dict.fromkeys(owners)]
    before, catalog_plan.PLACES_A_SHARD = catalog_plan.PLACES_A_SHARD, size
    try:
        shards = pack(places, folders)
    finally:
        catalog_plan.PLACES_A_SHARD = before
    groups = [group for shard in shards for group in shard.places]
    assert Counter(one for group in groups for one in group) == Counter(places)
    assert Counter(one.logs for shard in shards for one in shard.folders) == Counter(
        one.logs for one in folders
    )
    of_account = [{one.account_id for one in shard.folders} for shard in shards]
    assert sum(map(len, of_account)) == len({one.account_id for one in folders})
    for group in groups:
        for other in groups:
            overlap = any(
                one.log_bucket == two.log_bucket and two.prefix.startswith(one.prefix)
                for one in group
                for two in other
            )
            assert not overlap or group == other


def test_places_overlap_if_a_key_may_be_below_both():
    groups = overlapping([place("logs-2/"), place("logs"), place("log/"), place("logs", "other")])
    assert [[one.prefix for one in group] for group in groups] == [
        ["log/"], ["logs", "logs-2/"], ["logs"],
    ]  # fmt: skip
