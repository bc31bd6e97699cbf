"""What AWS's documentation leaves open about Athena, tried in a scratch folder of the lake."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from lacuna.aws.probes import Differs, NotTried, Probe
from lacuna.lake import athena, glue
from lacuna.lake.lake import Lake
from lacuna.lake.workgroup import workgroup_problem
from lacuna.tables import raw

# Query results expire, so a scratch folder that a kill left behind does too
SCRATCH = "athena-results/doctor/"
TABLE_PREFIX = "doctor_"
MANIFEST_LINES = (1_000, raw.MANIFEST_LINES)
LINE = "a line"
_PARTITION = ["2006-03-14", raw.FIRST_PART]
PATHS = 'select "$path" as path, line from {table}'
COUNT = "select count(*) as lines from {table}"


class Scratch:
    """A folder of the lake for one visit of the doctor, and the raw tables over it.

    Leaving it removes both, and what an earlier visit that was killed left behind.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._folder = f"{SCRATCH}{uuid.uuid4().hex[:12]}/"

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        self.lake.remove(SCRATCH)
        client = self.lake.account.glue()
        pages = client.get_paginator("get_tables").paginate(
            DatabaseName=raw.DATABASE, Expression=f"{TABLE_PREFIX}.*"
        )
        for page in pages:
            for table in page["TableList"]:
                client.delete_table(DatabaseName=raw.DATABASE, Name=table["Name"])

    def put(self, name: str, text: str) -> str:
        """Write an object; return its URL."""
        key = self._folder + name
        self.lake.put(key, text.encode())
        return f"s3://{self.lake.bucket}/{key}"

    def table(self, urls: Sequence[str]) -> str:
        """Make a table like the raw one of access logs, over a manifest of these objects."""
        name = f"{TABLE_PREFIX}{uuid.uuid4().hex[:12]}"
        folder = f"manifests/{name}/"
        self.put(folder + raw.MANIFEST_NAME, "".join(f"{url}\n" for url in urls))
        location = f"s3://{self.lake.bucket}/{self._folder}{folder}"
        access_logs = next(table for table in raw.TABLES if table.name == raw.ACCESS_LOGS)
        wanted: Any = glue.raw_table_input(access_logs, location)
        wanted |= {"Name": name, "PartitionKeys": []}
        self.lake.account.glue().create_table(DatabaseName=raw.DATABASE, TableInput=wanted)
        return f"{raw.DATABASE}.{name}"

    def moved(self, before: str, after: str) -> str:
        """Make a table of one partition, and point it from one object to another in one call."""
        places = []
        for url in (before, after):
            folder = f"manifests/{uuid.uuid4().hex[:12]}/"
            self.put(folder + raw.MANIFEST_NAME, f"{url}\n")
            places.append(f"s3://{self.lake.bucket}/{self._folder}{folder}")
        name = f"{TABLE_PREFIX}{uuid.uuid4().hex[:12]}"
        access_logs = next(table for table in raw.TABLES if table.name == raw.ACCESS_LOGS)
        table: Any = {**glue.raw_table_input(access_logs, places[0]), "Name": name}
        parts: list[Any] = [
            {
                "Values": _PARTITION,
                "StorageDescriptor": {**table["StorageDescriptor"], "Location": at},
            }
            for at in places
        ]
        client = self.lake.account.glue()
        client.create_table(DatabaseName=raw.DATABASE, TableInput=table)
        where: Any = {"DatabaseName": raw.DATABASE, "TableName": name}
        client.batch_create_partition(**where, PartitionInputList=parts[:1])
        entry: Any = {"PartitionValueList": _PARTITION, "PartitionInput": parts[1]}
        client.batch_update_partition(**where, Entries=[entry])
        return f"{raw.DATABASE}.{name}"

    def lines(self, urls: Sequence[str]) -> list[tuple[str | None, str | None]]:
        """Return the lines that Athena reads through a manifest, each with its "$path"."""
        rows = athena.rows(self.lake, PATHS.format(table=self.table(urls)))
        return sorted((row["path"], row["line"]) for row in rows)

    def count(self, urls: Sequence[str]) -> tuple[int, float]:
        """Return how many lines a manifest gives, and the seconds that the query took."""
        table = self.table(urls)
        began = time.monotonic()
        (row,) = athena.rows(self.lake, COUNT.format(table=table))
        return int(row["lines"] or 0), time.monotonic() - began


