"""The questions that lead from figures to what is behind them: single requests of a slice, and what
an incident or a change reached. Resolvers check what was given and ask the graph; nothing more.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import strawberry

from api.graphql.context import Info
from api.graphql.enums import RequestOrder
from api.graphql.inputs import During, KnownAt, Where, identifier, slice_of
from api.graphql.types.impact import Impact
from api.graphql.types.requests import Request
from graph import drilldown, impact, requests

Argument = strawberry.argument
_FIRST: Final = 20


@strawberry.type
class Drilldown:
    """The part of the root of queries that goes into detail."""

    @strawberry.field(
        graphql_type=list[Request],
        description="Single requests of a slice, the first of them in an order; those that are "
        "equal by their identifier.",
    )
    async def requests(
        self,
        info: Info,
        during: During,
        where: Where = None,
        order: Annotated[
            RequestOrder | None, Argument(description="Which come first.")
        ] = RequestOrder.NEWEST,
        failed: Annotated[  # noqa: FBT002  # an argument of the schema
            bool | None, Argument(description="Only those that did not end well.")
        ] = False,
        first: Annotated[
            int | None, Argument(description=f"How many, 1 to {drilldown.MOST}.")
        ] = _FIRST,
        known_at: KnownAt = None,
    ) -> Sequence[requests.Request]:
        """From the graph, where the buckets in memory say that they may be."""
        context = info.context
        context.require("read")
        return await drilldown.requests(
            context.store,
            context.services.columns,
            during=during.period(field="during", limit_days=context.days_at_most),
            where=slice_of(where),
            order=order or RequestOrder.NEWEST,
            failed=bool(failed),
            first=_FIRST if first is None else first,
            scope=context.caller.scope,
            known_at=known_at,
        )

    @strawberry.field(
        graphql_type=Impact | None,
        description="What an incident or a change reached and what that cost, beside the like "
        "before. Give either `incident` or `change`; null where nobody told of it.",
    )
    async def impact(
        self,
        info: Info,
        incident: Annotated[
            strawberry.ID | None, Argument(description="The incident's identifier.")
        ] = None,
        change: Annotated[
            strawberry.ID | None,
            Argument(description="The change's; also `policy@version`, or an experiment's."),
        ] = None,
        known_at: KnownAt = None,
    ) -> impact.Impact | None:
        """From the buckets in memory; users are counted in the graph."""
        context = info.context
        context.require("read")
        return await impact.impact(
            context.store,
            context.services.columns,
            incident=None if incident is None else identifier(incident, field="incident"),
            change=None if change is None else identifier(change, field="change"),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
        )
