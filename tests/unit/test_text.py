import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("photos/2026/käse.jpg", "photos/2026/käse.jpg"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines\r\ttab", "two\\nlines\\r\\ttab"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("a\u2028b\x7f\x9b", "a\\u2028b\\x7f\\x9b"),
        ("half \ud83d of a pair", "half \\ud83d of a pair"),
    ],
)
def test_what_a_terminal_would_act_upon_is_shown(text, shown):
    assert visible(text) == shown


@given(st.text())
def test_nothing_invisible_is_left_of_any_text(text):
    shown = visible(text)
    assert all(unicodedata.category(one)[0] != "C" for one in shown)
    shown.encode("utf-8")
    assert visible(shown) == shown
