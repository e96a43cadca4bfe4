"""Questions in words: `ask` answers, `answer` tells the steps too, `questions` what was asked."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final

import orjson
import strawberry

from agent import answer as answers
from agent import memory
from agent.cascade import Asked
from agent.toolbox import Toolbox, World
from api.graphql.context import Context, Info
from api.graphql.inputs import identifier
from api.graphql.types.answers import Answer, AnswerEvent, AskedQuestion, Names
from graph import names as known_names
from graph.errors import InvalidInput

Argument = strawberry.argument
_FIRST: Final = 20
Question = Annotated[str, Argument(description="The question, in words.")]
Now = Annotated[
    datetime | None,
    Argument(
        description="The instant that words like `last Tuesday` are read from, and that `now` is "
        "(default: the clock)."
    ),
]
Conversation = Annotated[
    strawberry.ID | None,
    Argument(description="The conversation that it goes on with, as an answer gave it."),
]
TimeZone = Annotated[
    str | None,
    Argument(description="The time zone of its words, such as `Europe/Berlin` (default: UTC)."),
]


@strawberry.type(description="What is asked in words. Nothing of the fleet is changed.")
class Mutation:
    """The root of mutations."""

    @strawberry.mutation(
        graphql_type=Answer,
        description="Answer a question in words. The question, its answer's intent and its cost "
        "are kept, which makes it a mutation.",
    )
    async def ask(
        self,
        info: Info,
        question: Question,
        now: Now = None,
        conversation: Conversation = None,
        time_zone: TimeZone = None,
    ) -> answers.Answer:
        """Once it is whole."""
        context = info.context
        context.require("read")
        asked = _asked(question, now=now, conversation=conversation, time_zone=time_zone)
        return await context.services.agent.answer(asked, toolbox=toolbox_of(context))


@strawberry.type
class Conversations:
    """The part of the root of queries that tells what can be asked, and what was."""

    @strawberry.field(
        graphql_type=Names,
        description="Every name that a question may use, of what the caller may see.",
    )
    async def names(self, info: Info) -> known_names.Names:
        """From the graph."""
        context = info.context
        context.require("read")
        return await known_names.names(context.store, now=context.now, scope=context.caller.scope)

    @strawberry.field(
        graphql_type=list[AskedQuestion],
        description="What was asked last by those who may see the same tenants, the newest first.",
    )
    async def questions(
        self,
        info: Info,
        first: Annotated[
            int | None, Argument(description=f"How many, {memory.ASKED_AT_MOST} at most.")
        ] = _FIRST,
    ) -> Sequence[memory.AskedQuestion]:
        """From Redis."""
        context = info.context
        context.require("read")
        most = _FIRST if first is None else first
        if not 1 <= most <= memory.ASKED_AT_MOST:
            raise InvalidInput(f"must be from 1 to {memory.ASKED_AT_MOST}", field="first")
        return await context.services.agent.memory.asked(first=most, scope=context.caller.scope)


async def answer_events(
    context: Context,
    *,
    question: str,
    now: datetime | None,
    conversation: str | None,
    time_zone: str | None,
) -> AsyncGenerator[AnswerEvent]:
    """Each step as it is taken, then the answer; the work ends when nobody listens any more."""
    asked = _asked(question, now=now, conversation=conversation, time_zone=time_zone)
    steps: asyncio.Queue[answers.Step | None] = asyncio.Queue()
    toolbox = toolbox_of(context)
    work = asyncio.create_task(
        context.services.agent.answer(asked, toolbox=toolbox, tell=steps.put_nowait)
    )
    work.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while (step := await steps.get()) is not None:
            yield _event(step)
        # Strawberry makes the shown answer of this one, field by field.
        yield AnswerEvent(kind="answer", text=None, answer=await work)  # pyright: ignore[reportArgumentType]
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def _event(step: answers.Step) -> AnswerEvent:
    given = None if step.arguments is None else orjson.dumps(step.arguments).decode()
    return AnswerEvent(
        kind=step.kind.value,
        text=step.text,
        answer=None,
        tool=step.tool,
        arguments=given,
        took_ms=step.took_ms,
    )


def toolbox_of(context: Context) -> Toolbox:
    """The tools, with the eyes of whoever asks."""
    services = context.services
    world = World(
        store=services.store,
        columns=services.columns,
        view=services.view.current(context.now),
        route=lambda request: services.router.route(request, now=context.now),
        scope=context.caller.scope,
        budgets=services.health,
        now=context.now,
        days_at_most=context.days_at_most,
    )
    return Toolbox(world)


def _asked(
    question: str, *, now: datetime | None, conversation: str | None, time_zone: str | None
) -> Asked:
    if conversation is not None:
        conversation = identifier(conversation, field="conversation")
    return Asked(question, now=now, conversation=conversation, time_zone=time_zone)
