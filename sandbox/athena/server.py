"""An AWS endpoint on one loopback port. One process is one sandbox.

`with Sandbox(port=0) as box: box.url` serves until the block ends. Moto's state starts empty.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sandbox.athena import faults

if TYPE_CHECKING:
    from sandbox.athena.engine import Engine
    from sandbox.athena.listener import App, Environ

ACCOUNT_ID = "123456789012"
# CloudWatch's telemetry rules, of which moto has nothing
TELEMETRY = "observabilityadmin"
# Paths of S3 Control, which signs as S3: the account's block of public access, its access points
ACCOUNT_BLOCK = "/v20180820/configuration/publicAccessBlock"
ACCESS_POINTS = "/v20180820/accesspoint"


class Middleware:
    """Answers the sandbox's own paths, counts calls and plays faults. All else goes to moto."""

    def __init__(self, app: App, book: faults.FaultBook) -> None:
        self._app, self._book = app, book

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_sandbox/"):
            return _answer(start_response, *self._own(path, environ))
        call = identify(environ)
        fault = (self._book.decide(call) or _refused(call, environ)) if call else None
        if call and fault:
            _body(environ)  # a client that is still sending would see a broken connection
            return _answer(start_response, *faults.response(fault, call))
        if call and call.service == TELEMETRY:
            return _answer(start_response, *_telemetry(call, environ))
        return self._app(environ, start_response)

    def _own(self, path: str, environ: Environ) -> tuple[int, dict[str, str], bytes]:
        method = environ["REQUEST_METHOD"]
        if (method, path) == ("PUT", "/_sandbox/faults"):
            try:
                self._book.replace(faults.parse_faults(_body(environ)))
            except ValueError as error:
                return _json(400, {"error": str(error)})
        answers: dict[str, Callable[[], Any]] = {
            "/_sandbox/faults": self._book.shown,
            "/_sandbox/calls": self._book.calls,
            "/_sandbox/health": lambda: {"status": "ready"},
        }
        if path not in answers or method not in ("GET", "PUT"):
            return _json(
                404,
                {
                    "error": f"{method} {path}: the sandbox has no such path",
                    "paths": sorted(answers),
                },
            )
        return _json(200, answers[path]())


def _refused(call: faults.Call, environ: Environ) -> faults.Fault | None:
    """Refuse what S3 refuses and moto does not: a bucket of another account than the one that the
    caller names, and a name of an account's own namespace without this namespace."""
    from sandbox.athena.moto_fixes import s3

    name = call.resources[0].partition("/")[0] if call.service == "s3" else ""
    own = environ.get("HTTP_X_AMZ_BUCKET_NAMESPACE") == "account-regional"
    if call.operation == "CreateBucket" and name.endswith("-an") != own:
        return faults.Fault(call.operation, error="InvalidBucketName", status=400)
    expected = environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
    owner = s3.owner_of(name) if expected else None
    if owner is None or owner.account_id == expected:
        return None
    return faults.Fault(call.operation, error="AccessDenied", status=403)


