"""Service-linked channels: CloudTrail's events that a service such as CloudWatch receives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacuna.aws.session import Account, AwsError, refusal
from lacuna.aws.trails import advanced_selectors, ask_everywhere, paged
from lacuna.refusals import Refusal
from lacuna.trail.recorders import Channel

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient


@dataclass(frozen=True, slots=True)
class ChannelsRead:
    """The service-linked channels, and the Regions that refused to list theirs."""

    channels: tuple[Channel, ...]
    refusals: Mapping[str, Refusal]


def read_channels(
    account: Account, regions: Collection[str], elsewhere: Collection[str] = ()
) -> ChannelsRead:
    """Read the account's service-linked channels with their selectors.

    A channel shows in its own Region and may apply to all: so Regions are asked as for event data
    stores. CloudWatch's ingestion of CloudTrail makes one in each Region of a telemetry rule, also
    of an organization's.
    """
    found, refusals = ask_everywhere(account, regions, elsewhere, channels_of, "channels")
    return ChannelsRead(tuple(found), refusals)


def channels_of(cloudtrail: "CloudTrailClient") -> list[Channel] | Refusal:
    """Read the service-linked channels of the client's Region."""
    listed = paged(cloudtrail.list_channels, "Channels", "ListChannels")
    if isinstance(listed, Refusal):
        return listed
    read = [_channel(cloudtrail, channel["ChannelArn"]) for channel in listed]
    return [channel for channel in read if channel is not None]


def _channel(cloudtrail: "CloudTrailClient", arn: str) -> Channel | None:
    """Read a channel; None for one that brings events of another source into Lake."""
    region = arn.split(":")[3]
    try:
        answer = cloudtrail.get_channel(Channel=arn)
    except AwsError as error:
        return Channel(arn, region, selectors=None, refused=refusal(error, "GetChannel"))
    if not any(one["Type"] == "AWS_SERVICE" for one in answer.get("Destinations", [])):
        return None
    config = answer.get("SourceConfig", {})
    return Channel(
        arn=arn,
        home_region=region,
        is_multi_region=config.get("ApplyToAllRegions", False),
        selectors=advanced_selectors(config),
    )
