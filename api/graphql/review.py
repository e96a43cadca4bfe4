"""The questions of looking back: investigations that were kept, and drafts of postmortems."""

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.inputs import KnownAt, identifier
from api.graphql.types.causes import Investigation
from api.graphql.types.review import Postmortem
from graph import postmortem
from graph.causes import archive, investigation

Argument = strawberry.argument


@strawberry.type
class Review:
    """The part of the root of queries that looks back at what was found and what went wrong."""

    @strawberry.field(
        graphql_type=Investigation | None,
        description="An investigation that was kept, as it was told then: nothing is worked out "
        "anew. Null where none of that id is kept for tenants that the caller may see, and where "
        "its whole answer was not kept (by an earlier version, or too long).",
    )
    async def investigation(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # named as in `request`
            strawberry.ID, Argument(description="The investigation's identifier.")
        ],
    ) -> investigation.Investigation | None:
        """In one statement."""
        context = info.context
        context.require("read")
        return await archive.kept(
            context.store, identifier(id, field="id"), scope=context.caller.scope
        )

    @strawberry.field(
        graphql_type=Postmortem | None,
        description="A draft of the postmortem of an incident: what it reached and cost, what "
        "happened when, why as far as the data tell, what is not known. Null where the incident "
        "is not known.",
    )
    async def postmortem(
        self,
        info: Info,
        incident: Annotated[strawberry.ID, Argument(description="The incident's identifier.")],
        known_at: KnownAt = None,
    ) -> postmortem.Postmortem | None:
        """From the graph and the buckets in memory; one metric is investigated."""
        context = info.context
        context.require("read")
        return await postmortem.postmortem(
            context.store,
            context.services.columns,
            incident=identifier(incident, field="incident"),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
        )
