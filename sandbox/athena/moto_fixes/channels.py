"""CloudTrail's channels, which moto does not have: integrations' and service-linked ones.

Only an AWS service can create a service-linked channel (`link`). CreateChannel creates channels of
integrations, which bring events of other sources into event data stores.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.utilities.utils import get_partition

# In the words of the API, by ARN
Channel = dict[str, Any]


def link(
    account_id: str,
    region: str,
    service: str,
    selectors: list[dict[str, Any]],
    *,
    suffix: str = "slc",
    all_regions: bool = False,
) -> str:
    """Create a channel through which a service receives CloudTrail's events; return its ARN."""
    return _create(
        account_id,
        region,
        f"aws-service-channel/{service}/{suffix}",
        {
            "Source": "CloudTrail",
            "SourceConfig": {"ApplyToAllRegions": all_regions, "AdvancedEventSelectors": selectors},
            "Destinations": [{"Type": "AWS_SERVICE", "Location": service}],
        },
    )


def unlink(account_id: str, region: str, arn: str) -> None:
    _channels(account_id, region).pop(arn, None)


def create_channel(self: CloudTrailResponse) -> str:
    name = self._get_param("Name")
    settings = {key: self._get_param(key) for key in ("Source", "Destinations")}
    arn = _create(self.current_account, self.region, name, settings)
    return json.dumps({"ChannelArn": arn, "Name": name, **settings})


def list_channels(self: CloudTrailResponse) -> str:
    channels = [
        {"ChannelArn": arn, "Name": channel["Name"]}
        for arn, channel in sorted(_channels(self.current_account, self.region).items())
    ]
    start = int(self._get_param("NextToken") or 0)
    end = start + int(self._get_param("MaxResults") or 25)
    more = {"NextToken": f"{end:04}"} if len(channels) > end else {}
    return json.dumps({"Channels": channels[start:end], **more})


def get_channel(self: CloudTrailResponse) -> str:
    """By its ARN, or by the id at the end of it."""
    name = self._get_param("Channel")
    for arn, channel in _channels(self.current_account, self.region).items():
        if name in (arn, arn.rpartition("/")[2]):
            return json.dumps({"ChannelArn": arn, **channel})
    raise JsonRESTError("ChannelNotFoundException", f"no channel {name}")


def _create(account_id: str, region: str, name: str, settings: Channel) -> str:
    place = f"arn:{get_partition(region)}:cloudtrail:{region}:{account_id}"
    arn = f"{place}:channel/{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
    _channels(account_id, region)[arn] = {"Name": name, **settings}
    return arn


def _channels(account_id: str, region: str) -> dict[str, Channel]:
    """Return the channels of the Region, by ARN. Moto's reset forgets them too."""
    backend = cloudtrail_backends[account_id][region]
    kept: dict[str, Channel] = vars(backend).setdefault("channels", {})
    return kept


def install() -> None:
    """Put the channels into moto. Installing twice changes nothing."""
    for function in (create_channel, list_channels, get_channel):
        setattr(CloudTrailResponse, function.__name__, function)
