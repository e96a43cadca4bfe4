"""From words to an answer: who understood it, what is shown, what is kept, what is refused."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agent import cascade
from agent.answer import Answer, Step, StepKind
from agent.cascade import CLOCKS_APART, QUESTION_AT_MOST, Agent, Asked
from agent.claude.loop import ClaudeFailed, Investigated, Spent, Stop
from agent.memory import Memory
from agent.playbooks.answering import Told
from agent.settings import AgentSettings
from agent.toolbox import Toolbox
from agent.understanding.question import Intent, Method, Question
from graph.errors import InvalidInput
from graph.settings import GraphSettings
from tests.agent.playbooks.worlds import SmallFleet

NOBODY_KNOWS = "xyzzy plugh frobnicate the quux"


@pytest.fixture
async def memory(graph_settings: GraphSettings) -> AsyncGenerator[Memory]:
    opened = Memory.open(graph_settings, settings=AgentSettings())
    yield opened
    await opened.close()


@dataclass
class Asking:
    """Asks an agent of the small fleet, and keeps the steps."""

    fleet: SmallFleet
    memory: Memory
    claude: Any = None
    settings: AgentSettings = field(default_factory=AgentSettings)
    steps: list[Step] = field(default_factory=list[Step])

    async def __call__(self, text: str, **more: Any) -> Answer:
        agent = Agent(self.settings, memory=self.memory, claude=self.claude)
        self.steps = []
        toolbox = Toolbox(self.fleet.world())
        return await agent.answer(Asked(text, **more), toolbox=toolbox, tell=self.steps.append)


@pytest.fixture(autouse=True)
def not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """One text that neither rules nor the classifier make anything of."""
    understand = cascade.understand

    def understood(text: str, **given: Any) -> Question:
        question = understand(text, **given)
        if text != NOBODY_KNOWS:
            return question
        nearest = (Intent.FLEET_HEALTH, Intent.INCIDENTS)
        return replace(question, intent=None, outside=None, confidence=0.3, nearest=nearest)

    monkeypatch.setattr(cascade, "understand", understood)


@pytest.fixture
def ask(small_fleet: SmallFleet, memory: Memory) -> Asking:
    return Asking(small_fleet, memory)


@dataclass
class Scripted:
    """Stands where Claude stands: says what a test wants, at a price, or fails."""

    text: str = ""
    error: str | None = None
    before: list[str] = field(default_factory=list[str])

    async def investigate(
        self, question: Question, toolbox: Toolbox, *, turns: Any, told: Any, spent: Spent
    ) -> Investigated:
        _ = told, question
        self.before = [turn.question.text for turn in turns]
        spent.cost_usd = 0.01
        await toolbox.fleet()
        if self.error is not None:
            raise ClaudeFailed("server", self.error, spent=spent)
        return Investigated(text=self.text, stop=Stop.ANSWERED, spent=spent)


async def test_rules_answer_with_citations_data_and_graphql(ask: Asking) -> None:
    answer = await ask(f"why is {ask.fleet.spared} down?")
    assert (answer.intent, answer.method) == (Intent.STATUS, Method.LOGICAL)
    assert ask.fleet.spared in answer.text
    assert ask.fleet.spared in {one.id for one in answer.citations}
    assert answer.query is not None
    assert answer.query.startswith("{ fleet")
    assert answer.data["understood"]["slots"].where.deployment == frozenset({ask.fleet.spared})
    assert answer.cost_usd == 0
    assert [step.kind for step in ask.steps][:2] == [StepKind.UNDERSTOOD, StepKind.CALLED]


async def test_what_is_outside_is_refused_with_the_reason(ask: Asking) -> None:
    answer = await ask(f"please restart {ask.fleet.hit}")
    assert answer.text.startswith("I can't tell: ")
    assert (answer.intent, answer.certain, answer.degraded) == (None, False, False)
    assert answer.query is None


async def test_a_name_that_nobody_knows_is_said(ask: Asking) -> None:
    answer = await ask("why did latency rise on model nothing-9b yesterday?")
    assert answer.text.startswith("I can't tell: ")
    assert "nothing-9b" in answer.text
    assert not answer.certain


async def test_without_claude_what_is_not_understood_is_degraded(ask: Asking) -> None:
    answer = await ask(NOBODY_KNOWS)
    assert answer.text.startswith("I can't tell: ")
    assert answer.degraded
    assert answer.follow_ups == ("Which deployments are unhealthy?", "Which incidents are open?")
    assert StepKind.DEGRADED in {step.kind for step in ask.steps}


async def test_claude_answers_what_nobody_else_understood(ask: Asking) -> None:
    ask.claude = Scripted("Three deployments were looked at.")
    answer = await ask(NOBODY_KNOWS)
    assert (answer.method, answer.degraded) == (Method.CLAUDE, False)
    assert answer.text == "Three deployments were looked at."
    assert answer.cost_usd == 0.01
    assert answer.query is not None


async def test_a_failing_claude_leaves_the_rules_answer(ask: Asking) -> None:
    ask.claude = Scripted(error="Claude is overloaded")
    answer = await ask(NOBODY_KNOWS)
    assert answer.degraded
    assert "Claude is overloaded" in answer.text
    assert answer.query is None, "what Claude called stands behind nothing"
    assert answer.cost_usd == 0.01


async def test_the_days_dollars_are_an_end(ask: Asking, memory: Memory) -> None:
    ask.claude = Scripted("Three.")
    ask.settings = AgentSettings(claude_daily_usd=0.0)
    answer = await ask(NOBODY_KNOWS)
    assert answer.degraded
    assert "may cost in a day" in answer.text
    assert answer.cost_usd == 0


async def test_a_sentence_that_the_data_does_not_hold_is_dropped(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def invents(question: Question, toolbox: Toolbox) -> Told:
        _ = question
        await toolbox.fleet()
        return Told(("The error rate is 77.7 %.", f"{ask.fleet.spared} is DOWN."))

    monkeypatch.setattr(cascade, "PLAYBOOKS", dict.fromkeys(Intent, invents))
    answer = await ask("what is healthy?")
    assert "77.7" not in answer.text
    assert ask.fleet.spared in answer.text
    assert StepKind.CHECKED in {step.kind for step in ask.steps}


async def test_a_conversation_goes_on_where_it_was(ask: Asking) -> None:
    first = await ask(f"how is {ask.fleet.sage} on {ask.fleet.aws}?")
    second = await ask(f"and on {ask.fleet.neo}?", conversation=first.conversation)
    assert second.conversation == first.conversation
    assert second.intent == first.intent
    assert ask.fleet.spared in second.text
    alone = await ask(f"and on {ask.fleet.neo}?")
    assert alone.conversation != first.conversation


async def test_claude_is_told_of_the_questions_before(ask: Asking) -> None:
    first = await ask("what is healthy?")
    ask.claude = Scripted("Three deployments were looked at.")
    await ask(NOBODY_KNOWS, conversation=first.conversation)
    assert ask.claude.before == ["what is healthy?"]


async def test_a_conversation_is_not_there_for_another_tenant(ask: Asking) -> None:
    first = await ask(f"how is {ask.fleet.sage} on {ask.fleet.aws}?")
    agent = Agent(AgentSettings(), memory=ask.memory, claude=None)
    other = Toolbox(ask.fleet.world(tenant="somebody-else"))
    answer = await agent.answer(
        Asked(f"and on {ask.fleet.neo}?", conversation=first.conversation), toolbox=other
    )
    assert answer.intent != first.intent or not answer.data["understood"]["follows"]
    assert "somebody-else" not in answer.text


async def test_what_was_asked_and_its_cost_are_kept(ask: Asking, memory: Memory) -> None:
    ask.claude = Scripted("Three deployments were looked at.")
    answer = await ask(NOBODY_KNOWS)
    scope = ask.fleet.world().scope
    (kept, *_) = await memory.asked(first=5, scope=scope)
    assert (kept.id, kept.question, kept.cost_usd) == (answer.id, NOBODY_KNOWS, 0.01)
    assert await memory.spent_usd(at=ask.fleet.world().now) >= 0.01
    assert list(await memory.asked(first=5, scope=ask.fleet.world(tenant="x").scope)) == []


async def test_redis_being_away_costs_the_memory_alone(
    small_fleet: SmallFleet, graph_settings: GraphSettings
) -> None:
    away = graph_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    memory = Memory.open(away, settings=AgentSettings())
    answer = await Asking(small_fleet, memory)("what is healthy?")
    assert "1 of 3 deployments" in answer.text
    degraded = await Asking(small_fleet, memory, claude=Scripted("Three."))(NOBODY_KNOWS)
    assert "not known" in degraded.text, "what is not counted is not spent"
    await memory.close()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked("  "), "question"),
        (Asked("x" * (QUESTION_AT_MOST + 1)), "question"),
        (Asked("what is healthy?", time_zone="Mars/Olympus"), "timeZone"),
        (Asked("what is healthy?", time_zone="../etc/passwd"), "timeZone"),
    ],
)
async def test_bad_input_names_its_field(
    small_fleet: SmallFleet, memory: Memory, asked: Asked, field: str
) -> None:
    agent = Agent(AgentSettings(), memory=memory, claude=None)
    with pytest.raises(InvalidInput) as raised:
        await agent.answer(asked, toolbox=Toolbox(small_fleet.world()))
    assert raised.value.field == field


async def test_a_clock_that_runs_fast_is_forgiven(ask: Asking) -> None:
    now = ask.fleet.world().now
    answer = await ask("what is healthy?", now=now + CLOCKS_APART)
    assert answer.now == now
    with pytest.raises(InvalidInput):
        await ask("what is healthy?", now=now + 2 * CLOCKS_APART)


async def test_a_cancelled_question_still_counts_what_it_cost(ask: Asking, memory: Memory) -> None:
    begun = asyncio.Event()

    class Slow(Scripted):
        async def investigate(self, *given: Any, spent: Spent, **more: Any) -> Investigated:
            _ = given, more
            spent.cost_usd = 0.25
            begun.set()
            await asyncio.sleep(60)
            raise AssertionError

    ask.claude = Slow()
    now = ask.fleet.world().now
    before = await memory.spent_usd(at=now)
    work = asyncio.create_task(ask(NOBODY_KNOWS))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await memory.spent_usd(at=now) == pytest.approx(before + 0.25)
