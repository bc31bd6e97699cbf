"""`make ask`: one query of the lake, saved or written by a person, and what it cost."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lacuna.cli import answers, saved_queries
from lacuna.cli.saved_queries import SavedQuery, WrongQuestion
from lacuna.lake import athena
from lacuna.lake.athena import Answer, QueryFailed
from lacuna.lake.lake import Lake
from lacuna.tables.published import MARTS
from lacuna.text import meant, nearest, visible

MODELS = Path(__file__).parents[3] / "dbt_project" / "models"
STDIN = "-"

_MISSING = re.compile(r"Table '(?:[^']*\.)?(\w+)\.(\w+)' does not exist")

ONLY_READS = (
    "ask only reads: a query begins with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN. This check "
    "prevents mistakes. What protects the lake is the role that you ask with and its workgroup. "
    "Runs change the lake: make run DAY=…"
)
OBSERVED = (
    "select distinct bucket_name from fct_logging_coverage "
    "where event_date between cast(? as date) and cast(? as date)"
)
WHICH = (
    "make ask SQL=\"select …\", or FILE=query.sql (- is standard input), or QUERY=name PARAMS='a=b c=d'; "
    "LIST=1 shows the saved queries"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A query, the literals that fill its question marks, and the days and the bucket among them."""

    query: SavedQuery
    parameters: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    bucket: str | None = None


def question(sql: str | None, file: Path | None, name: str | None, params: str | None) -> Question:
    """Return what is asked. Raises WrongQuestion if that is not exactly one query that reads."""
    if [sql, file, name].count(None) != 2:
        which = "Which query?" if not (sql or file or name) else "One query at a time:"
        raise WrongQuestion(f"{which} {WHICH}")
    if name is not None:
        query = saved_queries.find(name)
    else:
        query = saved_queries.parsed("", _text(file) if file else sql or "")
    if not answers.only_reads(query.sql):
        raise WrongQuestion(ONLY_READS)
    given = _given(params or "")
    if given and not query.parameters:
        raise WrongQuestion(
            f"{query.name or 'this query'} takes no parameters. A file takes those that the comment at "
            "its head names, as in dbt_project/analyses/"
        )
    return saved(query, given)


def saved(query: SavedQuery, given: Mapping[str, str]) -> Question:
    """Return the question with the values that are given. Raises WrongQuestion if they do not fit."""
    values = saved_queries.values(query, given, datetime.now(UTC).date())
    return Question(
        query,
        tuple(saved_queries.literal(*one) for one in values),
        tuple(value for parameter, value in values if parameter.type == "day"),
        next((value for parameter, value in values if parameter.name == "bucket"), None),
    )


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == STDIN else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongQuestion(f"the query cannot be read from {file}: {error}") from error


def _given(params: str) -> dict[str, str]:
    """Return the parameters of `a=b c='d e'`, quoted as in a shell."""
    try:
        words = shlex.split(params)
    except ValueError as error:
        raise WrongQuestion(
            f"PARAMS cannot be read: {error}. Put a value with blanks or quotation marks into "
            "quotation marks, as in a shell: PARAMS=\"key='a b.txt'\""
        ) from error
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise WrongQuestion(
                f"PARAMS has '{visible(word)}' without a name: write name=value, and put a value with "
                "blanks into quotation marks"
            )
        if name in found:
            raise WrongQuestion(f"PARAMS has {visible(name)} twice")
        found[name] = value
    return found


def answer(lake: Lake, asked: Question) -> Answer:
    """Send the query; what it costs is counted under its name.

    Raises QueryFailed, which says what to do about a table that is not there.
    """
    query = asked.query
    if lake.origin:
        lake = replace(lake, origin=replace(lake.origin, model=query.name))
    try:
        found = athena.ask(lake, query.sql, database=MARTS, parameters=asked.parameters)
    except QueryFailed as failure:
        raise QueryFailed(
            f"{failure}{_advice(str(failure))}", failure.refused, retryable=failure.retryable
        ) from failure
    return answers.in_columns(found) if answers.is_listing(query.sql) else found


def _advice(failure: str) -> str:
    """Say why a table is not there; nothing of other failures."""
    missing = _MISSING.search(failure)
    if not missing:
        return ""
    database, table = missing.groups()
    marts = [path.stem for path in MODELS.glob("**/marts/*.sql")]
    if database == MARTS and table in marts:
        return f"\n{table} is made when the first day is published, and no day was. Run one: make run DAY=…"
    like = nearest(table, marts)
    return f"\nDid you mean {like}? To see all: make ask SQL='show tables'" if like else ""


def unknown_bucket(lake: Lake, asked: Question) -> Iterator[str]:
    """Yield a line if no bucket of that name was observed: an answer without rows says nothing then."""
    name = asked.bucket
    if not name or not asked.days or ("%" in name and _takes_a_pattern(asked.query)):
        return
    days = tuple(f"'{day}'" for day in (asked.days[0], asked.days[-1]))
    try:
        found = athena.ask(lake, OBSERVED, database=MARTS, parameters=days)
        known = [row[0] for row in found.rows if row[0]]
    except QueryFailed:
        return
    if known and name not in known:
        yield f"no bucket {visible(name)} was observed on these days.{meant(name, known)}"


def _takes_a_pattern(query: SavedQuery) -> bool:
    return any(one.name == "bucket" and "LIKE" in one.meaning for one in query.parameters)


def listing() -> Iterator[str]:
    """Yield the saved queries with the sentence that each answers, and how to ask it."""
    for query in saved_queries.every():
        yield query.sentence
        yield f"  {saved_queries.usage(query)}"


def defaults(asked: Question) -> Iterator[str]:
    """Yield a line that says which values were used; nothing without parameters."""
    pairs = zip(asked.query.parameters, asked.parameters, strict=True)
    if words := ", ".join(f"{one.name} = {visible(value)}" for one, value in pairs):
        yield words


def cost(found: Answer, number: int) -> str:
    """Return a line about how many rows a query returned and what it read."""
    rows = f"{number:,} row{'' if number == 1 else 's'}"
    return f"{rows}, {size_in_words(found.bytes_scanned)} scanned, {found.seconds:.1f} s"


def size_in_words(size: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
