"""The embedded engine: one statement at a time on DuckDB, over the objects in moto's S3."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import duckdb

from sandbox.athena.duck import errors
from sandbox.athena.duck.database import Database
from sandbox.athena.duck.run import Run
from sandbox.athena.duck.statements import parsed, run_statement
from sandbox.athena.engine import Result, Statement
from sandbox.athena.errors import AthenaError, Cancelled


class DuckEngine:
    """Runs statements on one DuckDB; every statement has a connection and a folder of its own."""

    def __init__(self, folder: str, threads: int = 2) -> None:
        self._folder = Path(folder)
        self._database = Database(self._folder, threads)

    def run(self, statement: Statement) -> Result:
        connection = self._database.connect()
        statement.cancellation.on_request(lambda: _interrupt(connection))
        folder = Path(tempfile.mkdtemp(prefix="q-", dir=self._folder))
        try:
            return run_statement(Run(self._database, statement, connection, folder))
        except duckdb.InterruptException:
            raise Cancelled from None
        except duckdb.Error as error:
            raise AthenaError(errors.reason(error, statement.sql)) from error
        finally:
            connection.close()
            shutil.rmtree(folder, ignore_errors=True)

    def check(self, statement: Statement) -> None:
        parsed(statement)

    def close(self) -> None:
        self._database.close()


def _interrupt(connection: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.ConnectionException):  # it has just ended by itself
        connection.interrupt()