def surroundings(lake: Lake, analyst_workgroups: Sequence[str]) -> Iterator[Probe]:
    """Yield the probes of the workgroups."""

    def workgroup() -> str:
        if problem := workgroup_problem(lake.account, lake.workgroup):
            raise Differs(problem)
        answer: Any = lake.account.athena().get_work_group(WorkGroup=lake.workgroup)
        engine = answer["WorkGroup"]["Configuration"].get("EngineVersion", {})
        version = str(engine.get("EffectiveEngineVersion", "unknown"))
        if not version.endswith("3"):
            raise Differs(f"its engine is {version}")
        return version

    def one_query() -> str:
        athena.rows(lake, "select 1 as one")
        return "a query runs, and its result can be read"

    def history_of(name: str) -> str:
        client = lake.account.athena()
        ids = client.list_query_executions(WorkGroup=name, MaxResults=1)["QueryExecutionIds"]
        if ids:
            client.batch_get_query_execution(QueryExecutionIds=ids)
        return "it can be read"

    yield Probe(f"workgroup {lake.workgroup}", workgroup, "no run is possible")
    yield Probe("a query", one_query, "no run is possible")
    for name in dict.fromkeys((lake.workgroup, *analyst_workgroups)):
        yield Probe(
            f"history of the workgroup {name}",
            partial(history_of, name),
            "what its statements cost is `unknown`",
        )


def behaviour(scratch: Scratch) -> Iterator[Probe]:
    """Yield the probes of what Athena does with manifests of log objects."""
    left_out = "such objects are reported as unread bytes (bytes_unaccounted)"
    yield _reads(scratch, "a manifest of text objects", ["one", "two"], "no access log can be read")
    yield _reads(scratch, "a name with a space", ["a b"], left_out)
    yield _reads(scratch, "a name that begins with _", ["_hidden"], left_out)
    yield _reads(scratch, "a key with an empty folder (//)", ["a//b"], "such places are left out")
    yield Probe("an empty manifest", lambda: _empty(scratch), "days without logs fail")
    yield Probe(
        "an object that is gone",
        lambda: _gone(scratch),
        "run a day again if an object vanished after its catalog",
    )
    yield Probe(
        "a partition that is moved", lambda: _moved(scratch), "no day can be published or restored"
    )
    for lines in MANIFEST_LINES:
        yield Probe(
            f"a manifest of {lines:,} lines",
            partial(_many, scratch, lines),
            "days with as many log objects do not finish",
        )


def _reads(scratch: Scratch, name: str, objects: Sequence[str], then: str) -> Probe:
    def attempt() -> str:
        urls = [scratch.put(f"objects/{one}", f"{LINE}\n") for one in objects]
        expected = sorted((url, LINE) for url in urls)
        found = _answer(lambda: scratch.lines(urls))
        if found != expected:
            raise Differs(f"Athena read {found!r}, expected {expected!r}")
        return 'read whole, and "$path" is the object'

    return Probe(name, attempt, then)


def _answer(query: Callable[[], Any]) -> Any:
    """Return what Athena answers; a query that fails is a difference, in Athena's words."""
    try:
        return query()
    except athena.QueryFailed as failure:
        raise Differs(str(failure)) from failure


def _empty(scratch: Scratch) -> str:
    if lines := _answer(lambda: scratch.lines([])):
        raise Differs(f"it gives {lines!r}")
    return "it gives no row"


def _gone(scratch: Scratch) -> str:
    there = scratch.put("objects/there", f"{LINE}\n")
    try:
        lines = scratch.lines([there, f"{there}-gone"])
    except athena.QueryFailed:
        return "the query fails, so a build fails until the day is cataloged again"
    if lines != [(there, LINE)]:
        raise Differs(f"it gives {lines!r}")
    return "the others are read"


def _moved(scratch: Scratch) -> str:
    before, after = (scratch.put(f"objects/{one}", f"{LINE}\n") for one in ("before", "after"))
    table = scratch.moved(before, after)
    rows = _answer(lambda: athena.rows(scratch.lake, PATHS.format(table=table)))
    if [row["path"] for row in rows] != [after]:
        raise Differs(f"Athena read {rows!r}, expected {after}")
    # as publishing drops what a run has built
    names = [table.rpartition(".")[2]]
    scratch.lake.account.glue().batch_delete_table(DatabaseName=raw.DATABASE, TablesToDelete=names)
    return "one call shows the new version, and the old one stays"


def _many(scratch: Scratch, lines: int) -> str:
    url = scratch.put("objects/one", f"{LINE}\n")
    found, seconds = _answer(lambda: scratch.count([url] * lines))
    if found != lines:
        raise NotTried(f"a line that repeats is read {found:,} times in {seconds:.1f} s")
    return f"counted in {seconds:.1f} s"
