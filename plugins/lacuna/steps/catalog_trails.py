"""The trails of a delivery day: which there are, where they delivered, and who would not say."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lacuna.access_log.delivery import Kind
from lacuna.aws.accounts import Accounts
from lacuna.aws.objects import ReadFailed
from lacuna.aws.trails import list_trails
from lacuna.lake.lake import Lake
from lacuna.refusals import Refusal, needed
from lacuna.tables.evidence import TRAIL_PLACES, Listing, TrailPlace
from lacuna.text import visible
from lacuna.trail import places as trail_places
from lacuna.trail.recorders import Trail, account_of

log = logging.getLogger(__name__)

# An account's Region: CloudTrail answers for one of them at a time.
AccountRegion = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TrailsSeen:
    """Every trail that an account shows, once; the account Regions that answered, and the others."""

    trails: tuple[Trail, ...]
    answered: frozenset[AccountRegion]
    refusals: Mapping[AccountRegion, Refusal]

    def refused_listings(self) -> list[Listing]:
        """Return a row for each account Region that refused: no file of its trails was listed."""
        return [
            Listing(
                kind=Kind.CLOUDTRAIL,
                log_bucket="",
                prefix="",
                key_layout=None,
                source_buckets=(),
                list_calls=0,
                keys_returned=0,
                objects_catalogued=0,
                error_code=f"DescribeTrails: {refused.error_code}",
                account_id=account_id,
                region=region,
            )
            for (account_id, region), refused in sorted(self.refusals.items())
        ]

    def could_see(self, place: TrailPlace) -> bool:
        """Would the owner of a trail have shown it, if it still delivered to `place`?

        A multi-Region trail shows in every Region, another one in its home Region only.
        """
        owner = account_of(place.trail_arn)
        if place.is_multi_region:
            return any(account_id == owner for account_id, _ in self.answered)
        return (owner, place.home_region) in self.answered


def look(accounts: Accounts, observed: Iterable[Mapping[str, Any]]) -> TrailsSeen:
    """List the trails of every Region in which a snapshot saw a bucket, logged or not.

    An organization's trail shows in each of its accounts. An account that cannot be entered hides
    its own trails, which record nothing of the other accounts.
    """
    regions = {account_id: {account.region} for account_id, account in accounts.entered.items()}
    for row in observed:
        if row["region"] and row["account_id"] in regions:
            regions[row["account_id"]].add(row["region"])
    trails: dict[str, Trail] = {}
    refusals: dict[AccountRegion, Refusal] = {}
    for account_id, account in accounts.entered.items():
        answer = list_trails(account, regions[account_id])
        trails |= {trail.arn: trail for trail in answer.trails}
        refusals |= {(account_id, region): refused for region, refused in answer.refusals.items()}
    for refused in refusals.values():
        fail_if_transient(refused)
    asked = {(account_id, region) for account_id, names in regions.items() for region in names}
    return TrailsSeen(
        tuple(trails[arn] for arn in sorted(trails)),
        frozenset(asked - refusals.keys()),
        refusals,
    )


def fail_if_transient(refused: Refusal) -> None:
    """End the run for a fault that may pass: a day is cataloged once, so the refusal would last."""
    if refused.is_transient:
        raise ReadFailed(f"CloudTrail: {needed(refused)}")


def follow(
    lake: Lake, accounts: Accounts, seen: TrailsSeen, day: date
) -> tuple[list[TrailPlace], list[Trail]]:
    """Return the places that trails deliver to, and every trail to read, also those that are gone."""
    places = trail_places.follow(
        seen.trails,
        lake.read(TRAIL_PLACES, {"delivered_on": day}),
        lake.read(TRAIL_PLACES, {"delivered_on": day - timedelta(days=1)}),
        seen.could_see,
    )
    for place in places:
        if not place.is_present:
            log.warning("%s is gone or delivers elsewhere", visible(place.trail_arn))
    followed = trail_places.trails(places, seen.trails)
    for trail in followed:
        # a bucket that no snapshot knows is read as the trail's owner
        accounts.owners.setdefault(trail.log_bucket, trail.account_id)
    return places, followed
