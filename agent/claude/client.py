"""The client of the Messages API; nothing else makes one, and it asks no server that is locked out.

A switch in the settings forbids any server; another, and `allow_only` for the whole process, all
but those of this machine, so that no test can reach the real one.
"""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from agent.claude.reach import LOOPBACK, check
from agent.settings import AgentSettings
from graph.errors import Refused

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CONNECT_S: Final = 5.0
# What is on this machine is asked without a proxy, which would be another machine.
_NO_PROXY: Final[dict[str, None]] = {"http://": None, "https://": None, "all://": None}


def available(settings: AgentSettings) -> bool:
    """Whether there is a Claude to ask."""
    return settings.claude_allowed and settings.anthropic_api_key is not None


def connect(settings: AgentSettings) -> "AsyncAnthropic":
    """A client for what the settings name. It opens no connection yet.

    It follows no redirects, which could lead past the locks, and never tries again by itself, for
    whoever asks counts the time. Raises Refused where Claude may not be asked, or not there.
    """
    # Imported late: whoever never asks Claude need not wait for it.
    import httpx2
    from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

    key = settings.anthropic_api_key
    if not settings.claude_allowed:
        raise Refused("Claude is switched off: ROUTECAUSE_CLAUDE_ALLOWED is false")
    if key is None:
        raise Refused("there is no key for Claude: set ANTHROPIC_API_KEY")
    host = urlsplit(settings.anthropic_base_url).hostname or ""
    hosts = LOOPBACK if settings.claude_loopback_only else None
    check(host, hosts=hosts)

    async def checked(request: httpx2.Request) -> None:
        check(request.url.host, hosts=hosts)

    return AsyncAnthropic(
        api_key=key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        max_retries=0,
        timeout=httpx2.Timeout(settings.claude_timeout_s, connect=_CONNECT_S),
        http_client=DefaultAsyncHttpxClient(
            follow_redirects=False,
            event_hooks={"request": [checked]},
            mounts=_NO_PROXY if host in LOOPBACK else {},
        ),
    )
