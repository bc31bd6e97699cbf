"""The CloudTrail events that Lacuna judges: reads, writes and changes of what is logged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

OBJECTS = "AWS::S3::Object"

READ_EVENTS = (
    "GetObject",
    "GetObjectAcl",
    "GetObjectAnnotation",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "HeadBucket",
    "HeadObject",
    "ListObjectAnnotations",
    "ListObjectVersions",
    "ListObjects",
    "ListParts",
    "SelectObjectContent",
)
WRITE_EVENTS = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectAnnotation",
    "DeleteObjectTagging",
    "DeleteObjects",
    "PutObject",
    "PutObjectAcl",
    "PutObjectAnnotation",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "UpdateObjectEncryption",
    "UploadPart",
    "UploadPartCopy",
)

# Management events that change what is logged, by event source. Every row of the seed logging_events
# is one of these, and the reverse: a test compares them.
CHANGE_EVENTS: Mapping[str, tuple[str, ...]] = {
    "s3.amazonaws.com": (
        "DeleteAccountPublicAccessBlock",
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketLifecycle",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketTagging",
        "DeletePublicAccessBlock",
        "PutAccountPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketLifecycleConfiguration",
        "PutBucketLogging",
        "PutBucketObjectLockConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketReplication",
        "PutBucketRequestPayment",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutObjectLockConfiguration",
        "PutPublicAccessBlock",
    ),
    "cloudtrail.amazonaws.com": (
        "CreateEventDataStore",
        "CreateTrail",
        "DeleteEventDataStore",
        "DeleteTrail",
        "PutEventSelectors",
        "RestoreEventDataStore",
        "StartEventDataStoreIngestion",
        "StartLogging",
        "StopEventDataStoreIngestion",
        "StopLogging",
        "UpdateEventDataStore",
        "UpdateTrail",
    ),
}


@dataclass(frozen=True, eq=False)
class Mode:
    """Events that are judged together.

    `fixed` holds the fields that have the same value in each of these events.
    """

    name: str
    event_names: tuple[str, ...]
    fixed: Mapping[str, str]


_DATA = {
    "eventCategory": "Data",
    "resources.type": OBJECTS,
    "eventSource": "s3.amazonaws.com",
    "eventType": "AwsApiCall",
}
_MANAGEMENT = {
    "eventCategory": "Management",
    "resources.type": "",
    "eventType": "AwsApiCall",
    "readOnly": "false",
}
READS = Mode("reads", READ_EVENTS, {**_DATA, "readOnly": "true"})
WRITES = Mode("writes", WRITE_EVENTS, {**_DATA, "readOnly": "false"})
CHANGES = tuple(
    Mode("changes", event_names, {**_MANAGEMENT, "eventSource": source})
    for source, event_names in CHANGE_EVENTS.items()
)
