"""Looking at several accounts, through the APIs, in a sandbox that keeps them apart."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lacuna.aws import buckets
from lacuna.aws.accounts import open_accounts
from lacuna.aws.session import AccountError
from lacuna.lake import lake
from lacuna.refusals import Refusal
from lacuna.settings import Settings
from lacuna.steps import catalog, snapshot
from lacuna.tables import evidence
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT

HOME, MEMBER = "123456789012", "222222222222"
LAKE = "lacuna-lake-123456789012-us-east-1"
OBSERVED_ON = {"observed_on": date(2026, 11, 22)}
CLOSED_DOOR = {"operation": "AssumeRole", "resource": f"*:{MEMBER}:*", "error": "AccessDenied"}


@pytest.fixture
def member(cloud):
    return cloud.of(MEMBER)


@pytest.fixture
def both(settings):
    return replace(settings, accounts=(MEMBER,))


@pytest.fixture
def observed(settings):
    """Observe, and read back the buckets by name and the accounts by id."""

    def look(chosen):
        snapshot.observe(chosen, OBSERVED_AT)
        mine = lake.open_lake(settings)
        rows = mine.read(evidence.LOGGING_SNAPSHOTS, OBSERVED_ON)
        accounts = mine.read(evidence.ACCOUNTS, OBSERVED_ON)
        by_name = {row["bucket_name"]: row for row in rows}
        assert len(by_name) == len(rows)
        return by_name, {row["account_id"]: row for row in accounts}

    return look


def logged(cloud, source, target):
    cloud.bucket(source)
    cloud.log_bucket(target)
    cloud.log_to(source, target, "web/")


def test_one_account_alone_needs_no_setting(cloud, member, settings, observed):
    member.bucket("theirs")
    rows, accounts = observed(settings)
    assert set(rows) == {LAKE}
    assert set(accounts) == {HOME}
    assert (accounts[HOME]["state"], accounts[HOME]["observed_buckets"]) == ("observed", 1)


def test_each_account_is_observed_and_cataloged_by_itself(
    cloud, member, both, observed, objects, at
):
    logged(cloud, "photos", "logs")
    logged(member, "their-photos", "their-logs")
    member.allow("their-logs", HOME)
    ours = cloud.access_log("logs", "web/", at(9))
    theirs = member.access_log("their-logs", "web/", at(9))
    rows, accounts = observed(both)
    assert {name: row["account_id"] for name, row in rows.items()} == {
        LAKE: HOME,
        "photos": HOME,
        "logs": HOME,
        "their-photos": MEMBER,
        "their-logs": MEMBER,
    }
    assert [rows[name]["target_state"] for name in ("photos", "their-photos")] == [
        "deliverable"
    ] * 2
    assert {one: row["observed_buckets"] for one, row in accounts.items()} == {HOME: 3, MEMBER: 2}
    summary = catalog.catalog_day(both, DAY)
    assert summary.places_unreadable == 0
    assert set(objects()) == {ours, theirs}
    assert objects()[theirs]["account_id"] == MEMBER


def test_an_account_that_cannot_be_entered_hides_its_own_buckets_and_is_reported(
    cloud, member, both, observed
):
    cloud.bucket("photos")
    member.bucket("their-photos")
    cloud.faults(CLOSED_DOOR | {"status": 403})
    rows, accounts = observed(both)
    assert set(rows) == {"photos", LAKE}
    hidden = accounts[MEMBER]
    assert (hidden["state"], hidden["observed_buckets"]) == ("unreadable", 0)
    assert (hidden["error_operation"], hidden["error_code"]) == ("AssumeRole", "AccessDenied")
    assert hidden["missing_permission"] == "sts:AssumeRole"
    assert catalog.catalog_day(both, DAY).places_unreadable == 0


def test_another_account_whose_buckets_may_not_be_listed_does_not_end_the_run(
    cloud, both, observed, monkeypatch
):
    listed = buckets.list_buckets

    def refused_once_home_is_read(s3):
        monkeypatch.setattr(buckets, "list_buckets", refuse)
        return listed(s3)

    def refuse(s3):
        raise buckets.BucketsUnlisted(Refusal("ListBuckets", "AccessDenied"), "no")

    monkeypatch.setattr(buckets, "list_buckets", refused_once_home_is_read)
    rows, accounts = observed(both)
    assert set(rows) == {LAKE}
    assert accounts[MEMBER]["missing_permission"] == "s3:ListAllMyBuckets"


def test_the_log_bucket_of_an_account_that_closed_since_is_an_unreadable_place(
    cloud, member, both, observed
):
    logged(member, "their-photos", "their-logs")
    observed(both)
    cloud.faults(CLOSED_DOOR | {"status": 403})
    assert catalog.catalog_day(both, DAY).places_unreadable == 1


def test_the_role_and_the_external_id_are_those_of_the_settings(cloud, both, observed):
    # a parameter of a call of STS is what a fault takes for its resource
    for refused, chosen in (
        ("secret-word", replace(both, account_external_id="secret-word")),
        (f"arn:aws:iam::{MEMBER}:role/ops/audit", replace(both, account_role="ops/audit")),
    ):
        cloud.faults(CLOSED_DOOR | {"status": 403, "resource": refused})
        assert observed(both)[1][MEMBER]["state"] == "observed"
        assert observed(chosen)[1][MEMBER]["state"] == "unreadable"


@pytest.fixture
def organization(cloud):
    """The member of an organisation that the home account manages, and one that was closed."""
    client = cloud.client("organizations")
    client.create_organization(FeatureSet="ALL")
    made = [
        client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        for name in ("shop", "former")
    ]
    client.close_account(AccountId=made[1]["AccountId"])
    return cloud.of(made[0]["AccountId"])


def test_the_organisation_names_its_active_accounts(cloud, organization, settings, observed):
    organization.bucket("shop-photos")
    rows, accounts = observed(replace(settings, accounts=("organization",)))
    assert set(rows) == {LAKE, "shop-photos"}
    assert {one: row["name"] for one, row in accounts.items()} == {
        HOME: "master",
        organization.account_id: "shop",
    }


def test_an_organisation_that_may_not_be_asked_fails_with_the_permission(
    cloud, organization, settings
):
    cloud.faults({"operation": "ListAccounts", "error": "AccessDeniedException", "status": 400})
    with pytest.raises(AccountError, match=r"ListAccounts.*organizations:ListAccounts"):
        snapshot.observe(replace(settings, accounts=("organization",)), OBSERVED_AT)


def test_an_organisations_trail_is_read_as_its_owner_and_listed_once(
    cloud, organization, settings, observed, rows
):
    organization.bucket("shop-photos")
    cloud.trail("main", "trail-logs", IsOrganizationTrail=True)
    chosen = replace(settings, accounts=("organization",))
    before = cloud.calls("GetEventSelectors")
    shop = observed(chosen)[0]["shop-photos"]
    assert (shop["read_coverage"], shop["coverage_reasons"]) == ("covered", [])
    assert cloud.calls("GetEventSelectors") - before == 2
    catalog.catalog_day(chosen, DAY)
    places = [(row["log_bucket"], row["prefix"]) for row in rows(evidence.LISTINGS)]
    assert places == [("trail-logs", "AWSLogs/")]


def test_a_trails_bucket_that_is_gone_is_a_fact_of_an_account_without_buckets(
    cloud, member, both, observed
):
    member.trail("main", "their-trail")
    member.client("s3").delete_bucket(Bucket="their-trail")
    rows, accounts = observed(both)
    assert {row["account_id"] for row in rows.values()} == {HOME}
    assert accounts[MEMBER]["missing_trail_buckets"] == ["their-trail"]
    assert accounts[HOME]["missing_trail_buckets"] == []


@pytest.fixture
def as_member(cloud, organization, monkeypatch):
    """Lacuna runs in the member, and does not look at the account that manages its organisation."""
    keys = organization.session.get_credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys.token)
    mine = replace(Settings.from_env(), store_regions=("us-east-1",))
    lake.open_lake(mine).prepare()
    return mine


def test_an_organisations_trail_seen_from_a_member_hides_nothing_that_an_own_trail_shows(
    cloud, organization, as_member
):
    organization.bucket("shop-photos")
    org = cloud.trail("org", "archive", IsOrganizationTrail=True)
    own = organization.trail("own", "own-logs")
    snapshot.observe(as_member, OBSERVED_AT)
    mine = lake.open_lake(as_member)
    rows = {row["bucket_name"]: row for row in mine.read(evidence.LOGGING_SNAPSHOTS, OBSERVED_ON)}
    photos = rows["shop-photos"]
    assert (photos["read_coverage"], photos["coverage_reasons"]) == ("covered", [])
    covers = {(cover["mode"], cover["trails"]) for cover in photos["witness_covers"]}
    assert covers == {("read", own), ("write", own)}
    catalog.catalog_day(as_member, DAY)
    listings = mine.read(evidence.LISTINGS, {"delivered_on": DAY})
    refused = [(row["trail_arn"], row["error_code"]) for row in listings if row["error_code"]]
    assert refused == [(org, "AccessDenied")]
    assert {row["trail_arn"] for row in listings} == {org, own}


def test_an_organisations_trail_that_alone_records_a_member_is_unknown_there(
    cloud, organization, as_member
):
    organization.bucket("shop-photos")
    arn = cloud.trail("org", "archive", IsOrganizationTrail=True)
    snapshot.observe(as_member, OBSERVED_AT)
    rows = lake.open_lake(as_member).read(evidence.LOGGING_SNAPSHOTS, OBSERVED_ON)
    photos = next(row for row in rows if row["bucket_name"] == "shop-photos")
    assert (photos["read_coverage"], photos["coverage_error_code"]) == (
        "unknown",
        "CloudTrailARNInvalidException",
    )
    assert photos["coverage_faults"] == [{"reason": "organization_trail_unreadable", "arn": arn}]
    assert photos["witness_covers"] == []


@pytest.mark.parametrize("is_organization", [True, False])
def test_an_organisations_event_data_store_records_its_members_too(
    cloud, organization, settings, observed, is_organization
):
    organization.bucket("shop-photos")
    arn = cloud.store("lake", OrganizationEnabled=is_organization)
    rows = observed(replace(settings, accounts=("organization",)))[0]
    assert rows[LAKE]["read_coverage"] == "covered"
    shop = rows["shop-photos"]
    expected = ("covered", []) if is_organization else ("not_covered", ["no_trail"])
    assert (shop["read_coverage"], shop["coverage_reasons"]) == expected
    assert shop["read_witness"] == "not_covered"
    cloud.client("cloudtrail").stop_event_data_store_ingestion(EventDataStore=arn)
    stopped = observed(replace(settings, accounts=("organization",)))[0]["shop-photos"]
    named = [{"reason": "store_not_ingesting", "arn": arn}] if is_organization else []
    assert (stopped["read_coverage"], stopped["coverage_faults"]) == ("not_covered", named)


def test_an_account_that_was_closed_answers_again(cloud, member, both):
    member.bucket("theirs")
    account = open_accounts(lake.open_lake(both).account, both).entered[MEMBER]
    before = account.s3()
    account.close()
    assert account.s3() is not before
    assert [one["Name"] for one in account.s3().list_buckets()["Buckets"]] == ["theirs"]


def test_keys_of_another_account_renew_themselves(cloud, member, both, monkeypatch):
    member.bucket("theirs")
    account = open_accounts(lake.open_lake(both).account, both).entered[MEMBER]
    before = cloud.calls("AssumeRole")
    assert account.s3().list_buckets()["Buckets"]
    assert cloud.calls("AssumeRole") == before
    vars(account.session.get_credentials())["_expiry_time"] = datetime(2020, 1, 1, tzinfo=UTC)
    assert account.s3().list_buckets()["Buckets"]
    assert cloud.calls("AssumeRole") == before + 1
