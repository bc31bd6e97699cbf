"""Corrections of moto's CloudWatch Logs: vended delivery of S3 access logs, pages and filters.

- A bucket of the caller's Region can be a delivery source of the log type S3_SERVER_ACCESS_LOGS.
  If the bucket is deleted, its source becomes INACTIVE.
- DescribeDeliverySources and DescribeDeliveries answer in pages of at most 50, and filter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import DeliverySource, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

ACCESS_LOGS = "S3_SERVER_ACCESS_LOGS"
PAGE = 50

_other_source = LogsBackend.put_delivery_source


def put_delivery_source(
    self: LogsBackend, name: str, resource_arn: str, log_type: str, tags: dict[str, str]
) -> DeliverySource:
    """Moto's, and buckets, which moto does not know as sources."""
    if (resource_arn.split(":")[2], log_type) != ("s3", ACCESS_LOGS):
        return _other_source(self, name, resource_arn, log_type, tags)
    if resource_arn not in {_arn(self, bucket) for bucket in buckets_of(self)}:
        raise ResourceNotFoundException(msg=f"{resource_arn} is no bucket of this Region.")
    source = DeliverySource(self.account_id, self.region_name, name, resource_arn, log_type, tags)
    self.delivery_sources[name] = source
    return source


def buckets_of(backend: LogsBackend) -> list[str]:
    """Return the names of the account's buckets in the backend's Region."""
    buckets = s3_backends[backend.account_id][get_partition(backend.region_name)].buckets
    return [name for name, one in buckets.items() if one.region_name == backend.region_name]


def _arn(backend: LogsBackend, bucket_name: str) -> str:
    return f"arn:{get_partition(backend.region_name)}:s3:::{bucket_name}"


def deliver_access_log(account_id: str, region: str, bucket_name: str) -> None:
    """Let CloudWatch deliver a bucket's access log to a log group, as its console and rules do."""
    backend = logs_backends[account_id][region]
    group = f"arn:{get_partition(region)}:logs:{region}:{account_id}:log-group:/aws/s3/access-logs"
    destination = backend.put_delivery_destination(
        name="s3-access-logs",
        output_format="json",
        delivery_destination_configuration={"destinationResourceArn": group},
        tags={},
    )
    source = f"s3-{bucket_name}".replace(".", "-")[:60]
    backend.put_delivery_source(source, _arn(backend, bucket_name), ACCESS_LOGS, {})
    backend.create_delivery(source, destination.arn, None, None, None, None)


def describe_delivery_sources(self: LogsResponse) -> str:
    wanted = self._get_param("resourceArns")
    found = [
        source.to_dict() | _status(self.logs_backend, source)
        for source in self.logs_backend.describe_delivery_sources()
        if not wanted or set(wanted) & set(source.resource_arns)
    ]
    return _page(self, "deliverySources", found)


def _status(backend: LogsBackend, source: DeliverySource) -> dict[str, str]:
    if source.log_type != ACCESS_LOGS:
        return {}
    names = {_arn(backend, name) for name in buckets_of(backend)}
    if names & set(source.resource_arns):
        return {"status": "ACTIVE"}
    return {"status": "INACTIVE", "statusReason": "RESOURCE_DELETED"}


def describe_deliveries(self: LogsResponse) -> str:
    wanted = self._get_param("deliverySourceNames")
    found = [
        delivery.to_dict()
        for delivery in self.logs_backend.describe_deliveries()
        if not wanted or delivery.delivery_source_name in wanted
    ]
    return _page(self, "deliveries", found)


def _page(self: LogsResponse, name: str, found: Sequence[Any]) -> str:
    start = int(self._get_param("nextToken") or 0)
    end = start + int(self._get_param("limit") or PAGE)
    more = {"nextToken": str(end)} if len(found) > end else {}
    return json.dumps({name: found[start:end], **more})


def install() -> None:
    """Put the corrections into moto. Installing twice changes nothing."""
    LogsBackend.put_delivery_source = put_delivery_source
    LogsResponse.describe_delivery_sources = describe_delivery_sources
    LogsResponse.describe_deliveries = describe_deliveries
