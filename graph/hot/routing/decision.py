"""One request decided, in numbers alone: who may serve, with which score, in what order.

This is all that a pick waits for. Everything said about it in words is made from it later, and only
where somebody reads it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Final, cast

from graph.hot.accounts import UNLIMITED, Standing
from graph.hot.routing.compiled import LARGEST, Fleet, Kind, Plan, Term, fleet_of, typical_of
from graph.hot.routing.eligibility import BIT, Limits, ReasonCode, highest, lowest
from graph.hot.routing.expectation import RoutingRequest
from graph.hot.snapshot import UserFacts, ViewSnapshot
from graph.policies.facts import Course

UNKNOWN_UTILITY: Final = 0.5
"""What latency or cost counts for where nothing tells: as much as where it is typical."""
_HALF_OPEN: Final = BIT[ReasonCode.BREAKER_HALF_OPEN]


@dataclass(slots=True, eq=False)
class Decision:
    """A request with what was found for it; deployments are places in the fleet's order."""

    request: RoutingRequest
    plan: Plan
    user: UserFacts | None
    tier: str | None
    limits: Limits
    standing: Standing
    stale: bool
    now: datetime
    completion_tokens: float | None
    latencies_ms: Sequence[float | None]
    costs_usd: Sequence[float | None]
    typical_ms: float | None
    typical_usd: float | None
    reasons: Sequence[int]
    """Bits of the reason codes against each deployment; 0 where it may serve."""
    scores: Mapping[int, float]
    """Of those that may serve, a probe apart."""
    order: Sequence[int]
    """Those that may serve, the best first."""
    probe: int | None
    """The one whose half-open breaker this request tests; the first of `order` then."""

    @property
    def fleet(self) -> Fleet:
        """The deployments that the places mean."""
        return self.plan.state.fleet

    def score(self, place: int) -> float:
        """The score of a deployment, also of one that is ruled out."""
        known = self.scores.get(place)
        if known is not None:
            return known
        return _score(
            self.plan.terms[place],
            latency_ms=self.latencies_ms[place],
            cost_usd=self.costs_usd[place],
            typical_ms=self.typical_ms,
            typical_usd=self.typical_usd,
        )

    def ruled_out(self) -> list[int]:
        """Those that may not serve, the least bad first."""
        out = [place for place, reasons in enumerate(self.reasons) if reasons]
        if self.probe is not None:
            out.remove(self.probe)
        return sorted(out, key=lambda place: (self.reasons[place], -self.score(place), place))


def decide(
    request: RoutingRequest,
    *,
    view: ViewSnapshot,
    now: datetime,
    stale: bool,
    standing: Standing,
    permits: Collection[str],
) -> Decision:
    """Decide a request. Pure, and the same whatever the order of what the view holds."""
    fleet = fleet_of(view)
    user = view.users.get((request.tenant, request.user))
    tier = user.tier if request.tier is None and user is not None else request.tier
    tier_facts = None if tier is None else view.tier_of.get(tier)
    tenant = view.tenant_of.get(request.tenant)
    kind = Kind(
        request.task_type,
        request.requirements.capabilities,
        None if tenant is None else tenant.allowed_backends,
        () if tenant is None else tenant.required_compliance,
        None if tier_facts is None else tier_facts.latency_p95_ms,
        None if tier_facts is None else tier_facts.weight,
        None if user is None else user.optimise_for,
        () if user is None else user.prefer,
        () if user is None else user.avoid,
    )
    plan = fleet.state(now=now, stale=stale).plan(kind)
    course = fleet.courses.course(
        tenant=request.tenant,
        user=request.user,
        tier=tier,
        task_type=request.task_type,
        prompt_tokens=request.prompt_tokens,
        labels=request.labels,
        user_rules=() if user is None else user.rules,
    )
    completion = fleet.completion_tokens(request.task_type, most=request.max_completion_tokens)
    latencies, costs = _expected(plan, prompt=request.prompt_tokens, completion=completion)
    found = Decision(
        request=request,
        plan=plan,
        user=user,
        tier=tier,
        limits=Limits(request, tenant, tier_facts, course),
        standing=standing,
        stale=stale,
        now=now,
        completion_tokens=completion,
        latencies_ms=latencies,
        costs_usd=costs,
        typical_ms=_middle(latencies, complete=plan.state.timed),
        typical_usd=_middle(costs, complete=fleet.priced and completion is not None),
        reasons=plan.reasons,
        scores={},
        order=(),
        probe=None,
    )
    found.reasons = _all_reasons(found)
    if permits and plan.state.half_open:
        found.probe = _probe(found, permits=permits)
    found.scores = _scores(found)
    found.order = _ordered(found)
    return found


