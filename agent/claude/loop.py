"""The conversation with Claude about one question: turns, tools, limits, and what may be told.

Every limit holds for the whole question: turns, seconds, dollars. Before a turn is taken, what it
would cost at most must fit into what is left; the answer is made shorter so that it does. What
Claude says in the end is shown only as far as the tools' results support it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from anthropic.types import ContentBlockParam, MessageParam

from agent.answer import Step, StepKind
from agent.checking import grounding
from agent.checking.grounding import Problem
from agent.claude.assurances import unsupported
from agent.claude.calls import carry_out
from agent.claude.client import connect
from agent.claude.endings import (
    PASSING,
    ClaudeFailed,
    FailureKind,
    Investigated,
    Spent,
    Stop,
    failed,
)
from agent.claude.prices import Prices, Usage, prices
from agent.claude.prompt import (
    LAST_TURN,
    NOTHING_READ,
    Before,
    correction,
    definitions,
    opening,
    system,
)
from agent.claude.turn import CHARACTERS_PER_TOKEN, Asking, Reply, take_turn
from agent.results import Call
from agent.settings import AgentSettings
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.names import Names

__all__ = ["Claude", "ClaudeFailed", "Grounder", "Investigated", "Spent", "Stop"]

Tell = Callable[[Step], None]

_LEAST_OUTPUT_TOKENS: Final = 200
"""Where less can be paid, no turn is taken."""
_TRIES: Final = 2
_PAUSE_S: Final = 0.25
_LAST_SHARE: Final = 0.3
"""Where less of the time is left, a turn is the last."""
_END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])(?=\s|$)|\n")
_STOPS: Final = {
    FailureKind.TURNS: Stop.TURNS,
    FailureKind.DOLLARS: Stop.DOLLARS,
    FailureKind.TIME: Stop.TIME,
}


class Grounder(Protocol):
    """What says which sentences the results support, as `agent.checking.grounding` does."""

    def ungrounded(
        self,
        text: str,
        *,
        calls: Sequence[Call],
        figures: Mapping[str, Any],
        question: Question,
        names: Names | None,
    ) -> Sequence[Problem]:
        """The sentences that are not supported, with the reason."""
        ...

    def without_problems(self, text: str, problems: Sequence[Problem]) -> str:
        """The text without these sentences."""
        ...


@dataclass(slots=True)
class _State:
    """One question under way."""

    question: Question
    toolbox: Toolbox
    names: Names
    tell: Tell
    spent: Spent
    deadline_s: float
    messages: list[MessageParam]
    turns: int = 0
    last_usage: Usage | None = None
    unread_characters: int = 0
    """Of what was added since the last turn."""
    draft: str = ""
    """An answer that was sent back."""
    draft_cut: bool = False
    sent_back: bool = False
    read: bool = False
    """Whether any tool gave something."""


class Claude:
    """Claude with the tools. One for a process; questions may be asked side by side."""

    def __init__(self, settings: AgentSettings, *, grounder: Grounder = grounding) -> None:
        """Open no connection yet. Raises Refused where Claude may not be asked."""
        self._settings = settings
        self._prices: Prices = prices(settings)
        self._client = connect(settings)
        self._grounder = grounder

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def investigate(
        self,
        question: Question,
        toolbox: Toolbox,
        *,
        turns: Sequence[Before] = (),
        told: Tell = lambda _: None,
        spent: Spent | None = None,
    ) -> Investigated:
        """Find out with the tools. Raises ClaudeFailed where no answer came of it.

        `turns` are the questions that came before. `spent` counts as it goes, for whoever must
        know what it cost even when this is cancelled; a cancelled question closes its connection.
        """
        names = toolbox.known if toolbox.known is not None else await toolbox.names()
        spent = spent or Spent()
        clock = asyncio.get_running_loop().time
        state = _State(
            question=question,
            toolbox=toolbox,
            names=names,
            tell=told,
            spent=spent,
            deadline_s=clock() + self._settings.claude_timeout_s,
            messages=[opening(question, names=names, before=turns)],
        )
        state.unread_characters = len(str(state.messages)) + _static_characters()
        try:
            async with asyncio.timeout_at(state.deadline_s):
                return await self._converse(state)
        except TimeoutError:
            error = failed(FailureKind.TIME)
        except ClaudeFailed as raised:
            error = raised
        return self._salvaged(state, error)

    async def _converse(self, state: _State) -> Investigated:
        while True:
            reply, last = await self._turn(state)
            if reply.cut and reply.wanted:
                raise failed(FailureKind.CUT)
            if reply.wanted:
                if last is not None:
                    raise failed(last)
                await self._answer_calls(state, reply)
                continue
            text = _whole_sentences(reply.text) if reply.cut else reply.text
            if not text:
                raise failed(FailureKind.GARBAGE)
            problems = self._problems(state, text)
            unread = not state.read and _claims(text)
            if not problems and not unread:
                return self._investigated(state, text, cut=reply.cut)
            if state.sent_back or last is not None:
                if unread:
                    raise failed(FailureKind.UNGROUNDED)
                return self._investigated(state, text, cut=reply.cut)
            self._send_back(state, reply, text, problems)

    async def _turn(self, state: _State) -> tuple[Reply, FailureKind | None]:
        """The next turn, tried again where what failed may pass; and which limit makes it the last.

        Raises ClaudeFailed.
        """
        for tries_left in reversed(range(_TRIES)):
            asking, last = self._asking(state)
            state.turns += 1
            try:
                reply = await take_turn(
                    self._client, asking, prices=self._prices, spent=state.spent
                )
            except ClaudeFailed as error:
                wait_s = _PAUSE_S if error.stated_s is None else error.stated_s
                if not tries_left or error.kind not in PASSING or last is FailureKind.TURNS:
                    raise
                if wait_s >= self._left_s(state) * (1 - _LAST_SHARE):
                    raise
                await asyncio.sleep(wait_s)
            else:
                state.last_usage, state.unread_characters = reply.usage, 0
                return reply, last
        raise AssertionError("the last try returns or raises")

    def _asking(self, state: _State) -> tuple[Asking, FailureKind | None]:
        """What the next turn sends, within what is left of everything. Raises ClaudeFailed."""
        settings = self._settings
        left_turns = settings.claude_turns - state.turns
        if left_turns <= 0:
            raise failed(FailureKind.TURNS)
        expected = _expected(state)
        left_usd = settings.claude_question_usd - state.spent.cost_usd
        input_usd = self._prices.cost_usd(expected)
        output_tokens = min(
            self._prices.output_tokens(left_usd - input_usd), settings.claude_output_tokens
        )
        if output_tokens < _LEAST_OUTPUT_TOKENS:
            raise failed(FailureKind.DOLLARS)
        turn_usd = self._prices.cost_usd(expected + Usage(output_tokens=output_tokens))
        last = None
        if left_turns == 1:
            last = FailureKind.TURNS
        elif left_usd < 2 * turn_usd:
            last = FailureKind.DOLLARS
        elif self._left_s(state) < _LAST_SHARE * settings.claude_timeout_s:
            last = FailureKind.TIME
        messages = _cached(state.messages, LAST_TURN if last else None)
        return Asking(settings.claude_model, messages, output_tokens, expected), last

    async def _answer_calls(self, state: _State, reply: Reply) -> None:
        results = await carry_out(
            reply.wanted,
            state.toolbox,
            names=state.names,
            most_calls=self._settings.claude_calls,
        )
        blocks: list[ContentBlockParam] = []
        for call, result in zip(reply.wanted, results, strict=True):
            if result.refused is None:
                state.read = True
            else:
                state.tell(Step(StepKind.CHECKED, f"{call.tool[:60]} refused: {result.refused}"))
            blocks.append(
                {
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": result.content,
                    "is_error": result.refused is not None,
                }
            )
        _add(state, reply, blocks)

    def _send_back(
        self, state: _State, reply: Reply, text: str, problems: Sequence[Problem]
    ) -> None:
        state.sent_back, state.draft, state.draft_cut = True, text, reply.cut
        said = NOTHING_READ
        if state.read:
            said = correction([(one.sentence, one.why) for one in problems])
        state.tell(Step(StepKind.CHECKED, f"sent back: {len(problems) or 'all'} unsupported"))
        _add(state, reply, [{"type": "text", "text": said}])

    def _problems(self, state: _State, text: str) -> list[Problem]:
        calls = state.toolbox.calls
        found = self._grounder.ungrounded(
            text,
            calls=calls,
            figures=state.toolbox.figures,
            question=state.question,
            names=state.names,
        )
        seen = {one.sentence for one in found}
        more = unsupported(text, calls=calls, names=state.names)
        return [*found, *(one for one in more if one.sentence not in seen)]

    def _investigated(
        self, state: _State, text: str, *, cut: bool, stop: Stop = Stop.ANSWERED
    ) -> Investigated:
        """The text without what nothing supports. Raises ClaudeFailed where nothing is left."""
        problems = self._problems(state, text)
        if problems:
            text = self._grounder.without_problems(text, problems).strip()
            state.tell(Step(StepKind.CHECKED, f"dropped: {len(problems)} unsupported"))
        if not text:
            raise failed(FailureKind.UNGROUNDED)
        return Investigated(
            text,
            stop,
            state.spent,
            dropped=tuple(problems),
            sent_back=state.sent_back,
            cut=cut,
        )

    def _salvaged(self, state: _State, error: ClaudeFailed) -> Investigated:
        """What stood of an answer that was sent back, where its correction failed.

        Raises the failure where there was none, with what was spent.
        """
        error.spent = state.spent
        if not state.draft or (not state.read and _claims(state.draft)):
            raise error
        stop = _STOPS.get(FailureKind(error.kind), Stop.FAILED)
        try:
            return self._investigated(state, state.draft, cut=state.draft_cut, stop=stop)
        except ClaudeFailed:
            raise error from None

    def _left_s(self, state: _State) -> float:
        return state.deadline_s - asyncio.get_running_loop().time()


def _add(state: _State, reply: Reply, blocks: list[ContentBlockParam]) -> None:
    """What Claude said and what is said to it in return."""
    state.messages.append({"role": "assistant", "content": reply.content})
    state.messages.append({"role": "user", "content": blocks})
    state.unread_characters += sum(len(str(block)) for block in blocks)


def _expected(state: _State) -> Usage:
    """What the next turn's prompt will be billed as: rather too much.

    What the turn before read from the cache or wrote to it is there again; all else is new.
    """
    unread = int(state.unread_characters / CHARACTERS_PER_TOKEN)
    last = state.last_usage
    if last is None:
        return Usage(cache_write_tokens=unread)
    cached = last.cache_read_tokens + last.cache_write_tokens
    return Usage(
        cache_read_tokens=cached,
        cache_write_tokens=last.input_tokens + last.output_tokens + unread,
    )


def _cached(messages: list[MessageParam], more: str | None) -> list[MessageParam]:
    """The messages with a mark behind the last, up to which the next turn finds them cached."""
    *before, last = messages
    content = last["content"]
    blocks: list[Any] = [] if isinstance(content, str) else [*content]
    blocks[-1] = {**blocks[-1], "cache_control": {"type": "ephemeral"}}
    if more is not None:
        blocks.append({"type": "text", "text": more})
    return [*before, {"role": "user", "content": blocks}]


def _static_characters() -> int:
    return len(str(definitions())) + len(str(system()))


def _whole_sentences(text: str) -> str:
    """The text up to the end of its last whole sentence."""
    ends = [found.start() for found in _END_OF_SENTENCE.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""


def _claims(text: str) -> bool:
    """Whether a text says more than that it can't tell."""
    return not text.lower().replace("\u2019", "'").startswith("i can't tell")
