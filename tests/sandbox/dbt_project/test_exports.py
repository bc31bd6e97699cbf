"""The exports of findings have the members of the schemas that they follow, and say what was found."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from sandbox.athena.syntax import parse
from sandbox.athena.types import Type, read

SCHEMAS = Path(__file__).parent / "schemas"
DAY = date(2026, 11, 20)

FINDINGS = """
select
    subject as finding_id, 'bulk_object_read' as detection, stage, 'Many objects read' as title,
    'At least 5 objects' as summary, severity, 'medium' as confidence, '111122223333' as account_id,
    'eu-west-1' as region, array['photos', 'films'] as bucket_names, subject, principal, remote_ips,
    timestamp '2026-11-20 10:00:00.000' as first_seen_at,
    timestamp '2026-11-20 11:00:00.500' as last_seen_at, 5e0 as value, 'objects' as unit,
    3e0 as threshold, attack_ids, 0.5e0 as coverage, 'witnessed' as coverage_basis, true as at_least,
    array['Look.', 'Act.'] as next_steps, 'select 1' as evidence_query, date '2026-11-20' as event_date
from (
    values
        (
            'ann', 'live', 'critical', 'ann', array['192.0.2.1', 'lambda.amazonaws.com'],
            array['T1685.002', 'T1530']
        ),
        ('many', 'live', 'informational', null, array['192.0.2.1', '2001:db8::1'], array['T1530']),
        ('nobody', 'live', 'medium', null, array[], array[]),
        ('on trial', 'trial', 'high', 'ann', array[], array[])
) as findings (subject, stage, severity, principal, remote_ips, attack_ids)
"""


@pytest.fixture(scope="module")
def exports(lake: Any) -> dict[str, str]:
    """The SQL of each export."""
    result = lake.dbt(
        *("compile", "--select", "ocsf_detection_finding", "ecs_finding"),
        delivery_day=str(DAY),
        event_days=[str(DAY)],
    )
    return {one.node.name: one.node.compiled_code for one in result.result.results}


def rows(lake: Any, exports: Mapping[str, str], name: str, columns: str) -> list[dict[str, Any]]:
    """What is selected of an export over the findings above."""
    written = '"awsdatacatalog"."lacuna"."fct_findings"'
    assert written in exports[name]
    sql = exports[name].replace(written, f"({FINDINGS}) as given")
    found: list[dict[str, Any]] = lake.rows(f"select {columns} from ({sql}) as x order by 1")
    return found


def test_a_finding_is_an_alert_of_ecs(lake: Any, exports: dict[str, str]) -> None:
    columns = """
        event.id, event.kind, event.severity, cast("timestamp" as varchar) as at, source.ip, user.id as caller,
        array_join(related.ip, ' ') as ips, array_join(threat.technique.id, ' ') as techniques,
        array_join(threat.technique.subtechnique.id, ' ') as sub_techniques
    """
    at = {"kind": "alert", "at": "2026-11-20 11:00:00.500"}
    # a name of a service is no address, and of several addresses none is the source
    assert rows(lake, exports, "ecs_finding", columns) == [
        at
        | {"id": "ann", "severity": "5", "ip": "192.0.2.1", "caller": "ann", "ips": "192.0.2.1"}
        | {"techniques": "T1685 T1530", "sub_techniques": "T1685.002"},
        at
        | {"id": "many", "severity": "1", "ip": None, "caller": None}
        | {"ips": "192.0.2.1 2001:db8::1", "techniques": "T1530", "sub_techniques": ""},
        at
        | {"id": "nobody", "severity": "3", "ip": None, "caller": None, "ips": ""}
        | {"techniques": "", "sub_techniques": ""},
    ]


def test_a_finding_is_a_detection_finding_of_ocsf(lake: Any, exports: dict[str, str]) -> None:
    columns = """
        finding_info.uid, type_uid, severity_id, severity, confidence_id, is_alert, time, start_time,
        cardinality(evidences) as evidences, element_at(evidences, 1).actor.user.uid as caller,
        element_at(evidences, 1).src_endpoint.ip as ip, resources[2].uid as arn, remediation."desc" as to_do,
        element_at(finding_info.attacks, 1).technique.name as technique,
        element_at(finding_info.attacks, 2).technique.uid as second,
        element_at(finding_info.attacks, 2).sub_technique.name as sub_technique
    """
    alike = {"type_uid": "200401", "confidence_id": "2", "start_time": "1795168800000"}
    alike |= {"time": "1795172400500", "arn": "arn:aws:s3:::films", "to_do": "Look. Act."}
    storage = {"technique": "Data from Cloud Storage", "second": None, "sub_technique": None}
    assert rows(lake, exports, "ocsf_detection_finding", columns) == [
        alike
        | {"uid": "ann", "severity_id": "5", "severity": "Critical", "is_alert": "true"}
        | {"evidences": "1", "caller": "ann", "ip": "192.0.2.1"}
        | storage
        | {"second": "T1685", "sub_technique": "Disable or Modify Cloud Log"},
        alike
        | {"uid": "many", "severity_id": "1", "severity": "Informational", "is_alert": "false"}
        | {"evidences": "2", "caller": None, "ip": "192.0.2.1"}
        | storage,
        alike
        | {"uid": "nobody", "severity_id": "3", "severity": "Medium", "is_alert": "false"}
        | {"evidences": "0", "caller": None, "ip": None}
        | dict.fromkeys(storage),
    ]


def test_each_member_is_one_of_ocsf(exports: dict[str, str]) -> None:
    ocsf = json.loads((SCHEMAS / "ocsf.json").read_text("utf-8"))
    written = columns_of(exports["ocsf_detection_finding"])
    del written["event_date"], written["unmapped"]  # the partition; what it holds is ours to name
    assert set(wrong_members(ocsf["objects"], "detection_finding", written)) == set()
    assert f"'{ocsf['version']}'" in exports["ocsf_detection_finding"]


def test_each_field_is_one_of_ecs(exports: dict[str, str]) -> None:
    ecs = json.loads((SCHEMAS / "ecs.json").read_text("utf-8"))
    written = columns_of(exports["ecs_finding"])
    del written["event_date"], written["labels"]  # labels hold what they like
    found = itertools.chain.from_iterable(itertools.starmap(fields, written.items()))
    assert set(wrong_fields(ecs["fields"], found)) == set()
    assert f"'{ecs['version']}'" in exports["ecs_finding"]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("row(uid varchar, version varchar, product row(name varchar))", []),
        ("row(version varchar)", ["metadata lacks product"]),
        ("row(version varchar, product row(called varchar))", ["product has no called"]),
        ("row(version bigint, product row(name varchar))", ["metadata.version is no string_t"]),
        ("row(version varchar, product varchar)", ["metadata.product is no product"]),
        ("row(version varchar, profiles varchar, product row(uid varchar))", 1),
    ],
)
def test_a_wrong_member_is_seen(kind: str, wrong: Any) -> None:
    ocsf = json.loads((SCHEMAS / "ocsf.json").read_text("utf-8"))
    (written,) = columns_of(f"select cast(x as {kind}) as metadata").values()
    assert written is not None
    members = dict(zip(written.fields, written.of, strict=True))
    found = list(wrong_members(ocsf["objects"], "metadata", members))
    assert found == wrong or len(found) == wrong


# What the scalar types of each schema are in Athena
OCSF = {
    "string_t": "varchar",
    "resource_uid_t": "varchar",
    "username_t": "varchar",
    "ip_t": "varchar",
    "timestamp_t": "bigint",
    "long_t": "bigint",
    "integer_t": "integer",
    "boolean_t": "boolean",
}
ECS = {
    "keyword": "varchar",
    "match_only_text": "varchar",
    "ip": "varchar",
    "date": "timestamp",
    "long": "bigint",
}


def columns_of(sql: str) -> dict[str, Type | None]:
    """The row type that each column of a query is cast to; None of a column that is not cast to one."""
    return {one.alias_or_name: _row_in(one.unalias()) for one in parse(sql).expressions}


def _row_in(written: exp.Expr) -> Type | None:
    casts = [read(one.to) for one in written.find_all(exp.Cast)]
    kind = next((one for one in casts if one.name == "row"), None)
    if kind and isinstance(written, exp.Anonymous | exp.Transform):
        return Type("array", (kind,))
    return kind


def wrong_members(
    objects: Mapping[str, Any], name: str, members: Mapping[str, Type | None]
) -> Iterator[str]:
    """What of an object is not as OCSF has it. Scalars whose type is not written are taken as right."""
    known = objects[name]["members"]
    yield from (f"{name} lacks {one}" for one in set(objects[name]["required"]) - members.keys())
    for member, kind in members.items():
        if member not in known:
            yield f"{name} has no {member}"
        elif kind is not None:
            yield from _wrong_type(objects, f"{name}.{member}", kind, known[member])


def _wrong_type(objects: Mapping[str, Any], path: str, kind: Type, wanted: str) -> Iterator[str]:
    item = kind.of[0] if kind.name == "array" else kind
    single = wanted.removesuffix("[]")
    if (kind.name == "array") != wanted.endswith("[]") or item.name != OCSF.get(single, "row"):
        yield f"{path} is no {wanted}"
    elif item.name == "row":
        yield from wrong_members(objects, single, dict(zip(item.fields, item.of, strict=True)))


def fields(path: str, kind: Type | None) -> Iterator[tuple[str, Type | None]]:
    """The fields of ECS that a type holds, by their paths."""
    if kind is None or kind.name != "row":
        yield path, kind
        return
    for name, inner in zip(kind.fields, kind.of, strict=True):
        yield from fields(f"{path}.{name}" if path else name, inner)


def wrong_fields(
    known: Mapping[str, str], found: Iterator[tuple[str, Type | None]]
) -> Iterator[str]:
    """What is no field of ECS, or has another type."""
    for path, kind in found:
        wanted = known.get("@timestamp" if path == "timestamp" else path)
        if wanted is None:
            yield f"ECS has no {path}"
        elif kind is not None:
            is_list = kind.name == "array"
            name = (kind.of[0] if is_list else kind).name
            if is_list != wanted.endswith("[]") or name != ECS[wanted.removesuffix("[]")]:
                yield f"{path} is no {wanted}"
