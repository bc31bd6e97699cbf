import pytest

from lacuna.settings import Settings, SettingsError


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    assert str(caught.value).splitlines() == caught.value.problems
    return caught.value.problems


def test_an_empty_environment_is_enough():
    settings = Settings.from_env({})
    assert settings.region is None
    lake = settings.lake_bucket_for("123456789012", "eu-west-1")
    assert lake == "lacuna-lake-123456789012-eu-west-1"
    assert {row.origin for row in settings.rows()} == {"default"}


def test_values_are_taken_from_the_environment_and_say_so():
    settings = Settings.from_env(
        {"LACUNA_LATENESS_HOURS": "12", "AWS_DEFAULT_REGION": "eu-west-1", "PATH": "/bin"}
    )
    rows = {row.name: row for row in settings.rows()}
    assert settings.lateness_hours == 12
    assert rows["LACUNA_LATENESS_HOURS"].origin == "environment"
    assert rows["AWS_REGION"].value == "eu-west-1"
    assert rows["LACUNA_WORKGROUP"].origin == "default"
    assert all(row.meaning for row in rows.values())


def test_aws_region_wins_over_the_default_region():
    environ = {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert Settings.from_env(environ).region == "eu-central-1"


def test_an_empty_variable_of_aws_is_not_set():
    environ = {"AWS_ENDPOINT_URL": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}
    settings = Settings.from_env(environ)
    assert (settings.endpoint_url, settings.region) == (None, "eu-west-1")
    rows = {row.name: (row.value, row.origin) for row in settings.rows()}
    assert rows["AWS_ENDPOINT_URL"] == ("(AWS)", "default")


def test_a_secret_is_never_shown():
    settings = Settings.from_env({"LACUNA_ACCOUNT_EXTERNAL_ID": "pass:word"})
    assert settings.account_external_id == "pass:word"
    shown = {row.name: row.value for row in settings.rows()}
    assert shown["LACUNA_ACCOUNT_EXTERNAL_ID"] == "(set, not shown)"
    assert "pass:word" not in repr(settings)
    (problem,) = problems(LACUNA_ACCOUNT_EXTERNAL_ID="pass word")
    assert problem.startswith("LACUNA_ACCOUNT_EXTERNAL_ID is (set, not shown): must be")
    assert "pass word" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LACUNA_LATENESS_HOURS", "240"),
        ("LACUNA_LATENESS_HOURS", "1"),
        ("LACUNA_QUARANTINE_SHARE", "0"),
        ("LACUNA_QUARANTINE_SHARE", "1"),
        ("LACUNA_LAKE_BUCKET", "my.lake-1"),
        ("LACUNA_LAKE_BUCKET", "192.168.1.1.lake"),
        ("LACUNA_LAKE_BUCKET", "a" * 63),
        ("LACUNA_UNLOGGED_BUCKETS", ""),
        ("LACUNA_UNLOGGED_BUCKETS", "lacuna-lake-*, *-logs,Old_Bucket"),
        ("LACUNA_SENSITIVITY_TAG", "data class"),
        ("LACUNA_SENSITIVE_VALUES", ""),
        ("LACUNA_SENSITIVE_VALUES", "top secret, PII"),
        ("LACUNA_SENSITIVE_BUCKETS", "*-payroll,customer-?"),
        ("LACUNA_SENSITIVITY_TABLE", ""),
        ("LACUNA_SENSITIVITY_TABLE", "governance.bucket_sensitivity-2"),
        ("LACUNA_CONCURRENCY", "1"),
        ("LACUNA_REMEDIATION_ROLE", "arn:aws-cn:iam::123456789012:role/ops/lacuna"),
        ("LACUNA_ACCOUNTS", ""),
        ("LACUNA_ACCOUNTS", "111122223333, 444455556666"),
        ("LACUNA_ACCOUNTS", "organization"),
        ("LACUNA_ACCOUNT_ROLE", "ops/lacuna-read"),
        ("LACUNA_ACCOUNT_EXTERNAL_ID", "a:secret/word"),
        ("LACUNA_STORE_REGIONS", "us-east-1, cn-north-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
        ("AWS_REGION", "us-gov-west-1"),
    ],
)
def test_allowed_values_are_allowed(name, value):
    assert Settings.from_env({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LACUNA_ACCOUNTS", "11112222333"),
        ("LACUNA_ACCOUNTS", "organization,111122223333"),
        ("LACUNA_ACCOUNTS", "١١١١٢٢٢٢٣٣٣٣"),
        ("LACUNA_ACCOUNT_ROLE", ""),
        ("LACUNA_ACCOUNT_ROLE", "/lacuna-read"),
        ("LACUNA_ACCOUNT_ROLE", "arn:aws:iam::111122223333:role/a"),
        ("LACUNA_STORE_REGIONS", "us-east-1,everywhere"),
        ("LACUNA_LATENESS_HOURS", "0"),
        ("LACUNA_LATENESS_HOURS", "241"),
        ("LACUNA_LATENESS_HOURS", "6.5"),
        ("LACUNA_LATENESS_HOURS", "1_0"),
        ("LACUNA_LATENESS_HOURS", " 6"),
        ("LACUNA_LATENESS_HOURS", "٦"),
        ("LACUNA_LATENESS_HOURS", "-6"),
        ("LACUNA_LATENESS_HOURS", ""),
        ("LACUNA_LATENESS_HOURS", "9" * 5000),
        ("LACUNA_QUARANTINE_SHARE", "nan"),
        ("LACUNA_QUARANTINE_SHARE", "1.01"),
        ("LACUNA_QUARANTINE_SHARE", "1%"),
        ("LACUNA_LAKE_BUCKET", "Lake"),
        ("LACUNA_LAKE_BUCKET", "a..b"),
        ("LACUNA_LAKE_BUCKET", "s3://lake"),
        ("LACUNA_LAKE_BUCKET", "192.168.1.1"),
        ("LACUNA_LAKE_BUCKET", "a" * 64),
        ("LACUNA_LAKE_BUCKET", "lake-"),
        ("LACUNA_LAKE_BUCKET", ".lake"),
        ("LACUNA_LAKE_BUCKET", "my_lake"),
        ("LACUNA_LAKE_BUCKET", "xn--lake"),
        ("LACUNA_LAKE_BUCKET", "sthree-lake"),
        ("LACUNA_LAKE_BUCKET", "amzn-s3-demo-lake"),
        ("LACUNA_LAKE_BUCKET", "lake-s3alias"),
        ("LACUNA_LAKE_BUCKET", "lake--ol-s3"),
        ("LACUNA_LAKE_BUCKET", "lake.mrap"),
        ("LACUNA_LAKE_BUCKET", "lake--use1-az4--x-s3"),
        ("LACUNA_LAKE_BUCKET", "lake--table-s3"),
        ("LACUNA_UNLOGGED_BUCKETS", "logs'--"),
        ("LACUNA_UNLOGGED_BUCKETS", "a b"),
        ("LACUNA_WORKGROUP", "two words"),
        ("LACUNA_SENSITIVITY_TAG", ""),
        ("LACUNA_SENSITIVITY_TAG", "tag\n"),
        ("LACUNA_SENSITIVE_VALUES", "a,b\n"),
        ("LACUNA_SENSITIVE_BUCKETS", "pay roll"),
        ("LACUNA_SENSITIVITY_TABLE", "bucket_sensitivity"),
        ("LACUNA_SENSITIVITY_TABLE", 'governance."a" union select 1, 2 --'),
        ("LACUNA_SENSITIVITY_TABLE", "Governance.buckets"),
        ("LACUNA_EVENT_DAY_FOLDERS", "61"),
        ("LACUNA_STATEMENT_MIB", "15"),
        ("LACUNA_CONFIG_MAX_AGE_DAYS", "0"),
        ("LACUNA_CONCURRENCY", "1000"),
        ("LACUNA_REMEDIATION_ROLE", "lacuna-remediation"),
        ("LACUNA_REMEDIATION_ROLE", "arn:aws:iam::123456789012:user/somebody"),
        ("AWS_ENDPOINT_URL", "localhost:5000"),
        ("AWS_ENDPOINT_URL", "http://localhost:port"),
        ("AWS_REGION", "Frankfurt"),
    ],
)
def test_malformed_values_are_refused_by_name_and_value(name, value):
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} is '")
    assert ": must be" in problem


