"""Decide whether a bucket is sensitive, so that its data events must be recorded too. Pure.

Three sources may say so: a bucket's tag, its name, and a table that the user keeps. One of them is
enough. If a source cannot be read and no other calls the bucket sensitive, its sensitivity is
unknown. The same holds if a row of the table names no valid bucket: it could match any bucket.
People type all of this, so case never counts. Only old buckets have capitals in their names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lacuna import globs
from lacuna.refusals import Refusal

# The source that calls a bucket sensitive
BY_NAME, BY_TAG, BY_TABLE = "name", "tag", "table"

# The call that reads the table's rows
READ = "StartQueryExecution"

_WILDCARDS = frozenset("*?")


@dataclass(frozen=True, slots=True)
class SensitivityTable:
    """The user's table: words for the buckets it names and the buckets its globs match.

    Names and globs are in lower case. `wordless`: names and globs without a word. `skipped`: the
    number of rows that name no valid bucket.
    """

    names: dict[str, tuple[str, ...]]
    globs: tuple[tuple[str, str], ...] = ()
    wordless: tuple[str, ...] = ()
    skipped: int = 0

    def words(self, bucket_name: str) -> tuple[str, ...]:
        """Return the words for a bucket, those by name first."""
        return (
            *self.names.get(bucket_name.lower(), ()),
            *(word for glob, word in self.globs if _matches(bucket_name, glob)),
        )

    def refused(self, bucket_name: str) -> Refusal | None:
        """Return why the table may say more about a bucket than could be read."""
        if self.skipped:
            return Refusal(READ, "RowsUnusable")
        if any(_matches(bucket_name, glob) for glob in self.wordless):
            return Refusal(READ, "WordMissing")
        return None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A bucket's sensitivity: the word of its tag or the table, and who calls it sensitive.

    `is_sensitive` None: `refused` hid a source that could have said so.
    """

    is_sensitive: bool | None
    word: str | None = None
    sensitive_by: str | None = None
    refused: Refusal | None = None


def table_of(rows: Iterable[tuple[str | None, str | None]]) -> SensitivityTable:
    """Return the table of (bucket_name, sensitivity) rows.

    Spaces around either and the case of a name do not count.
    """
    names: dict[str, list[str]] = {}
    by_glob: list[tuple[str, str]] = []
    wordless: list[str] = []
    skipped = 0
    distinct = {((name or "").strip().lower(), (word or "").strip()) for name, word in rows}
    for name, word in sorted(distinct):
        if not globs.BUCKETS.fullmatch(name):
            skipped += 1
        elif not word:
            wordless.append(name)
        elif _WILDCARDS & set(name):
            by_glob.append((name, word))
        else:
            names.setdefault(name, []).append(word)
    return SensitivityTable(
        {name: tuple(words) for name, words in names.items()},
        tuple(by_glob),
        tuple(wordless),
        skipped,
    )


def judge(
    bucket_name: str,
    tag: str | Refusal | None,
    table: SensitivityTable | Refusal | None,
    values: Sequence[str],
    names: Sequence[str],
) -> Sensitivity:
    """Judge a bucket by its name (`names` are globs), its tag and the table (None: no table).

    Case and surrounding spaces do not count in the words of tags and of the table.
    """
    sensitive = {value.lower() for value in values}
    tag_word = tag.strip() if isinstance(tag, str) else None
    table_words: tuple[str, ...] = ()
    hidden = (tag, table)
    if isinstance(table, SensitivityTable):
        table_words = table.words(bucket_name)
        hidden = (tag, table.refused(bucket_name))
    table_word = next((word for word in table_words if word.lower() in sensitive), None)
    word = tag_word or next(iter(table_words), None)
    if any(_matches(bucket_name, name) for name in names):
        return Sensitivity(True, word, BY_NAME)
    if tag_word and tag_word.lower() in sensitive:
        return Sensitivity(True, tag_word, BY_TAG)
    if table_word:
        return Sensitivity(True, table_word, BY_TABLE)
    refused = next((source for source in hidden if isinstance(source, Refusal)), None)
    return Sensitivity(None if refused else False, word, refused=refused)


def _matches(bucket_name: str, glob: str) -> bool:
    return globs.matches(glob.lower(), bucket_name.lower())
