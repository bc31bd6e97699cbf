"""Corrections of moto's CloudFormation.

- A bucket gets the logging, ownership, public access, versioning and lifecycle of its template.
  Moto takes encryption and tags and drops the rest silently. A property that would still be dropped
  is refused.
- Bucket policies, trails, Athena workgroups and named queries are created; moto knows none of them.
- AWS::NoValue removes a property or an item; moto leaves a null in its place.
- The policies of a role can be read again; moto keeps them in a form that no client understands.

Not corrected: a stack made through a change set (`aws cloudformation deploy`) has no outputs, and
values are not checked against the patterns and limits of parameters.

Moto looks for resource types among the direct subclasses of CloudFormationModel when the first
stack is made, so importing this module before then is enough.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from moto.athena.models import AthenaBackend, athena_backends
from moto.cloudtrail.models import CloudTrailBackend, cloudtrail_backends
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from moto.iam.models import Role
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

Properties = Mapping[str, Any]


class Refused(ServiceException):  # type: ignore[misc]
    """A template is refused. Moto's own class needs moto.cloudformation, seconds to import."""

    code = "ValidationError"


def _refuse_unknown(kind: str, properties: Properties, known: Iterable[str]) -> None:
    unknown = sorted(set(properties) - set(known))
    if unknown:
        raise Refused(f"The sandbox cannot deploy {', '.join(unknown)} of {kind}")


def _without_holes(value: Any) -> Any:
    """A template's value without what AWS::NoValue stood for."""
    if isinstance(value, Mapping):
        return {name: _without_holes(item) for name, item in value.items() if item is not None}
    return (
        [_without_holes(item) for item in value if item is not None]
        if isinstance(value, list)
        else value
    )


def _s3(account_id: str, region: str) -> S3Backend:
    return s3_backends[account_id][get_partition(region)]


# ---- buckets ----------------------------------------------------------------------------------


