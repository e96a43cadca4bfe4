"""How a decision is told: the terms of each score, the steps to the order, the warnings."""

from collections.abc import Iterator, Mapping

from graph.health import HealthStatus
from graph.hot.accounts import Allowance
from graph.hot.routing.compiled import (
    STATUS_FACTOR,
    UNKNOWN_QUALITY,
    Plan,
    breaker_key,
    measured_latency_ms,
)
from graph.hot.routing.decision import Decision
from graph.hot.routing.eligibility import Bound
from graph.hot.routing.objections import allowance_words, breaker_words, objections, usd
from graph.hot.routing.weights import BALANCED, PREFERENCES, PREFERRED
from graph.hot.routing.workload import load_factor
from graph.words import clock

WORTH_A_WORD = 0.01
"""A factor nearer to 1 than this is not spoken of."""


def terms(found: Decision, place: int) -> tuple[str, ...]:
    """What the score and the place of a deployment rest on."""
    quality, serving = plan_words(found.plan, place)
    return (
        *_position(found, place),
        quality,
        _latency(found, place),
        _cost(found, place),
        serving,
    )


def plan_words(plan: Plan, place: int) -> tuple[str, str]:
    """What can be said whatever the request: of its quality, and of how often it serves."""
    if place not in plan.words:
        plan.words[place] = (_quality(plan, place), _serving(plan, place))
    return plan.words[place]


def _position(found: Decision, place: int) -> Iterator[str]:
    """What else than the score decides on its place."""
    name, course, plan = found.fleet.names[place], found.limits.course, found.plan
    if place == found.probe:
        yield (
            f"first, as the one request that tests {breaker_key(found.fleet.healths[place])}:"
            f" {breaker_words(found, place)}"
        )
    if place in plan.avoided:
        yield f"after all others: user {found.request.user} avoids its model"
    elif name in course.first:
        yield f"before all others: {_drawn_by(found)}"
    elif name in course.last:
        yield f"after all others: a fallback of policy {course.policy}, rule {course.rule}"
    if place in plan.preferred:
        yield (
            f"user {found.request.user} prefers its model:"
            f" {100 * PREFERRED:.0f} % of what its score lacks to 1 is added"
        )


def _drawn_by(found: Decision) -> str:
    course = found.limits.course
    if course.rule is None:
        return f"experiment {course.experiment}, arm {course.arm}"
    drawn = f"policy {course.policy}, rule {course.rule}"
    return drawn if course.arm is None else f"{drawn}, experiment {course.experiment}"


def _quality(plan: Plan, place: int) -> str:
    expected = plan.quality[place]
    if expected is None:
        return f"quality not known: {UNKNOWN_QUALITY} assumed"
    words = f"quality {expected.quality:.3g} expected from {expected.samples} scores"
    if expected.thin:
        words += ", too few: what the model and the task are worth elsewhere counts"
    return words


def _serving(plan: Plan, place: int) -> str:
    """How often it is expected to serve at all."""
    health, failures = plan.state.fleet.healths[place], plan.state.failures[place]
    if health.error_rate is None:
        words = f"error rate not known: {100 * failures:.2g} % assumed"
    else:
        words = f"{100 * failures:.2g} % failures expected"
    if health.status is not HealthStatus.HEALTHY:
        why = f": {health.reasons[0]}" if health.reasons else ""
        factor = STATUS_FACTOR[health.status]
        words += f"; {health.status.lower()}, counts {factor:.2g} times{why}"
    return words


def _latency(found: Decision, place: int) -> str:
    own, typical = found.latencies_ms[place], found.typical_ms
    if own is None or typical is None:
        return "latency not known: taken as typical"
    usual = usual_ms(found.plan, place)
    share = own / usual if usual else 1.0
    times = times_words(f"{share:.2g}") if abs(share - 1) > WORTH_A_WORD else ""
    words = latency_words(found.plan, place, figure=f"{own:.4g}", times=times)
    stale = found.plan.state.stale[place]
    return f"{words}, stale: hedged toward the typical {typical:.4g} ms" if stale else words


def usual_ms(plan: Plan, place: int) -> float:
    """What a request of mean length takes there now; 0 where that is not known."""
    health = plan.state.fleet.healths[place]
    return (measured_latency_ms(health) or 0.0) * _by_load(plan, place)


def _by_load(plan: Plan, place: int) -> float:
    state = plan.state
    return 1.0 if state.stale[place] else load_factor(state.fleet.healths[place].load)


def latency_words(plan: Plan, place: int, *, figure: str, times: str) -> str:
    """A latency that is expected, its figures formatted already."""
    by_load, load = _by_load(plan, place), plan.state.fleet.healths[place].load
    loaded = f", {by_load:.2g} times for load {load:.2g}" if by_load > 1 else ""
    return f"latency {figure} ms expected{times}{loaded}"


def times_words(figure: str) -> str:
    """How many times as long as usual a request takes for its length."""
    return f", {figure} times a mean request's for its tokens"


def _cost(found: Decision, place: int) -> str:
    cost = found.costs_usd[place]
    return "cost not known: taken as typical" if cost is None else cost_words(usd(cost))


def cost_words(amount: str) -> str:
    """A cost that is expected."""
    return f"cost {amount} expected"


