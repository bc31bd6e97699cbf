"""Lacuna's settings: the only module that reads the environment.

A setting is one field of `Settings`: its name, default, parser, allowed values and meaning stand
together. Every default works in the sandbox. All problems of an environment are reported at once,
one line each.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from lacuna import globs
from lacuna.text import nearest, visible

Parsed = TypeVar("Parsed")

_PREFIX = "LACUNA_"
# Not settings: what the runner passes to dbt, and what the containers and tests share
_NOT_SETTINGS = ("LACUNA_DBT_", "LACUNA_SECRET", "LACUNA_TEST_")

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
# S3 reserves these for names of other things than buckets
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_TABLE = re.compile(r"[a-z0-9_-]{1,255}\.[a-z0-9_-]{1,255}")
_WORKGROUP = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
# A role's name may have a path before it
_ROLE = re.compile(r"([A-Za-z0-9+=,.@_-]{1,64}/)*[A-Za-z0-9+=,.@_-]{1,64}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
# What is shown instead of a secret
HIDDEN = "(set, not shown)"
# The value of LACUNA_ACCOUNTS that means every account of the organization
ORGANIZATION = "organization"
_INTEGER = re.compile(r"[0-9]{1,9}")
_SWITCH = re.compile(r"on|off")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")

_GLOBS_ALLOWED = (
    "must be bucket names separated by commas, in which '*' stands for any characters and "
    "'?' for one, like "
)


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
class Setting:
    """What a field of `Settings` says about itself.

    `names` are its variables, the first wins; none: LACUNA_ and the field's name. `when_none` is
    shown for a value that is None or empty. A value that `is_secret` is never shown.
    """

    parse: Callable[[str], object]
    allowed: str
    meaning: str
    names: tuple[str, ...] = ()
    when_none: str = ""
    is_secret: bool = False


def _setting(
    default: Parsed,
    parse: Callable[[str], object],
    allowed: str,
    meaning: str,
    *,
    names: tuple[str, ...] = (),
    when_none: str = "",
    is_secret: bool = False,
) -> Parsed:
    """A field of `Settings` that the environment can set; see `Setting` for the arguments."""
    setting = Setting(parse, allowed, meaning, names, when_none, is_secret)
    return field(default=default, repr=not is_secret, metadata={"setting": setting})


def _user_table(meaning: str) -> str | None:
    """A setting that names a table in Glue which the user keeps."""
    allowed = (
        "must be a table of Glue's as database.table, in lower-case letters, digits, '_' and '-'; "
        "empty for none"
    )
    return _setting(None, _table, allowed, meaning, when_none="(none)")


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _list_of(pattern: re.Pattern[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        values = _parts(text)
        if not all(pattern.fullmatch(value) for value in values):
            raise ValueError(text)
        return values

    return parse


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


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


def _table(text: str) -> str | None:
    return _matching(_TABLE)(text) if text else None


def _accounts(text: str) -> tuple[str, ...]:
    named = _parts(text)
    return named if named == (ORGANIZATION,) else _list_of(_ACCOUNT_ID)(text)


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


def _folder(text: str) -> str:
    if not text or visible(text) != text:
        raise ValueError(text)
    return text


def _tag_key(text: str) -> str:
    if not 1 <= len(text) <= 128 or visible(text) != text or text != text.strip():
        raise ValueError(text)
    return text


def _tag_values(text: str) -> tuple[str, ...]:
    if visible(text) != text:
        raise ValueError(text)
    return _parts(text)


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or visible(text) != text:
        raise ValueError(text)
    _ = parts.port  # raises ValueError if the port is not a number
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides about a run. A field's variable is LACUNA_ and its name."""

    region: str | None = _setting(
        None,
        _matching(_REGION),
        "must be a Region's code, like eu-west-1",
        "Region of the lake, of Glue and of Athena",
        names=("AWS_REGION", "AWS_DEFAULT_REGION"),
        when_none="(that of the AWS profile, or of the instance)",
    )
    endpoint_url: str | None = _setting(
        None,
        _endpoint,
        "must be a URL, like http://127.0.0.1:5000; unset it to use AWS",
        "address that answers all AWS calls: the sandbox on a laptop",
        names=("AWS_ENDPOINT_URL",),
        when_none="(AWS)",
    )
    lake_bucket: str | None = _setting(
        None,
        _bucket_name,
        "must be a name that S3 allows: 3 to 63 of a-z, 0-9, '-' and '.', first and last a letter "
        "or digit, no '..', not the form of an IP address, not beginning with "
        f"{', '.join(_RESERVED_STARTS)}, not ending with {', '.join(_RESERVED_ENDS)}; "
        "unset it for the default",
        "bucket that holds evidence, marts and query results",
        when_none="lacuna-lake-<account>-<region>",
    )
    evidence_lock_days: int = _setting(
        0,
        _whole(0, 36_500),
        "must be a whole number of days from 0 to 36500",
        "days for which S3 Object Lock keeps each file of evidence (EvidenceLockDays of infra/lacuna.yaml); "
        "0: no lock",
    )
    workgroup: str = _setting(
        "primary",
        _matching(_WORKGROUP),
        "must be an Athena workgroup's name: 1 to 128 of letters, digits, '.', '_' and '-'",
        "Athena workgroup that runs every query",
    )
    analyst_workgroups: tuple[str, ...] = _setting(
        (),
        _list_of(_WORKGROUP),
        "must be names of Athena workgroups separated by commas",
        "Athena workgroups of analysts, whose queries `make costs` shows too (AnalystWorkgroups of "
        "infra/lacuna.yaml)",
        when_none="(none)",
    )
    lateness_hours: int = _setting(
        6,
        _whole(1, 240),
        "must be a whole number of hours from 1 to 240",
        "hours that a record may take to arrive; after that its absence counts as missing",
    )
    event_day_folders: int = _setting(
        10,
        _whole(1, 60),
        "must be a whole number of days from 1 to 60",
        "days before the delivery day whose keys and folders are listed too, for logs that are late",
    )
    config_max_age_days: int = _setting(
        7,
        _whole(1, 90),
        "must be a whole number of days from 1 to 90",
        "days after which an observed configuration no longer counts for an event day",
    )
    versions_days: int = _setting(
        7,
        _whole(1, 90),
        "must be a whole number of days from 1 to 90",
        "days that the version before of a day is kept, for `make rollback`",
    )
    statement_mib: int = _setting(
        2048,
        _whole(16, 1_048_576),
        "must be a whole number of MiB from 16 to 1048576",
        "MiB of parsed logs that one statement joins, about: a larger day is written in slices, each "
        "of which reads the day again",
    )
    log_retention_days: int = _setting(
        90,
        _whole(1, 36_500),
        "must be a whole number of days from 1 to 36500",
        "days to keep access logs; a lifecycle rule that deletes them earlier is reported",
    )
    quarantine_share: float = _setting(
        0.01,
        _share,
        "must be a share from 0 to 1, like 0.01",
        "share of a day's lines that may be quarantined; with more the day is not trusted",
    )
    completeness_tolerance: float = _setting(
        0.0,
        _share,
        "must be a share from 0 to 1, like 0.001",
        "share of an hour's requests that may have no record: the hour is still `delivered`, its "
        "completeness stays exact",
    )
    sensitivity_tag: str = _setting(
        "sensitivity",
        _tag_key,
        "must be a bucket tag's key: 1 to 128 characters, none of them invisible",
        "bucket tag whose value says how sensitive the bucket is",
    )
    sensitive_values: tuple[str, ...] = _setting(
        ("confidential", "restricted", "secret", "sensitive", "high"),
        _tag_values,
        "must be values of that tag separated by commas, none of them with an invisible character",
        "values of the tag that mark a bucket as sensitive: its data events must be recorded too",
        when_none="(none)",
    )
    sensitive_buckets: tuple[str, ...] = _setting(
        (),
        _list_of(globs.BUCKETS),
        f"{_GLOBS_ALLOWED}*-payroll,customer-*",
        "buckets that are sensitive whatever their tag says",
        when_none="(none)",
    )
    sensitivity_table: str | None = _user_table(
        "table or view that says how sensitive buckets are, in addition to their tags; its columns: "
        "bucket_name (a name, or a glob with * and ?) and sensitivity (a word like the tag's value)",
    )
    lists_table: str | None = _user_table(
        "table or view of what is meant to be so, for the detections; its columns: list_name "
        "(public_buckets, partners, trusted_networks, automation_roles or break_glass_roles) and value",
    )
    detections_table: str | None = _user_table(
        "table or view of your own settings of detections; its columns: detection, setting (floor, "
        "factor, severity, stage or a number of its own) and value",
    )
    concurrency: int = _setting(
        16,
        _whole(1, 64),
        "must be a whole number from 1 to 64",
        "AWS calls in flight at the same time",
    )
    protection_snapshot: str = _setting(
        "on",
        _matching(_SWITCH),
        "must be on or off",
        "whether each day's snapshot also reads what protects each bucket: at most 12 calls a bucket",
    )
    unlogged_buckets: tuple[str, ...] = _setting(
        (),
        _list_of(globs.BUCKETS),
        f"{_GLOBS_ALLOWED}lacuna-lake-*,*-logs*",
        "buckets that are not logged on purpose: no alert says that their logging is off",
        when_none="(none)",
    )
    remediation_role: str | None = _setting(
        None,
        _matching(_ROLE_ARN),
        "must be a role's ARN, like arn:aws:iam::111122223333:role/lacuna-remediation",
        "role that `make remediate APPLY=1` assumes to change buckets (infra/remediation.yaml)",
        when_none="(the run's own credentials)",
    )
    plan_folder: str = _setting(
        ".lacuna",
        _folder,
        "must be a folder's path without control characters",
        "folder below which the plans of `remediate_logging` lie, each worker's own; "
        "`make remediate PLAN=file` takes the file's folder",
    )
    accounts: tuple[str, ...] = _setting(
        (),
        _accounts,
        "must be account ids of 12 digits separated by commas, or 'organization'",
        "accounts to observe besides the credentials' own; 'organization': all its active accounts",
        when_none="(the credentials' own)",
    )
    account_role: str = _setting(
        "lacuna-read",
        _matching(_ROLE),
        "must be a role's name, with its path if it has one, like lacuna-read",
        "role that the run assumes in each of the other accounts",
    )
    account_external_id: str | None = _setting(
        None,
        _matching(_EXTERNAL_ID),
        "must be 2 to 1224 of letters, digits and '+=,.@:/_-'; unset it if the role requires none",
        "external id that the role requires",
        when_none="(none)",
        is_secret=True,
    )
    store_regions: tuple[str, ...] = _setting(
        (),
        _list_of(_REGION),
        "must be codes of Regions separated by commas, like us-east-1,eu-west-1",
        "Regions that may hold event data stores or channels of CloudTrail, besides those of the buckets",
        when_none="(all of the partition)",
    )
    from_environment: frozenset[str] = frozenset()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings of this process. Raises one SettingsError that names every problem."""
        problems = _unknown_names(environ)
        values: dict[str, Any] = {}
        for key, setting in SETTINGS.items():
            name = next((name for name in setting.names if _is_set(environ, name)), None)
            if name is None:
                continue
            try:
                values[key] = setting.parse(environ[name])
            except ValueError:
                shown = HIDDEN if setting.is_secret else f"'{visible(environ[name])}'"
                problems.append(f"{name} is {shown}: {setting.allowed}")
        settings = cls(**values, from_environment=frozenset(values))
        problems += _contradictions(settings)
        if problems:
            raise SettingsError(problems)
        return settings

    def lake_bucket_for(self, account_id: str, region: str) -> str:
        """Return the lake bucket's name: the given one, or one derived from the account."""
        return self.lake_bucket or f"{default_lakes(account_id)}{region}"

    @property
    def lateness_days(self) -> int:
        """The days that a late record can reach back: `lateness_hours`, rounded up to whole days."""
        return math.ceil(self.lateness_hours / 24)

    @property
    def unlogged_pattern(self) -> str | None:
        """A regular expression of the names of `unlogged_buckets`, for Athena; None if none."""
        return globs.as_regex(self.unlogged_buckets) if self.unlogged_buckets else None

    def rows(self, **found: tuple[str, str]) -> list[SettingRow]:
        """Return every setting with its value, the origin of the value, and its meaning.

        `found`: values that were not in the environment, and where they are from, by field.
        """
        return [
            SettingRow(
                name=setting.names[0],
                value=found[key][0] if key in found else _shown(getattr(self, key), setting),
                origin="environment"
                if key in self.from_environment
                else found.get(key, ("", "default"))[1],
                meaning=setting.meaning,
            )
            for key, setting in SETTINGS.items()
        ]


def _settings_by_field() -> dict[str, Setting]:
    settings = {each.name: each.metadata["setting"] for each in fields(Settings) if each.metadata}
    return {
        key: replace(setting, names=setting.names or (f"{_PREFIX}{key.upper()}",))
        for key, setting in settings.items()
    }


SETTINGS: Mapping[str, Setting] = _settings_by_field()


def _unknown_names(environ: Mapping[str, str]) -> list[str]:
    known = [name for setting in SETTINGS.values() for name in setting.names]
    problems = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name.startswith(_NOT_SETTINGS) or name in known:
            continue
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else "; `make settings` lists them all"
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


def default_lakes(account_id: str) -> str:
    """Return how the names of an account's lakes begin, if LACUNA_LAKE_BUCKET does not name one."""
    return f"lacuna-lake-{account_id}-"


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    # AWS's own tools take an empty variable for one that is not set, and Compose passes such
    return name in environ and (environ[name] != "" or not name.startswith("AWS_"))


def _shown(value: object, setting: Setting) -> str:
    if value is None or value == ():
        return setting.when_none
    if setting.is_secret:
        return HIDDEN
    return visible(",".join(value) if isinstance(value, tuple) else str(value))
