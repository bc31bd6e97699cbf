"""The account that a run works in: its id, its clients, and names for AWS's refusals."""

import functools
import logging
import os
import re
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.loaders
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.utils import InstanceMetadataRegionFetcher

from lacuna.refusals import NO_BUCKET, THROTTLED, Refusal, needed
from lacuna.settings import Settings, SettingsError
from lacuna.text import nearest, visible

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

Item = TypeVar("Item")
Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

_ATTEMPTS = 8
_IP_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_SERVER_FAULT = 500
_TOO_MANY = 429
_TIMED_OUT = "RequestTimeout"

# For cheap calls before anything else is done
_AT_ONCE = Config(
    retries={"mode": "standard", "max_attempts": 2}, connect_timeout=3, read_timeout=5
)


@functools.cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(os.environ.get("AWS_DATA_PATH"))


def _share_descriptions(session: botocore.session.Session) -> None:
    """Parse AWS's API descriptions once a process, for the sessions of all libraries.

    dbt-athena and PyAthena make a session for every connection. Parsing costs more than most calls.
    """
    session.register_component("data_loader", _loader())


botocore.register_initializer(_share_descriptions)

# The lakes of this process, and the account that each must belong to
_owners: dict[str, str] = {}


def expect_owner(bucket_name: str, account_id: str) -> None:
    """Let every call of this process to a bucket fail if the bucket belongs to another account.

    The names of lakes can be guessed. Without this, whoever makes the bucket first gets the rows.
    """
    _owners[bucket_name] = account_id


def _name_the_owner(**event: Any) -> None:
    params = event["params"]
    owner = _owners.get(params.get("Bucket"))
    if owner and "ExpectedBucketOwner" in event["model"].input_shape.members:
        params.setdefault("ExpectedBucketOwner", owner)


def _name_the_owner_to_athena(**event: Any) -> None:
    results = event["params"].get("ResultConfiguration") or {}
    bucket = str(results.get("OutputLocation", "")).removeprefix("s3://").partition("/")[0]
    if bucket in _owners:
        results.setdefault("ExpectedBucketOwner", _owners[bucket])


def _watch_owners(session: botocore.session.Session) -> None:
    """Name the lake's owner in the calls of all libraries: boto3, dbt-athena, PyAthena."""
    session.register("before-parameter-build.s3", _name_the_owner)
    session.register("before-parameter-build.athena.StartQueryExecution", _name_the_owner_to_athena)


botocore.register_initializer(_watch_owners)

# What boto3 raises for a call that did not succeed
AwsError = (ClientError, BotoCoreError)


class AccountError(RuntimeError):
    """The run cannot work in this account at all. The text names the call, the cause and the fix."""


class UnusableSetting(AccountError, SettingsError):
    """Settings name something that this account cannot use: no retry fixes it."""

    def __init__(self, problems: list[str]) -> None:
        SettingsError.__init__(self, problems)


