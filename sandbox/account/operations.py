"""S3 operations, as the access log, HTTP and CloudTrail name each of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of S3. `event_name` is None if CloudTrail never records it."""

    name: str
    method: str
    event_name: str | None
    query: str = ""
    has_key: bool = True
    is_management: bool = False

    @property
    def reads(self) -> bool:
        """Whether it is a read, for selectors and for the comparison of the logs."""
        return self.method in {"GET", "HEAD"}


GET = Operation("REST.GET.OBJECT", "GET", "GetObject")
SDK_GET = Operation("REST.GET.OBJECT", "GET", "GetObject", "?x-id=GetObject")
HEAD = Operation("REST.HEAD.OBJECT", "HEAD", "HeadObject")
PUT = Operation("REST.PUT.OBJECT", "PUT", "PutObject")
SDK_PUT = Operation("REST.PUT.OBJECT", "PUT", "PutObject", "?x-id=PutObject")
DELETE = Operation("REST.DELETE.OBJECT", "DELETE", "DeleteObject")
DELETE_VERSION = Operation("REST.DELETE.OBJECT", "DELETE", "DeleteObject", "?versionId=")
MULTI_DELETE = Operation(
    "REST.POST.MULTI_OBJECT_DELETE", "POST", "DeleteObjects", "?delete", has_key=False
)
COPY = Operation("REST.COPY.OBJECT", "PUT", "CopyObject")
# what another account's copy leaves in the log of its source: no HTTP request, no event here
COPIED = Operation("REST.COPY.OBJECT_GET", "-", None)
COPY_PART = Operation("REST.COPY.PART", "PUT", "UploadPartCopy")
CREATE_UPLOAD = Operation("REST.POST.UPLOADS", "POST", "CreateMultipartUpload", "?uploads")
UPLOAD_PART = Operation("REST.PUT.PART", "PUT", "UploadPart")
COMPLETE_UPLOAD = Operation("REST.POST.UPLOAD", "POST", "CompleteMultipartUpload")
ABORT_UPLOAD = Operation("REST.DELETE.UPLOAD", "DELETE", "AbortMultipartUpload")
GET_TAGS = Operation("REST.GET.OBJECT_TAGGING", "GET", "GetObjectTagging", "?tagging")
PUT_TAGS = Operation("REST.PUT.OBJECT_TAGGING", "PUT", "PutObjectTagging", "?tagging")
GET_ACL = Operation("REST.GET.ACL", "GET", "GetObjectAcl", "?acl")
PUT_ACL = Operation("REST.PUT.ACL", "PUT", "PutObjectAcl", "?acl")
RESTORE = Operation("REST.POST.RESTORE", "POST", "RestoreObject", "?restore")
LIST = Operation(
    "REST.GET.BUCKET", "GET", "ListObjects", "?list-type=2&encoding-type=url", has_key=False
)
LIST_VERSIONS = Operation(
    "REST.GET.BUCKETVERSIONS", "GET", "ListObjectVersions", "?versions", has_key=False
)
HEAD_BUCKET = Operation("REST.HEAD.BUCKET", "HEAD", "HeadBucket", has_key=False)
PREFLIGHT = Operation("REST.OPTIONS.PREFLIGHT", "OPTIONS", None)
WEBSITE = Operation("WEBSITE.GET.OBJECT", "GET", None)


def _config(name: str, method: str, event_name: str, query: str) -> Operation:
    return Operation(name, method, event_name, query, has_key=False, is_management=True)


GET_LOGGING = _config("REST.GET.LOGGING_STATUS", "GET", "GetBucketLogging", "?logging")
GET_VERSIONING = _config("REST.GET.VERSIONING", "GET", "GetBucketVersioning", "?versioning")
GET_LOCATION = _config("REST.GET.LOCATION", "GET", "GetBucketLocation", "?location")
GET_POLICY = _config("REST.GET.BUCKETPOLICY", "GET", "GetBucketPolicy", "?policy")
GET_ENCRYPTION = _config("REST.GET.ENCRYPTION", "GET", "GetBucketEncryption", "?encryption")
PUT_LIFECYCLE = _config("REST.PUT.LIFECYCLE", "PUT", "PutBucketLifecycle", "?lifecycle")
CONFIG_READS = (GET_LOGGING, GET_VERSIONING, GET_LOCATION, GET_POLICY, GET_ENCRYPTION)

