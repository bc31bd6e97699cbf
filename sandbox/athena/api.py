"""The Athena API: executions, their states and results, over any engine. The rest stays moto's."""

from __future__ import annotations

import io
import itertools
import json
import math
import re
import threading
import time
import traceback
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from moto.athena.exceptions import MetadataException
from moto.athena.models import AthenaBackend, athena_backends
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

from sandbox.athena import ddl
from sandbox.athena.catalog import CATALOG, Catalog, GlueTable, split_url
from sandbox.athena.engine import Column, Engine, Result, Row, Statement
from sandbox.athena.errors import AthenaError, Cancelled, Malformed
from sandbox.athena.moto_fixes import s3
from sandbox.athena.syntax import without_head

WORKERS = 4
FIRST_WAIT = 3.0  # a client that starts a short query finds it done at its first poll
LIMIT = 1000
SYSTEM_ERROR, USER_ERROR = 1, 2
WRITERS = ("CREATE_TABLE_AS_SELECT", "INSERT")
ROWS = Column("rows", "bigint", 19)  # what the API shows of a statement that wrote rows

_lock = threading.Lock()
_engine: Engine
_pool: ThreadPoolExecutor
_latency: float  # seconds that a statement takes at least


@dataclass
class Execution:
    """One query execution and everything the API shows of it."""

    statement: Statement
    context: dict[str, Any]
    workgroup: str
    token: str | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    malformed: bool = False
    retryable: bool = False
    result: Result = field(default_factory=Result)
    submitted: float = field(default_factory=time.time)
    started: float = 0.0
    ended: float = 0.0

    def run(self) -> None:
        self.started = time.time()
        if self.state == "QUEUED":
            self.state = "RUNNING"
        try:
            if self.statement.cancellation.requested:
                raise Cancelled
            self.result = ddl.run(self.statement) or self._query()
            self._store()
            end, reason = "SUCCEEDED", ""
        except Cancelled as error:
            end, reason, self.result = "CANCELLED", str(error), Result(scanned=error.scanned)
        except AthenaError as error:
            end, reason = "FAILED", str(error)
            self.malformed, self.retryable = isinstance(error, Malformed), error.retryable
        except Exception as error:  # noqa: BLE001  every failure is a failed query with its reason
            traceback.print_exc()
            end, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}"
        time.sleep(max(0.0, self.submitted + _latency - time.time()))
        self.ended, self.reason = time.time(), reason
        self.state = end

    def check(self) -> None:
        """Cancel the execution if it is malformed, before it has its turn."""
        if ddl.command(without_head(self.statement.sql)):
            return
        try:
            _engine.check(self.statement)
        except Malformed as error:
            self.malformed, self.reason = True, str(error)
            self.statement.cancellation.request()
        except AthenaError:
            pass  # it will fail when it runs

    def _query(self) -> Result:
        catalog = self.context.get("Catalog") or CATALOG
        if catalog.lower() != CATALOG:
            raise AthenaError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{catalog}' does not exist")
        return _engine.run(self.statement)

    @property
    def has_header(self) -> bool:
        return self.result.subtype in ("SELECT", "EXPLAIN") and bool(self.result.columns)

    @property
    def output(self) -> str:
        ending = "txt" if self.result.kind != "DML" else "csv"
        return f"{self.statement.output_location}{self.id}.{ending}"

    def _store(self) -> None:
        text = io.BytesIO()
        if self.has_header:
            names: Row = [c.name for c in self.result.columns]
            for row in itertools.chain([names], self.result.rows):
                cells = ("" if v is None else '"' + v.replace('"', '""') + '"' for v in row)
                text.write(f"{','.join(cells)}\n".encode())
        else:
            text.writelines(f"{row[0] or ''}\n".encode() for row in self.result.rows)
        self.statement.catalog.put(self.output, text.getvalue())

    def described(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.ended:
            status["CompletionDateTime"] = self.ended
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": SYSTEM_ERROR if self.retryable else USER_ERROR,
                "ErrorType": 1200,
                "Retryable": self.retryable,
                "ErrorMessage": self.reason,
            }
        done = self.ended or time.time()
        queued = math.ceil(((self.started or done) - self.submitted) * 1000)
        ran = int((done - (self.started or done)) * 1000)
        return {
            "QueryExecutionId": self.id,
            "Query": self.statement.sql,
            "StatementType": self.result.kind,
            "SubstatementType": self.result.subtype,
            "ResultConfiguration": {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": ran,
                "DataScannedInBytes": self.result.scanned,
                "TotalExecutionTimeInMillis": queued + ran,
                "QueryQueueTimeInMillis": queued,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
            "ExecutionParameters": list(self.statement.parameters),
        }


def _invalid(message: str, code: str = "INVALID_INPUT") -> JsonRESTError:
    error = JsonRESTError("InvalidRequestException", message)
    error.description = json.dumps(json.loads(error.description) | {"AthenaErrorCode": code})
    return error


class AthenaApi(AthenaResponse):  # type: ignore[misc]
    """The operations that replace moto's; each is copied onto moto's class by `install`."""

    def _catalog(self) -> Catalog:
        return Catalog(self.current_account, self.region)

    def _executions(self) -> dict[str, Execution]:
        executions: dict[str, Execution] = self.athena_backend.executions
        return executions

    def _group(self) -> Any:
        group = self.athena_backend.work_groups.get(self._get_param("WorkGroup") or "primary")
        if group is None:
            raise _invalid("WorkGroup is not found.")
        return group

    def _execution(self, query_id: str | None = None) -> Execution:
        query_id = query_id or self._get_param("QueryExecutionId")
        if query_id not in self._executions():
            raise _invalid(f"QueryExecution {query_id} was not found")
        return self._executions()[query_id]

    def start_query_execution(self) -> str:
        group, sql = self._group(), self._get_param("QueryString") or ""
        if group.state == "DISABLED":
            raise _invalid(f"WorkGroup {group.name} is disabled.")
        if not sql.strip():
            raise _invalid("Query string cannot be empty")
        if len(sql.encode()) > 262144:
            raise _invalid("Member must have length less than or equal to 262144")
        token, context = (
            self._get_param("ClientRequestToken"),
            self._get_param("QueryExecutionContext") or {},
        )
        statement = Statement(
            sql=sql,
            database=(context.get("Database") or "default").lower(),
            output_location=output_location(
                group.configuration, self._get_param("ResultConfiguration") or {}
            ),
            catalog=self._catalog(),
            parameters=tuple(self._get_param("ExecutionParameters") or ()),
            bytes_cutoff=group.configuration.get("BytesScannedCutoffPerQuery"),
        )
        with _lock:
            for earlier in self._executions().values() if token else ():
                if earlier.token == token:
                    if earlier.statement.sql != sql:
                        raise _invalid("Idempotent parameters do not match")
                    return json.dumps({"QueryExecutionId": earlier.id})
            execution = Execution(statement, context, group.name, token)
            self._executions()[execution.id] = execution
            future: Future[None] = _pool.submit(execution.run)
        try:
            future.result(timeout=0 if _latency else FIRST_WAIT)
        except TimeoutError:  # it runs, or waits for others to end: it may not even be parsed
            execution.check()
        if execution.malformed:  # there never was an execution
            del self._executions()[execution.id]
            raise _invalid(execution.reason.removeprefix("SYNTAX_ERROR: "), "MALFORMED_QUERY")
        return json.dumps({"QueryExecutionId": execution.id})

    def stop_query_execution(self) -> str:
        execution = self._execution()
        if execution.ended:
            return "{}"
        execution.statement.cancellation.request()
        return "{}"

    def get_query_execution(self) -> str:
        return json.dumps({"QueryExecution": self._execution().described()})

    def batch_get_query_execution(self) -> str:
        ids, known = self._get_param("QueryExecutionIds"), self._executions()
        missing = [
            {"QueryExecutionId": i, "ErrorCode": "INVALID_INPUT"} for i in ids if i not in known
        ]
        described = [known[i].described() for i in ids if i in known]
        return json.dumps({"QueryExecutions": described, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self) -> str:
        group = self._group().name
        ids = [e.id for e in reversed(self._executions().values()) if e.workgroup == group]
        return json.dumps(self._page("QueryExecutionIds", ids, 50))

    def _page_limits(self, most: int) -> tuple[int, int]:
        """Where a page starts, and how many items it has."""
        start, count = self._get_param("NextToken"), self._get_param("MaxResults")
        return int(start or 0), int(count or most)

    def _page(self, name: str, items: list[Any], most: int) -> dict[str, Any]:
        start, count = self._page_limits(most)
        page = {name: items[start : start + count]}
        return page | ({"NextToken": str(start + count)} if start + count < len(items) else {})

    def get_query_results(self) -> str:
        execution = self._execution()
        if execution.state in ("QUEUED", "RUNNING"):
            raise _invalid(f"Query has not yet finished. Current state: {execution.state}")
        if execution.state != "SUCCEEDED":
            raise _invalid(
                f"Query did not finish successfully. Final query state: {execution.state}"
            )
        if int(self._get_param("MaxResults") or LIMIT) > LIMIT:
            raise _invalid(f"MaxResults is more than maximum allowed length {LIMIT}")
        result = execution.result
        header: list[Row] = [[c.name for c in result.columns]] if execution.has_header else []
        start, count = self._page_limits(LIMIT)
        first, end = start - len(header), start + count - len(header)
        rows = [*header[start:], *result.rows.between(max(first, 0), end)]
        info = [
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": c.name,
                "Label": c.name,
                "Type": c.type,
                "Precision": c.precision,
                "Scale": c.scale,
                "Nullable": "UNKNOWN",
                "CaseSensitive": c.type in ("varchar", "char"),
            }
            for c in ([ROWS] if result.subtype in WRITERS else result.columns)
        ]
        results = {
            "Rows": [
                {"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows
            ],
            "ResultSetMetadata": {"ColumnInfo": info},
        }
        token = {"NextToken": str(start + count)} if end < len(result.rows) else {}
        return json.dumps({"UpdateCount": result.update_count, "ResultSet": results, **token})

    def get_query_runtime_statistics(self) -> str:
        execution = self._execution()
        rows = {"InputBytes": execution.result.scanned, "OutputRows": len(execution.result.rows)}
        return json.dumps({"QueryRuntimeStatistics": {"Rows": rows}})

    def get_work_group(self) -> str:
        return json.dumps({"WorkGroup": self.athena_backend.get_work_group(self._group().name)})

    def update_work_group(self) -> str:
        group = self._group()
        changes = self._get_param("ConfigurationUpdates") or {}
        results = changes.pop("ResultConfigurationUpdates", {})
        if changes.pop("RemoveBytesScannedCutoffPerQuery", False):
            group.configuration.pop("BytesScannedCutoffPerQuery", None)
        if results.get("RemoveOutputLocation"):
            group.configuration.get("ResultConfiguration", {}).pop("OutputLocation", None)
        if results.get("OutputLocation"):
            group.configuration.setdefault("ResultConfiguration", {})["OutputLocation"] = results[
                "OutputLocation"
            ]
        group.configuration.update(changes)
        group.state = self._get_param("State") or group.state
        return "{}"

    def get_table_metadata(self) -> str:
        table = self._catalog().table(self._get_param("DatabaseName"), self._get_param("TableName"))
        if table is None:
            raise MetadataException(
                "EntityNotFoundException: Entity Not Found (Table "
                f"{self._get_param('TableName')} not found)"
            )
        return json.dumps({"TableMetadata": table_metadata(table)})

    def list_table_metadata(self) -> str:
        catalog, database = self._catalog(), self._get_param("DatabaseName").lower()
        if database not in catalog.databases():
            raise MetadataException(f"EntityNotFoundException: Database {database} not found.")
        wanted = re.compile(self._get_param("Expression") or "", re.I)
        tables = [table_metadata(t) for t in catalog.tables(database) if wanted.search(t["Name"])]
        return json.dumps(self._page("TableMetadataList", tables, 50))

    def list_databases(self) -> str:
        return json.dumps(
            self._page("DatabaseList", [{"Name": d} for d in self._catalog().databases()], 50)
        )

    def get_database(self) -> str:
        name = self._get_param("DatabaseName").lower()
        if name not in self._catalog().databases():
            raise MetadataException(f"EntityNotFoundException: Database {name} not found.")
        return json.dumps({"Database": {"Name": name}})


def output_location(configuration: dict[str, Any], requested: dict[str, Any]) -> str:
    """Return where results go, with a slash at the end.

    It is the workgroup's place if the workgroup enforces it or the request names none.
    """
    own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    insists = own and configuration.get("EnforceWorkGroupConfiguration")
    location = own if insists else requested.get("OutputLocation") or own
    if location and split_url(location)[0] not in s3.backend().buckets:
        raise _invalid(f"Unable to verify/create output bucket {split_url(location)[0]}")
    expected = requested.get("ExpectedBucketOwner")
    owner = s3.owner_of(split_url(location)[0]) if location and expected else None
    if owner and owner.account_id != expected:
        raise _invalid(f"Access denied when writing to location: {location}")
    if not location:
        raise _invalid(
            "No output location provided. An output location is required either through the "
            "Workgroup result "
            "configuration setting or as an API input."
        )
    return str(location).rstrip("/") + "/"


def table_metadata(table: GlueTable) -> dict[str, Any]:
    storage = table["StorageDescriptor"]
    extra = {
        "location": storage.get("Location", ""),
        "inputformat": storage.get("InputFormat", ""),
        "outputformat": storage.get("OutputFormat", ""),
        "serde.serialization.lib": (storage.get("SerdeInfo") or {}).get("SerializationLibrary", ""),
    }

    properties = (storage.get("SerdeInfo") or {}).get("Parameters") or {}
    extra |= {f"serde.param.{k}": v for k, v in properties.items()}

    def columns(of: list[dict[str, Any]] | None) -> list[dict[str, str]]:
        return [{k: c[k] for k in ("Name", "Type", "Comment") if c.get(k)} for c in of or []]

    return {
        "Name": table["Name"],
        "TableType": table.get("TableType", ""),
        "Columns": columns(storage.get("Columns")),
        "PartitionKeys": columns(table.get("PartitionKeys")),
        "Parameters": {k: str(v) for k, v in ((table.get("Parameters") or {}) | extra).items()},
    }


def install(engine: Engine, latency: float = 0.0) -> None:
    """Put an engine behind moto's Athena. A statement takes at least `latency` seconds."""
    global _engine, _pool, _latency
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="athena")
    _engine, _pool, _latency = engine, pool, latency
    for name, value in vars(AthenaApi).items():
        if callable(value):
            setattr(AthenaResponse, name, value)
    AthenaBackend._process_ddl = lambda *_: None


def close() -> None:
    """Stop every query that runs or waits. Return when none does: the engine may close then."""
    for backend in (b for regions in athena_backends.values() for b in regions.values()):
        for execution in list(backend.executions.values()):
            execution.statement.cancellation.request()
    _pool.shutdown()
