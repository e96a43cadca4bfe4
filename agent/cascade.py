"""From a question to an answer: rules, local semantics, then Claude; checked before it is shown.

Each step costs more than the one before, and answers what that one could not. Whatever understood
the question, the words that are shown hold only what the tools gave.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from logging import getLogger
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.answer import Answer, Outcome, Step, StepKind
from agent.checking.evidence import Evidence
from agent.checking.grounding import ungrounded, without_problems
from agent.claude.endings import ClaudeFailed, Spent
from agent.known import KnownNames
from agent.memory import Memory, Turn
from agent.playbooks.answering import CantTell, Told
from agent.playbooks.changes import examples_of
from agent.playbooks.registry import PLAYBOOKS
from agent.results import Call, bounded, document, plain
from agent.settings import AgentSettings
from agent.toolbox import Toolbox
from agent.understanding.question import Intent, Method, Question
from agent.understanding.semantics import Semantics
from agent.understanding.times import in_words
from agent.understanding.understand import understand
from graph.errors import CallerError, HotUnavailable, InvalidInput
from graph.names import Names

if TYPE_CHECKING:
    # Its client takes a second to be imported, and is needed only where there is a key.
    from agent.claude.loop import Claude

log = getLogger(__name__)

QUESTION_AT_MOST: Final = 2_000
"""Characters of a question."""
CLOCKS_APART: Final = timedelta(minutes=5)
"""A stated now that is ahead by no more is the clock's: the asker's runs fast."""
_DATA_AT_MOST: Final = 64_000
_NEAREST: Final = 3
Tell = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put. `now` and `time_zone` are those that its words are read in."""

    text: str
    now: datetime | None = None
    time_zone: str | None = None
    conversation: str | None = None


@dataclass(slots=True)
class _Worked:
    """What came of the work on one question so far."""

    question: Question
    told: Told
    cost_usd: float = 0.0
    degraded: bool = False


