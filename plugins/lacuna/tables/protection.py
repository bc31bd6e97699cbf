"""The evidence table of what protects each bucket."""

from dataclasses import dataclass
from datetime import datetime

from lacuna.tables.evidence_table import EvidenceTable


@dataclass(frozen=True, slots=True)
class ProtectionState:
    """One control of a bucket as observed (`lacuna.protection.controls`), or why it is unknown.

    `bucket_name` is null for the account's own block of public access. `observed_at`: just before
    the bucket was read. With an error code the state is unknown, and the arrays are empty.
    """

    account_id: str
    region: str | None
    bucket_name: str | None
    control: str
    observed_at: datetime
    openings: tuple[str, ...]
    guards: tuple[str, ...]
    is_public: bool | None
    digest: str | None
    error_code: str | None
    error_operation: str | None
    missing_permission: str | None


PROTECTION_STATES = EvidenceTable(
    "protection_states",
    ProtectionState,
    ("observed_on",),
    "What protected each bucket when Lacuna observed it.",
)
