"""The accounts that a run observes: that of its credentials, and those whose read role it assumes.

A bucket or trail is read with the credentials of the account that owns it. An account that cannot
be entered hides what is in it and nothing else. Evidence stays in the run's account.
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
    """An account to observe; `account` is a Refusal if it cannot be entered."""

    account_id: str
    name: str | None
    account: Account | Refusal


@dataclass(slots=True)
class Accounts:
    """The accounts of a run, and the owner of each bucket that a snapshot knows.

    `home` is the account of the run's credentials. It reads what has no known owner: a bucket
    policy may allow that.
    """

    home: Account
    members: tuple[Member, ...]
    entered: Mapping[str, Account]
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def concurrency(self) -> int:
        return self.home.concurrency

    def of(self, account_id: str | None) -> Account:
        """Return the account if it can be entered, else the run's own."""
        return self.entered.get(account_id or "", self.home)

    def s3_of(self, bucket_name: str) -> "S3Client":
        """Return a client of the bucket's owner, in the bucket's Region."""
        return self.of(self.owners.get(bucket_name)).s3_of(bucket_name)

    def cloudtrail(self, region: str) -> "CloudTrailClient":
        """Return the home account's client, for answers that do not depend on the account."""
        return self.home.cloudtrail(region)


def open_accounts(home: Account, settings: Settings) -> Accounts:
    """Open the accounts of LACUNA_ACCOUNTS, each by its role, beside the run's own."""
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
    entered = {m.account_id: m.account for m in members if isinstance(m.account, Account)}
    return Accounts(home, tuple(members), entered)


def _names(home: Account, settings: Settings) -> dict[str, str | None]:
    """Return the accounts to observe, with their names if the organization gives them."""
    if settings.accounts == (ORGANIZATION,):
        return _organization(home)
    return dict.fromkeys(settings.accounts)


def _organization(home: Account) -> dict[str, str | None]:
    """Return the organization's active accounts. No role can be assumed in the others."""
    names: dict[str, str | None] = {}
    try:
        for page in home.organizations().get_paginator("list_accounts").paginate():
            names |= {
                account["Id"]: account.get("Name")
                for account in page["Accounts"]
                # State was called Status until 2026
                if (account.get("State") or account.get("Status")) == "ACTIVE"
            }
    except AwsError as error:
        raise AccountError(
            f"cannot list the organization's accounts: ListAccounts failed ({explained(error)}); "
            f"the run's role needs {PERMISSIONS['ListAccounts']} in the management account or a "
            "delegated administrator's; or name the accounts in LACUNA_ACCOUNTS"
        ) from error
    return names


def _enter(home: Account, settings: Settings, account_id: str) -> Account | Refusal:
    """Open the account under its read role. The keys renew themselves if a day takes an hour."""
    sts = home.sts()
    request: dict[str, Any] = {
        "RoleArn": f"arn:{home.partition}:iam::{account_id}:role/{settings.account_role}",
        "RoleSessionName": "lacuna",
    }
    if settings.account_external_id:
        request["ExternalId"] = settings.account_external_id

    def keys() -> dict[str, str]:
        issued = sts.assume_role(**request)["Credentials"]
        return {
            "access_key": issued["AccessKeyId"],
            "secret_key": issued["SecretAccessKey"],
            "token": issued["SessionToken"],
            "expiry_time": issued["Expiration"].isoformat(),
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
