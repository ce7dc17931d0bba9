"""Ports of the loopback address."""

import random
import socket
from pathlib import Path

_LOWEST = 20_000
_TRIES = 50


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now.

    Below those that the system gives to outgoing connections, where possible: a server that was killed must find its port
    free when it starts again, others know it by that.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, max(_first_outgoing(), _LOWEST + 1))
        if port_is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        given: int = probe.getsockname()[1]
        return given


def _first_outgoing() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return _LOWEST


def port_is_free(port: int) -> bool:
    """Whether a server could listen on the loopback address at `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
