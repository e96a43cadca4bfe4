"""Which servers this process may ask as Claude: a lock that tests close for the whole session."""

from collections.abc import Collection
from typing import Final

from graph.errors import Refused

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class _Lock:
    """The hosts that this process may ask; None for all."""

    hosts: frozenset[str] | None = None


def allow_only(hosts: Collection[str] | None) -> None:
    """From now on, let this process ask these hosts only; all with None."""
    _Lock.hosts = None if hosts is None else frozenset(hosts)


def check(host: str, *, hosts: Collection[str] | None = None) -> None:
    """Raise Refused for a host that is not among `hosts`, or that the lock keeps out."""
    for allowed in (hosts, _Lock.hosts):
        if allowed is not None and host not in allowed:
            only = ", ".join(sorted(allowed))
            raise Refused(f"Claude may not be asked at {host}: only at {only}")
