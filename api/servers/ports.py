"""Finding a port on the loopback interface that nobody listens on."""

import socket
from collections.abc import Callable, Collection

from api.servers.errors import ServerError

LOOPBACK = "127.0.0.1"
STEPS = 100
CALL_LIMIT_S = 0.5


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Whether `port` can be listened on at `host` right now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # A port in TIME_WAIT is free for a server, which sets the same option.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    # Some systems let two sockets bind where one listens on every interface; a call tells.
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(CALL_LIMIT_S)
        return caller.connect_ex((host, port)) != 0


def free_port(
    wanted: int,
    *,
    purpose: str,
    report: Callable[[str], None],
    avoid: Collection[int] = (),
    host: str = LOOPBACK,
) -> int:
    """The first free port from `wanted` on, and a word to `report` where it is another one.

    With `wanted` 0 the system chooses. Raises `ServerError` where a hundred in a row are taken.
    """
    if wanted == 0:
        return _any_port(avoid=avoid, host=host)
    for port in range(wanted, min(wanted + STEPS, 65536)):
        if port not in avoid and is_free(port, host=host):
            if port != wanted:
                report(f"port {wanted} is taken; {purpose} uses {port}")
            return port
    raise ServerError(
        f"no free port for {purpose} in the {STEPS} from {wanted} on: end what uses them, or set"
        " another one"
    )


def _any_port(*, avoid: Collection[int], host: str) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port
