"""The names of everything the hot view keeps in Redis, so that no two modules disagree on one."""

from datetime import UTC, datetime
from typing import Final

LOG: Final = "rc:log"
"""The stream of events; the projector acknowledges its entries as it applies them."""
GROUP: Final = "projector"
"""The projector's consumer group on the log."""
WRITER: Final = "writer"
"""The writer's consumer group on the log."""

VIEW: Final = "rc:view"
"""The newest view, as JSON."""
VIEW_VERSION: Final = "rc:view:version"
"""Its version, to be compared without reading the view."""
VIEW_CHANGED: Final = "rc:view:changed"
"""Pub/sub channel: the version of each new view."""
VIEW_LEASE: Final = "rc:view:lease"
"""Who composes the view now."""

VERSIONS: Final = "rc:hot:versions"
"""Hash: how often the samples of each deployment, and all configured things, changed."""
CONFIGURED: Final = "configured"
"""Field of `VERSIONS` for everything configured but users."""
USERS: Final = "users"
"""Field of `VERSIONS` for users."""
SEEN: Final = "rc:hot:seen"
"""Sorted set: deployments by when they were last seen in a request or a sample, µs."""
QUALITY: Final = "rc:hot:quality"
"""The learned quality table, as JSON."""
CHARGES: Final = "rc:hot:charges"
"""List: `<log entry id> <charge as JSON>` of each request applied, oldest first.

A charge is {tenant, user, at_us, tokens, nano_usd}.
"""
ACCOUNTS: Final = "rc:hot:accounts"
"""Sorted set: accounts with bookings or debts by the stamp of their last change, see `account`."""
ACCOUNTS_STAMP: Final = "rc:hot:accounts:stamp"
"""The stamp of the last change of any account: it only grows, also over an emptied Redis."""
ACCOUNTS_OWNER: Final = "rc:hot:accounts:owner"
"""Who settles charges now; whoever else tries has to read everything again first."""
ACCOUNTS_BUILT: Final = "rc:hot:accounts:built"
"""Present once quotas were restored from the graph; gone when Redis was emptied."""
PROCESSES: Final = "rc:hot:processes"
"""Sorted set: processes that book, by when they were last heard of, ms."""
FLUSHED: Final = "rc:hot:flushed"
"""Hash: the number of the last flush applied of each process."""
TAIL: Final = "rc:hot:tail"
"""Hash: by log entry id, what was charged and is not yet known to be in the graph, as JSON."""
SPENT: Final = "rc:hot:spent"
"""Hash: 1e-9 US dollars by tenant, user and hour (of a user: day), as last read from the graph."""
BUILT: Final = "rc:hot:built"
"""Present once the hot view was built from the graph; gone when Redis was emptied."""


def observations(deployment: str) -> str:
    """Sorted set: the samples of a deployment by time, µs."""
    return f"rc:hot:samples:{deployment}"


def told(kind: str) -> str:
    """Hash: what was told of each thing of a kind, newest first in force."""
    return f"rc:hot:told:{kind}"


def minute_of(at: datetime) -> int:
    """Whole minutes since 1970 in which an instant lies."""
    return int(at.timestamp() // 60)


def minute_start(minute: int) -> datetime:
    """When a minute counted from 1970 begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def minute(minute: int) -> str:
    """Hash: deployments with requests in that minute, and how many."""
    return f"rc:hot:minute:{minute}"


def cell(minute: int, deployment: str) -> str:
    """Hash: how the requests of a deployment that arrived in a minute went."""
    return f"rc:hot:cell:{minute}:{deployment}"


def tokens(day: int) -> str:
    """Hash: requests and completion tokens by task type, of a day counted from 1970."""
    return f"rc:hot:tokens:{day}"


def work(day: int) -> str:
    """Hash: the sums of `DeploymentWork` as `sum:deployment`, of a day counted from 1970."""
    return f"rc:hot:work:{day}"


def probe(breaker_key: str) -> str:
    """Which process may probe a half-open breaker, as `<token>:<failure>`."""
    return f"rc:hot:probe:{breaker_key}"


def probe_wanted(breaker_key: str) -> str:
    """Present while a process waits for the permit that another holds."""
    return f"rc:hot:probe-wanted:{breaker_key}"


def user(tenant: str, name: str) -> str:
    """A user's field among the users told."""
    return f"{tenant}\x1f{name}"


def tenant_and_user(field: str) -> tuple[str, str]:
    """The inverse of `user`."""
    tenant, _, name = field.partition("\x1f")
    return tenant, name


def account(name: str) -> str:
    """Hash: bookings and debts of a tenant or a user of it; `name` is as `user` gives it.

    A tenant's own account has an empty user.
    """
    return f"rc:hot:account:{name}"


def policy_version(policy: str, version: str) -> str:
    """A version's field among the versions told of all policies."""
    return f"{policy}\x1f{version}"
