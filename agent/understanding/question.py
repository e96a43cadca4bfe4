"""A question as it was understood: what it asks, about what, and when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from graph.health import HealthStatus
from graph.slices import Demand, Dimension, Granularity, Metric, Period, Slice

ZONE: Final = ZoneInfo("UTC")
"""The time zone of words where none is stated."""


class Method(StrEnum):
    """Which step understood the question."""

    LOGICAL = "logical"
    """Rules."""
    LOCAL = "local"
    """The local classifier."""
    CLAUDE = "claude"


class Intent(StrEnum):
    """What can be asked. What is outside of all of these has no intent."""

    FLEET_HEALTH = "fleet_health"
    """Which deployments are healthy or not, and why; of all, or of a status."""
    STATUS = "status"
    """How a named model (over its backends), backend or deployment is."""
    INCIDENTS = "incidents"
    """Which incidents are or were open."""
    MAINTENANCE = "maintenance"
    """Which maintenance is under way or planned."""
    WHY_CHANGED = "why_changed"
    """Why a metric changed for a slice: quality drop, slow users, cost, traffic, errors rising."""
    WHY_ROUTED = "why_routed"
    """Why a request went where it went, or what became of it."""
    WHAT_IF = "what_if"
    """What a metric would have been without a deployment, under a policy version, in an arm."""
    ERROR_CAUSES = "error_causes"
    """What the errors of a model or other slice are, and what causes them."""
    TREND = "trend"
    """A metric over time or by a dimension: p95 by day, requests by tier this week."""
    COMPARE = "compare"
    """A metric in one period against another: p95 yesterday against last week."""
    BEST_MODEL = "best_model"
    """Which model, deployment or backend is best (or worst) for a task, by a metric."""
    COST = "cost"
    """What was spent, by tenant or another dimension, and what of it is out of the ordinary."""
    BUDGET = "budget"
    """What is left of budgets, and until when they last."""
    SAVINGS = "savings"
    """What could be routed more cheaply at equal quality."""
    SLOS = "slos"
    """Objectives: error budgets left, how fast they burn, what alerts."""
    FORECAST = "forecast"
    """How much traffic, tokens or cost comes next."""
    CAPACITY_RISK = "capacity_risk"
    """Which deployments may get more than they can carry, also with something lost."""
    EXPERIMENT = "experiment"
    """Which arm of an experiment wins."""
    ROLLOUT = "rollout"
    """What a change did to what it reached: was the rollout good or bad."""
    CHANGES = "changes"
    """What was changed in a period."""
    SIMILAR_INCIDENTS = "similar_incidents"
    """Earlier incidents like one, or like some words."""
    WHICH_BACKEND = "which_backend"
    """Which deployment a request like this would go to, and why not the others."""
    HELP = "help"
    """What can be asked."""


class AnchorKind(StrEnum):
    """What a time can be told relative to."""

    INCIDENT = "incident"
    CHANGE = "change"
    """Any recorded change: a rollout, release, price, policy version, experiment, …"""
    ROLLOUT = "rollout"
    POLICY = "policy"
    EXPERIMENT = "experiment"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A time told relative to something that happened; where it is, only the graph knows.

    From `start_offset` after its beginning to `end_offset` after its beginning. An open end
    (None) is `now`. With `whole`, it is the time that the thing itself lasted, its ends moved by
    the offsets, and with `after_end` the offsets count from its end. `id` is the thing's as it was
    written, where it was named; else the latest before `now` that the question's slots touch is
    meant.
    """

    kind: AnchorKind
    id: str | None = None
    start_offset: timedelta = timedelta()
    end_offset: timedelta | None = None
    whole: bool = False
    after_end: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant: `as it was at 14:30`."""

    at: datetime


When: TypeAlias = Period | Moment | Anchored


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a question; None where it tells none.

    `during` is what is asked about, `compared_to` what it is compared with, `ahead` how far the
    question looks ahead (`the next two hours`), `granularity` how long a step of an answer over
    time is (`by day`). `words` are the parts of the text that were read as times, as they stand;
    `zone` is the time zone that they were read in.
    """

    during: When | None = None
    compared_to: When | None = None
    ahead: timedelta | None = None
    granularity: Granularity | None = None
    words: tuple[str, ...] = ()
    zone: ZoneInfo = ZONE


@dataclass(frozen=True, slots=True)
class Slots:
    """What a question names, apart from times. Names are as the fleet knows them.

    `where` is the slice. `unknown` are words that stand where a name must (a model, a tenant, a
    request, …) but name nothing that is known; nobody may answer as if they had not been said.
    """

    where: Slice = field(default_factory=Slice)
    metric: Metric | None = None
    demand: Demand | None = None
    by: tuple[Dimension, ...] = ()
    status: frozenset[HealthStatus] = frozenset()
    without: frozenset[str] = frozenset()
    """Backends or deployments imagined lost."""
    request: str | None = None
    incident: str | None = None
    change: str | None = None
    experiment: str | None = None
    arm: str | None = None
    """`experiment/arm`, for what would have been had all been in that arm."""
    policy_version: str | None = None
    """`policy@version`."""
    slo: str | None = None
    user: str | None = None
    prompt_tokens: int | None = None
    optimise_for: str | None = None
    """`latency`, `cost` or `quality`, where the question says what best means."""
    worst: bool = False
    """Whether the worst is asked for, where the best is the rule."""
    text: str | None = None
    """Words to look for (similar incidents)."""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question and how it was understood. Without `intent` it was not, or lies outside.

    `confidence` in [0, 1]. `now` is the instant its times were read from; `past` says that it was
    stated and is not the clock. `follows` says that slots or intent were taken from the question
    before it. `outside` says why it is known to lie outside of what can be answered; `nearest`
    are intents that it may have meant, the likeliest first.
    """

    text: str
    intent: Intent | None
    slots: Slots
    times: Times
    method: Method
    confidence: float
    now: datetime
    past: bool = False
    follows: bool = False
    outside: str | None = None
    nearest: tuple[Intent, ...] = ()
    also: tuple[Intent, ...] = ()
    """What else it asks at once."""

    @property
    def at(self) -> datetime | None:
        """The instant to ask about where the question names none: None for the clock's."""
        return self.now.astimezone(UTC) if self.past else None
