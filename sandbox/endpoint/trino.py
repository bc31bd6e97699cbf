"""The engine trino: a statement goes to a real Trino coordinator over the same Glue and S3.

Athena engine v3 is a Trino, so the text stays what it is but for `trino_dialect`; the catalogue and
the files are moto's, as `trino_view` shows them. The coordinator is this sandbox's own, or the one
at TRINO_URL: there a catalog `awsdatacatalog` is made anew, so one coordinator serves one sandbox.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
from sqlglot import exp

from . import results, trino_dialect
from .engine import AthenaError, Cancelled, Column, Result, Statement
from .trino_server import Coordinator, NoCoordinator
from .trino_view import Front

CATALOG = "awsdatacatalog"
LIMIT = "Bytes scanned limit was exceeded"
PROPERTIES = {
    "hive.metastore": "glue",
    "hive.metastore.glue.endpoint-url": "{url}",
    "hive.metastore.glue.region": "us-east-1",
    "hive.metastore.glue.aws-access-key": "sandbox",
    "hive.metastore.glue.aws-secret-key": "sandbox",
    "hive.metastore.glue.partitions-segments": "1",  # moto answers each segment with everything
    "hive.metastore-cache-ttl": "0s",  # others write to Glue as well
    "fs.s3.enabled": "true",
    "s3.endpoint": "{url}",
    "s3.region": "us-east-1",
    "s3.path-style-access": "true",
    "s3.aws-access-key": "sandbox",
    "s3.aws-secret-key": "sandbox",
    # as Athena has it
    "hive.security": "allow-all",
    "hive.recursive-directories": "true",
    "hive.ignore-absent-partitions": "true",
    "hive.partition-projection-enabled": "true",
    "hive.non-managed-table-writes-enabled": "true",
    "hive.max-partitions-per-writers": "100",
    # nobody here computes statistics
    "hive.collect-column-statistics-on-write": "false",
    "hive.table-statistics-enabled": "false",
}
API_TYPES = {"real": "float"}


class TrinoEngine:
    """Runs statements on one coordinator."""

    def __init__(self, folder: str) -> None:
        self._http = urllib3.PoolManager(maxsize=8, retries=False)
        self._front = Front("127.0.0.1", int(os.environ.get("TRINO_VIEW_PORT", "0")))
        self._own = None if os.environ.get("TRINO_URL") else Coordinator(Path(folder))
        self._url = self._own.url if self._own else os.environ["TRINO_URL"].rstrip("/")
        listed = ", ".join(
            f"\"{name}\" = '{value.format(url=self._front.url)}'"
            for name, value in PROPERTIES.items()
        )
        try:
            list(self._pages(f"drop catalog if exists {CATALOG}", {}))
            list(self._pages(f"create catalog {CATALOG} using hive with ({listed})", {}))
        except (AthenaError, urllib3.exceptions.HTTPError) as error:
            self.close()
            raise NoCoordinator(
                f"The coordinator at {self._url} does not take the catalog {CATALOG}; it must run "
                f"with catalog.management=dynamic: {error}"
            ) from error

    def run(self, statement: Statement) -> Result:
        sql, session = trino_dialect.translated(statement)
        if statement.bytes_cutoff:
            session["query_max_scan_physical_bytes"] = f"{statement.bytes_cutoff}B"
        headers = {
            "X-Trino-Catalog": CATALOG,
            "X-Trino-Schema": statement.database,
            "X-Trino-Session": ",".join(f"{name}={value}" for name, value in session.items()),
        }
        columns: list[dict[str, Any]] = []
        rows: list[list[str | None]] = []
        page: dict[str, Any] = {}
        for page in self._pages(sql, headers, statement):
            columns = page.get("columns") or columns
            kinds = [c["typeSignature"] for c in columns]
            rows += [list(map(cell, row, kinds)) for row in page.get("data") or []]
        scanned = page["stats"]["physicalInputBytes"]
        if statement.bytes_cutoff and scanned > statement.bytes_cutoff:
            raise Cancelled(LIMIT, scanned)
        what = page.get("updateType") or sql.split(None, 1)[0].lower()
        kind, subtype = trino_dialect.OF_KIND.get(what, ("DML", "SELECT"))
        if subtype == "CREATE_VIEW":
            _describe_view(statement, sql)
        if kind == "DDL" or subtype == "INSERT":
            return Result(kind, subtype, (), [], page.get("updateCount") or 0, scanned)
        return Result(kind, subtype, tuple(map(column, columns)), rows, 0, scanned)

    def _pages(
        self, sql: str, headers: dict[str, str], statement: Statement | None = None
    ) -> Iterator[dict[str, Any]]:
        """What the coordinator answers until the statement is done."""
        common = {"X-Trino-User": "sandbox", "X-Trino-Time-Zone": "UTC"}
        common["X-Trino-Client-Capabilities"] = "PARAMETRIC_DATETIME"
        page = self._call("POST", f"{self._url}/v1/statement", common | headers, sql)
        query = page["id"]
        cancellation = statement.cancellation if statement else None
        if cancellation:
            cancel = f"{self._url}/v1/query/{query}"
            cancellation.on_request(lambda: self._http.request("DELETE", cancel, headers=common))
        while True:
            scanned = page["stats"].get("physicalInputBytes", 0)
            if cancellation and cancellation.requested:
                raise Cancelled("", scanned)
            if error := page.get("error"):
                if error["errorName"] == "EXCEEDED_SCAN_LIMIT":
                    raise Cancelled(LIMIT, scanned)
                raise AthenaError(trino_dialect.reason(error))
            yield page
            if "nextUri" not in page:
                return
            page = self._call("GET", page["nextUri"], common)

    def _call(
        self, method: str, url: str, headers: dict[str, str], body: str | None = None
    ) -> dict[str, Any]:
        answer = self._http.request(method, url, body=body and body.encode(), headers=headers)
        if answer.status != 200:
            raise AthenaError(f"GENERIC_INTERNAL_ERROR: Trino: {answer.status} {answer.data!r}")
        found: dict[str, Any] = json.loads(answer.data)
        return found

    def close(self) -> None:
        if self._own:
            self._own.close()
        self._front.close()


def column(described: dict[str, Any]) -> Column:
    """A result column as GetQueryResults describes it."""
    signature = described["typeSignature"]
    kind = API_TYPES.get(signature["rawType"], signature["rawType"])
    if kind == "decimal":
        precision, scale = (argument["value"] for argument in signature["arguments"])
        return Column(described["name"], kind, precision, scale)
    return Column(described["name"], kind, results.PRECISIONS.get(kind, 0))


def cell(value: Any, signature: dict[str, Any], nested: bool = False) -> str | None:
    """A value of Trino's JSON as Athena writes it."""
    kind, inner = signature["rawType"], [a["value"] for a in signature["arguments"]]
    if value is None:
        return results.text(None, nested)
    if kind in ("array", "map", "row"):
        return _nested(value, kind, inner)
    if kind == "varbinary":
        value = base64.b64decode(value)
    elif kind in ("double", "real"):
        value = float(value)
    elif kind.startswith("time"):  # never fewer than three digits of a second
        value = re.sub(r"(:\d\d)(?:\.(\d{1,2}))?(?![\d.:])", _millis, value, count=1)
    return results.text(value)


