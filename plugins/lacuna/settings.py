"""Lacuna's settings: the only place that reads the environment.

Every setting has a default that works in the sandbox. A bad environment is reported once and
whole: one line a problem, so that the second mistake is not found by a second failed run.
"""

import difflib
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from lacuna.text import visible

Parsed = TypeVar("Parsed")

_PREFIX = "LACUNA_"
# Not settings: how the runner tells dbt where to write, and what the containers and tests share.
_NOT_SETTINGS = ("LACUNA_DBT_", "LACUNA_SECRET", "LACUNA_TEST_")

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
# Reserved by S3, each for a kind of name that is no bucket's
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
# Also of the oldest buckets of us-east-1, whose names may hold capitals and underscores
_BUCKET_GLOB = re.compile(r"[A-Za-z0-9._*?-]{1,255}")
_TABLE = re.compile(r"[a-z0-9_-]{1,255}\.[a-z0-9_-]{1,255}")
_WORKGROUP = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
# A role's name may have a path before it
_ROLE = re.compile(r"([A-Za-z0-9+=,.@_-]{1,64}/)*[A-Za-z0-9+=,.@_-]{1,64}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
# For LACUNA_ACCOUNTS: every account that Organizations names
ORGANIZATION = "organization"
_INTEGER = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


class SettingsError(ValueError):
    """Every problem of the environment, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SettingRow(NamedTuple):
    """One line of `make settings`."""

    name: str
    value: str
    origin: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run may be told from outside. `lake_bucket` None: named after account and Region."""

    region: str = "us-east-1"
    endpoint_url: str | None = None
    lake_bucket: str | None = None
    workgroup: str = "primary"
    lateness_hours: int = 6
    event_day_folders: int = 10
    config_max_age_days: int = 7
    log_retention_days: int = 90
    quarantine_share: float = 0.01
    sensitivity_tag: str = "sensitivity"
    sensitive_values: tuple[str, ...] = (
        "confidential",
        "restricted",
        "secret",
        "sensitive",
        "high",
    )
    sensitive_buckets: tuple[str, ...] = ()
    sensitivity_table: str | None = None
    concurrency: int = 16
    unlogged_buckets: tuple[str, ...] = ()
    remediation_role: str | None = None
    accounts: tuple[str, ...] = ()
    account_role: str = "lacuna-read"
    account_external_id: str | None = None
    store_regions: tuple[str, ...] = ()
    from_environment: frozenset[str] = frozenset()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings of this process, or one SettingsError naming all that is wrong."""
        problems = _unknown_names(environ)
        values: dict[str, object] = {}
        origins: set[str] = set()
        for setting in _SETTINGS:
            name = next((name for name in setting.names if name in environ), None)
            if name is None:
                continue
            try:
                values[setting.field] = setting.parse(environ[name])
                origins.add(setting.field)
            except ValueError:
                problems.append(f"{name} is '{visible(environ[name])}': {setting.allowed}")
        settings = cls(**values, from_environment=frozenset(origins))  # type: ignore[arg-type]
        problems += _contradictions(settings)
        if problems:
            raise SettingsError(problems)
        return settings

    def lake_bucket_for(self, account_id: str) -> str:
        """The lake bucket's name, derived from the account unless it was given."""
        return self.lake_bucket or f"lacuna-lake-{account_id}-{self.region}"

    @property
    def lateness_days(self) -> int:
        """The days that a late record can reach back: `lateness_hours`, rounded up to whole days."""
        return math.ceil(self.lateness_hours / 24)

    @property
    def unlogged_pattern(self) -> str | None:
        """A regular expression of the names of `unlogged_buckets`, for Athena; None if there are
        none. What a glob may hold leaves nothing to escape but the dot."""
        if not self.unlogged_buckets:
            return None
        parts = {"*": ".*", "?": ".", ".": "[.]"}
        globs = ["".join(parts.get(one, one) for one in glob) for glob in self.unlogged_buckets]
        return f"^({'|'.join(globs)})$"

    def rows(self) -> list[SettingRow]:
        """Every setting with its value, where the value came from, and what it is for."""
        return [
            SettingRow(
                name=setting.names[0],
                value=_shown(getattr(self, setting.field), setting.when_none),
                origin="environment" if setting.field in self.from_environment else "default",
                meaning=setting.meaning,
            )
            for setting in _SETTINGS
        ]


@dataclass(frozen=True, slots=True)
class _Setting:
    field: str
    names: tuple[str, ...]
    parse: Callable[[str], object]
    allowed: str
    meaning: str
    when_none: str = ""


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _bucket_name(text: str) -> str:
    if (
        not _BUCKET_NAME.fullmatch(text)
        or ".." in text
        or _IP_ADDRESS.fullmatch(text)
        or text.startswith(_RESERVED_STARTS)
        or text.endswith(_RESERVED_ENDS)
    ):
        raise ValueError(text)
    return text


def _bucket_globs(text: str) -> tuple[str, ...]:
    globs = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_BUCKET_GLOB.fullmatch(glob) for glob in globs):
        raise ValueError(text)
    return globs


