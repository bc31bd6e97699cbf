"""One tag of many buckets, a hundred at a time, from the Resource Groups Tagging API.

A call for each bucket would double what a snapshot asks of S3. What was tagged a moment ago may not
be seen there yet.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from lacuna.aws.buckets import read_tag
from lacuna.aws.session import Account, AwsError, each, refusal
from lacuna.refusals import Refusal, needed

log = logging.getLogger(__name__)

# The most that one page holds
_PAGE = 100

# The value of the tag by bucket, of those that have it; "" where an answer leaves an empty one out
Tagged = Mapping[str, str]
# By Region
Tags = Mapping[str, Tagged | Refusal]


def read_tags(account: Account, regions: Collection[str], key: str) -> Tags:
    """By Region, the buckets that have a tag `key`, or why that cannot be told."""
    asked = sorted(regions)
    answers = each(
        lambda region: tagged_buckets(account.tagging(region), key),
        asked,
        account.concurrency,
        "Regions' tags",
    )
    found = dict(zip(asked, answers, strict=True))
    for region, answer in found.items():
        if isinstance(answer, Refusal):
            log.warning(
                "%s: %s; its buckets are asked for their tags one by one", region, needed(answer)
            )
    return found


def tag_of(
    account: Account, tags: Tags, region: str, bucket_name: str, key: str
) -> str | Refusal | None:
    """A bucket's tag from those of its Region; asked of itself only where nobody tells of many."""
    tagged = tags.get(region)
    if tagged is None or isinstance(tagged, Refusal):
        return read_tag(account.s3(region), bucket_name, key)
    return tagged.get(bucket_name)


def tagged_buckets(tagging: Any, key: str) -> Tagged | Refusal:
    """The buckets of the client's Region that have a tag `key`, with its value."""
    found: dict[str, str] = {}
    pages = tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=["s3"],
        TagFilters=[{"Key": key}],
        PaginationConfig={"PageSize": _PAGE},
    )
    try:
        for page in pages:
            for resource in page["ResourceTagMappingList"]:
                name = _bucket_name(resource["ResourceARN"])
                values = [tag.get("Value", "") for tag in resource["Tags"] if tag["Key"] == key]
                if name and values:
                    found[name] = values[0]
    except AwsError as error:
        return refusal(error, "GetResources")
    return found


def _bucket_name(arn: str) -> str | None:
    """S3's other resources name a Region and an account in their ARNs; a bucket's has neither."""
    region_and_account, name = arn.split(":")[3:5], arn.split(":", 5)[-1]
    return name if region_and_account == ["", ""] and "/" not in name else None