def _json(status: int, content: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def _answer(
    start_response: Callable[..., Any], status: int, headers: dict[str, str], body: bytes
) -> list[bytes]:
    start_response(f"{status} Sandbox", [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]


def _body(environ: Environ) -> bytes:
    """Return the request's body, and put it back for the next reader."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def identify(environ: Environ) -> faults.Call | None:
    """Return the operation and the resources of a request; None if it is no AWS call."""
    from moto.core.request import Request
    from moto.core.routing import get_service_router

    service = _service(environ)
    if environ.get("PATH_INFO", "") in {ACCOUNT_BLOCK, ACCESS_POINTS}:
        is_block = environ["PATH_INFO"] == ACCOUNT_BLOCK
        verb = environ["REQUEST_METHOD"].capitalize()
        operation = f"{verb}PublicAccessBlock" if is_block else "ListAccessPoints"
        account = environ.get("HTTP_X_AMZ_ACCOUNT_ID", "")
        return faults.Call("s3control", operation, (account,), "query")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if service == TELEMETRY:
        target = environ["PATH_INFO"].replace("/", ".")
    if target:
        content = json.loads(_body(environ) or b"{}")
        names = tuple(v for v in content.values() if isinstance(v, str))
        return faults.Call(service, target.rpartition(".")[2], names, "json")
    if service == "s3":
        try:
            operation = get_service_router("s3").match(Request(environ))[0].name
        except Exception:  # noqa: BLE001  whatever cannot be routed is moto's to answer
            return None
        resource = unquote(environ.get("PATH_INFO", "")).strip("/")
        return faults.Call(
            service, operation, (resource,), "s3", environ["REQUEST_METHOD"] == "HEAD"
        )
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        from urllib.parse import parse_qsl

        form = dict(parse_qsl(_body(environ).decode("utf-8", "replace")))
        names = tuple(v for k, v in form.items() if k not in ("Action", "Version"))
        return faults.Call(service, form.get("Action", ""), names, "query")
    return None


def _telemetry(call: faults.Call, environ: Environ) -> tuple[int, dict[str, str], bytes]:
    from sandbox.athena.moto_fixes import telemetry

    access_key, _day, region = _scope(environ)[:3]
    return _json(*telemetry.respond(access_key, region, call.operation, _body(environ)))


def _service(environ: Environ) -> str:
    """The service a request is signed for; unsigned ones are S3's (public objects, presigned
    URLs)."""
    scope = _scope(environ)
    return scope[3].lower() if len(scope) > 4 else "s3"


def _scope(environ: Environ) -> list[str]:
    """What a request was signed with: access key, day, Region, service and a constant."""
    signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
    return list(signed.split(",")[0].split("/"))


def duckdb(folder: str) -> Engine:
    """The engine that needs nothing but Python."""
    from sandbox.athena.duck.engine import DuckEngine

    return DuckEngine(folder)


def trino(folder: str) -> Engine:
    """A real Trino; trino/coordinator.py says what it needs."""
    from sandbox.athena.trino.engine import TrinoEngine

    return TrinoEngine(folder)


class Sandbox:
    """An AWS endpoint on loopback that takes any credentials. Port 0 is a free port.

    Each statement takes at least `latency` seconds, as it does on AWS. `wrap` may put an
    application before moto, which answers for buckets that moto need not store.
    """

    def __init__(
        self,
        port: int = 0,
        engine: Callable[[str], Engine] = duckdb,
        latency: float = 0.0,
        wrap: Callable[[App], App] = lambda app: app,
    ) -> None:
        self._port, self._make_engine = port, engine
        self._latency, self._wrap = latency, wrap
        self.book = faults.FaultBook()

    @property
    def url(self) -> str:
        return self._listener.url

    @property
    def access(self) -> dict[str, str]:
        """What boto3 and PyAthena need to connect: endpoint, Region and credentials."""
        return {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "sandbox",
            "aws_secret_access_key": "sandbox",
        }

    def start(self) -> Sandbox:
        os.environ.setdefault("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", str(64 << 20))
        os.environ.setdefault("MOTO_S3_DEFAULT_MAX_KEYS", "1000")
        os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")  # no browser asks
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        from sandbox.athena import api, catalog
        from sandbox.athena.listener import Listener, moto_app
        from sandbox.athena.moto_fixes import (
            channels,
            cloudformation,
            cloudtrail,
            glue,
            logs,
            s3,
            tagging,
        )

        BackendDict.reset()
        reset_model_data()
        self._folder = tempfile.TemporaryDirectory(prefix="athena-sandbox-")
        for module in (s3, cloudtrail, channels, glue, logs, cloudformation, tagging):
            module.install()
        self._engine = self._make_engine(self._folder.name)
        api.install(self._engine, self._latency)
        catalog.Reading.faults = self.book
        self._listener = Listener(self._port, Middleware(self._wrap(moto_app()), self.book))
        return self

    def stop(self) -> None:
        from sandbox.athena import api

        self._listener.close()
        api.close()
        self._engine.close()
        self._folder.cleanup()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
