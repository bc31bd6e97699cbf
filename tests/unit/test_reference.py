"""The generated files are what the code says."""

import pytest

from lacuna.cli import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_generated_page_is_fresh(name):
    page = (reference.REPO / name).read_text(encoding="utf-8")
    assert page == reference.PAGES[name](), "`make docs` writes it again"