class Agent:
    """Answers questions. One per process; safe to share between tasks."""

    def __init__(self, settings: AgentSettings, *, memory: Memory, claude: "Claude | None") -> None:
        self._settings = settings
        self._claude = claude
        self._names = KnownNames()
        self.memory = memory
        self.answered = dict.fromkeys(product(Method, Outcome), 0)
        """Questions answered since the start of this process."""
        self.spent_usd = 0.0
        """What Claude cost since then, also for answers that nobody waited for."""

    async def answer(
        self, asked: Asked, *, toolbox: Toolbox, tell: Tell = lambda _: None
    ) -> Answer:
        """Answer one question with the tools of whoever asks; `tell` gets each step.

        Raises InvalidInput for what is no question or no time zone, and what the tools raise where
        a store is away.
        """
        began_s = perf_counter()
        text, zone = _checked(asked, default=self._settings.time_zone)
        world = toolbox.world
        now = asked.now or world.now
        if now > world.now + CLOCKS_APART:
            raise InvalidInput("lies ahead; leave it out to ask about now", field="now")
        now = min(now, world.now)
        conversation = asked.conversation or secrets.token_hex(8)
        turns = list(await self.memory.turns(conversation, scope=world.scope))
        names = await self._names.of(world.store, now=now, scope=world.scope)
        users = frozenset(user for tenant, user in world.view.users if tenant in world.scope)
        toolbox.known = names = replace(names, users=users)
        before = turns[-1].question if turns else None
        understood_s, question = await asyncio.to_thread(
            _understood, text, now=now, zone=zone, names=names, before=before,
            past=asked.now is not None,
        )  # fmt: skip
        tell(Step(StepKind.UNDERSTOOD, _reading(question)))
        toolbox.observe = lambda call: tell(_called(call))
        worked = await self._work(question, toolbox, turns=turns, tell=tell)
        answer = Answer(
            id=secrets.token_hex(8),
            question=text,
            text="\n".join(worked.told.lines),
            intent=worked.question.intent,
            method=worked.question.method,
            confidence=worked.question.confidence,
            certain=worked.told.certain,
            degraded=worked.degraded,
            asked_at=world.now,
            now=now.astimezone(UTC),
            latency_ms=1000 * (perf_counter() - began_s),
            understanding_ms=1000 * understood_s,
            cost_usd=worked.cost_usd,
            conversation=conversation,
            follow_ups=worked.told.follow_ups,
            query=document(toolbox.calls),
        )
        answer = replace(
            answer,
            citations=_evidence(worked.question, toolbox).citations(answer.text),
            data=_data(worked.question, toolbox),
        )
        self.answered[answer.method, answer.outcome] += 1
        turns.append(Turn(worked.question, answer.text))
        await self.memory.keep(answer, turns=turns, scope=world.scope)
        return answer

    async def _work(
        self, question: Question, toolbox: Toolbox, *, turns: list[Turn], tell: Tell
    ) -> _Worked:
        """What is told by whoever understood the question."""
        if question.intent is not None:
            told = _checked_lines(await _played(question, toolbox), question, toolbox, tell=tell)
            return _Worked(question, told)
        if question.outside is not None:
            return _Worked(question, _refusal(question.outside))
        return await self._by_claude(question, toolbox, turns=turns, tell=tell)

    async def _by_claude(
        self, question: Question, toolbox: Toolbox, *, turns: list[Turn], tell: Tell
    ) -> _Worked:
        """What Claude finds out; where it can't be asked or fails, what was likely meant."""
        spent = Spent()
        try:
            claude = await self._at_hand()
            found = await claude.investigate(question, toolbox, turns=turns, told=tell, spent=spent)
        except ClaudeFailed as error:
            tell(Step(StepKind.DEGRADED, str(error)))
            # What it called stands behind nothing that is told now.
            toolbox.calls.clear()
            told = _guesses(question, toolbox, why=str(error))
            return _Worked(question, told, cost_usd=spent.cost_usd, degraded=True)
        finally:
            # Also where nobody waits for the answer any more.
            self.spent_usd += spent.cost_usd
            await self.memory.spend(spent.cost_usd, at=toolbox.world.now)
        understood = replace(question, method=Method.CLAUDE, confidence=found.confidence)
        told = Told(tuple(found.text.splitlines()), certain=found.certain)
        return _Worked(understood, told, cost_usd=found.cost_usd)

    async def _at_hand(self) -> "Claude":
        """Claude, where it is set up and the day's money is not spent. Raises ClaudeFailed."""
        if self._claude is None:
            raise ClaudeFailed("no_key", "Claude is not set up")
        now = datetime.now(UTC)
        try:
            spent_usd = await self.memory.spent_usd(at=now)
        except HotUnavailable:
            # What is not counted could be anything.
            raise ClaudeFailed("budget", "what was spent today is not known") from None
        if spent_usd >= self._settings.claude_daily_usd:
            raise ClaudeFailed("budget", "what Claude may cost in a day is spent")
        return self._claude


def _checked(asked: Asked, *, default: str) -> tuple[str, ZoneInfo]:
    """The question's text and time zone. Raises InvalidInput."""
    text = asked.text.strip()
    if not text:
        raise InvalidInput("is empty; ask something, such as `what is healthy?`", field="question")
    if len(text) > QUESTION_AT_MOST:
        raise InvalidInput(
            f"has {len(text)} characters; ask in at most {QUESTION_AT_MOST}", field="question"
        )
    name = asked.time_zone or default
    try:
        return text, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"{name!r} is no time zone; use a name such as Europe/Berlin", field="timeZone"
        ) from None


def _called(call: Call) -> Step:
    return Step(
        StepKind.CALLED,
        call.tool.replace("_", " "),
        tool=call.tool,
        arguments=plain(dict(call.arguments)),
        took_ms=call.took_ms,
    )


def _understood(text: str, **given: Any) -> tuple[float, Question]:
    """The question, and the seconds that it took to understand it."""
    semantics = Semantics.trained()
    began_s = perf_counter()
    question = understand(text, semantics=semantics, **given)
    return perf_counter() - began_s, question


