"""The locks: a real Claude is out of reach of every test, whatever the settings say."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from anthropic import APIConnectionError, AsyncAnthropic

from agent.claude.client import available, connect
from agent.claude.reach import LOOPBACK, allow_only, check
from agent.settings import AgentSettings
from graph.errors import Refused

if TYPE_CHECKING:
    from tests.agent.claude.conftest import MessagesApi


def settings(**given: Any) -> AgentSettings:
    """Settings with a key, and what is given."""
    return AgentSettings.model_validate({"anthropic_api_key": "not-a-key", **given})


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "https://127.0.0.1.example.com",
        "https://127.0.0.1@api.anthropic.com",
        "https://localhost:1@api.anthropic.com/",
        "http://10.0.0.1:8080",
    ],
)
@pytest.mark.parametrize("loopback_only", [True, False])
def test_no_test_can_make_a_client_of_another_machine(url: str, *, loopback_only: bool) -> None:
    with pytest.raises(Refused, match="may not be asked at"):
        connect(settings(anthropic_base_url=url, claude_loopback_only=loopback_only))


def test_the_default_is_the_real_one_and_out_of_reach() -> None:
    assert settings().anthropic_base_url == "https://api.anthropic.com"
    with pytest.raises(Refused, match=r"api\.anthropic\.com"):
        connect(settings())


async def test_a_client_that_is_turned_to_another_machine_sends_nothing(api: "MessagesApi") -> None:
    client = connect(settings(anthropic_base_url=api.url))
    elsewhere = client.copy(base_url="https://api.anthropic.com")
    assert isinstance(elsewhere, AsyncAnthropic)
    with pytest.raises((Refused, APIConnectionError)) as caught:
        await elsewhere.messages.create(
            model="m", max_tokens=1, messages=[{"role": "user", "content": "?"}]
        )
    refused = caught.value if isinstance(caught.value, Refused) else caught.value.__cause__
    assert isinstance(refused, Refused)
    await client.close()


async def test_a_redirect_is_not_followed(api: "MessagesApi") -> None:
    api.then(api.fails(307, "moved", location="https://api.anthropic.com/v1/messages"))
    client = connect(settings(anthropic_base_url=api.url))
    with pytest.raises(Exception, match="307"):
        await client.messages.create(
            model="m", max_tokens=1, messages=[{"role": "user", "content": "?"}]
        )
    assert len(api.asked) == 1
    await client.close()


async def test_a_proxy_is_not_asked_for_this_machine(
    api: "MessagesApi", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    api.then(api.says("Hello."))
    client = connect(settings(anthropic_base_url=api.url))
    async with client.messages.stream(
        model="m", max_tokens=1, messages=[{"role": "user", "content": "?"}]
    ) as stream:
        assert await stream.get_final_text() == "Hello."
    await client.close()


def test_without_a_key_nobody_waits_for_the_client_to_be_imported() -> None:
    script = "import sys, api.app; print('anthropic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_what_a_test_starts_is_locked_too() -> None:
    script = (
        "from agent.claude.client import connect\n"
        "from agent.settings import AgentSettings\n"
        "try:\n    connect(AgentSettings())\n"
        "except Exception as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "ANTHROPIC_API_KEY": "not-a-key"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("Claude may not be asked at api.anthropic.com")


def test_the_switch_goes_before_any_key() -> None:
    off = settings(claude_allowed=False, anthropic_base_url="http://127.0.0.1:1")
    assert not available(off)
    with pytest.raises(Refused, match="ROUTECAUSE_CLAUDE_ALLOWED"):
        connect(off)


def test_without_a_key_there_is_none() -> None:
    without = AgentSettings()
    assert not available(without)
    assert available(settings())
    with pytest.raises(Refused, match="ANTHROPIC_API_KEY"):
        connect(without)


def test_the_lock_can_be_opened_on_purpose_only() -> None:
    try:
        allow_only(None)
        check("api.anthropic.com")
        with pytest.raises(Refused):
            check("api.anthropic.com", hosts=LOOPBACK)
    finally:
        allow_only(LOOPBACK)
    with pytest.raises(Refused):
        check("api.anthropic.com")