def _nested(value: Any, kind: str, inner: list[Any]) -> str:
    if kind == "array":
        return "[" + ", ".join(cell(v, inner[0], True) or "" for v in value) + "]"
    if kind == "map":
        pairs = [(k, v, inner[1]) for k, v in value.items()]
    else:
        names = [(f.get("fieldName") or {}).get("name", f"field{i}") for i, f in enumerate(inner)]
        kinds = [f["typeSignature"] for f in inner]
        pairs = list(zip(names, value, kinds, strict=True))
    return "{" + ", ".join(f"{k}={cell(v, of, True)}" for k, v, of in pairs) + "}"


def _millis(found: re.Match[str]) -> str:
    return f"{found[1]}.{found[2] or '':0<3}"


def _describe_view(statement: Statement, sql: str) -> None:
    """Give Glue the columns of a new view, as Athena does; Trino keeps them in its own text only."""
    found = re.search(r'\bview\s+((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))*)', sql, re.I)
    names = re.findall(r'"([^"]+)"|([\w$]+)', found[1]) if found else []
    parts = [quoted or bare for quoted, bare in names]
    database = parts[-2] if len(parts) > 1 else statement.database
    glue = statement.catalog.glue
    view = statement.catalog.table(database, parts[-1])
    if view is None:
        return
    columns = json.loads(base64.b64decode(view["ViewOriginalText"].split()[3]))["columns"]
    view["StorageDescriptor"]["Columns"] = [
        {"Name": c["name"], "Type": _hive_type(c["type"])} for c in columns
    ]
    glue.update_table(view["DatabaseName"], view["Name"], view)


def _hive_type(trino: str) -> str:
    with contextlib.suppress(ValueError):
        written = exp.DataType.build(trino, dialect="trino").sql("hive").lower()
        return written.replace(": ", ":").replace(", ", ",")
    return "string"
