"""CloudWatch's telemetry rules (Observability Admin), which moto does not have.

A rule turns telemetry on, here as in AWS by what it creates:

- a rule for AWS::CloudTrail: a service-linked channel in each of its Regions;
- a rule for AWS::S3::Bucket: a delivery of the access log of each bucket that is there.

Rules by tags (SelectionCriteria) and of organizations (Scope) are refused: they are not carried.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.iam.models import get_account_id_from
from moto.logs.models import logs_backends

from sandbox.athena.moto_fixes import channels, logs

SERVICE = "observabilityadmin"

Answer = tuple[int, dict[str, Any]]


class Refused(Exception):
    """An error of the API: its code and its text."""


@dataclass(slots=True)
class Rule:
    """A rule in the words of the API, and the channels that it made: (Region, ARN)."""

    name: str
    arn: str
    content: dict[str, Any]
    channels: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        shown = ("ResourceType", "TelemetryType", "TelemetrySourceTypes")
        named = {"RuleName": self.name, "RuleArn": self.arn}
        return named | {key: self.content[key] for key in shown if key in self.content}


def respond(access_key: str, region: str, operation: str, body: bytes) -> Answer:
    """Answer a call of the API."""
    account_id = get_account_id_from(access_key)
    calls = {
        "CreateTelemetryRule": _create,
        "GetTelemetryRule": _get,
        "ListTelemetryRules": _list,
        "DeleteTelemetryRule": _delete,
    }
    try:
        if operation not in calls:
            raise Refused("ValidationException", f"the sandbox does not carry {operation}")
        return 200, calls[operation](account_id, region, json.loads(body or b"{}"))
    except Refused as error:
        code, text = error.args
        return 400, {"__type": code, "message": text}


def _create(account_id: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    name, content = asked["RuleName"], asked["Rule"]
    for part in ("SelectionCriteria", "Scope"):
        if content.get(part):
            raise Refused("ValidationException", f"the sandbox does not carry {part}")
    if name in _rules(account_id, region):
        raise Refused("ConflictException", f"there is a rule {name}")
    rule = Rule(name, f"arn:aws:{SERVICE}:{region}:{account_id}:telemetry-rule/{name}", content)
    regions = content.get("Regions") or []
    if content.get("AllRegions"):
        regions = boto3.Session().get_available_regions("cloudtrail")
    for each in {region, *regions}:
        _turn_on(account_id, each, rule)
    _rules(account_id, region)[name] = rule
    return {"RuleArn": rule.arn}


def _turn_on(account_id: str, region: str, rule: Rule) -> None:
    settings = rule.content.get("DestinationConfiguration") or {}
    if rule.content.get("ResourceType") == "AWS::CloudTrail":
        selectors = (settings.get("CloudtrailParameters") or {}).get("AdvancedEventSelectors")
        if not selectors:
            raise Refused("ValidationException", "CloudtrailParameters are missing")
        arn = channels.link(account_id, region, "cloudwatch", selectors, suffix=rule.name)
        rule.channels.append((region, arn))
    if rule.content.get("ResourceType") == "AWS::S3::Bucket":
        for bucket in logs.buckets_of(logs_backends[account_id][region]):
            logs.deliver_access_log(account_id, region, bucket)


def _get(account_id: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    rule = _named(account_id, region, asked)
    return {"RuleName": rule.name, "RuleArn": rule.arn, "TelemetryRule": rule.content}


def _list(account_id: str, region: str, _asked: dict[str, Any]) -> dict[str, Any]:
    return {"TelemetryRuleSummaries": [r.summary() for r in _rules(account_id, region).values()]}


def _delete(account_id: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Delete the rule and its channels. Deliveries of access logs stay, as in AWS."""
    rule = _named(account_id, region, asked)
    for where, arn in rule.channels:
        channels.unlink(account_id, where, arn)
    del _rules(account_id, region)[rule.name]
    return {}


def _named(account_id: str, region: str, asked: dict[str, Any]) -> Rule:
    for rule in _rules(account_id, region).values():
        if asked.get("RuleIdentifier") in (rule.name, rule.arn):
            return rule
    raise Refused("ResourceNotFoundException", f"no rule {asked.get('RuleIdentifier')}")


def _rules(account_id: str, region: str) -> dict[str, Rule]:
    """Return the rules of the Region, by name. Moto's reset forgets them too."""
    backend = logs_backends[account_id][region]
    kept: dict[str, Rule] = vars(backend).setdefault("telemetry_rules", {})
    return kept
