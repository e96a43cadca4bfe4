"""One turn of Claude: asked over HTTP, heard as it streams, paid for whatever comes of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx2
from anthropic import AnthropicError, AsyncAnthropic
from anthropic.lib.streaming import ParsedMessageStreamEvent
from anthropic.types import (
    ContentBlockParam,
    MessageParam,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)

from agent.claude.calls import Wanted
from agent.claude.endings import ClaudeFailed, FailureKind, Spent, failed, failure
from agent.claude.prices import Prices, Usage
from agent.claude.prompt import definitions, system

CHARACTERS_PER_TOKEN: Final = 2.5
"""Rather too few, for what is counted with it must fit into a limit in dollars."""
_CHARACTERS_AT_MOST: Final = 200_000
_ENDS: Final = {"end_turn", "stop_sequence", "tool_use", "max_tokens", "refusal"}
# What an unreadable stream makes the client raise: bad JSON or UTF-8, events of an unknown shape
# or in a wrong order.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    RuntimeError,
    AssertionError,
    AttributeError,
    LookupError,
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What one turn sends, and what it is expected to cost to be read."""

    model: str
    messages: list[MessageParam]
    max_tokens: int
    expected: Usage


@dataclass(frozen=True, slots=True)
class Reply:
    """What Claude said in a turn: its words, the calls it wants, and both as they are sent back."""

    text: str
    wanted: list[Wanted]
    content: list[ContentBlockParam]
    cut: bool
    """Whether it had to stop because its answer may not be longer."""
    usage: Usage


@dataclass(slots=True)
class _Heard:
    """What has come of a reply so far; enough to know what it costs when it breaks off."""

    usage: Usage | None = None
    characters: int = 0
    json_of: dict[int, str] = field(default_factory=dict[int, str])
    ended: bool = False

    def take(self, event: "ParsedMessageStreamEvent[None]") -> None:
        """One event. Raises ClaudeFailed where there are too many characters."""
        if event.type == "message_start":
            self.usage = _usage(event.message.usage, Usage())
        elif event.type == "message_delta":
            self.usage = _usage(event.usage, self.usage or Usage())
        elif event.type == "message_stop":
            self.ended = True
        elif event.type == "content_block_delta":
            if event.delta.type == "input_json_delta":
                piece = event.delta.partial_json
                self.json_of[event.index] = self.json_of.get(event.index, "") + piece
            elif event.delta.type == "text_delta":
                piece = event.delta.text
            elif event.delta.type == "thinking_delta":
                piece = event.delta.thinking
            else:
                piece = ""
            self.characters += len(piece)
            if self.characters > _CHARACTERS_AT_MOST:
                raise failed(FailureKind.GARBAGE)

    def billed(self, expected: Usage) -> Usage:
        """What will be billed, or more: what the server told, and what was heard beyond it."""
        told = self.usage if self.usage is not None and self.usage.prompt_tokens else expected
        if self.ended:
            return told
        heard = math.ceil(self.characters / CHARACTERS_PER_TOKEN)
        return Usage(
            told.input_tokens,
            max(told.output_tokens, heard),
            told.cache_write_tokens,
            told.cache_read_tokens,
        )


async def take_turn(
    client: AsyncAnthropic, asking: Asking, *, prices: Prices, spent: Spent
) -> Reply:
    """Ask once. Raises ClaudeFailed.

    What it costs is added to `spent` however it ends, also when it is cancelled: what was sent
    and not turned away is paid for.
    """
    heard = _Heard()
    opened, billable = False, True
    manager = client.messages.stream(
        model=asking.model,
        max_tokens=asking.max_tokens,
        system=system(),
        tools=definitions(),
        messages=asking.messages,
    )
    try:
        async with manager as stream:
            opened = True
            async for event in stream:
                heard.take(event)
            if not heard.ended:
                raise failed(FailureKind.CUT)
            whole = stream.current_message_snapshot
            return _reply(whole.content, heard, asking=asking, stop=whole.stop_reason)
    except ClaudeFailed:
        raise
    except (AnthropicError, httpx2.HTTPError, *_UNREADABLE) as error:
        billable = opened
        raise failure(error) from error
    finally:
        spent.turns += 1
        if billable:
            usage = heard.billed(asking.expected)
            spent.usage += usage
            spent.cost_usd += prices.cost_usd(usage)


def _reply(content: list[Any], heard: _Heard, *, asking: Asking, stop: str | None) -> Reply:
    """A whole reply. Raises ClaudeFailed where it declined, or ended in an unknown way."""
    if stop == "refusal":
        raise failed(FailureKind.REFUSAL)
    cut = stop in {"max_tokens", "model_context_window_exceeded"}
    if not cut and stop not in _ENDS:
        raise failed(FailureKind.GARBAGE)
    told: list[ContentBlockParam] = []
    texts: list[str] = []
    wanted: list[Wanted] = []
    for index, block in enumerate(content):
        match block:
            case TextBlock(text=text) if text.strip():
                texts.append(text)
                told.append({"type": "text", "text": text})
            case ToolUseBlock(id=id_, name=name):
                arguments = _arguments(heard.json_of.get(index, ""), block.input)
                wanted.append(Wanted(id_, name, arguments))
                told.append(
                    {"type": "tool_use", "id": id_, "name": name, "input": dict(arguments or {})}
                )
            case ThinkingBlock(thinking=thinking, signature=signature):
                told.append({"type": "thinking", "thinking": thinking, "signature": signature})
            case RedactedThinkingBlock(data=data):
                told.append({"type": "redacted_thinking", "data": data})
            case _:
                pass
    usage = heard.billed(asking.expected)
    return Reply("".join(texts).strip(), wanted, told, cut, usage)


def _arguments(text: str, given: object) -> Mapping[str, Any] | None:
    """A call's arguments; None where they are no JSON object. The stream's own reader is lenient
    with JSON that breaks off, so it is read again.
    """
    if not text.strip():
        return cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else None
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return cast("Mapping[str, Any]", read) if isinstance(read, Mapping) else None


def _usage(told: object, before: Usage) -> Usage:
    """Usage as an event tells it; the counts are totals, and what it leaves out stays as it was."""

    def count(name: str, default: int) -> int:
        value = getattr(told, name, None)
        return max(value, 0) if isinstance(value, int) else default

    return Usage(
        input_tokens=count("input_tokens", before.input_tokens),
        output_tokens=count("output_tokens", before.output_tokens),
        cache_write_tokens=count("cache_creation_input_tokens", before.cache_write_tokens),
        cache_read_tokens=count("cache_read_input_tokens", before.cache_read_tokens),
    )
