"""Is it known what the run's statements cost, and did Lacuna send them all?"""

from __future__ import annotations

from expectations.shared import Check, Partition, Row, count, not_allowed

UNKNOWN = """
select workgroup as about_name, error_operation, error_code, missing_permission
from {batch}
where step = 'unknown'
"""

NO_PRICE = """
select region as about_name, sum(bytes_billed) as bytes_billed
from {batch}
where bytes_billed > 0 and usd is null
group by region
"""

BY_OTHERS = """
select workgroup as about_name, statements, bytes_scanned
from {batch}
where step = 'by_others'
"""


def checks(on: Partition) -> tuple[Check, ...]:
    """Return the checks of one day of fct_run_costs."""
    return (
        Check(
            "costs_unknown",
            "warning",
            "Could the history of statements be read, in every workgroup that is named?",
            "What a workgroup's statements cost is unknown, because Athena's history of it was refused "
            "or is too long. It is not zero.",
            UNKNOWN,
            _unknown_sentence,
        ),
        Check(
            "price_missing",
            "info",
            "Is the price of a scan known in every Region that was billed?",
            "The seed prices has no row for the Region, so the dollars of its statements are unknown.",
            NO_PRICE,
            lambda row: (
                f"what {row['bytes_billed']:,} bytes cost in {row['about_name']} is unknown: the seed "
                "prices has no athena_bytes_scanned for it"
            ),
        ),
        Check(
            "statements_by_others",
            "info",
            "Did Lacuna send every statement of its workgroup?",
            "Statements of others run in Lacuna's workgroup. They count against its limits, and "
            "no step of a run explains their cost.",
            BY_OTHERS,
            lambda row: (
                f"{count(row['statements'], 'statement')} of others in the workgroup "
                f"{row['about_name']} scanned {row['bytes_scanned']:,} bytes"
            ),
        ),
    )


def _unknown_sentence(row: Row) -> str:
    return (
        f"what the statements of the workgroup {row['about_name']} cost is unknown "
        f"({row['error_operation']}: {row['error_code']}{not_allowed(row['missing_permission'])})"
    )
