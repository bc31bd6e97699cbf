"""A WSGI application on a loopback port: how moto, and everything in front of it, is served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
App = Callable[..., Iterable[bytes]]
HOST = "127.0.0.1"


def moto_app() -> App:
    """Return moto's own application: every AWS API that it has."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    app: App = DomainDispatcherApplication(create_backend_app)
    return app


class Listener:
    """An application on a loopback port (0 is a free port), served until it is closed."""

    def __init__(self, port: int, app: App) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        class Handler(MotoRequestHandler):  # type: ignore[misc]
            def log_request(self, *_: object) -> None:
                """Log nothing: one line a request would bury everything else."""

        self._server = make_server(HOST, port, app, threaded=True, request_handler=Handler)
        self.url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
