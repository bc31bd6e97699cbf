"""Where did trails deliver on a day? This includes trails deleted or moved since. Pure.

CloudTrail keeps the files of a deleted trail. Somebody who deletes a trail to hide something does
it before the day is observed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lacuna.tables.evidence import TrailPlace
from lacuna.tables.evidence_table import read_back
from lacuna.trail.recorders import Trail

_Key = tuple[str, str, str, bool]


def follow(
    seen: Iterable[Trail],
    of_day: Iterable[Mapping[str, Any]],
    of_day_before: Iterable[Mapping[str, Any]],
    could_be_seen: Callable[[TrailPlace], bool],
) -> list[TrailPlace]:
    """Return the places of the trails `seen` now and in the evidence of this day and the day before.

    What an earlier observation of the day wrote stays. A place of the day before that is gone has
    `is_present` False, but only if its trail `could_be_seen`.
    """
    places = {_key(place): place for place in map(_place, of_day)}
    for trail in seen:
        place = _of(trail)
        places.setdefault(_key(place), place)
    for place in map(_place, of_day_before):
        if place.is_present:
            gone = replace(place, is_present=not could_be_seen(place))
            places.setdefault(_key(place), gone)
    return [places[key] for key in sorted(places)]


def trails(places: Iterable[TrailPlace], seen: Sequence[Trail]) -> list[Trail]:
    """Return every trail to read, those seen now last.

    A deleted trail owes no digest. The digests that it wrote are still judged.
    """
    present = {_key(_of(trail)) for trail in seen}
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
        if _key(place) not in present
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
    # an organization's trail writes below other folders than an account's
    return (place.trail_arn, place.log_bucket, place.key_prefix, place.is_organization)