def test_all_problems_are_reported_at_once():
    found = problems(LACUNA_LATENESS_HOURS="soon", LACUNA_CONCURRENCY="0", LACUNA_LATENES_HOURS="6")
    assert len(found) == 3


def test_a_value_reaches_the_terminal_only_with_control_characters_visible():
    (problem,) = problems(LACUNA_WORKGROUP="\x1b[31m")
    assert "\x1b" not in problem
    assert "\\x1b[31m" in problem


def test_a_misspelt_name_is_reported_with_the_name_that_was_meant():
    (problem,) = problems(LACUNA_LATENES_HOURS="6")
    assert "did you mean LACUNA_LATENESS_HOURS?" in problem


def test_a_name_like_none_of_them_is_reported_too():
    (problem,) = problems(LACUNA_XYZZY="6")
    assert "LACUNA_XYZZY is not a setting" in problem


def test_what_the_runner_passes_to_dbt_is_no_unknown_setting():
    assert Settings.from_env({"LACUNA_DBT_DATA_DIR": "s3://lake"})


def test_a_lateness_budget_longer_than_what_is_listed_is_refused():
    environ = {"LACUNA_LATENESS_HOURS": "49", "LACUNA_EVENT_DAY_FOLDERS": "2"}
    (problem,) = problems(**environ)
    assert "at least 3" in problem
    assert Settings.from_env({**environ, "LACUNA_LATENESS_HOURS": "48"})


def test_a_refused_lake_name_comes_with_the_rule_of_s3():
    (problem,) = problems(LACUNA_LAKE_BUCKET="192.168.1.1")
    assert "must be a name that S3 allows" in problem
    assert "not the form of an IP address" in problem


def test_globs_are_parted_at_commas():
    settings = Settings.from_env({"LACUNA_UNLOGGED_BUCKETS": " lacuna-lake-* ,*-logs,"})
    assert settings.unlogged_buckets == ("lacuna-lake-*", "*-logs")
    shown = {row.name: row.value for row in settings.rows()}
    assert shown["LACUNA_UNLOGGED_BUCKETS"] == "lacuna-lake-*,*-logs"
