import fnmatch
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from lacuna import globs


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_match_as_everywhere(glob, text):
    assert globs.matches(glob, text) == fnmatch.fnmatchcase(text, glob)


def test_square_brackets_are_no_wildcards():
    assert globs.matches("[ab]", "[ab]")
    assert not globs.matches("[ab]", "a")


def test_many_stars_do_not_stall_the_matching():
    began = time.process_time()  # other load does not count
    assert not globs.matches("a*" * 500 + "b", "a" * 2000)
    assert time.process_time() - began < 5


BUCKET_GLOBS = st.text("ab.*?", min_size=1, max_size=6)


@given(st.lists(BUCKET_GLOBS, min_size=1, max_size=3), st.text("ab.", max_size=6))
def test_athena_gets_a_regular_expression_that_matches_the_same_names(bucket_globs, name):
    expected = any(globs.matches(glob, name) for glob in bucket_globs)
    assert bool(re.search(globs.as_regex(bucket_globs), name)) == expected