# S3's own work on objects: no HTTP request, no event.
LIFECYCLE = tuple(
    Operation(name, "-", None)
    for name in (
        "S3.EXPIRE.OBJECT",
        "S3.CREATE.DELETEMARKER",
        "S3.TRANSITION_SIA.OBJECT",
        "S3.TRANSITION_GDA.OBJECT",
        "S3.TRANSITION.OBJECT",
        "S3.DELETE.UPLOAD",
    )
)
CHECKSUM = Operation("S3.COMPUTE.OBJECT.CHECKSUM", "-", None)


@dataclass(frozen=True, slots=True)
class Act:
    """An operation with its outcome. `bytes_sent` is None if the whole object is sent.

    `has_own_key` marks a write that the client encrypts with a key of its own (SSE-C).
    """

    operation: Operation
    status: int = 200
    error: str | None = None
    bytes_sent: int | None = 0
    # authentication failures, redirects and malformed requests are in the access log only
    is_recorded: bool = True
    has_own_key: bool = False


ACTS: dict[str, Act] = {
    "get": Act(GET, bytes_sent=None),
    "sdk_get": Act(SDK_GET, bytes_sent=None),
    "get_range": Act(GET, 206, bytes_sent=65536),
    "not_modified": Act(GET, 304),
    "head": Act(HEAD),
    "put": Act(PUT),
    "sdk_put": Act(SDK_PUT),
    "put_with_own_key": Act(PUT, has_own_key=True),
    "delete": Act(DELETE, 204),
    "delete_version": Act(DELETE_VERSION, 204),
    "copied_out": Act(COPIED),
    "get_tags": Act(GET_TAGS, bytes_sent=214),
    "put_tags": Act(PUT_TAGS),
    "get_acl": Act(GET_ACL, bytes_sent=549),
    "put_acl": Act(PUT_ACL),
    "restore": Act(RESTORE, 202),
    "list": Act(LIST, bytes_sent=5210),
    "list_versions": Act(LIST_VERSIONS, bytes_sent=9127),
    "head_bucket": Act(HEAD_BUCKET),
    "put_lifecycle": Act(PUT_LIFECYCLE),
    "no_policy": Act(GET_POLICY, 404, "NoSuchBucketPolicy", 297),
    "missing": Act(GET, 404, "NoSuchKey", 284),
    "head_missing": Act(HEAD, 404, "NoSuchKey"),
    "denied": Act(GET, 403, "AccessDenied", 243),
    "denied_put": Act(PUT, 403, "AccessDenied", 243),
    "denied_list": Act(LIST, 403, "AccessDenied", 243),
    "precondition": Act(PUT, 412, "PreconditionFailed", 356),
    "preflight": Act(PREFLIGHT),
    "website": Act(WEBSITE, bytes_sent=None),
    "website_missing": Act(WEBSITE, 404, "NoSuchKey", 346),
    "bad_signature": Act(GET, 403, "SignatureDoesNotMatch", 1012, is_recorded=False),
    "bad_key_id": Act(GET, 403, "InvalidAccessKeyId", 312, is_recorded=False),
    "expired_token": Act(PUT, 400, "ExpiredToken", 688, is_recorded=False),
    "redirect": Act(GET, 301, "PermanentRedirect", 551, is_recorded=False),
    "bad_request": Act(GET, 400, "InvalidURI", 271, is_recorded=False),
}
ACTS |= {
    operation.name.rpartition(".")[2].lower(): Act(operation, bytes_sent=137)
    for operation in CONFIG_READS
}
