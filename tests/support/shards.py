"""What the tests write as a shard of a day and its commit do."""

from collections.abc import Iterable
from datetime import date
from typing import Any


def register_logs(mine: Any, day: date, urls: Iterable[str]) -> None:
    """Make these objects the access logs of a day, as Athena reads them."""
    from lacuna.lake import shards

    files = shards.Files(mine, shards.new_attempt(day))
    files.lines += urls
    files.close()
    mine.show_manifests(day, files.manifests)
