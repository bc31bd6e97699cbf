"""The accounts that a run looks at: that of its credentials, and those whose read role it assumes.

Whoever owns a bucket or a trail is asked about it with that account's own credentials. An account
that cannot be entered hides what is in it and nothing else. Evidence stays in the run's account.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.credentials import RefreshableCredentials

from lacuna.aws.session import Account, AccountError, AwsError, each, explained, refusal
from lacuna.refusals import PERMISSIONS, Refusal, needed
from lacuna.settings import ORGANIZATION, Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """An account to look at, and how, or why it cannot be entered."""

    account_id: str
    name: str | None
    account: Account | Refusal


@dataclass(slots=True)
class Accounts:
    """The accounts of a run, and whose each log bucket is as far as a snapshot has told.

    `home` is the account of the run's credentials. It is asked about whatever belongs to nobody
    known: a bucket policy may let it read.
    """

    home: Account
    members: tuple[Member, ...]
    entered: Mapping[str, Account]
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def concurrency(self) -> int:
        return self.home.concurrency

    def of(self, account_id: str | None) -> Account:
        """The account itself where it can be entered, else the run's own."""
        return self.entered.get(account_id or "", self.home)

    def s3_of(self, bucket_name: str) -> "S3Client":
        """A client of the bucket's owner, in the bucket's Region."""
        return self.of(self.owners.get(bucket_name)).s3_of(bucket_name)

    def cloudtrail(self, region: str) -> "CloudTrailClient":
        """For what every account is told alike."""
        return self.home.cloudtrail(region)


def open_accounts(home: Account, settings: Settings) -> Accounts:
    """The run's own account and those of LACUNA_ACCOUNTS, each entered by its role."""
    names = _names(home, settings)
    others = sorted(names.keys() - {home.account_id})
    opened = each(
        lambda account_id: _enter(home, settings, account_id), others, home.concurrency, "accounts"
    )
    members = [Member(home.account_id, names.get(home.account_id), home)]
    for account_id, account in zip(others, opened, strict=True):
        if isinstance(account, Refusal):
            log.warning("account %s: %s; its buckets are hidden", account_id, needed(account))
        members.append(Member(account_id, names[account_id], account))
    entered = {one.account_id: one.account for one in members if isinstance(one.account, Account)}
    return Accounts(home, tuple(members), entered)


def _names(home: Account, settings: Settings) -> dict[str, str | None]:
    """The accounts to look at, with their names where the organisation tells them."""
    if settings.accounts == (ORGANIZATION,):
        return _organization(home)
    return dict.fromkeys(settings.accounts)


def _organization(home: Account) -> dict[str, str | None]:
    """The organisation's active accounts. Those that are suspended or closed let nobody in."""
    found: dict[str, str | None] = {}
    try:
        for page in home.organizations().get_paginator("list_accounts").paginate():
            found |= {
                one["Id"]: one.get("Name")
                for one in page["Accounts"]
                # Status is what State was called until 2026
                if (one.get("State") or one.get("Status")) == "ACTIVE"
            }
    except AwsError as error:
        raise AccountError(
            f"cannot list the organisation's accounts: ListAccounts failed ({explained(error)}); "
            f"the run's role needs {PERMISSIONS['ListAccounts']} in the management account or a "
            "delegated administrator's; or name the accounts in LACUNA_ACCOUNTS"
        ) from error
    return found


def _enter(home: Account, settings: Settings, account_id: str) -> Account | Refusal:
    """The account under its read role. The keys renew themselves: a day may take over an hour."""
    sts = home.sts()
    asked: dict[str, Any] = {
        "RoleArn": f"arn:{home.partition}:iam::{account_id}:role/{settings.account_role}",
        "RoleSessionName": "lacuna",
    }
    if settings.account_external_id:
        asked["ExternalId"] = settings.account_external_id

    def keys() -> dict[str, str]:
        found = sts.assume_role(**asked)["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }

    session = botocore.session.Session()
    try:
        credentials = RefreshableCredentials.create_from_metadata(
            keys(), refresh_using=keys, method="sts-assume-role"
        )
    except AwsError as error:
        return refusal(error, "AssumeRole")
    session._credentials = credentials  # type: ignore[attr-defined]
    return Account(
        session=boto3.Session(botocore_session=session, region_name=home.region),
        account_id=account_id,
        partition=home.partition,
        region=home.region,
        concurrency=home.concurrency,
        patient=home.patient,
    )