def _table(text: str) -> str | None:
    if text and not _TABLE.fullmatch(text):
        raise ValueError(text)
    return text or None


def _accounts(text: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    if named != (ORGANIZATION,) and not all(_ACCOUNT_ID.fullmatch(one) for one in named):
        raise ValueError(text)
    return named


def _regions(text: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_REGION.fullmatch(one) for one in named):
        raise ValueError(text)
    return named


def _whole(low: int, high: int) -> Callable[[str], int]:
    # A pattern before int(): int() also takes '1_0', ' 6' and digits of other scripts.
    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError(text)
        return _within(int(text), low, high)

    return parse


def _share(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return _within(float(text), 0.0, 1.0)


def _within(value: Parsed, low: Parsed, high: Parsed) -> Parsed:
    if not low <= value <= high:  # type: ignore[operator]
        raise ValueError(value)
    return value


def _tag_key(text: str) -> str:
    if not 1 <= len(text) <= 128 or visible(text) != text or text != text.strip():
        raise ValueError(text)
    return text


def _tag_values(text: str) -> tuple[str, ...]:
    values = tuple(part.strip() for part in text.split(",") if part.strip())
    if visible(text) != text:
        raise ValueError(text)
    return values


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or visible(text) != text:
        raise ValueError(text)
    _ = parts.port  # raises ValueError where the port is not a number
    return text


_SETTINGS = (
    _Setting(
        "region",
        ("AWS_REGION", "AWS_DEFAULT_REGION"),
        _matching(_REGION),
        "must be a Region's code, like eu-west-1",
        "Region of the lake, of Glue and of Athena",
    ),
    _Setting(
        "endpoint_url",
        ("AWS_ENDPOINT_URL",),
        _endpoint,
        "must be a URL, like http://127.0.0.1:5000; unset it to talk to AWS",
        "where AWS's APIs answer; the sandbox's address on a laptop",
        when_none="(AWS)",
    ),
    _Setting(
        "lake_bucket",
        ("LACUNA_LAKE_BUCKET",),
        _bucket_name,
        "must be a name that S3 allows: 3 to 63 of a-z, 0-9, '-' and '.', first and last a letter "
        "or digit, no '..', not the form of an IP address, not beginning with "
        f"{', '.join(_RESERVED_STARTS)}, not ending with {', '.join(_RESERVED_ENDS)}; "
        "unset it for the default",
        "bucket that holds evidence, marts and query results",
        when_none="lacuna-lake-<account>-<region>",
    ),
    _Setting(
        "workgroup",
        ("LACUNA_WORKGROUP",),
        _matching(_WORKGROUP),
        "must be an Athena workgroup's name: 1 to 128 of letters, digits, '.', '_' and '-'",
        "Athena workgroup that runs every query",
    ),
    _Setting(
        "lateness_hours",
        ("LACUNA_LATENESS_HOURS",),
        _whole(1, 240),
        "must be a whole number of hours from 1 to 240",
        "hours a record may take to arrive before its absence counts as missing",
    ),
    _Setting(
        "event_day_folders",
        ("LACUNA_EVENT_DAY_FOLDERS",),
        _whole(1, 60),
        "must be a whole number of days from 1 to 60",
        "event-day folders listed besides the delivery day's own (PartitionedPrefix by EventTime)",
    ),
    _Setting(
        "config_max_age_days",
        ("LACUNA_CONFIG_MAX_AGE_DAYS",),
        _whole(1, 90),
        "must be a whole number of days from 1 to 90",
        "days after which an observed configuration no longer speaks for an event day",
    ),
    _Setting(
        "log_retention_days",
        ("LACUNA_LOG_RETENTION_DAYS",),
        _whole(1, 36_500),
        "must be a whole number of days from 1 to 36500",
        "days for which access logs are to be kept; a lifecycle rule that deletes them earlier is "
        "told",
    ),
    _Setting(
        "quarantine_share",
        ("LACUNA_QUARANTINE_SHARE",),
        _share,
        "must be a share from 0 to 1, like 0.01",
        "share of a day's lines that may be quarantined before the day is not trusted",
    ),
    _Setting(
        "sensitivity_tag",
        ("LACUNA_SENSITIVITY_TAG",),
        _tag_key,
        "must be a bucket tag's key: 1 to 128 characters, none of them invisible",
        "bucket tag whose value says how sensitive the bucket is",
    ),
    _Setting(
        "sensitive_values",
        ("LACUNA_SENSITIVE_VALUES",),
        _tag_values,
        "must be values of that tag separated by commas, none of them with an invisible character",
        "values of the tag that make a bucket a sensitive one: a trail must record it too",
        when_none="(none)",
    ),
    _Setting(
        "sensitive_buckets",
        ("LACUNA_SENSITIVE_BUCKETS",),
        _bucket_globs,
        "must be bucket names separated by commas, in which '*' stands for any characters and "
        "'?' for one, like *-payroll,customer-*",
        "buckets that are sensitive whatever their tag says",
        when_none="(none)",
    ),
    _Setting(
        "sensitivity_table",
        ("LACUNA_SENSITIVITY_TABLE",),
        _table,
        "must be a table of Glue's as database.table, in lower-case letters, digits, '_' and '-'; "
        "empty for none",
        "table or view with the columns bucket_name (a name, or a glob with * and ?) and sensitivity "
        "(a word like the tag's value): says of buckets what their tags do not",
        when_none="(none)",
    ),
    _Setting(
        "concurrency",
        ("LACUNA_CONCURRENCY",),
        _whole(1, 64),
        "must be a whole number from 1 to 64",
        "AWS calls in flight at once",
    ),
    _Setting(
        "unlogged_buckets",
        ("LACUNA_UNLOGGED_BUCKETS",),
        _bucket_globs,
        "must be bucket names separated by commas, in which '*' stands for any characters and "
        "'?' for one, like lacuna-lake-*,*-logs*",
        "buckets meant not to be logged: no alert that their logging is off",
        when_none="(none)",
    ),
    _Setting(
        "remediation_role",
        ("LACUNA_REMEDIATION_ROLE",),
        _matching(_ROLE_ARN),
        "must be a role's ARN, like arn:aws:iam::111122223333:role/lacuna-remediation",
        "role that `make remediate APPLY=1` takes for changing buckets (infra/remediation.yaml)",
        when_none="(the run's own credentials)",
    ),
    _Setting(
        "accounts",
        ("LACUNA_ACCOUNTS",),
        _accounts,
        "must be account ids of 12 digits separated by commas, or 'organization'",
        "accounts to look at besides the credentials' own; 'organization': all its active ones",
        when_none="(the credentials' own)",
    ),
    _Setting(
        "account_role",
        ("LACUNA_ACCOUNT_ROLE",),
        _matching(_ROLE),
        "must be a role's name, with its path if it has one, like lacuna-read",
        "role that is assumed in each of the other accounts",
    ),
    _Setting(
        "account_external_id",
        ("LACUNA_ACCOUNT_EXTERNAL_ID",),
        _matching(_EXTERNAL_ID),
        "must be 2 to 1224 of letters, digits and '+=,.@:/_-'; unset it where the role asks none",
        "external id that the role asks for",
        when_none="(none)",
    ),
    _Setting(
        "store_regions",
        ("LACUNA_STORE_REGIONS",),
        _regions,
        "must be codes of Regions separated by commas, like us-east-1,eu-west-1",
        "Regions in which event data stores of CloudTrail Lake may have been made, besides those "
        "of the buckets",
        when_none="(all of the partition)",
    ),
)


def _unknown_names(environ: Mapping[str, str]) -> list[str]:
    known = [name for setting in _SETTINGS for name in setting.names]
    problems = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name.startswith(_NOT_SETTINGS) or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `make settings` lists them all"
        problems.append(f"{visible(name)} is not a setting{hint}")
    return problems


def _contradictions(settings: Settings) -> list[str]:
    needed = settings.lateness_days
    if settings.event_day_folders >= needed:
        return []
    return [
        f"LACUNA_EVENT_DAY_FOLDERS is '{settings.event_day_folders}': must be at least {needed}, "
        f"the days that LACUNA_LATENESS_HOURS={settings.lateness_hours} reaches back"
    ]


def _shown(value: object, when_none: str) -> str:
    if value is None or value == ():
        return when_none
    return visible(",".join(value) if isinstance(value, tuple) else str(value))