def _logging(value: Properties) -> dict[str, Any]:
    """A template's LoggingConfiguration in the words of PutBucketLogging."""
    config = {
        "TargetBucket": value["DestinationBucketName"],
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    layout = value.get("TargetObjectKeyFormat")
    return config | ({"TargetObjectKeyFormat": layout} if layout else {})


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """A template's rule in the words of PutBucketLifecycleConfiguration."""
    kept = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    names = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    _refuse_unknown("a lifecycle rule", rule, ("Id", "Prefix", *kept, *names))
    expiration = {names[name]: value for name, value in rule.items() if name in names}
    return {
        "ID": rule.get("Id"),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **{name: rule[name] for name in kept if name in rule},
        **({"Expiration": expiration} if expiration else {}),
    }


_BUCKET: dict[str, Callable[[S3Backend, str, Any], Any]] = {
    "LifecycleConfiguration": lambda s3, name, value: s3.put_bucket_lifecycle_configuration(
        name, [_lifecycle_rule(rule) for rule in value["Rules"]]
    ),
    "LoggingConfiguration": lambda s3, name, value: s3.put_bucket_logging(name, _logging(value)),
    "OwnershipControls": lambda s3, name, value: s3.put_bucket_ownership_controls(
        name, value["Rules"][0]["ObjectOwnership"]
    ),
    "PublicAccessBlockConfiguration": lambda s3, name, value: s3.put_public_access_block(
        name, value
    ),
    "VersioningConfiguration": lambda s3, name, value: s3.put_bucket_versioning(
        name, value["Status"]
    ),
    # last: it asks for versions
    "ObjectLockEnabled": lambda s3, name, value: s3.put_object_lock_configuration(name, value),
}
_MOTO_TAKES = ("BucketName", "BucketEncryption", "Tags")
_NAMESPACE = "BucketNamespace"

_create_bucket = FakeBucket.create_from_cloudformation_json.__func__
_update_bucket = FakeBucket.update_from_cloudformation_json.__func__


def _configured(bucket: FakeBucket, template: Properties, account_id: str, region: str) -> Any:
    properties = template.get("Properties", {})
    for name, put in _BUCKET.items():
        if name in properties:
            put(_s3(account_id, region), bucket.name, properties[name])
    return bucket


def create_bucket(
    cls: Any, /, name: str, template: Properties, account_id: str, region: str, **options: Any
) -> Any:
    template = _without_holes(template)
    properties = template.get("Properties", {})
    _refuse_unknown("AWS::S3::Bucket", properties, (*_BUCKET, *_MOTO_TAKES, _NAMESPACE))
    # as sandbox.athena.server does for CreateBucket
    if name.endswith("-an") != (properties.get(_NAMESPACE) == "account-regional"):
        raise Refused(f"The name {name} and its namespace do not fit each other")
    bucket = _create_bucket(cls, name, template, account_id, region, **options)
    return _configured(bucket, template, account_id, region)


def update_bucket(
    cls: Any,
    /,
    original_resource: FakeBucket,
    new_resource_name: str,
    cloudformation_json: Properties,
    account_id: str,
    region_name: str,
) -> Any:
    cloudformation_json = _without_holes(cloudformation_json)
    bucket = _update_bucket(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    )
    return _configured(bucket, cloudformation_json, account_id, region_name)


# ---- what moto has no type for ----------------------------------------------------------------


class _Resource:
    """A resource that is put whole, at its creation and at every change."""

    type: str = ""
    name_property: str = ""
    known: tuple[str, ...] = ()

    def __init__(self, name: str, account_id: str, region: str) -> None:
        self.name, self.account_id, self.region = name, account_id, region

    @property
    def physical_resource_id(self) -> str:
        return self.name

    def put(self, properties: Properties) -> None:
        raise NotImplementedError

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.name_property

    @classmethod
    def create_from_cloudformation_json(
        cls, name: str, template: Properties, account_id: str, region: str, **_: Any
    ) -> Self:
        properties = _without_holes(template["Properties"])
        _refuse_unknown(cls.type, properties, cls.known)
        made = cls(name, account_id, region)
        made.put(properties)
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Create the new resource before the old one is deleted, if the name has changed."""
        made = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        if made.name != original_resource.name:
            original_resource.delete(account_id, region_name)
        return made

    def delete(self, account_id: str, region: str) -> None:
        raise NotImplementedError


class BucketPolicy(_Resource, CloudFormationModel):  # type: ignore[misc]
    type = "AWS::S3::BucketPolicy"
    name_property = "Bucket"
    known = ("Bucket", "PolicyDocument")

    def put(self, properties: Properties) -> None:
        policy = json.dumps(properties["PolicyDocument"]).encode()
        _s3(self.account_id, self.region).put_bucket_policy(self.name, policy)

    def delete(self, account_id: str, region: str) -> None:
        _s3(account_id, region).delete_bucket_policy(self.name)


class StackTrail(_Resource, CloudFormationModel):  # type: ignore[misc]
    type = "AWS::CloudTrail::Trail"
    name_property = "TrailName"
    known = (
        "TrailName",
        "S3BucketName",
        "S3KeyPrefix",
        "IsLogging",
        "IsMultiRegionTrail",
        "IncludeGlobalServiceEvents",
        "EnableLogFileValidation",
        "EventSelectors",
        "AdvancedEventSelectors",
    )

    @property
    def _backend(self) -> CloudTrailBackend:
        return cloudtrail_backends[self.account_id][self.region]

    def put(self, properties: Properties) -> None:
        trail = self._backend.create_trail(
            name=self.name,
            bucket_name=properties["S3BucketName"],
            s3_key_prefix=properties.get("S3KeyPrefix", ""),
            sns_topic_name="",
            is_global=properties.get("IncludeGlobalServiceEvents", True),
            is_multi_region=properties.get("IsMultiRegionTrail", False),
            log_validation=properties.get("EnableLogFileValidation", False),
            is_org_trail=False,
            cw_log_group_arn="",
            cw_role_arn="",
            kms_key_id="",
            tags_list=[],
        )
        trail.put_event_selectors(
            properties.get("EventSelectors", []), properties.get("AdvancedEventSelectors", [])
        )
        if properties["IsLogging"]:
            trail.start_logging()

    def get_cfn_attribute(self, name: str) -> str:
        if name != "Arn":
            raise NotImplementedError(name)
        return str(self._backend.trails[self.name].arn)

    def delete(self, account_id: str, region: str) -> None:
        self._backend.delete_trail(self.name)


class StackWorkGroup(_Resource, CloudFormationModel):  # type: ignore[misc]
    type = "AWS::Athena::WorkGroup"
    name_property = "Name"
    known = ("Name", "Description", "State", "WorkGroupConfiguration", "RecursiveDeleteOption")

    @property
    def _backend(self) -> AthenaBackend:
        return athena_backends[self.account_id][self.region]

    def put(self, properties: Properties) -> None:
        self._backend.delete_work_group(self.name)
        self._backend.create_work_group(
            self.name,
            dict(properties.get("WorkGroupConfiguration", {})),
            properties.get("Description", ""),
            [],
        )
        self._backend.work_groups[self.name].state = properties.get("State", "ENABLED")

    def delete(self, account_id: str, region: str) -> None:
        self._backend.delete_work_group(self.name)


class StackNamedQuery(_Resource, CloudFormationModel):  # type: ignore[misc]
    """A named query. Its physical id is the one that Athena gives it, so a changed one is another."""

    type = "AWS::Athena::NamedQuery"
    name_property = "Name"
    known = ("Name", "Description", "Database", "QueryString", "WorkGroup")

    def put(self, properties: Properties) -> None:
        self.name = athena_backends[self.account_id][self.region].create_named_query(
            properties.get("Name", self.name),
            properties.get("Description", ""),
            properties["Database"],
            properties["QueryString"],
            properties.get("WorkGroup", "primary"),
        )

    def delete(self, account_id: str, region: str) -> None:
        del athena_backends[account_id][region].named_queries[self.name]


# ---- roles ------------------------------------------------------------------------------------

_put_policy = Role.put_policy
_make_role = Role.create_from_cloudformation_json.__func__


def make_role(cls: type[Role], name: str, template: Properties, *args: Any, **options: Any) -> Role:
    return _make_role(cls, name, _without_holes(template), *args, **options)


def put_policy(self: Role, name: str, policy: str | Properties) -> None:
    _put_policy(self, name, policy if isinstance(policy, str) else json.dumps(policy))


def install() -> None:
    """Put the corrections into moto. Installing twice changes nothing."""
    Role.put_policy = put_policy
    Role.create_from_cloudformation_json = classmethod(make_role)
    FakeBucket.create_from_cloudformation_json = classmethod(create_bucket)
    FakeBucket.update_from_cloudformation_json = classmethod(update_bucket)
