"""Whether the run's queries can work in an Athena workgroup."""

from typing import Any

from lacuna.aws.session import Account, AccountError, AwsError, error_code, explained
from lacuna.text import visible


def workgroup_problem(account: Account, name: str) -> str | None:
    """Explain why no query can run in the workgroup, and what to do; None if one can."""
    wrong = f"LACUNA_WORKGROUP is '{name}'"
    try:
        answer: Any = account.athena().get_work_group(WorkGroup=name)
    except AwsError as error:
        if error_code(error) != "InvalidRequestException":
            raise AccountError(
                f"cannot read the Athena workgroup {name}: {explained(error)}; the run's role "
                "needs athena:GetWorkGroup"
            ) from error
        answer = {}
    group = answer.get("WorkGroup") or {}
    state, configured = group.get("State"), group.get("Configuration") or {}
    if state is None:
        return (
            f"{wrong}: account {account.account_id} has no such Athena workgroup in "
            f"{account.region}; name one that it has, or create it"
        )
    if state == "DISABLED":
        return f"{wrong}: this Athena workgroup is disabled; enable it, or name another"
    if (configured.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"):
        return (
            f"{wrong}: this Athena workgroup keeps query results itself (managed query results), so "
            "that dbt can write no table to the lake; name another, like that of infra/lacuna.yaml"
        )
    place = (configured.get("ResultConfiguration") or {}).get("OutputLocation")
    if place and configured.get("EnforceWorkGroupConfiguration"):
        return (
            f"{wrong}: this Athena workgroup enforces its own result location ({visible(place)}), so "
            "that tables would lie there and expire with the results; turn off 'Override "
            "client-side settings', or name another workgroup"
        )
    return None
