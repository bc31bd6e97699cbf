"""The dbt project's own unit tests: every rule of parsing and reconciliation, on the sandbox's Athena."""

from datetime import date

from tests.sandbox.dbt_project.conftest import Lake, failures

DAY = date(2026, 3, 1)


def test_every_unit_test_of_the_project_passes(lake: Lake) -> None:
    """Each of some fifty rules is three statements, after one build of all tables: half a minute."""
    lake.catalog(DAY)
    lake.build("delivery_day", DAY)
    lake.build("event_days", DAY, [DAY])

    result = lake.dbt(
        "test", "--select", "test_type:unit", delivery_day=str(DAY), event_days=[str(DAY)]
    )

    assert not failures(result), "\n".join(failures(result))
    assert len(result.result.results) >= 16
