"""The shards of a day: what several tasks read of it, until one task makes it the day's evidence.

No table points to them, so that readers see nothing of a day that is being read. An attempt to read
a day has a folder of its own, and a task that is tried again writes other files: only what a
receipt names counts, and the receipt is written last.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from uuid import uuid4

import msgspec

from lacuna.lake.lake import Lake, partition_prefix, versions_prefix
from lacuna.lake.publishing import objects
from lacuna.tables import raw
from lacuna.tables.evidence import LOG_OBJECTS, LogObject

Document = TypeVar("Document")

# Not below evidence/: what a shard holds is none yet, and old versions of it need not be kept
_FOLDER = "staging/shards/"

# Of one file. More rows are in memory at no time.
ROWS = 25_000


class ShardGone(LookupError):
    """A document of an attempt is not there; the message says what to do."""


def new_attempt(day: date) -> str:
    """Return the folder of a new attempt to read a day."""
    return f"{_FOLDER}delivered_on={day.isoformat()}/{uuid4().hex}/"


def write(lake: Lake, key: str, document: object) -> None:
    """Write a document: a plan, a shard or a receipt."""
    lake.put(key, msgspec.json.encode(document))


def read(lake: Lake, key: str, of: type[Document]) -> Document:
    """Read a document. Raises ShardGone if it is not there."""
    body = lake.get(key)
    if body is None:
        raise ShardGone(f"s3://{lake.bucket}/{key} is gone: start with the task plan_shards again")
    return msgspec.json.decode(body, type=of)


@dataclass(slots=True)
class Files:
    """The rows of log objects that a shard has written, and the manifests of its access logs.

    `rows` and `lines` are those that wait for a file, `objects` counts all rows, and `unreadable`
    are the URLs of objects that cannot be read.
    """

    lake: Lake
    folder: str
    rows: list[LogObject] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    row_files: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    objects: int = 0
    unreadable: list[str] = field(default_factory=list)

    def add(self, row: LogObject, *, is_in_manifest: bool = False) -> None:
        """Add a row, and write what fills a file."""
        self.rows.append(row)
        self.objects += 1
        if row.readable is False:
            self.unreadable.append(row.log_object)
        if is_in_manifest:
            self.lines.append(row.log_object)
        self._write(ROWS, raw.MANIFEST_LINES)

    def take(self, other: "Files") -> None:
        """Add all of `other`. What is not taken is in no receipt, and so counts for nothing."""
        self.row_files += other.row_files
        self.manifests += other.manifests
        self.rows += other.rows
        self.lines += other.lines
        self.objects += other.objects
        self.unreadable += other.unreadable
        self._write(ROWS, raw.MANIFEST_LINES)

    def close(self) -> None:
        """Write what is left."""
        self._write(1, 1)

    def _write(self, rows: int, lines: int) -> None:
        while len(self.rows) >= rows:
            some, self.rows = self.rows[:ROWS], self.rows[ROWS:]
            self.row_files.append(f"{self.folder}{uuid4().hex}.snappy.parquet")
            self.lake.write_file(LOG_OBJECTS, some, self.row_files[-1])
        while len(self.lines) >= lines:
            of_file, self.lines = self.lines[: raw.MANIFEST_LINES], self.lines[raw.MANIFEST_LINES :]
            self.manifests.append(f"{self.folder}{uuid4().hex}.txt")
            self.lake.put(self.manifests[-1], raw.manifest(of_file))


def sweep(lake: Lake, older_than: datetime) -> list[str]:
    """Delete the attempts of before, and what was shown of their days and is not any more.

    Returns the URLs. Every version has an attempt that is about as old, which goes last. So none is
    missed, and days without an old attempt are not looked at.
    """
    old = _written_before(lake, _FOLDER, older_than)
    folder = f"s3://{lake.bucket}/{_FOLDER}delivered_on="
    swept: list[str] = []
    for day in sorted({date.fromisoformat(url[len(folder) :].partition("/")[0]) for url in old}):
        shown = lake.shown(LOG_OBJECTS, day)
        # an older version of Lacuna wrote to the second
        for prefix in (
            versions_prefix(LOG_OBJECTS, day),
            partition_prefix(LOG_OBJECTS, {"delivered_on": day}),
        ):
            swept += [
                url
                for url in _written_before(lake, prefix, older_than)
                if not (shown and url.startswith(f"s3://{lake.bucket}/{shown}"))
            ]
    swept += old
    lake.delete([url.removeprefix(f"s3://{lake.bucket}/") for url in swept])
    return swept


def _written_before(lake: Lake, prefix: str, moment: datetime) -> list[str]:
    return [url for url, written_at in objects(lake, prefix) if written_at < moment]
