"""What a pick needs of a view, worked out once for each view so that a pick is left with sums.

Three layers, each kept by the one before: the fleet of a view; its state between two instants at
which planned work or a deprecation begins or ends; and a plan for each kind of request in that
state. Deployments are known by their place in the order of their names. A plan is kept by what it
is made of and not by tenant or user, so that a thousand tenants with the same demands share one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from statistics import median
from typing import Final, NamedTuple, TypeVar

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts, concerns
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.quality import SAMPLE_FLOOR, Expected
from graph.hot.routing.eligibility import BIT, ReasonCode
from graph.hot.routing.expectation import mean_completion_tokens
from graph.hot.routing.weights import PREFERRED, weights_of
from graph.hot.routing.workload import (
    CONSTANT,
    TOKEN_FACTOR,
    TokenEffect,
    load_factor,
    token_effect,
)
from graph.hot.snapshot import ViewSnapshot
from graph.policies.courses import Courses

TAIL_WEIGHT: Final = 0.25
"""Weight of the 95th percentile beside the median in the expected latency."""
ERROR_PRIOR: Final = 0.02
"""Share of failures expected where nothing tells; counts for as much as `SAMPLE_FLOOR` samples."""
UNKNOWN_QUALITY: Final = 0.5
HEDGE: Final = 0.5
"""How far a stale figure is moved toward what is typical of the fleet."""
STATUS_FACTOR: Final[Mapping[HealthStatus, float]] = {
    HealthStatus.HEALTHY: 1.0,
    HealthStatus.DEGRADED: 0.85,
    HealthStatus.UNKNOWN: 0.75,
    HealthStatus.DOWN: 0.1,
}
LARGEST: Final = 1e12
"""Latencies in ms, tokens and US dollars per token are cut off here, so that no sum overflows."""
_FLEETS_KEPT: Final = 4
_KEPT: Final = 256
_K = TypeVar("_K")
_V = TypeVar("_V")
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Kind(NamedTuple):
    """All that a plan depends on: requests that share it differ in numbers only."""

    task_type: str
    capabilities: tuple[str, ...]
    allowed_backends: tuple[str, ...] | None
    required_compliance: tuple[str, ...]
    latency_p95_ms: float | None
    tier_weight: float | None
    optimise_for: str | None
    prefer: tuple[str, ...]
    avoid: tuple[str, ...]


class Line(NamedTuple):
    """Expected latency by tokens, held between a lowest and a highest, all in ms."""

    base: float
    prompt: float
    completion: float
    lowest: float
    highest: float


class Term(NamedTuple):
    """What one deployment's score is made of: `quality` + `latency` * u + `cost` * v.

    With u = typical / (`typical_share` * typical + `own_share` * own) and v = typical / (typical +
    own); all shares are already multiplied by how often it is expected to serve.
    """

    place: int
    quality: float
    latency: float
    cost: float
    typical_share: float
    own_share: float


class Fleet:
    """The deployments of one view by name, with what was registered of each."""

    def __init__(self, view: ViewSnapshot) -> None:
        self.view = view
        self.healths = tuple(sorted(view.deployments, key=lambda each: each.deployment))
        self.names = tuple(health.deployment for health in self.healths)
        self.facts = tuple(
            view.facts_of.get(name) or DeploymentFacts.of_name(name) for name in self.names
        )
        self.prices = tuple(map(_price, self.facts, self.healths))
        self.priced = all(price is not None for price in self.prices)
        work = {each.deployment: each for each in view.work}
        self.efforts = tuple(
            token_effect(work[name]) if name in work else CONSTANT for name in self.names
        )
        self.windows = tuple(
            (place, facts.context_window)
            for place, facts in enumerate(self.facts)
            if facts.context_window is not None
        )
        self.narrowest = min((window for _, window in self.windows), default=inf)
        self.courses = _courses(view, {facts.deployment: facts.model for facts in self.facts})
        self._states: dict[bool, State] = {}
        self._completion: dict[str, float | None] = {}
        self._quality: dict[str, tuple[Expected | None, ...]] = {}

    def forget(self) -> None:
        """Let go of what was worked out, so that it goes with the last answer that rests on it.

        Fleet, states and plans know each other; left so they would stay until a collection of
        garbage finds them, and that holds up every request of its moment.
        """
        for state in self._states.values():
            state.forget()
        self._states.clear()

    def state(self, *, now: datetime, stale: bool) -> "State":
        """The fleet as it is at `now`; `stale` marks a view not renewed in time."""
        state = self._states.get(stale)
        if state is None or not state.since <= now < state.until:
            state = self._states[stale] = State(self, now=now, stale=stale)
        return state

    def completion_tokens(self, task_type: str, *, most: int | None) -> float | None:
        """Expected tokens of an answer: the mean, or the most allowed where that is less.

        None where no request was seen and no limit given.
        """
        if task_type not in self._completion:
            _make_room(self._completion)
            self._completion[task_type] = mean_completion_tokens(task_type, view=self.view)
        mean = self._completion[task_type]
        if most is None or (mean is not None and mean <= most):
            return mean
        return float(most)

    def quality(self, task_type: str) -> tuple[Expected | None, ...]:
        """What quality to expect of each deployment."""
        found = self._quality.get(task_type)
        if found is None:
            _make_room(self._quality)
            table = self.view.quality_table
            found = self._quality[task_type] = tuple(
                table.expected(task_type=task_type, deployment=name) for name in self.names
            )
        return found


class State:
    """The fleet from `since` on and before `until`: who is out, how fast, how often it fails."""

    def __init__(self, fleet: Fleet, *, now: datetime, stale: bool) -> None:
        self.fleet = fleet
        turns = [t for each in fleet.view.maintenance for t in (each.starts_at, each.ends_at)]
        turns += [f.deprecated_at for f in fleet.facts if f.deprecated_at is not None]
        # A pause for a rate limit ends by the clock, a broken circuit only by a success.
        turns += [h.breaker_until for h in fleet.healths if h.paused and h.breaker_until]
        self.since = max((turn for turn in turns if turn <= now), default=_FIRST)
        self.until = min((turn for turn in turns if turn > now), default=_LAST)
        self.stale = tuple(
            stale or health.stale or health.status is HealthStatus.UNKNOWN
            for health in fleet.healths
        )
        self.reasons = tuple(
            _against(facts, health, stale=old, view=fleet.view, now=now)
            for facts, health, old in zip(fleet.facts, fleet.healths, self.stale, strict=True)
        )
        self.half_open = {
            place: breaker_key(fleet.healths[place])
            for place, reasons in enumerate(self.reasons)
            if reasons & BIT[ReasonCode.BREAKER_HALF_OPEN]
        }
        self.failures = tuple(
            failure_share(health, stale=old)
            for health, old in zip(fleet.healths, self.stale, strict=True)
        )
        self.serving = tuple(
            (1 - failures) * STATUS_FACTOR[health.status]
            for failures, health in zip(self.failures, fleet.healths, strict=True)
        )
        self.lines = tuple(
            _line(health, effort, stale=old)
            for health, effort, old in zip(fleet.healths, fleet.efforts, self.stale, strict=True)
        )
        # Where the length of an answer can't be expected, each deployment's own mean stands in.
        self.lines_alone = tuple(
            line and line._replace(base=line.base + line.completion * effort.mean_completion)
            for line, effort in zip(self.lines, fleet.efforts, strict=True)
        )
        self.timed = all(line is not None for line in self.lines)
        self._plans: dict[Kind, Plan] = {}

    def forget(self) -> None:
        """Let go of the plans; see `Fleet.forget`."""
        self._plans.clear()

    def plan(self, kind: Kind) -> "Plan":
        """The plan for requests of that kind."""
        plan = self._plans.get(kind)
        if plan is None:
            _make_room(self._plans)
            plan = self._plans[kind] = Plan(self, kind)
        return plan


class Plan:
    """What holds for all requests of one kind in one state."""

    def __init__(self, state: State, kind: Kind) -> None:
        fleet = state.fleet
        self.state = state
        self.kind = kind
        self.weights = weights_of(kind.optimise_for, tier_weight=kind.tier_weight)
        self.quality = fleet.quality(kind.task_type)
        self.rated = tuple(
            (place, found.quality)
            for place, found in enumerate(self.quality)
            # A floor rules out only where the scores of the cell or of its model are enough.
            if found is not None and max(found.samples, found.support) >= SAMPLE_FLOOR
        )
        self.reasons = tuple(
            before | _unfit(facts, health, stale=old, kind=kind)
            for before, facts, health, old in zip(
                state.reasons, fleet.facts, fleet.healths, state.stale, strict=True
            )
        )
        self.preferred = _of_models(fleet, kind.prefer)
        self.avoided = _of_models(fleet, kind.avoid)
        self.terms = tuple(self._term(place) for place in range(len(fleet.names)))
        self.open = tuple(term for term in self.terms if not self.reasons[term.place])
        self.words: dict[int, tuple[str, str]] = {}
        """By place: what can be said without the request, once somebody has asked for it."""

    def _term(self, place: int) -> Term:
        found, weights = self.quality[place], self.weights
        quality = UNKNOWN_QUALITY if found is None else min(max(found.quality, 0.0), 1.0)
        serving = self.state.serving[place]
        gain = 0.0
        if place in self.preferred:
            # score + PREFERRED * (1 - score), written as a sum like any other.
            gain, serving = PREFERRED, serving * (1 - PREFERRED)
        hedge = HEDGE if self.state.stale[place] else 0.0
        return Term(
            place,
            gain + serving * weights.quality * quality,
            serving * weights.latency,
            serving * weights.cost,
            1 + hedge,
            1 - hedge,
        )


_fleets: dict[int, Fleet] = {}
_all_courses: list[tuple[Mapping[str, str], ViewSnapshot, Courses]] = []


def fleet_of(view: ViewSnapshot) -> Fleet:
    """The fleet of a view; kept for the last few views, each held so that its id stays its own."""
    fleet = _fleets.get(id(view))
    if fleet is None:
        fleet = Fleet(view)
        if len(_fleets) >= _FLEETS_KEPT:
            _fleets.pop(next(iter(_fleets))).forget()
        _fleets[id(view)] = fleet
    return fleet


def _courses(view: ViewSnapshot, models: Mapping[str, str]) -> Courses:
    """The courses under a view's policies, kept over views as long as nothing of theirs changes."""
    for known_models, known, courses in _all_courses:
        same = known.policies == view.policies and known.experiments == view.experiments
        if same and known_models == models:
            return courses
    courses = Courses(view.policies, view.experiments, models=models)
    _all_courses.append((models, view, courses))
    del _all_courses[:-_FLEETS_KEPT]
    return courses


