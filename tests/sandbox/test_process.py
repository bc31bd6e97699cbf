"""What every command that serves something does first."""

import socket

import pytest

from sandbox.process import PortTaken, refuse_taken


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is in use.*make sandbox PORT={port + 1}"):
            refuse_taken(port, "make sandbox PORT")
    refuse_taken(port, "make sandbox PORT")
