"""Correction of moto's Resource Groups Tagging API for S3.

GetResources answers for one Region. Moto has one S3 for all Regions and returns every bucket in
each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

_every_region = ResourceGroupsTaggingAPIBackend._get_resources_generator


def resources_of_region(
    self: ResourceGroupsTaggingAPIBackend, *filters: Any, **named: Any
) -> Iterator[TaggedResource]:
    """Moto's resources without the buckets that lie in another Region."""
    buckets = s3_backends[self.account_id][get_partition(self.region_name)].buckets
    for resource in _every_region(self, *filters, **named):
        bucket = buckets.get(resource.arn.rpartition(":")[2])
        if resource.resource_type != "s3:bucket" or (
            bucket is not None and bucket.region_name == self.region_name
        ):
            yield resource


def install() -> None:
    """Put the corrections into moto. Installing twice changes nothing."""
    ResourceGroupsTaggingAPIBackend._get_resources_generator = resources_of_region