def _make_room(kept: dict[_K, _V], *, most: int = _KEPT) -> None:
    if len(kept) >= most:
        # The oldest goes; dicts keep the order in which they were filled.
        del kept[next(iter(kept))]


def breaker_key(health: DeploymentHealth) -> str:
    """What breaks together with it: `backend:<name>` or the deployment itself."""
    return health.breaker_key or health.deployment


def paused(health: DeploymentHealth, *, now: datetime) -> bool:
    """Whether it gets no requests until a stated time, because it refused some for its limit."""
    until = health.breaker_until
    return health.paused and (until is None or now < until)


def typical_of(amounts: list[float | None]) -> float | None:
    """The middle of the fleet: what to assume of who tells nothing."""
    known = [amount for amount in amounts if amount is not None]
    return median(known) if known else None


def measured_latency_ms(health: DeploymentHealth) -> float | None:
    """What is measured now: mostly the median, and the tail."""
    middle, tail = health.latency_p50_ms, health.latency_p95_ms
    if middle is None or tail is None:
        return tail if middle is None else middle
    return (1 - TAIL_WEIGHT) * middle + TAIL_WEIGHT * tail


def failure_share(health: DeploymentHealth, *, stale: bool) -> float:
    """Expected share of failures: the error rate, shrunk toward a prior where samples are few.

    A stale error rate counts for half.
    """
    rate = health.error_rate
    if rate is None:
        return ERROR_PRIOR
    samples = health.sample_count / (2 if stale else 1)
    rate = min(max(rate, 0.0), 1.0)
    return (samples * rate + SAMPLE_FLOOR * ERROR_PRIOR) / (samples + SAMPLE_FLOOR)