@dataclass(slots=True)
class Account:
    """One AWS account. Each client is made once and shared between threads."""

    session: boto3.Session
    account_id: str
    partition: str
    region: str
    concurrency: int
    patient: bool = True
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _bucket_regions: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def s3(self, region: str | None = None) -> "S3Client":
        return self._client("s3", region)  # type: ignore[no-any-return]

    def s3_of(self, bucket_name: str) -> "S3Client":
        """Return a client of the bucket's Region, which S3 names even if it refuses the call."""
        with self._lock:
            region = self._bucket_regions.get(bucket_name)
        if region is None:
            region = head_bucket(self.s3(), bucket_name).region or self.region
            with self._lock:
                self._bucket_regions[bucket_name] = region
        return self.s3(region)

    def s3control(self, region: str | None = None) -> Any:
        client = self._client("s3control", region)
        client.meta.events.register("before-sign.s3-control", _address_without_account)
        return client

    def cloudtrail(self, region: str | None = None) -> "CloudTrailClient":
        return self._client("cloudtrail", region)  # type: ignore[no-any-return]

    def logs(self, region: str | None = None) -> Any:
        return self._client("logs", region)

    def tagging(self, region: str) -> Any:
        return self._client("resourcegroupstaggingapi", region)

    def at_once(self) -> "Account":
        """Return the same account with short timeouts.

        For a person who waits, or for a call that a run can do without: an endpoint that does not
        answer fails within seconds instead of minutes.
        """
        return Account(
            session=self.session,
            account_id=self.account_id,
            partition=self.partition,
            region=self.region,
            concurrency=self.concurrency,
            patient=False,
        )

    def regions(self, service: str) -> set[str]:
        """Return the Regions of the account's partition that have the service, enabled or not."""
        return set(self.session.get_available_regions(service, partition_name=self.partition))

    def sts(self) -> "STSClient":
        return self._client("sts", None)  # type: ignore[no-any-return]

    def organizations(self) -> Any:
        return self._client("organizations", None)

    def athena(self) -> "AthenaClient":
        return self._client("athena", None)  # type: ignore[no-any-return]

    def glue(self) -> "GlueClient":
        return self._client("glue", None)  # type: ignore[no-any-return]

    def _client(self, service: str, region: str | None) -> Any:
        key = (service, region or self.region)
        # Threads may share a boto3 client, but must not make one at the same time.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self.session.client(
                    service,  # type: ignore[call-overload]
                    region_name=key[1],
                    config=client_config(self.concurrency) if self.patient else _AT_ONCE,
                )
            return self._clients[key]

    def close(self) -> None:
        """Give up the clients, one for each service and Region. A later call makes its own anew."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()


def _address_without_account(request: Any, **_: Any) -> None:
    """Remove the account from a host name that is an IP address, which has no subdomains.

    botocore sends S3 Control's calls to `<account>.<endpoint>`; a header names the account too.
    """
    parts = urlsplit(request.url)
    _account, _dot, rest = (parts.hostname or "").partition(".")
    if _IP_ADDRESS.fullmatch(rest):
        _account, _dot, place = parts.netloc.partition(".")
        request.url = parts._replace(netloc=place).geturl()


class Region(NamedTuple):
    """The Region that a run works in, and where it is from."""

    name: str
    origin: str


def find_region(settings: Settings) -> Region | None:
    """Return the Region of the environment, else of the AWS profile, else of the instance."""
    if settings.region:
        return Region(settings.region, "environment")
    session = boto3.Session()
    # an empty AWS_DEFAULT_REGION hides the profile's from boto3
    own = session.region_name or session._session.get_scoped_config().get("region")
    if own:
        return Region(str(own), f"AWS profile {session.profile_name}")
    config = {
        name: session._session.get_config_variable(name)
        for name in ("ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode")
    }
    fetcher = InstanceMetadataRegionFetcher(timeout=1, num_attempts=1, config=config)
    instance = fetcher.retrieve_region()
    return Region(str(instance), "instance") if instance else None


def usable_region(settings: Settings) -> Region:
    """Return the Region of a run. Raises UnusableSetting if there is none, or AWS has no such."""
    region = find_region(settings)
    if region is None:
        raise UnusableSetting(
            [
                "no AWS Region: set AWS_REGION to that of the lake, like eu-west-1, or `region` in "
                "the AWS profile"
            ]
        )
    known = _known_regions()
    if region.name not in known:
        near = nearest(region.name, known)
        hint = f"; did you mean {near}?" if near else ""
        raise UnusableSetting(
            [
                f"AWS_REGION is '{visible(region.name)}' ({visible(region.origin)}): the AWS "
                f"library that is installed knows no such Region{hint}"
            ]
        )
    return region


@functools.cache
def _known_regions() -> tuple[str, ...]:
    session = boto3.Session()
    return tuple(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition_name=partition)
    )


def open_account(settings: Settings, *, patient: bool = True) -> Account:
    """Open the account that the environment's credentials belong to: one call to STS.

    `patient=False` is for a person who waits and for a run that has not begun. An endpoint that
    does not answer then fails within seconds instead of minutes.
    """
    try:
        region = usable_region(settings).name
        session = boto3.Session(region_name=region)
        sts = session.client("sts", config=client_config(1) if patient else _AT_ONCE)
        identity = sts.get_caller_identity()
        account_id, partition = identity["Account"], identity["Arn"].split(":")[1]
    except (*AwsError, ResponseParserError, KeyError) as error:
        raise AccountError(_no_account(settings, error)) from error
    return Account(
        session=session,
        account_id=account_id,
        partition=partition,
        region=region,
        concurrency=settings.concurrency,
        patient=patient,
    )


def _no_account(settings: Settings, error: Exception) -> str:
    """Explain in one sentence why the run has no account to work in, and what to do."""
    place = visible(settings.endpoint_url or "")
    match error:
        case exceptions.NoCredentialsError():
            cause = (
                "no AWS credentials found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY (for a sandbox, paste the export lines that `make sandbox` "
                "prints)"
            )
        case (
            exceptions.ProfileNotFound()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.TokenRetrievalError()
            | exceptions.UnauthorizedSSOTokenError()
        ):
            cause = f"the AWS credentials cannot be used: fix them and run again ({_cause(error)})"
        case ClientError():
            cause = (
                "AWS refused the credentials: renew them, or choose others with AWS_PROFILE "
                f"(sts:GetCallerIdentity: {_cause(error)})"
            )
        case exceptions.ConnectionError() | exceptions.HTTPClientError() if place:
            cause = (
                f"nobody answers at AWS_ENDPOINT_URL={place}: start the sandbox there "
                "(`make sandbox`), or unset AWS_ENDPOINT_URL to work in AWS"
            )
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            cause = (
                f"AWS cannot be reached: check the network and the proxy, or point "
                f"AWS_ENDPOINT_URL at a sandbox ({_cause(error)})"
            )
        case ResponseParserError() | KeyError() if place:
            cause = f"what answers at AWS_ENDPOINT_URL={place} is not AWS: point it at a sandbox"
        case _:
            cause = f"sts:GetCallerIdentity failed ({_cause(error)}): check the AWS_* variables"
    return f"no AWS account to work in: {cause}"


def _cause(error: Exception) -> str:
    return visible(str(error)).rstrip(".")


@dataclass(frozen=True, slots=True)
class BucketHead:
    """S3's answer to HeadBucket. `error` None: the bucket is there and the caller may list it."""

    region: str | None
    error: ClientError | BotoCoreError | None = None

    @property
    def exists(self) -> bool | None:
        """Whether there is such a bucket, in any account; None if S3 did not say."""
        if self.error is None:
            return True
        code = error_code(self.error)
        # Refused because it belongs to somebody else: then it is there.
        return True if code == "AccessDenied" else False if code in NO_BUCKET else None