def _expected(
    plan: Plan, *, prompt: float, completion: float | None
) -> tuple[list[float | None], list[float | None]]:
    """Latency and cost of each deployment for these tokens."""
    fleet = plan.state.fleet
    p, c = min(prompt, LARGEST), min(completion or 0.0, LARGEST)
    lines = plan.state.lines_alone if completion is None else plan.state.lines
    latencies: list[float | None] = []
    add = latencies.append
    for line in lines:
        if line is None:
            add(None)
            continue
        base, by_prompt, by_completion, least, most = line
        own = base + by_prompt * p + by_completion * c
        add(least if own < least else most if own > most else own)
    costs: list[float | None]
    if completion is None:
        costs = [None] * len(fleet.names)
    else:
        costs = [price and p * price[0] + c * price[1] for price in fleet.prices]
    return latencies, costs


def _middle(amounts: list[float | None], *, complete: bool) -> float | None:
    """The median; `complete` where none is missing, which is quicker."""
    if not complete or not amounts:
        return typical_of(amounts)
    ordered = sorted(cast("list[float]", amounts))
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def _all_reasons(found: Decision) -> Sequence[int]:
    """The plan's reasons with those that this request's own figures add."""
    request, limits = found.request, found.limits
    demands, tenant, tier, course = request.requirements, limits.tenant, limits.tier, limits.course
    reasons: Sequence[int] = found.plan.reasons
    for code, places in _by_course(course, names=found.fleet.names):
        reasons = _marked(reasons, places, code=code)
    needed = request.prompt_tokens + (request.max_completion_tokens or 0)
    if needed > found.fleet.narrowest:
        places = [place for place, window in found.fleet.windows if needed > window]
        reasons = _marked(reasons, places, code=ReasonCode.CONTEXT_WINDOW)
    most_usd = lowest(
        demands.max_cost_usd,
        tenant and tenant.cost_ceiling_per_request_usd,
        tier and tier.max_cost_per_request_usd,
        course.max_cost_usd and course.max_cost_usd[0],
    )
    if most_usd is not None:
        reasons = _marked(reasons, _above(found.costs_usd, most_usd), code=ReasonCode.MAX_COST)
    least_quality = highest(
        demands.min_quality,
        tenant and tenant.quality_floor,
        tier and tier.quality_floor,
        course.min_quality and course.min_quality[0],
    )
    if least_quality is not None:
        places = [place for place, quality in found.plan.rated if quality < least_quality]
        reasons = _marked(reasons, places, code=ReasonCode.MIN_QUALITY)
    most_ms = lowest(demands.max_latency_ms, course.max_latency_ms and course.max_latency_ms[0])
    if most_ms is not None:
        # Old figures do not rule out: they are hedged in the score.
        old = found.plan.state.stale
        places = [place for place in _above(found.latencies_ms, most_ms) if not old[place]]
        reasons = _marked(reasons, places, code=ReasonCode.MAX_LATENCY)
    if found.standing is not UNLIMITED:
        reasons = _unaffordable(found, reasons)
    return reasons


def _unaffordable(found: Decision, reasons: Sequence[int]) -> Sequence[int]:
    """With those that what is left of budgets and quotas does not allow."""
    standing = found.standing
    if standing.usd is not None:
        # A spent budget still affords what costs nothing, but nothing of unknown cost.
        left = max(standing.usd.usable, 0.0)
        unknown = left if left > 0 else inf
        costs = [unknown if cost is None else cost for cost in found.costs_usd]
        reasons = _marked(reasons, _above(costs, left), code=ReasonCode.BUDGET)
    if quota_spent(found):
        reasons = _marked(reasons, range(len(reasons)), code=ReasonCode.QUOTA)
    return reasons


def expected_tokens(found: Decision) -> float:
    """Tokens that the request is expected to take, of which only those of the prompt are sure."""
    return found.request.prompt_tokens + (found.completion_tokens or 0.0)


def quota_spent(found: Decision) -> bool:
    """Whether what is left of the quotas is less than this one request."""
    requests, tokens = found.standing.requests, found.standing.tokens
    if requests is not None and requests.usable < 1:
        return True
    return tokens is not None and tokens.usable < expected_tokens(found)


