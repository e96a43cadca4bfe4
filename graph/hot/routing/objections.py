"""The reasons against a deployment in words: the figure behind each, and what would lift it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from graph.evidence import concerns
from graph.hot.accounts import Allowance
from graph.hot.quality import SAMPLE_FLOOR
from graph.hot.routing.compiled import breaker_key, paused
from graph.hot.routing.decision import Decision, expected_tokens
from graph.hot.routing.eligibility import Objection, ReasonCode, codes_of
from graph.words import clock


def objections(found: Decision, place: int) -> tuple[Objection, ...]:
    """All that speaks against a deployment, hardest first; empty where it may serve."""
    if place == found.probe:
        return ()
    return tuple(
        Objection(code, words, remedy)
        for code in codes_of(found.reasons[place])
        for words, remedy in sorted(_SAID[code](found, place))
    )


Said = Iterator[tuple[str, str]]
"""Words and remedy, one for each way in which a code applies."""


def _down(found: Decision, place: int) -> Said:
    reasons = found.fleet.healths[place].reasons
    yield reasons[0] if reasons else "no reason given", "it answered again"


def _breaker_open(found: Decision, place: int) -> Said:
    yield breaker_words(found, place), "its breaker closed"


def _backend_down(found: Decision, place: int) -> Said:
    backend = breaker_key(found.fleet.healths[place]).removeprefix("backend:")
    yield breaker_words(found, place), f"backend {backend} answered again"


def _breaker_half_open(found: Decision, place: int) -> Said:
    words = f"{breaker_words(found, place)}; it waits for one request to test it"
    if found.probe is not None:
        words += f", and this one tests {found.fleet.names[found.probe]}"
    else:
        words += ", which another one does or will"
    yield words, "a request that tests it went well"


def breaker_words(found: Decision, place: int) -> str:
    """Why the breaker is as it is, with until when where that is known."""
    health = found.fleet.healths[place]
    if health.breaker_reason is not None:
        return health.breaker_reason
    return health.reasons[0] if health.reasons else "no reason given"


def _maintenance(found: Decision, place: int) -> Said:
    facts = found.fleet.facts[place]
    for work in found.fleet.view.maintenance:
        reached = concerns(facts, scope_kind=work.scope_kind, scope_id=work.scope_id)
        if reached and work.active_at(found.now):
            until = clock(work.ends_at)
            yield f"{work.id} until {until}: {work.title}", f"maintenance ended, due {until}"


def _deprecated(found: Decision, place: int) -> Said:
    facts = found.fleet.facts[place]
    if facts.deprecated_at is not None:
        words = f"model {facts.model} since {clock(facts.deprecated_at)}"
        yield words, "its model was not deprecated"


def _rate_limited(found: Decision, place: int) -> Said:
    health = found.fleet.healths[place]
    if paused(health, now=found.now):
        yield breaker_words(found, place), "its pause ended"
    left = health.rate_limit_remaining
    if left is not None and left <= 0:
        yield f"{left:g} left of the provider's rate limit", "its rate limit came back"


def _context_window(found: Decision, place: int) -> Said:
    request, window = found.request, found.fleet.facts[place].context_window
    needed = request.prompt_tokens + (request.max_completion_tokens or 0)
    words = f"{needed} tokens needed, {window} fit"
    yield words, f"the request needed at most {window} tokens"


def _capability(found: Decision, place: int) -> Said:
    facts = found.fleet.facts[place]
    lacking = set(found.request.requirements.capabilities) - set(facts.capabilities or ())
    listed = ", ".join(sorted(lacking))
    yield f"model {facts.model} lacks {listed}", f"the request did without {listed}"


def _backend_not_allowed(found: Decision, place: int) -> Said:
    tenant, backend = found.request.tenant, found.fleet.facts[place].backend
    allowed = ", ".join(found.plan.kind.allowed_backends or ()) or "none"
    words = f"tenant {tenant} allows {allowed}, not {backend or 'this one'}"
    yield words, f"tenant {tenant} allowed {backend or 'its backend'}"


def _compliance(found: Decision, place: int) -> Said:
    facts = found.fleet.facts[place]
    lacking = set(found.plan.kind.required_compliance) - set(facts.compliance)
    listed = ", ".join(sorted(lacking))
    words = f"tenant {found.request.tenant} requires {listed}, not known of {facts.backend}"
    yield words, f"{facts.backend} was certified for {listed}"


def _policy_rule(found: Decision, place: int) -> Said:
    course = found.limits.course
    yield _kept_out(found.fleet.names[place], avoid=course.avoid, only=course.only)


def _user_rule(found: Decision, place: int) -> Said:
    course = found.limits.course
    yield _kept_out(found.fleet.names[place], avoid=course.user_avoid, only=course.user_only)


def _kept_out(
    name: str, *, avoid: Mapping[str, str], only: Mapping[str, str] | None
) -> tuple[str, str]:
    if name in avoid:
        return f"{avoid[name]} avoids it", f"{avoid[name]} did not avoid it"
    whose = " and ".join(sorted(set((only or {}).values()))) or "a rule"
    allowed = ", ".join(sorted(only or ())) or "none that is known"
    return f"{whose} allows only {allowed}", f"{whose} allowed it"


def _budget(found: Decision, place: int) -> Said:
    left = found.standing.usd
    if left is None:
        return
    cost = found.costs_usd[place]
    expected = "cost not known" if cost is None else f"{usd(cost)} expected"
    remedy = f"{left.whose} had {'budget' if cost is None else usd(cost)} left"
    yield f"{expected}, {allowance_words(left)}", remedy


def _quota(found: Decision, _: int) -> Said:
    requests, tokens = found.standing.requests, found.standing.tokens
    if requests is not None and requests.usable < 1:
        yield allowance_words(requests), f"{requests.whose} had a request left"
    needed = expected_tokens(found)
    if tokens is not None and tokens.usable < needed:
        words = f"{needed:.0f} tokens expected, {allowance_words(tokens)}"
        yield words, f"{tokens.whose} had {needed:.0f} tokens left"


def _max_cost(found: Decision, place: int) -> Said:
    bound, cost = found.limits.cost_usd(), found.costs_usd[place]
    if bound is not None and cost is not None:
        most, whose = bound
        words = f"{usd(cost)} expected, {usd(most)} is the most for {whose}"
        yield words, f"{whose} allowed {usd(cost)}"


def _min_quality(found: Decision, place: int) -> Said:
    bound, expected = found.limits.quality(), found.plan.quality[place]
    if bound is not None and expected is not None:
        least, whose = bound
        words = f"{expected.quality:.3g} expected, {least:.3g} is the least for {whose}"
        yield words, f"{whose} accepted {expected.quality:.3g}"


def _max_latency(found: Decision, place: int) -> Said:
    bound, own_ms = found.limits.latency_ms(), found.latencies_ms[place]
    if found.plan.state.stale[place]:
        return
    if bound is not None and own_ms is not None and own_ms > bound[0]:
        most_ms, whose = bound
        words = f"{own_ms:.0f} ms expected, {most_ms:.0f} ms is the most for {whose}"
        yield words, f"{whose} allowed {own_ms:.0f} ms"
    health, tier = found.fleet.healths[place], found.limits.tier
    tail_ms = health.latency_p95_ms
    if tier is None or tier.latency_p95_ms is None or tail_ms is None:
        return
    if tail_ms > tier.latency_p95_ms and health.sample_count >= SAMPLE_FLOOR:
        words = f"p95 {tail_ms:.0f} ms, tier {tier.tier} is promised {tier.latency_p95_ms:.0f} ms"
        yield words, f"tier {tier.tier} accepted a p95 of {tail_ms:.0f} ms"


def allowance_words(allowance: Allowance) -> str:
    """What is left, of what, whose, and when more comes."""
    unit = allowance.unit.upper() if allowance.unit == "usd" else allowance.unit
    left, most = _figure(allowance.remaining), _figure(allowance.limit)
    words = f"{left} of {most} {unit} a {allowance.period} left for {allowance.whose}"
    if allowance.usable < allowance.remaining:
        usable = _figure(max(allowance.usable, 0.0))
        words += f", {usable} of it until the other processes are heard of"
    back = allowance.returns_at
    return words if back is None else f"{words}, back at {clock(back)}"


def _figure(amount: float) -> str:
    """An amount without an exponent: whole from a thousand on, else of four figures."""
    if abs(amount) >= 1_000:
        return f"{amount:,.0f}"
    return f"{amount:.4g}" if abs(amount) >= 0.001 else f"{amount:.3f}".rstrip("0").rstrip(".")


def usd(amount: float) -> str:
    """An amount of US dollars."""
    return f"{amount:.4g} USD"


_SAID: Final[Mapping[ReasonCode, Callable[[Decision, int], Said]]] = {
    ReasonCode.BACKEND_NOT_ALLOWED: _backend_not_allowed,
    ReasonCode.COMPLIANCE: _compliance,
    ReasonCode.CAPABILITY: _capability,
    ReasonCode.CONTEXT_WINDOW: _context_window,
    ReasonCode.POLICY_RULE: _policy_rule,
    ReasonCode.BACKEND_DOWN: _backend_down,
    ReasonCode.DOWN: _down,
    ReasonCode.BREAKER_OPEN: _breaker_open,
    ReasonCode.BREAKER_HALF_OPEN: _breaker_half_open,
    ReasonCode.MAINTENANCE: _maintenance,
    ReasonCode.RATE_LIMITED: _rate_limited,
    ReasonCode.DEPRECATED: _deprecated,
    ReasonCode.USER_RULE: _user_rule,
    ReasonCode.BUDGET: _budget,
    ReasonCode.QUOTA: _quota,
    ReasonCode.MAX_COST: _max_cost,
    ReasonCode.MIN_QUALITY: _min_quality,
    ReasonCode.MAX_LATENCY: _max_latency,
}
