"""Is a bucket a sensitive one, so that a trail must record it too? Pure.

Three sources may say so: a bucket's tag, its name, and a table that the user keeps. Any one of
them is enough; where one could not be read and no other calls the bucket sensitive, nobody knows.
A row of the table that names no bucket may have been meant for any: it hides what no other says.
All of this is typed by people: case never counts. Bucket names are lower case but for old ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lacuna import globs
from lacuna.refusals import Refusal

# Which source calls a bucket sensitive
BY_NAME, BY_TAG, BY_TABLE = "name", "tag", "table"

# The call that reads the table's rows
READ = "StartQueryExecution"

_WILDCARDS = frozenset("*?")


@dataclass(frozen=True, slots=True)
class SensitivityTable:
    """What a table says of buckets: of those it names, and of those its globs match, in lower case.

    `wordless`: names and globs that it has no word for. `skipped`: rows that name no bucket.
    """

    names: dict[str, tuple[str, ...]]
    globs: tuple[tuple[str, str], ...] = ()
    wordless: tuple[str, ...] = ()
    skipped: int = 0

    def words(self, bucket_name: str) -> tuple[str, ...]:
        """Everything that it says of a bucket, what is said by name first."""
        return (
            *self.names.get(bucket_name.lower(), ()),
            *(word for glob, word in self.globs if _matches(bucket_name, glob)),
        )

    def refused(self, bucket_name: str) -> Refusal | None:
        """Why it may mean more of a bucket than it says."""
        if self.skipped:
            return Refusal(READ, "RowsUnusable")
        if any(_matches(bucket_name, glob) for glob in self.wordless):
            return Refusal(READ, "WordMissing")
        return None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A bucket's sensitivity: `word` as its tag or the table has it, and who calls it sensitive.

    `is_sensitive` None: `refused` hid what could have said so.
    """

    is_sensitive: bool | None
    word: str | None = None
    sensitive_by: str | None = None
    refused: Refusal | None = None


def table_of(rows: Iterable[tuple[str | None, str | None]]) -> SensitivityTable:
    """The table of (bucket_name, sensitivity) rows. Spaces around either do not count, nor does
    a name's case."""
    names: dict[str, list[str]] = {}
    by_glob: list[tuple[str, str]] = []
    wordless: list[str] = []
    skipped = 0
    said = {((name or "").strip().lower(), (word or "").strip()) for name, word in rows}
    for name, word in sorted(said):
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
    """By its name (`names` are globs), its tag's value, or what the table says; None: no table.

    Neither case nor spaces around them count in a tag's or the table's words.
    """
    sensitive = {value.lower() for value in values}
    tag_word = tag.strip() if isinstance(tag, str) else None
    table_words: tuple[str, ...] = ()
    hidden = (tag, table)
    if isinstance(table, SensitivityTable):
        table_words = table.words(bucket_name)
        hidden = (tag, table.refused(bucket_name))
    table_word = next((word for word in table_words if word.lower() in sensitive), None)
    said = tag_word or next(iter(table_words), None)
    if any(_matches(bucket_name, name) for name in names):
        return Sensitivity(True, said, BY_NAME)
    if tag_word and tag_word.lower() in sensitive:
        return Sensitivity(True, tag_word, BY_TAG)
    if table_word:
        return Sensitivity(True, table_word, BY_TABLE)
    refused = next((one for one in hidden if isinstance(one, Refusal)), None)
    return Sensitivity(None if refused else False, said, refused=refused)


def _matches(bucket_name: str, glob: str) -> bool:
    return globs.matches(glob.lower(), bucket_name.lower())