def steps(found: Decision) -> tuple[str, ...]:
    """How the order was come to, from who asks to who is first."""
    return (
        *_asked(found),
        *found.limits.course.steps,
        *_limits(found),
        *_weights(found),
        *_allowances(found),
        *_outcome(found),
    )


def _asked(found: Decision) -> Iterator[str]:
    request, tier = found.request, found.tier
    if tier is None:
        yield f"user {request.user} has no tier: no limits and balanced weights"
    else:
        whose = "the request's" if request.tier is not None else f"user {request.user}'s own"
        known = "" if found.limits.tier is not None else "; it was never configured"
        yield f"tier {tier} ({whose}{known})"
    tokens = found.completion_tokens
    answer = "an answer of unknown length" if tokens is None else f"{tokens:.0f} of the answer"
    yield f"tokens expected: {request.prompt_tokens} of the prompt, {answer}"


def _limits(found: Decision) -> Iterator[str]:
    limits, tier, tenant = found.limits, found.limits.tier, found.limits.tenant
    bounds: Mapping[str, tuple[Bound | None, str]] = {
        "cost at most": (limits.cost_usd(), "USD"),
        "latency at most": (limits.latency_ms(), "ms"),
        "quality at least": (limits.quality(), ""),
    }
    for what, (bound, unit) in bounds.items():
        if bound is not None:
            yield f"{what} {bound[0]:.4g}{unit and ' '}{unit} ({bound[1]})"
    if tier is not None and tier.latency_p95_ms is not None:
        yield f"p95 latency at most {tier.latency_p95_ms:.4g} ms (tier {tier.tier})"
    if tenant is not None and tenant.allowed_backends is not None:
        allowed = ", ".join(tenant.allowed_backends) or "none"
        yield f"backends allowed: {allowed} (tenant {tenant.tenant})"
    if tenant is not None and tenant.required_compliance:
        required = ", ".join(tenant.required_compliance)
        yield f"certificates required: {required} (tenant {tenant.tenant})"


def _weights(found: Decision) -> Iterator[str]:
    kind, weights, user = found.plan.kind, found.plan.weights, found.request.user
    wanted = kind.optimise_for if kind.optimise_for in PREFERENCES else None
    why = f"user {user} asks for {wanted}" if wanted is not None else BALANCED
    if kind.tier_weight is not None:
        why += f"; tier {found.tier} weighs {kind.tier_weight:g}"
    yield (
        f"weights: quality {weights.quality:.2f}, latency {weights.latency:.2f},"
        f" cost {weights.cost:.2f} ({why})"
    )
    if kind.prefer:
        yield f"user {user} prefers {', '.join(sorted(kind.prefer))}"
    if kind.avoid:
        yield f"user {user} avoids {', '.join(sorted(kind.avoid))} while others may serve"


def _allowances(found: Decision) -> Iterator[str]:
    standing = found.standing
    allowances: tuple[Allowance | None, ...] = (standing.usd, standing.requests, standing.tokens)
    for allowance in allowances:
        if allowance is not None:
            yield allowance_words(allowance)


def _outcome(found: Decision) -> Iterator[str]:
    names, order = found.fleet.names, found.order
    words = f"{len(order)} of {len(names)} deployments may serve"
    if order:
        words += f"; first {names[order[0]]}, score {found.score(order[0]):.3f}"
    if len(order) > 1:
        words += f", then {names[order[1]]}, score {found.score(order[1]):.3f}"
    yield words


def warnings(found: Decision) -> tuple[str, ...]:
    """What to know before relying on the answer, each said once."""
    said = (
        *_nobody(found),
        *_view(found),
        *_refused(found),
        *found.limits.course.warnings,
        *found.standing.warnings,
    )
    return tuple(dict.fromkeys(said))


def _nobody(found: Decision) -> Iterator[str]:
    if found.order:
        return
    out = found.ruled_out()
    if not out:
        yield "NO_CANDIDATE: no deployment is known; register deployments first"
        return
    lifted = "; and if ".join(objection.remedy for objection in objections(found, out[0]))
    yield (
        f"NO_CANDIDATE: all {len(out)} deployments are ruled out;"
        f" least bad is {found.fleet.names[out[0]]}, which could serve if {lifted}"
    )


def _view(found: Decision) -> Iterator[str]:
    view, tier = found.fleet.view, found.tier
    if found.stale:
        yield f"STALE_VIEW: the hot view was last renewed at {view.as_of.isoformat()}"
    if tier is not None and view.tiers and tier not in view.tier_of:
        yield f"UNKNOWN_TIER: tier {tier} was never configured, so it sets no limits"


def _refused(found: Decision) -> Iterator[str]:
    """Refusals of newer versions of the policy in force."""
    view, course = found.fleet.view, found.limits.course
    published = [p.published_at for p in view.policies if p.policy == course.policy]
    if not published:
        return
    for each in sorted(view.refused_policies, key=lambda r: (r.refused_at, r.version)):
        if each.policy == course.policy and each.refused_at > max(published):
            yield (
                f"POLICY_REFUSED: version {each.version} of policy {each.policy} was refused at"
                f" {clock(each.refused_at)}: {each.message};"
                f" version {course.policy_version} stays in force"
            )
