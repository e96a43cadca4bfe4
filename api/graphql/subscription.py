"""What can be followed as it happens."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import strawberry

from api.graphql.ask import Conversation, Now, Question, TimeZone, answer_events
from api.graphql.context import Info
from api.graphql.types.answers import AnswerEvent
from api.graphql.types.fleet import DeploymentHealth
from graph.health import DeploymentHealth as Health


@strawberry.type(description="What can be followed as it happens.")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        graphql_type=list[DeploymentHealth],
        description="The fleet as it changes: every deployment first, then those whose state is "
        "no longer what was told last.",
    )
    async def fleet_changed(self, info: Info) -> AsyncGenerator[Sequence[Health]]:
        """Until the caller leaves or the service stops."""
        context = info.context
        context.require("read")
        async with aclosing(context.services.feed.fleet()) as changes:
            async for changed in changes:
                # Whoever lost the key since is told nothing more.
                context.identify().require("read")
                yield changed

    @strawberry.subscription(
        description="A question in words: each step as the agent takes it, then the answer.",
    )
    async def answer(
        self,
        info: Info,
        question: Question,
        now: Now = None,
        conversation: Conversation = None,
        time_zone: TimeZone = None,
    ) -> AsyncGenerator[AnswerEvent]:
        """Until it is answered, or the caller leaves."""
        context = info.context
        context.require("read")
        events = answer_events(
            context,
            question=question,
            now=now,
            conversation=conversation,
            time_zone=time_zone,
        )
        with context.services.feed.place():
            async with aclosing(events):
                async for event in events:
                    yield event
