"""Calls that fail on demand, and how often each call was made; both before moto sees a request.

A fault names an operation (or *), a resource glob and an error. It fires `times` times, or at
`rate`, or always. The resource of an S3 call is `bucket` or `bucket/key`; the resources of any
other call are its top-level text parameters.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Call:
    """One API call, as far as faults need to know it."""

    service: str
    operation: str
    resources: tuple[str, ...]
    protocol: str  # "s3", "json" or "query"
    is_head: bool = False


@dataclass
class Fault:
    operation: str
    resource: str = "*"
    error: str = "InternalError"
    status: int = 500
    times: int | None = None
    rate: float | None = None
    message: str = ""
    fired: int = 0

    def matches(self, call: Call) -> bool:
        if self.times is not None and self.fired >= self.times:
            return False
        names = call.resources or ("",)
        return fnmatchcase(call.operation, self.operation) and any(
            fnmatchcase(n, self.resource) for n in names
        )


TYPES: dict[str, tuple[type, ...]] = {
    "operation": (str,),
    "resource": (str,),
    "error": (str,),
    "status": (int,),
    "times": (int,),
    "rate": (int, float),
    "message": (str,),
}


def parse_faults(body: bytes) -> list[Fault]:
    """Return the faults of a PUT. ValueError names every problem of the body at once."""
    try:
        items = json.loads(body)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(items, list):
        raise ValueError("a JSON list of faults is expected")
    problems = [
        f"fault {i}: {problem}" for i, item in enumerate(items) for problem in _problems(item)
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return [Fault(**item) for item in items]


def _problems(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return ["not an object"]
    problems = [f"unknown field {name!r}" for name in item if name not in TYPES]
    for name, types in TYPES.items():
        if name in item and (not isinstance(item[name], types) or isinstance(item[name], bool)):
            problems.append(f"{name} must be {' or '.join(t.__name__ for t in types)}")
    if not item.get("operation"):
        problems.append("operation is missing")
    if problems:
        return problems
    if "times" in item and "rate" in item:
        problems.append("times and rate exclude each other")
    if not 0 <= item.get("rate", 1) <= 1:
        problems.append("rate must lie between 0 and 1")
    if item.get("times", 1) < 1:
        problems.append("times must be at least 1")
    if not 400 <= item.get("status", 500) <= 599:
        problems.append("status must lie between 400 and 599")
    return problems


class FaultBook:
    """The faults that are set and the calls that were made. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock, self._dice = threading.Lock(), random.Random(0)
        self._faults: list[Fault] = []
        self._calls: Counter[str] = Counter()

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = faults

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{k: v for k, v in asdict(f).items() if v is not None} for f in self._faults]

    def calls(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._calls.items()))

    def decide(self, call: Call) -> Fault | None:
        """Count a call. Return the fault that it meets, if any."""
        with self._lock:
            self._calls[f"{call.service}:{call.operation}"] += 1
        return self.met(call)

    def met(self, call: Call) -> Fault | None:
        """Return the fault that a call meets. What AWS calls for itself is not counted."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(call) and (fault.rate is None or self._dice.random() < fault.rate):
                    fault.fired += 1
                    return fault
        return None


def response(fault: Fault, call: Call) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a fault, in the shape of the service's protocol."""
    message = fault.message or f"Fault set in the sandbox for {call.operation}"
    request_id = "SANDBOXFAULT0000"
    if call.protocol == "json":
        body = json.dumps({"__type": fault.error, "message": message, "Message": message})
        return (
            fault.status,
            {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": fault.error},
            body.encode(),
        )
    error = f"<Code>{escape(fault.error)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "s3":
        body = (
            "<?xml version='1.0' "
            f"encoding='UTF-8'?><Error>{error}<RequestId>{request_id}</RequestId></Error>"
        )
    else:
        inner = f"<Error><Type>Sender</Type>{error}</Error><RequestId>{request_id}</RequestId>"
        body = f"<ErrorResponse>{inner}</ErrorResponse>"
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
    return fault.status, headers, b"" if call.is_head else body.encode()
