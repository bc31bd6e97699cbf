"""One tag of many buckets, a hundred at a time, from the Resource Groups Tagging API.

A call for each bucket would double the calls of a snapshot to S3. The API may not show a tag that
was set a moment ago.
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

# The value of the tag by bucket, of the buckets that have it. AWS may leave an empty value out.
Tagged = Mapping[str, str]
# By Region
Tags = Mapping[str, Tagged | Refusal]


def read_tags(account: Account, regions: Collection[str], key: str) -> Tags:
    """Read by Region which buckets have a tag `key`."""
    names = sorted(regions)
    answers = each(
        lambda region: tagged_buckets(account.tagging(region), key),
        names,
        account.concurrency,
        "Regions' tags",
    )
    tags = dict(zip(names, answers, strict=True))
    for region, answer in tags.items():
        if isinstance(answer, Refusal):
            log.warning(
                "%s: %s; the tags of its buckets are read one by one", region, needed(answer)
            )
    return tags


def tag_of(
    account: Account, tags: Tags, region: str, bucket_name: str, key: str
) -> str | Refusal | None:
    """Return a bucket's tag from those of its Region, or read it if the Region's were refused."""
    tagged = tags.get(region)
    if tagged is None or isinstance(tagged, Refusal):
        return read_tag(account.s3(region), bucket_name, key)
    return tagged.get(bucket_name)


def tagged_buckets(tagging: Any, key: str) -> Tagged | Refusal:
    """Read which buckets of the client's Region have a tag `key`, with its value."""
    tagged: dict[str, str] = {}
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
                    tagged[name] = values[0]
    except AwsError as error:
        return refusal(error, "GetResources")
    return tagged


def _bucket_name(arn: str) -> str | None:
    """Return the bucket of an ARN. S3's other resources name a Region and account in theirs."""
    region_and_account, name = arn.split(":")[3:5], arn.split(":", 5)[-1]
    return name if region_and_account == ["", ""] and "/" not in name else None
