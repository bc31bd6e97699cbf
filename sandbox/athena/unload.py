"""UNLOAD: a CREATE TABLE AS of either engine, whose table is forgotten and whose files stay."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from sandbox.athena.engine import Engine, Result, Statement
from sandbox.athena.syntax import without_head

UNLOAD = re.compile(r"UNLOAD\s*\((.+)\)\s*TO\s+'([^']+)'\s*(?:WITH\s*\((.+)\)\s*)?", re.I | re.S)


def run(statement: Statement, engine: Engine) -> Result | None:
    """The result of an UNLOAD; None where the statement is another."""
    found = UNLOAD.fullmatch(without_head(statement.sql))
    if found is None:
        return None
    query, location, options = found.groups()
    location = location.rstrip("/") + "/"
    properties = [f"external_location = '{location}'"]
    if options:
        properties.append(re.sub(r"\bcompression\b", "write_compression", options, flags=re.I))
    catalog, name = statement.catalog, f"unload_{uuid.uuid4().hex}"
    sql = f"create table {name}.{name} with ({', '.join(properties)}) as {query}"
    catalog.glue.create_database(name, {"Name": name})
    try:
        done = engine.run(replace(statement, sql=sql))
    finally:
        catalog.glue.delete_database(name)
    written = tuple(url for url, _ in catalog.objects(location))
    return replace(done, kind="DML", subtype="UNLOAD", written=written)