async def _played(question: Question, toolbox: Toolbox) -> Told:
    """What the playbooks tell of all that is asked; what they can't is said with the reason."""
    intents = [one for one in (question.intent, *question.also) if one is not None]
    told = [await _part(replace(question, intent=one), toolbox, by=one) for one in intents]
    return Told(
        lines=tuple(line for part in told for line in part.lines),
        follow_ups=tuple(dict.fromkeys(one for part in told for one in part.follow_ups)),
        certain=any(part.certain for part in told),
    )


async def _part(question: Question, toolbox: Toolbox, *, by: Intent) -> Told:
    try:
        return await PLAYBOOKS[by](question, toolbox)
    except CantTell as error:
        return _refusal(error.reason, follow_ups=error.follow_ups)
    except CallerError as error:
        return _refusal(str(error))


def _refusal(reason: str, *, follow_ups: tuple[str, ...] = ()) -> Told:
    return Told((f"I can't tell: {reason}.",), follow_ups=follow_ups, certain=False)


def _checked_lines(told: Told, question: Question, toolbox: Toolbox, *, tell: Tell) -> Told:
    """What is told, without what the calls do not hold.

    A playbook's sentences are our own: whom a figure belongs to is theirs to say, and tests hold
    them to it.
    """
    text = "\n".join(told.lines)
    problems = ungrounded(
        text, calls=toolbox.calls, figures=toolbox.figures, question=question, names=toolbox.known
    )
    problems = [one for one in problems if not one.present]
    if not problems:
        return told
    for problem in problems:
        log.error("not in the data, so not told: %s", problem)
    tell(Step(StepKind.CHECKED, f"{len(problems)} sentences are not in the data"))
    kept = without_problems(text, problems)
    if not kept.strip():
        return _refusal("nothing of what was found could be checked")
    return replace(told, lines=tuple(kept.splitlines()))


def _guesses(question: Question, toolbox: Toolbox, *, why: str) -> Told:
    """That it was not understood, and what may have been meant."""
    examples = examples_of(toolbox.known or Names())
    meant = tuple(examples[one] for one in question.nearest[:_NEAREST] if one in examples)
    lines = [f"I can't tell: I did not understand the question ({why})."]
    if meant:
        lines.append("Did you mean one of these?")
        lines += [f"  {one}" for one in meant]
    return Told(tuple(lines), follow_ups=meant, certain=False)


def _evidence(question: Question, toolbox: Toolbox) -> Evidence:
    return Evidence.of(
        toolbox.calls, figures=toolbox.figures, question=question, names=toolbox.known
    )


def _reading(question: Question) -> str:
    """How a question was read, in words."""
    if question.intent is None:
        return f"not understood{f': {question.outside}' if question.outside else ''}"
    given = question.slots.where.given()
    where = "; ".join(f"{name} {', '.join(sorted(values))}" for name, values in given.items())
    parts = [
        question.intent.value,
        question.slots.metric.value if question.slots.metric else "",
        where,
        in_words(question.times, now=question.now),
    ]
    told = ", ".join(part for part in parts if part)
    return f"{told} ({question.method.value}, {100 * question.confidence:.0f} % sure)"


def _data(question: Question, toolbox: Toolbox) -> dict[str, Any]:
    """What the figures come from, as plain JSON, cut to size."""
    calls = [
        {"tool": call.tool, "arguments": plain(call.arguments), "result": plain(call.result)}
        for call in toolbox.calls
    ]
    told, cut = bounded(calls, most_characters=_DATA_AT_MOST)
    return {
        "understood": {
            "intent": question.intent,
            "slots": question.slots,
            "times": {**_times(question), "words": question.times.words},
            "follows": question.follows,
        },
        "figures": toolbox.figures,
        "calls": told,
        "cut": cut,
    }


def _times(question: Question) -> dict[str, Any]:
    times = question.times
    return {
        "zone": times.zone.key,
        "during": times.during,
        "comparedTo": times.compared_to,
        "aheadMinutes": None if times.ahead is None else times.ahead.total_seconds() / 60,
        "granularity": times.granularity,
    }
