"""Each way in which Claude can fail ends within the limits, with words that are safe to show."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from agent.claude.loop import ClaudeFailed, Spent, Stop
from agent.toolbox import Toolbox
from agent.understanding.question import Question

if TYPE_CHECKING:
    from tests.agent.claude.conftest import MakeClaude, MessagesApi

Ask = Callable[..., Question]
FLEET = ("fleet", {"status": ["HEALTHY"]})


async def fails(
    claude: "MakeClaude", ask: Ask, toolbox: Toolbox, **settings: float | str
) -> tuple[ClaudeFailed, float]:
    """The failure of a question, and how many seconds it took."""
    began_s = time.monotonic()
    with pytest.raises(ClaudeFailed) as caught:
        await claude(**settings).investigate(ask(), toolbox)
    assert "secret" not in str(caught.value)
    return caught.value, time.monotonic() - began_s


@pytest.mark.parametrize(
    ("status", "kind", "expected", "requests"),
    [
        (401, "authentication_error", "authentication", 1),
        (403, "permission_error", "authentication", 1),
        (400, "invalid_request_error", "rejected", 1),
        (404, "not_found_error", "rejected", 1),
        (429, "rate_limit_error", "rate_limited", 2),
        (500, "api_error", "server", 2),
        (529, "overloaded_error", "overloaded", 2),
        (502, "whatever", "server", 2),
        (302, "whatever", "garbage", 1),
    ],
)
async def test_errors_before_the_stream(
    api: "MessagesApi",
    claude: "MakeClaude",
    ask: Ask,
    toolbox: Toolbox,
    status: int,
    kind: str,
    expected: str,
    requests: int,
) -> None:
    api.then(api.fails(status, kind, location="http://127.0.0.1:1/", retry_after="0.02"))
    error, _ = await fails(claude, ask, toolbox)
    assert (error.kind, len(api.asked)) == (expected, requests)
    assert error.cost_usd == 0


async def test_a_rate_limit_that_passes_is_waited_for(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.fails(429, "rate_limit_error", retry_after="0.3"),
        api.says("I can't tell: nothing is known of that."),
    )
    began_s = time.monotonic()
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "I can't tell: nothing is known of that."
    assert not found.certain
    assert time.monotonic() - began_s >= 0.3


async def test_a_wait_beyond_the_limit_is_not_begun(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.fails(429, "rate_limit_error", retry_after="30"))
    error, took_s = await fails(claude, ask, toolbox, claude_timeout_s=20)
    assert (error.kind, error.stated_s, len(api.asked)) == ("rate_limited", 30, 1)
    assert took_s < 2


async def test_without_a_stated_wait_it_pauses_shortly(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.fails(429, "rate_limit_error"))
    error, took_s = await fails(claude, ask, toolbox)
    assert (error.kind, len(api.asked)) == ("rate_limited", 2)
    assert 0.2 < took_s < 3


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, "cut"), ("overloaded_error", "overloaded"), ("api_error", "server"), ("?", "garbage")],
)
async def test_a_stream_that_breaks_off(
    api: "MessagesApi",
    claude: "MakeClaude",
    ask: Ask,
    toolbox: Toolbox,
    error: str | None,
    expected: str,
) -> None:
    api.then(api.breaks_off("All is well with gpt-4o@aws, and", error=error))
    caught, _ = await fails(claude, ask, toolbox)
    assert caught.kind == expected
    # What was read and said before it broke off is paid for, each time.
    assert caught.cost_usd == pytest.approx(len(api.asked) * (100e-6 + 13 * 5e-6))


@pytest.mark.parametrize(
    "data",
    [
        b"event: message_start\ndata: {nonsense\n\n",
        b"event: content_block_delta\ndata: {}\n\n",
        b'event: message_start\ndata: {"type": "message_start"}\n\n',
        b'event: message_start\ndata: "text"\n\n',
        b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 3}\n\n',
        b"event: message_start\ndata: \xff\xfe\n\n",
        b"<html>hello</html>",
        b"",
    ],
)
async def test_garbage(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox, data: bytes
) -> None:
    api.then(api.raw(data))
    error, _ = await fails(claude, ask, toolbox)
    assert error.kind in {"garbage", "cut"}


@pytest.mark.parametrize("after_start", [True, False])
async def test_silence_ends_in_time(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox, after_start: bool
) -> None:
    api.then(api.silent(after_start=after_start))
    error, took_s = await fails(claude, ask, toolbox, claude_timeout_s=0.4)
    assert error.kind == "time"
    assert 0.3 < took_s < 1.5
    assert error.cost_usd > 0
    await asyncio.wait_for(api.wires[0].left.wait(), 2)


async def test_a_dribble_ends_in_time(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.dribbles())
    error, took_s = await fails(claude, ask, toolbox, claude_timeout_s=0.5)
    assert (error.kind, took_s < 1.5) == ("time", True)


async def test_nobody_there(
    claude: "MakeClaude", ask: Ask, toolbox: Toolbox, unused_tcp_port: int
) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}"
    error, _ = await fails(claude, ask, toolbox, anthropic_base_url=address)
    assert (error.kind, error.cost_usd) == ("connection", 0)


async def test_claude_declines(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.says("No.", stop="refusal"))
    error, _ = await fails(claude, ask, toolbox)
    assert (error.kind, error.cost_usd > 0, len(api.asked)) == ("refusal", True, 1)


async def test_an_answer_that_is_too_long_keeps_its_whole_sentences(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET),
        api.says("gpt-4o@aws is healthy. Its p95 latency is 431 ms. And it", stop="max_tokens"),
    )
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "gpt-4o@aws is healthy. Its p95 latency is 431 ms."
    assert found.cut


async def test_a_call_that_was_cut_is_not_carried_out(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.calls(("fleet", '{"status": ["HEAL'), stop="max_tokens"))
    error, _ = await fails(claude, ask, toolbox)
    assert (error.kind, toolbox.calls) == ("cut", [])


async def test_an_answer_without_words(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.says(" "))
    assert (await fails(claude, ask, toolbox))[0].kind == "garbage"


async def test_cancelling_closes_the_connection_and_the_cost_is_known(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.silent())
    spent = Spent()
    asked = asyncio.create_task(claude().investigate(ask(), toolbox, spent=spent))
    while not api.wires:  # noqa: ASYNC110  # the server tells by its list
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.wait_for(api.wires[0].left.wait(), 2)
    assert spent.turns == 1
    assert spent.cost_usd == pytest.approx(100e-6 + 5e-6)


async def test_a_correction_that_fails_leaves_what_was_supported(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET),
        api.says("The p95 latency of gpt-4o@aws is 431 ms. Its p50 latency is 777 ms."),
        api.silent(),
    )
    found = await claude(claude_timeout_s=1.5).investigate(ask(), toolbox)
    assert found.text == "The p95 latency of gpt-4o@aws is 431 ms."
    assert (found.stop, len(found.dropped)) == (Stop.TIME, 1)
