"""Where did trails deliver on a day? Also those that were deleted or moved since. Pure.

CloudTrail leaves the files of a deleted trail where they are, and whoever deletes a trail to hide
something deletes it before the day is looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lacuna.tables.evidence import TrailPlace, read_back
from lacuna.trail.coverage import Trail

_Key = tuple[str, str, str]


def follow(
    seen: Iterable[Trail],
    of_day: Iterable[Mapping[str, Any]],
    of_day_before: Iterable[Mapping[str, Any]],
    could_be_seen: Callable[[TrailPlace], bool],
) -> list[TrailPlace]:
    """The places of the trails `seen` now and of the evidence rows of the day and the one before.

    What an earlier look at the day wrote down stays. A place that was there the day before and is
    no more `is_present` no longer, unless its trail `could_be_seen` no more either.
    """
    places = {_key(one): one for one in map(_place, of_day)}
    for trail in seen:
        place = _of(trail)
        places.setdefault(_key(place), place)
    for place in map(_place, of_day_before):
        if place.is_present:
            gone = replace(place, is_present=not could_be_seen(place))
            places.setdefault(_key(place), gone)
    return [places[key] for key in sorted(places)]


def trails(places: Iterable[TrailPlace], seen: Sequence[Trail]) -> list[Trail]:
    """Every trail to look at, those seen now last.

    One that is not there any more owes nobody a digest; those that it wrote are still judged.
    """
    there = {_key(_of(trail)) for trail in seen}
    gone = [
        Trail(
            arn=place.trail_arn,
            name=place.trail_arn.rpartition("/")[2],
            home_region=place.home_region,
            is_multi_region=place.is_multi_region,
            log_bucket=place.log_bucket,
            key_prefix=place.key_prefix,
            is_organization=place.is_organization,
        )
        for place in places
        if _key(place) not in there
    ]
    return [*gone, *seen]


def _of(trail: Trail) -> TrailPlace:
    return TrailPlace(
        trail_arn=trail.arn,
        home_region=trail.home_region,
        is_multi_region=trail.is_multi_region,
        log_bucket=trail.log_bucket,
        key_prefix=trail.key_prefix,
        is_organization=trail.is_organization,
        is_present=True,
    )


def _place(row: Mapping[str, Any]) -> TrailPlace:
    return read_back(TrailPlace, row)


def _key(place: TrailPlace) -> _Key:
    return (place.trail_arn, place.log_bucket, place.key_prefix)