def head_bucket(s3: "S3Client", bucket_name: str, owner: str | None = None) -> BucketHead:
    """Ask S3 for a bucket. S3 names the bucket's Region even if it refuses the call.

    With `owner`, S3 refuses a bucket of any other account.
    """
    owned: Any = {"ExpectedBucketOwner": owner} if owner else {}
    failure: ClientError | BotoCoreError | None = None
    answer: Any
    try:
        answer = s3.head_bucket(Bucket=bucket_name, **owned)
    except ClientError as error:
        answer, failure = error.response, error
    except BotoCoreError as error:
        answer, failure = {}, error
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return BucketHead(str(region) if region else None, failure)


def client_config(connections: int) -> Config:
    """Return a configuration whose retries slow a client down as soon as AWS throttles it."""
    return Config(
        retries={"mode": "adaptive", "max_attempts": _ATTEMPTS},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=max(10, connections),
    )


def error_code(error: ClientError | BotoCoreError) -> str:
    """Return AWS's code of a refused call, or the kind of failure if no answer arrived."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        # HEAD answers have no body, so botocore shows the bare status.
        return {"403": "AccessDenied", "404": "NotFound"}.get(code, code) or "Unknown"
    return type(error).__name__


def is_transient(error: ClientError | BotoCoreError) -> bool:
    """Return whether the same call may succeed later: so for throttling and outages."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error_code(error)
    return status >= _SERVER_FAULT or status == _TOO_MANY or code in {*THROTTLED, _TIMED_OUT}


def refusal(error: ClientError | BotoCoreError, operation: str) -> Refusal:
    """Return a refused read as a value."""
    return Refusal(operation, error_code(error), is_transient(error))


def explained(error: ClientError | BotoCoreError) -> str:
    """Return the error in one line that is safe to show."""
    return visible(str(error))


def each(
    function: Callable[[Item], Answer], items: Iterable[Item], workers: int, what: str
) -> Generator[Answer]:
    """Call `function` with every item, `workers` at a time, and log the progress.

    Answers come in the order of the items. The first failure is raised, and calls that have not
    begun by then never begin.
    """
    waiting = list(items)
    step = max(1, min(500, len(waiting) // 5))
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        futures = [pool.submit(function, item) for item in waiting]
        done = 0
        try:
            for future in futures:
                answer = future.result()
                done += 1
                if done % step == 0 and done < len(waiting):
                    log.info("read %d of %d %s", done, len(waiting), what)
                yield answer
        finally:
            for future in futures:
                future.cancel()
            # the last line says how it ended, so that no count stops halfway
            if waiting:
                end = "done" if done == len(waiting) else "stopped"
                log.info(
                    "read %d of %d %s: %s", done, len(waiting), what, end, extra={"ends": True}
                )


def ask_regions(
    account: Account,
    regions: Iterable[str],
    ask: Callable[[str], list[Answer] | Refusal],
    what: str,
) -> tuple[list[Answer], dict[str, Refusal]]:
    """Return the answers of the Regions, in their order, and the Regions that refused.

    One refusal of several Regions is logged once.
    """
    values: list[Answer] = []
    refusals: dict[str, Refusal] = {}
    names = sorted(regions)
    answers = each(ask, names, account.concurrency, what)
    for region, answer in zip(names, answers, strict=True):
        if isinstance(answer, Refusal):
            refusals[region] = answer
        else:
            values += answer
    for refused in dict.fromkeys(refusals.values()):
        where = [region for region, one in refusals.items() if one == refused]
        log.warning("%s: %s", ", ".join(where), needed(refused))
    return values, refusals