def _line(health: DeploymentHealth, effort: TokenEffect, *, stale: bool) -> Line | None:
    measured = measured_latency_ms(health)
    if measured is None:
        return None
    # Queues of an hour ago say nothing of the wait now.
    scale = min(measured, LARGEST) * (1.0 if stale else load_factor(health.load))
    least, most = TOKEN_FACTOR
    return Line(
        scale * effort.base,
        scale * effort.prompt,
        scale * effort.completion,
        scale * least,
        scale * most,
    )


def _price(facts: DeploymentFacts, health: DeploymentHealth) -> tuple[float, float] | None:
    """US dollars per prompt and per completion token."""
    prompt, completion = facts.input_usd_per_1k, facts.output_usd_per_1k
    if prompt is None or completion is None:
        prompt = completion = health.cost_per_1k_tokens_usd
    if prompt is None or completion is None:
        return None
    return min(prompt / 1000, LARGEST), min(completion / 1000, LARGEST)


def _of_models(fleet: Fleet, models: tuple[str, ...]) -> frozenset[int]:
    if not models:
        return frozenset()
    return frozenset(place for place, facts in enumerate(fleet.facts) if facts.model in models)


def _against(
    facts: DeploymentFacts,
    health: DeploymentHealth,
    *,
    stale: bool,
    view: ViewSnapshot,
    now: datetime,
) -> int:
    """What its state has against a deployment, whatever the request."""
    found = 0
    if health.status is HealthStatus.DOWN:
        found |= BIT[ReasonCode.DOWN]
    left = health.rate_limit_remaining
    if paused(health, now=now) or (left is not None and left <= 0 and not stale):
        found |= BIT[ReasonCode.RATE_LIMITED]
    # What is not known any more can't keep a breaker open.
    if health.status is not HealthStatus.UNKNOWN and not health.paused:
        if health.breaker is BreakerState.HALF_OPEN:
            found |= BIT[ReasonCode.BREAKER_HALF_OPEN]
        elif health.breaker is BreakerState.OPEN:
            if breaker_key(health).startswith("backend:"):
                # One cause, and one reason: its members are down because the backend is.
                found ^= found & BIT[ReasonCode.DOWN]
                found |= BIT[ReasonCode.BACKEND_DOWN]
            else:
                found |= BIT[ReasonCode.BREAKER_OPEN]
    for work in view.maintenance:
        reached = concerns(facts, scope_kind=work.scope_kind, scope_id=work.scope_id)
        if reached and work.active_at(now):
            found |= BIT[ReasonCode.MAINTENANCE]
    if facts.deprecated_at is not None and facts.deprecated_at <= now:
        found |= BIT[ReasonCode.DEPRECATED]
    return found


def _unfit(facts: DeploymentFacts, health: DeploymentHealth, *, stale: bool, kind: Kind) -> int:
    """What speaks against a deployment for all requests of a kind."""
    found = 0
    able = facts.capabilities
    if kind.capabilities and able is not None and not set(kind.capabilities).issubset(able):
        found |= BIT[ReasonCode.CAPABILITY]
    if kind.allowed_backends is not None and facts.backend not in kind.allowed_backends:
        found |= BIT[ReasonCode.BACKEND_NOT_ALLOWED]
    if kind.required_compliance and not set(kind.required_compliance).issubset(facts.compliance):
        found |= BIT[ReasonCode.COMPLIANCE]
    # Old figures rule nothing out: they are hedged in the score. Nor does a tail of few samples.
    if not stale and health.sample_count >= SAMPLE_FLOOR and kind.latency_p95_ms is not None:
        tail_ms = health.latency_p95_ms
        if tail_ms is not None and tail_ms > kind.latency_p95_ms:
            found |= BIT[ReasonCode.MAX_LATENCY]
    return found
