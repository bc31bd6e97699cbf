"""Globs, in which '*' stands for any characters and '?' for one: bucket names, policies, ARNs."""

import re
from collections.abc import Callable, Iterable
from operator import eq

# A glob of bucket names. The oldest buckets of us-east-1 may hold capitals and underscores.
BUCKETS = re.compile(r"[A-Za-z0-9._*?-]{1,255}")

_AS_REGEX = {"*": ".*", "?": ".", ".": "[.]"}


def matches(glob: str, text: str, same: Callable[[str, str], bool] = eq) -> bool:
    """Return whether `glob` matches the whole text, in at most len(glob) * len(text) steps.

    `same` decides whether a character of the glob may stand for a character of the text. This is
    not fnmatch, where '[' has a meaning, and not a regular expression, which many stars make
    exponential.
    """
    at = next_in_glob = resume = 0
    star = -1
    while at < len(text):
        wanted = glob[next_in_glob] if next_in_glob < len(glob) else ""
        if wanted == "*":
            star, resume = next_in_glob, at
            next_in_glob += 1
        elif wanted == "?" or same(wanted, text[at]):
            next_in_glob += 1
            at += 1
        elif star >= 0:
            # Let the last star swallow one character more, and try again behind it.
            resume += 1
            at = resume
            next_in_glob = star + 1
        else:
            return False
    return all(character == "*" for character in glob[next_in_glob:])


def as_regex(bucket_globs: Iterable[str]) -> str:
    """Return a regular expression for Athena that matches the names that any glob matches.

    BUCKETS allows no other character that a regular expression would interpret.
    """
    parts = ["".join(_AS_REGEX.get(character, character) for character in g) for g in bucket_globs]
    return f"^({'|'.join(parts)})$"
