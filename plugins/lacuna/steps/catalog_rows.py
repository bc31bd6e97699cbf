"""The row of one cataloged object. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from lacuna.access_log.delivery import Kind, Placed
from lacuna.tables.evidence import LogObject
from lacuna.trail.digests import FileState
from lacuna.trail.log_files import FileContent


def log_object(
    placed: Placed,
    contents: Mapping[str, FileContent] = MappingProxyType({}),
    states: Mapping[str, FileState] = MappingProxyType({}),
) -> LogObject:
    """Return the row of an object: what it is, and what its content and the digests say of it."""
    place = placed.place
    row = LogObject(
        kind=placed.kind,
        log_bucket=place.log_bucket,
        object_key=placed.listed.key,
        log_object=placed.log_object,
        source_bucket=place.source_bucket if placed.kind is Kind.ACCESS_LOG else None,
        trail_arn=place.trail_arn,
        account_id=place.account_id,
        region=place.region,
        key_layout=placed.key_layout,
        size_bytes=placed.listed.size_bytes,
        etag=placed.listed.etag,
        delivered_at=placed.listed.delivered_at,
        stamped_at=placed.stamped_at,
        path_day=placed.path_day,
        readable=True,
        problem=placed.problem,
        content_sha256=None,
        record_count=None,
        digest_state=None,
    )
    if placed.kind is Kind.OTHER:
        # Athena would read a stranger in a CloudTrail folder, so the other files must be copied. A
        # stranger among access logs is just in no manifest.
        return replace(row, readable=False if place.kind is Kind.CLOUDTRAIL else None)
    content = contents.get(placed.log_object)
    if content is None:
        return row
    return replace(
        row,
        readable=content.readable,
        problem=content.problem,
        content_sha256=content.content_sha256,
        record_count=content.record_count,
        digest_state=states[placed.log_object],
    )