def _by_course(
    course: Course, *, names: Sequence[str]
) -> Iterable[tuple[ReasonCode, Sequence[int]]]:
    """Those that a rule keeps out."""
    if course.only is not None or course.avoid:
        only, avoid = course.only, course.avoid
        yield (
            ReasonCode.POLICY_RULE,
            [p for p, n in enumerate(names) if n in avoid or (only is not None and n not in only)],
        )
    if course.user_only is not None or course.user_avoid:
        only, avoid = course.user_only, course.user_avoid
        yield (
            ReasonCode.USER_RULE,
            [p for p, n in enumerate(names) if n in avoid or (only is not None and n not in only)],
        )


def _above(amounts: Sequence[float | None], most: float) -> list[int]:
    return [p for p, amount in enumerate(amounts) if amount is not None and amount > most]


def _marked(reasons: Sequence[int], places: Sequence[int], *, code: ReasonCode) -> Sequence[int]:
    """The reasons with one more against those places."""
    if not places:
        return reasons
    marked, bit = list(reasons), BIT[code]
    for place in places:
        marked[place] |= bit
    return marked


def _probe(found: Decision, *, permits: Collection[str]) -> int | None:
    """The best of those that only a half-open breaker keeps out and that may be tested now.

    One at most, for a request is sent to one deployment.
    """
    testable = [
        place
        for place, key in found.plan.state.half_open.items()
        if key in permits and found.reasons[place] == _HALF_OPEN
    ]
    return min(testable, key=lambda place: (-found.score(place), place), default=None)


def _ordered(found: Decision) -> list[int]:
    """Those that may serve, the best first; equal scores in the order of names."""
    scores, plan = found.scores, found.plan
    # By score alone, as sorting keeps the order of names among equals.
    order = sorted(scores, key=scores.__getitem__, reverse=True)
    course = found.limits.course
    if course.first or course.last or plan.avoided:
        order = _rearranged(order, found)
    if found.probe is not None:
        order.insert(0, found.probe)
    return order


def _rearranged(order: list[int], found: Decision) -> list[int]:
    """The order by score with those first and last that the policy, or the user, wants there.

    A preference is weaker than a rule, but it costs nothing to heed it while others may serve: so
    models that the user avoids come after all others, also where a rule would draw one first.
    """
    names, course, avoided = found.fleet.names, found.limits.course, found.plan.avoided
    first = {name: turn for turn, name in enumerate(course.first)}
    last = {name: turn for turn, name in enumerate(course.last)}

    def group(place: int) -> tuple[int, int]:
        name = names[place]
        if name in first:
            turn = (0, first[name])
        elif name in last:
            turn = (2, last[name])
        else:
            turn = (1, 0)
        return (turn[0] + 3, turn[1]) if place in avoided else turn

    return sorted(order, key=group)


def _scores(found: Decision) -> dict[int, float]:
    """The scores of those that nothing speaks against, in the order of their names."""
    reasons = found.reasons
    terms: Sequence[Term] = found.plan.open
    if reasons is not found.plan.reasons:
        terms = [term for term in terms if not reasons[term.place]]
    typical_ms, typical_usd = found.typical_ms, found.typical_usd
    latencies, costs = found.latencies_ms, found.costs_usd
    if typical_ms and typical_usd:
        scores: dict[int, float] = {}
        for place, quality, by_latency, by_cost, typical_share, own_share in terms:
            latency, cost = latencies[place], costs[place]
            if latency is None:
                latency = typical_ms
            if cost is None:
                cost = typical_usd
            score = (
                quality
                + by_latency * (typical_ms / (typical_share * typical_ms + own_share * latency))
                + by_cost * (typical_usd / (typical_usd + cost))
            )
            scores[place] = score if score < 1.0 else 1.0
        return scores
    return {term.place: found.score(term.place) for term in terms}


def _score(
    term: Term,
    *,
    latency_ms: float | None,
    cost_usd: float | None,
    typical_ms: float | None,
    typical_usd: float | None,
) -> float:
    """One score in [0, 1].

    Latency and cost count as typical / (typical + own), one half where they are typical. A stale
    latency is moved half way to the typical one before.
    """
    latency = _utility(latency_ms, typical_ms, shares=(term.typical_share, term.own_share))
    cost = _utility(cost_usd, typical_usd, shares=(1.0, 1.0))
    return min(1.0, term.quality + term.latency * latency + term.cost * cost)


def _utility(own: float | None, typical: float | None, *, shares: tuple[float, float]) -> float:
    if own is None or typical is None:
        return UNKNOWN_UTILITY
    both = shares[0] * typical + shares[1] * own
    return typical / both if both > 0 else UNKNOWN_UTILITY
