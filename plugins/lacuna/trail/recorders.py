"""What a trail or an event data store records in a Region, and why the rest is uncertain. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lacuna.reasons import Reason
from lacuna.refusals import Refusal
from lacuna.trail.selectors import (
    ANYTHING,
    Selector,
    has_unknown_field,
    is_exact,
    upper_bound,
)

_STORE_RECORDS = "ENABLED"
_STORE_RECORDS_NOT = frozenset({"CREATED", "STOPPED_INGESTION", "PENDING_DELETION"})


@dataclass(frozen=True, slots=True)
class TrailStatus:
    """GetTrailStatus, asked in one Region.

    `started_at`: when the trail was last started. `digest_at`: when it last delivered a digest.
    """

    is_logging: bool
    delivery_error: str | None = None
    started_at: datetime | None = None
    digest_at: datetime | None = None


def account_of(arn: str) -> str:
    """Return the account that an ARN names: it owns the trail."""
    return arn.split(":")[4]


class _InRegions:
    """A recorder of one Region or of all."""

    __slots__ = ()
    home_region: str
    is_multi_region: bool

    def records_in(self, region: str) -> bool:
        """Is it configured to record this Region?"""
        return self.is_multi_region or self.home_region == region


@dataclass(frozen=True, slots=True)
class Trail(_InRegions):
    """A trail as read.

    `selectors` is None if they could not be read. `statuses` holds the status by Region asked,
    None if that request was refused. `log_bucket_exists` is None if this could not be read.
    `refusals` are the refused requests about the trail.
    """

    arn: str
    name: str
    home_region: str
    is_multi_region: bool
    log_bucket: str
    key_prefix: str = ""
    is_organization: bool = False
    has_digests: bool = False
    log_bucket_exists: bool | None = None
    selectors: tuple[Selector, ...] | None = ()
    statuses: Mapping[str, TrailStatus | None] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()

    @property
    def account_id(self) -> str:
        return account_of(self.arn)


@dataclass(frozen=True, slots=True)
class EventDataStore(_InRegions):
    """An event data store of CloudTrail Lake as read.

    `selectors` is None if it could not be read; `refused` then says why.
    """

    arn: str
    home_region: str = ""
    is_multi_region: bool = True
    status: str = "ENABLED"
    selectors: tuple[Selector, ...] | None = ()
    created_at: datetime | None = None
    is_organization: bool = False
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Channel(_InRegions):
    """A service-linked channel as read: what it selects, an AWS service receives.

    `selectors` is None if it could not be read; `refused` then says why.
    """

    arn: str
    home_region: str = ""
    is_multi_region: bool = False
    selectors: tuple[Selector, ...] | None = ()
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Recorder:
    """What a trail or event data store records in one Region.

    `certain`: selectors that record. `possible`: selectors that might record. `idle`: selectors
    that do not record, because of `reason`. `arn` is empty for recorders that could not be listed.
    """

    certain: tuple[Selector, ...] = ()
    possible: tuple[Selector, ...] = ()
    idle: tuple[Selector, ...] = ()
    reason: Reason | None = None
    started_at: datetime | None = None
    arn: str = ""
    refused: Refusal | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Is it configured for other Regions only?"""
        return self.reason in (Reason.TRAIL_OTHER_REGION, Reason.STORE_OTHER_REGION)

    def configured(self) -> tuple[Selector, ...]:
        """Return all its selectors, whether they record or not."""
        return (*self.certain, *self.possible, *self.idle)

    def selected(self) -> list[Selector]:
        """Return all that it would record if `reason` were fixed."""
        return [upper_bound(one) for one in self.configured()]


def unlisted(reason: Reason) -> Recorder:
    """Return the recorder that stands for those which could not be listed: it may record anything."""
    return Recorder(possible=ANYTHING, reason=reason)


def of_trail(trail: Trail, region: str) -> Recorder:
    """Return what the trail records in the Region."""
    status = trail.statuses.get(region)
    reason = _why_idle(trail, status, region)
    if reason:
        return Recorder(idle=_or_anything(trail.selectors), reason=reason, arn=trail.arn)
    # A member of an organization sees that its trail exists, and often nothing else of it.
    refused = Reason.ORGANIZATION_TRAIL_UNREADABLE if trail.is_organization else None
    if trail.selectors is None:
        return Recorder(
            possible=ANYTHING,
            reason=refused or Reason.TRAIL_SELECTORS_UNREADABLE,
            arn=trail.arn,
            refused=_refusal_of(trail, "GetEventSelectors"),
        )
    if status is None:
        return Recorder(
            possible=trail.selectors,
            reason=refused or Reason.TRAIL_STATUS_UNREADABLE,
            arn=trail.arn,
            refused=_refusal_of(trail, "GetTrailStatus"),
        )
    if status.delivery_error:
        # CloudTrail retries for 30 days, so the events may still arrive: they are not "not covered".
        return Recorder(possible=trail.selectors, reason=Reason.TRAIL_DELIVERY_ERROR, arn=trail.arn)
    return _recording(trail.selectors, status.started_at, trail.arn)


def of_store(store: EventDataStore, region: str) -> Recorder:
    """Return what the event data store records in the Region."""
    selectors = _or_anything(store.selectors)
    if not store.records_in(region):
        return Recorder(idle=selectors, reason=Reason.STORE_OTHER_REGION, arn=store.arn)
    if store.status in _STORE_RECORDS_NOT:
        return Recorder(idle=selectors, reason=Reason.STORE_NOT_INGESTING, arn=store.arn)
    if store.selectors is None:
        return Recorder(
            possible=ANYTHING,
            reason=Reason.STORE_UNREADABLE,
            arn=store.arn,
            refused=store.refused,
        )
    if store.status != _STORE_RECORDS:
        return Recorder(possible=store.selectors, reason=Reason.STORE_CHANGING, arn=store.arn)
    return _recording(store.selectors, store.created_at, store.arn)


def of_channel(channel: Channel) -> Recorder:
    """Return what the service that the channel serves may have recorded, where nobody reads it."""
    if channel.selectors is None:
        reason, refused = Reason.CHANNEL_UNREADABLE, channel.refused
        return Recorder(possible=ANYTHING, reason=reason, arn=channel.arn, refused=refused)
    return Recorder(possible=channel.selectors, reason=Reason.RECORDED_ELSEWHERE, arn=channel.arn)


def _why_idle(trail: Trail, status: TrailStatus | None, region: str) -> Reason | None:
    """Return why the trail certainly records nothing in the Region; None if it may record."""
    if not trail.records_in(region):
        return Reason.TRAIL_OTHER_REGION
    if status is not None and not status.is_logging:
        return Reason.TRAIL_NOT_LOGGING
    return Reason.TRAIL_BUCKET_MISSING if trail.log_bucket_exists is False else None


def _refusal_of(trail: Trail, operation: str) -> Refusal | None:
    return next((refusal for refusal in trail.refusals if refusal.operation == operation), None)


def _or_anything(selectors: tuple[Selector, ...] | None) -> tuple[Selector, ...]:
    """What could not be read may select anything."""
    return ANYTHING if selectors is None else selectors


def _recording(selectors: Sequence[Selector], started_at: datetime | None, arn: str) -> Recorder:
    return Recorder(
        certain=tuple(one for one in selectors if not has_unknown_field(one)),
        possible=tuple(one for one in selectors if not is_exact(one)),
        started_at=started_at,
        arn=arn,
    )
