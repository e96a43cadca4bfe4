"""Service level objectives: error budgets, how fast they burn, and who burns them."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.types.causes import Cause
from api.graphql.types.fleet import EntityRef
from graph import slos
from graph.causes import investigation, why


@strawberry.type(description="How fast an error budget burns over one window.")
class Burn:
    """The twin of graph.slos.Burn."""

    window_minutes: int = strawberry.field(description="The window, up to the instant asked for.")
    events: int = strawberry.field(description="What counts in it: requests, or scores.")
    bad: float = strawberry.field(description="How many of them were bad.")
    rate: float | None = strawberry.field(
        description="1 uses the budget up exactly in the objective's window; null where there is "
        "no event."
    )
    complete: float = strawberry.field(
        description="Share of the scores to be expected that are in; 1 where none are needed."
    )


@strawberry.type(description="An alert that fires: both of its windows burn at its threshold.")
class SloAlert:
    """The twin of graph.slos.SloAlert."""

    severity: str = strawberry.field(description="page or ticket.")
    long_minutes: int = strawberry.field(description="The long window.")
    short_minutes: int = strawberry.field(description="The short one, which ends it soon.")
    threshold: float = strawberry.field(description="The burn rate from which it fires.")


@strawberry.type(description="A slice that used up part of an error budget.")
class BudgetShare:
    """The twin of graph.slos.BudgetShare."""

    where: list[EntityRef] = strawberry.field(description="The slice.")
    bad: float = strawberry.field(description="Its bad events.")
    events: int = strawberry.field(description="All of its events.")
    share: float = strawberry.field(description="Its share of all bad events, in [0, 1].")


Status = strawberry.Parent[slos.SloStatus]


@strawberry.type(
    description="A service level objective as it stood. Figures are null where too little is known."
)
class SloStatus:
    """The twin of graph.slos.SloStatus."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    tenant: strawberry.ID = strawberry.field(description="Whose it is.")
    objective: str = strawberry.field(description="availability, latency or quality.")
    target: float = strawberry.field(description="Share that must be good, in [0, 1].")
    threshold: float | None = strawberry.field(description="What counts as good: ms, or a score.")
    window_days: float = strawberry.field(description="Days it is judged over.")
    where: list[EntityRef] = strawberry.field(description="What it is for; empty for everything.")
    judged_at: datetime = strawberry.field(
        description="Where all windows end: the instant asked for; for quality the last hour whose "
        "scores are in."
    )
    actual: float | None = strawberry.field(description="Share that was good in its window.")
    events: int = strawberry.field(description="What counts in it: requests, or scores.")
    bad: float = strawberry.field(description="How many of them were bad.")
    error_budget_remaining: float | None = strawberry.field(
        description="Share of the error budget that is left; negative where overspent."
    )
    burns: list[Burn] = strawberry.field(
        description="How fast it burns, the shortest window first."
    )
    days_to_exhaustion: float | None = strawberry.field(
        description="Days until it is used up at the present burn; 0 where it is, null where it "
        "lasts."
    )
    action: str = strawberry.field(
        description="What it calls for: continue, freeze (no risky changes), lockdown (only what "
        "restores service), or unknown."
    )
    alerts: list[SloAlert] = strawberry.field(description="The alerts that fire.")
    reasons: list[str] = strawberry.field(description="Why this action, with the figures.")
    burned_by: list[BudgetShare] = strawberry.field(
        description="The slices with more bad events than their share, the most first."
    )

    @strawberry.field(name="burnRate5m", description="The burn rate of the last 5 minutes.")
    def burn_rate_5m(self, root: Status) -> float | None:
        """As `burns` has it."""
        return _rate(root, minutes=5)

    @strawberry.field(name="burnRate1h", description="The burn rate of the last hour.")
    def burn_rate_1h(self, root: Status) -> float | None:
        """As `burns` has it."""
        return _rate(root, minutes=60)

    @strawberry.field(name="burnRate6h", description="The burn rate of the last 6 hours.")
    def burn_rate_6h(self, root: Status) -> float | None:
        """As `burns` has it."""
        return _rate(root, minutes=6 * 60)

    @strawberry.field(name="burnRate3d", description="The burn rate of the last 3 days.")
    def burn_rate_3d(self, root: Status) -> float | None:
        """As `burns` has it."""
        return _rate(root, minutes=3 * 24 * 60)

    @strawberry.field(
        graphql_type=list[Cause],
        description="Which recorded events burned it: `whyChanged` of its metric over the window "
        "that burns; empty where none is supported.",
    )
    async def causes(self, root: Status, info: Info) -> Sequence[investigation.Cause]:
        """Investigated when it is asked for."""
        context = info.context
        metric, during, where = slos.question_of(root)
        found = await why.why_changed(
            context.store,
            context.services.columns,
            metric=metric,
            during=during,
            where=where,
            scope=context.caller.scope,
            known_at=root.known_at,
            now=context.now,
        )
        return found.causes


def _rate(status: slos.SloStatus, *, minutes: int) -> float | None:
    return next((burn.rate for burn in status.burns if burn.window_minutes == minutes), None)
