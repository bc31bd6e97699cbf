"""The engine trino: a real Trino coordinator runs the statements, over the same Glue and S3.

Athena engine v3 is a Trino, so a statement keeps its text except for what `dialect` changes. The
catalog and the files are moto's, as `view` shows them. The coordinator is this sandbox's own or the
one at TRINO_URL. There the catalog `awsdatacatalog` is created anew, so one coordinator serves one
sandbox.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
from sqlglot import exp

from sandbox.athena import results
from sandbox.athena.engine import Column, Result, Rows, Statement
from sandbox.athena.errors import AthenaError, Cancelled, Malformed
from sandbox.athena.listener import Listener, moto_app
from sandbox.athena.trino import dialect
from sandbox.athena.trino.coordinator import SOURCE, Coordinator, NoCoordinator
from sandbox.athena.trino.view import View

CATALOG = SOURCE / "awsdatacatalog.properties"
# a coordinator that is still starting refuses or answers 503; so does a busy one, now and then
PATIENCE = urllib3.Retry(
    90, backoff_factor=0.1, backoff_max=2, status_forcelist=(502, 503, 504), allowed_methods=None
)
CLIENT = {
    "X-Trino-User": "sandbox",
    "X-Trino-Time-Zone": "UTC",
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}


class TrinoEngine:
    """Runs statements on one coordinator."""

    def __init__(self, folder: str) -> None:
        self._http = urllib3.PoolManager(maxsize=8, retries=PATIENCE)
        self._view = Listener(0, View(moto_app()))
        self._own = None if os.environ.get("TRINO_URL") else Coordinator(Path(folder))
        self._url = self._own.url if self._own else os.environ["TRINO_URL"].rstrip("/")
        text = CATALOG.read_text().replace("ENDPOINT", self._view.url)
        pairs = [line.split("=", 1) for line in text.splitlines() if not line.startswith("#")]
        listed = ", ".join(f"\"{name}\" = '{value}'" for name, value in pairs)
        try:
            list(self._pages("drop catalog if exists awsdatacatalog", {}))
            list(self._pages(f"create catalog awsdatacatalog using hive with ({listed})", {}))
        except (AthenaError, urllib3.exceptions.HTTPError) as error:
            self.close()
            raise NoCoordinator(
                f"The coordinator at {self._url} does not take the catalog awsdatacatalog; it must "
                f"run with catalog.management=dynamic: {error}"
            ) from error

    def run(self, statement: Statement) -> Result:
        sql, session = dialect.translated(statement)
        session["task_max_writer_count"] = "1"  # the limit of partitions is each writer's
        headers = {
            "X-Trino-Catalog": "awsdatacatalog",
            "X-Trino-Schema": statement.database,
            "X-Trino-Session": ",".join(f"{name}={value}" for name, value in session.items()),
        }
        columns: list[dict[str, Any]] = []
        rows = Rows()
        page: dict[str, Any] = {}
        for page in self._pages(sql, headers, statement):
            columns = page.get("columns") or columns
            kinds = [c["typeSignature"] for c in columns]
            rows.extend(list(map(cell, row, kinds)) for row in page.get("data") or [])
        scanned, count = page["stats"]["physicalInputBytes"], page.get("updateCount") or 0
        what = page.get("updateType") or sql.split(None, 1)[0].lower()
        kind, subtype = dialect.KINDS.get(what, ("DML", "SELECT"))
        if subtype == "CREATE_VIEW":
            _describe_view(statement, sql)
        if "updateType" in page:
            return Result(kind, subtype, update_count=count, scanned=scanned)
        return Result(kind, subtype, tuple(map(column, columns)), rows, 0, scanned)

    def check(self, statement: Statement) -> None:
        """Trino parses what it prepares."""
        sql, _ = dialect.translated(statement)
        try:
            list(self._pages(f"prepare checked from\n{sql}", {}))
        except Malformed as error:
            match = re.match(r"(.*?line )(\d+)(:.*)", str(error), re.S)
            raise Malformed(
                f"{match[1]}{int(match[2]) - 1}{match[3]}" if match else str(error)
            ) from None

    def _pages(
        self, sql: str, headers: dict[str, str], statement: Statement | None = None
    ) -> Iterator[dict[str, Any]]:
        """What the coordinator answers until the statement is done."""
        page = self._call("POST", f"{self._url}/v1/statement", CLIENT | headers, sql)
        url = f"{self._url}/v1/query/{page['id']}"
        if statement:
            statement.cancellation.on_request(
                lambda: self._http.request("DELETE", url, headers=CLIENT)
            )
        while True:
            scanned = page["stats"].get("physicalInputBytes", 0)
            if statement and statement.cancellation.requested:
                raise Cancelled("", scanned)
            if statement and statement.bytes_cutoff and scanned > statement.bytes_cutoff:
                statement.cancellation.request()
                raise Cancelled("Bytes scanned limit was exceeded", scanned)
            if "error" in page:
                raise dialect.failure(page["error"])
            yield page
            if "nextUri" not in page:
                return
            page = self._call("GET", page["nextUri"], CLIENT)

    def _call(
        self, method: str, url: str, headers: dict[str, str], body: str | None = None
    ) -> dict[str, Any]:
        answer = self._http.request(method, url, body=body and body.encode(), headers=headers)
        if answer.status != 200:
            raise AthenaError(f"GENERIC_INTERNAL_ERROR: Trino: {answer.status} {answer.data!r}")
        page: dict[str, Any] = json.loads(answer.data)
        return page

    def close(self) -> None:
        if self._own:
            self._own.close()
        self._view.close()


def column(described: dict[str, Any]) -> Column:
    """A result column as GetQueryResults describes it."""
    signature = described["typeSignature"]
    kind = {"real": "float"}.get(signature["rawType"], signature["rawType"])
    if kind in ("decimal", "varchar", "char"):
        return Column(described["name"], kind, *(a["value"] for a in signature["arguments"]))
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
        value = re.sub(r"(:\d\d:\d\d)(?:\.(\d{1,2}))?(?![\d.])", _millis, value, count=1)
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


def _millis(match: re.Match[str]) -> str:
    return f"{match[1]}.{match[2] or '':0<3}"


def _describe_view(statement: Statement, sql: str) -> None:
    """Give Glue the columns of a new view, as Athena does; Trino keeps them in its own text only."""
    match = re.search(r'\bview\s+([\w$".]+)', sql, re.I)
    names = [statement.database, *(match[1] if match else "").replace('"', "").split(".")]
    view = statement.catalog.table(names[-2], names[-1])
    if view:
        columns = json.loads(base64.b64decode(view["ViewOriginalText"].split()[3]))["columns"]
        view["StorageDescriptor"]["Columns"] = [
            {"Name": c["name"], "Type": _hive_type(c["type"])} for c in columns
        ]
        statement.catalog.glue.update_table(view["DatabaseName"], view["Name"], view)


def _hive_type(trino: str) -> str:
    try:
        written = exp.DataType.build(trino, dialect="trino").sql("hive").lower()
    except ValueError:
        return "string"  # a type that Hive has no word for
    return written.replace(": ", ":").replace(", ", ",").replace("`", "")  # Trino quotes fields
