"""What can be followed as it happens."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import strawberry

from api.graphql.context import Info
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
