"""sandbox/athena/what-it-carries.md says what the code does."""

from __future__ import annotations

from sandbox.athena.duck import described, functions


def test_the_page_is_up_to_date() -> None:
    assert described.PAGE.read_text() == described.page(), "make docs writes it again"


def test_every_function_is_either_carried_or_refused_on_the_page() -> None:
    page = described.page()
    names = set(functions.FUNCTIONS) | {n for n in functions.TRINO if "/" not in n}
    assert [name for name in sorted(names - described.NO_CALLS) if f"`{name}`" not in page] == []


def test_a_reason_shows_where_something_is_filled_in() -> None:
    source = (
        'raise refused(f"the clause {x}")\nrefused("a limit" " too")\nrefused(why)\nother("no")'
    )
    assert sorted(described._reasons(source)) == ["a limit too", "the clause …"]
