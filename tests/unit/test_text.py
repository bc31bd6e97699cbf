import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.text import nearest, visible


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


REGIONS = ("us-west-1", "us-west-2", "us-east-1", "us-east-2", "eu-west-1", "ap-southeast-1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("us-esat-1", "us-east-1"),
        ("us-wset-2", "us-west-2"),
        ("su-east-1", "us-east-1"),
        ("US-EAST-1", "us-east-1"),
        ("us-eat-1", "us-east-1"),
        ("us-eas-2", "us-east-2"),
        ("ap-southeast-9", "ap-southeast-1"),
        ("mars", None),
        ("", None),
    ],
)
def test_a_misspelt_name_means_the_known_one_with_the_same_letters(name, meant):
    assert nearest(name, REGIONS) == meant


@given(st.sampled_from(REGIONS), st.integers(0, 12))
def test_two_letters_that_changed_places_are_the_same_name(name, place):
    swapped = name[:place] + name[place : place + 2][::-1] + name[place + 2 :]
    assert nearest(swapped, REGIONS) == (name if swapped not in REGIONS else swapped)
