"""A WSGI application on a loopback port: how moto, and everything in front of it, is served."""

from __future__ import annotations

import functools
import io
import socket
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import moto.core.responses
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

Environ = dict[str, Any]
App = Callable[..., Iterable[bytes]]
HOST = "127.0.0.1"
NO_CONTENT = {"204", "304"}  # answers without a body, and without a length of one

# Moto lists the methods of a service's class for every request
moto.core.responses.method_names_from_class = functools.cache(
    moto.core.responses.method_names_from_class
)


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Moto's own, which looks through the folders of its package for every request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.get_backend_for_host = functools.cache(super().get_backend_for_host)


def moto_app() -> App:
    """Return moto's own application: every AWS API that it has."""
    app: App = Dispatcher()
    return app


class Handler(MotoRequestHandler):  # type: ignore[misc]
    """Answers the requests of one connection until the client closes it.

    Werkzeug's handler closes the connection after each request. To open the next one, with a thread
    for it, costs as much as a small request.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        # read to its end, or what is left of it would be the next request
        body = environ["wsgi.input"]
        is_chunked = environ.get("wsgi.input_terminated")
        length = None if is_chunked else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(body.read(length))
        status, headers, content = _answer(self.server.app, environ)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if not has_length and code not in NO_CONTENT and self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_request(self, *_: object) -> None:
        """Log nothing: one line a request would bury everything else."""


def _answer(app: App, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return the status, the headers and the body that an application answers."""
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        head[:] = status, headers

    try:
        content = app(environ, start_response)
        body = b"".join(content)
        getattr(content, "close", lambda: None)()
    except Exception:  # noqa: BLE001  a client sees that the service failed, and its user the reason
        traceback.print_exc()
        return "500 INTERNAL SERVER ERROR", [], b""
    status, headers = head
    return status, headers, body


class Listener:
    """An application on a loopback port (0 is a free port), served until it is closed."""

    def __init__(self, port: int, app: App) -> None:
        self._server = make_server(HOST, port, app, threaded=True, request_handler=Handler)
        self._server.connections = set[socket.socket]()
        self.url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            with suppress(OSError):  # the client has just closed it
                connection.shutdown(socket.SHUT_RDWR)
