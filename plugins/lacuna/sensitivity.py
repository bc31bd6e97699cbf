"""Is a bucket a sensitive one, so that a trail must record it too? Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from lacuna.targets import Refusal


def is_sensitive(
    bucket_name: str, tag: str | Refusal | None, values: Sequence[str], names: Sequence[str]
) -> bool | None:
    """By its name (`names` are globs) or by the value of its tag; None: the tag was not readable.

    Tags are typed by people: case does not count in their values.
    """
    if any(fnmatchcase(bucket_name, name) for name in names):
        return True
    if isinstance(tag, Refusal):
        return None
    return tag is not None and tag.lower() in {value.lower() for value in values}
