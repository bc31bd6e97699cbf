"""Which trails a day has, and what a Region that would not say hides: of its own account alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from lacuna.aws.objects import ReadFailed
from lacuna.aws.trails import TrailsRead
from lacuna.refusals import Refusal
from lacuna.steps import catalog_trails
from lacuna.tables.evidence import TrailPlace
from lacuna.trail.recorders import Trail

OURS, THEIRS, HOME = "111111111111", "222222222222", "eu-west-1"
DENIED = Refusal("DescribeTrails", "AccessDeniedException")


def place(account_id: str, region: str, *, is_multi_region: bool = False) -> TrailPlace:
    arn = f"arn:aws:cloudtrail:{region}:{account_id}:trail/main"
    return TrailPlace(arn, region, is_multi_region, "logs", "", False, is_present=True)


def bucket(account_id: str, region: str | None) -> dict[str, Any]:
    return {"account_id": account_id, "region": region, "logging_state": "off"}


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is seen if some (account, Region) refuse, as its answers are by account."""

    def seen(observed: list[dict[str, Any]], refusals: dict[tuple[str, str], Refusal]) -> Any:
        def list_trails(account: Any, regions: set[str]) -> TrailsRead:
            own = {
                r: refusals[account.account_id, r]
                for r in regions
                if (account.account_id, r) in refusals
            }
            arns = [
                f"arn:aws:cloudtrail:{r}:{account.account_id}:trail/main"
                for r in regions - own.keys()
            ]
            return TrailsRead(
                tuple(Trail(arn, "main", arn.split(":")[3], False, "logs") for arn in arns), own
            )

        monkeypatch.setattr(catalog_trails, "list_trails", list_trails)
        entered = {one: SimpleNamespace(account_id=one, region=HOME) for one in (OURS, THEIRS)}
        return catalog_trails.look(SimpleNamespace(entered=entered), observed)

    return seen


def test_every_region_with_a_bucket_is_asked_logged_or_not(look: Any) -> None:
    seen = look(
        [bucket(OURS, "us-east-1"), bucket(OURS, None), bucket("elsewhere", "sa-east-1")], {}
    )
    assert seen.answered == {(OURS, HOME), (OURS, "us-east-1"), (THEIRS, HOME)}
    assert len(seen.trails) == 3


def test_a_refusal_is_of_one_account_and_region(look: Any) -> None:
    seen = look(
        [bucket(OURS, "us-east-1"), bucket(THEIRS, "us-east-1")], {(OURS, "us-east-1"): DENIED}
    )
    assert seen.answered == {(OURS, HOME), (THEIRS, HOME), (THEIRS, "us-east-1")}
    (listing,) = seen.refused_listings()
    assert (listing.account_id, listing.region) == (OURS, "us-east-1")
    assert listing.error_code == "DescribeTrails: AccessDeniedException"


@pytest.mark.parametrize(
    ("of", "could_be_seen"),
    [
        (place(THEIRS, "us-east-1"), True),
        (place(OURS, "us-east-1"), False),
        (place(OURS, "us-east-1", is_multi_region=True), True),  # the other Region shows it
        (place(OURS, "ap-south-1"), False),  # nobody asked there
        (place("elsewhere", HOME, is_multi_region=True), False),
    ],
)
def test_a_trail_is_gone_only_if_a_region_that_answered_would_show_it(
    look: Any, of: TrailPlace, could_be_seen: bool
) -> None:
    observed = [bucket(OURS, "us-east-1"), bucket(THEIRS, "us-east-1")]
    assert look(observed, {(OURS, "us-east-1"): DENIED}).could_see(of) is could_be_seen


def test_throttling_beyond_all_tries_is_no_lasting_refusal(look: Any) -> None:
    throttled = Refusal("DescribeTrails", "ThrottlingException", is_transient=True)
    with pytest.raises(ReadFailed, match=r"DescribeTrails refused \(ThrottlingException\)"):
        look([], {(THEIRS, HOME): throttled})
