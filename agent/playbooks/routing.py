"""Where requests go: why one went where it went, and where one like this would go now."""

from collections.abc import Iterator, Sequence
from typing import Final

from agent.playbooks.answering import CantTell, Told, clock, listed, told_without
from agent.playbooks.incidents import open_line
from agent.playbooks.places import PLACES, Place, known, only_known
from agent.toolbox import Toolbox
from agent.understanding.question import Intent, Question, Slots
from graph.evidence import DeploymentFacts
from graph.figures import UNKNOWN, figure
from graph.health import DeploymentHealth
from graph.hot.routing.ranking import Candidate, RoutingView
from graph.requests import DecisionCandidate, Request
from graph.slices import Metric, Slice

ANYONE: Final = "anyone"
"""The user of a request that is asked about for nobody in particular."""
USUAL_TOKENS: Final = 500
"""Tokens of the prompt of a request that nothing is said of."""
_MOST: Final = 8
_SHOWN: Final = 3
_TASKS: Final = 3
_BEST_BY: Final = {
    "cost": ("expected_cost_usd", 1.0),
    "latency": ("expected_latency_ms", 1.0),
    "quality": ("expected_quality", -1.0),
}
"""What best may mean: the figure, and whether the least (1) or the greatest (-1) is best."""
_BEST_OF: Final = {
    Metric.COST: "cost",
    Metric.COST_PER_REQUEST: "cost",
    Metric.QUALITY: "quality",
    Metric.LATENCY_MEAN: "latency",
    Metric.LATENCY_P50: "latency",
    Metric.LATENCY_P95: "latency",
}


async def why_routed(question: Question, toolbox: Toolbox) -> Told:
    """Why a request went where it went, from what could be known at that moment."""
    slots = question.slots
    if slots.request is None:
        if slots.unknown and question.intent is Intent.WHY_ROUTED:
            told = " or ".join(slots.unknown)
            raise CantTell(f"nothing that is known is called {told}; name a request by its id")
        raise CantTell("the question names no request; give its id")
    await only_known(question, toolbox)
    request = await toolbox.request(id=slots.request)
    if request is None:
        raise CantTell(f"there is no request {slots.request}")
    then = await toolbox.fleet(at=request.at, known_at=request.at)
    opened = await toolbox.incidents(active_at=request.at, known_at=request.at)
    named = _named(slots.where, request, then)
    lines = [_outcome(request), *_said(request)]
    lines += _candidates(request, then, named)
    lines += [f"  Known then: {open_line(one)}" for one in opened[:_MOST]]
    if len(opened) > _MOST:
        lines.append(f"  … and {len(opened) - _MOST} more incidents")
        toolbox.figures["more_incidents"] = len(opened) - _MOST
    lines += [f"  Scored {one.score:.2f} by {one.evaluator}." for one in request.quality]
    toolbox.figures["candidates"] = len(request.decision.candidates)
    toolbox.figures["more"] = max(0, len(request.decision.candidates) - _MOST)
    honours = {*PLACES, *_own(slots.where, request), "request", "during"}
    lines += told_without(question, "The way of one request", honours=honours)
    went_to = DeploymentFacts.of_name(request.decision.deployment)
    return Told(
        tuple(lines),
        (
            f"How is {went_to.model} on its backends?",
            f"Which backend for a {request.task_type} request of {request.prompt_tokens} tokens "
            f"for user {request.user}?",
        ),
    )


async def which_backend(question: Question, toolbox: Toolbox) -> Told:
    """Where a request like this would go now, what comes next, and what is ruled out and why."""
    await only_known(question, toolbox)
    slots, names = question.slots, await toolbox.names()
    tasks = sorted(slots.where.task_type or ())
    if not tasks and len(names.task_types) == 1:
        tasks = list(names.task_types)
    if not tasks:
        raise CantTell(
            f"that depends on the task, and the question names none; {known(names, 'task_types')}",
            follow_ups=tuple(
                f"Which backend for a {task} request of {USUAL_TOKENS} tokens?"
                for task in names.task_types[:2]
            ),
        )
    lines: list[str] = []
    for task in tasks[:_TASKS]:
        lines += await _ranking(task, question, toolbox)
    lines += _taken(slots, tasks)
    honours = {*PLACES, "task_type", "tier", "tenant", "user", "without", "metric", "by"}
    lines += told_without(question, "A route", honours=honours)
    return Told(
        tuple(lines),
        (
            "Which deployments are unhealthy?",
            f"Which model is best for {tasks[0]}?",
        ),
    )


def _own(where: Slice, request: Request) -> set[str]:
    """The fields of a slice that only say again what the request is."""
    own = {
        "task_type": request.task_type,
        "tier": request.tier,
        "tenant": request.tenant,
        "user": request.user,
        "policy": request.decision.policy,
    }
    return {name for name, value in own.items() if where.given().get(name) == frozenset({value})}


def _named(where: Slice, request: Request, then: Sequence[DeploymentHealth]) -> tuple[str, ...]:
    """The deployments that are asked about by name: candidates, or known of then."""
    decision = request.decision
    there = [one.deployment for one in (*decision.candidates, *decision.fallbacks, *then)]
    place = Place.of(where, dict.fromkeys([decision.deployment, *there]))
    return place.deployments if place.named else ()


def _outcome(request: Request) -> str:
    decision = request.decision
    ended = request.status
    if request.error_type:
        ended += f" ({request.error_type})"
    cost = figure(request.cost_usd, metric=Metric.COST_PER_REQUEST)
    return (
        f"Request {request.id}, {request.task_type} for {request.user} ({request.tier}), at "
        f"{clock(request.at)} went to {decision.deployment} by {decision.method}, under policy "
        f"{decision.policy} {decision.policy_version}: {ended} after "
        f"{figure(request.latency_ms, metric=Metric.LATENCY_MEAN)}, {cost}."
    )


def _said(request: Request) -> Iterator[str]:
    decision = request.decision
    if decision.reasons:
        yield f"  The router said: {'; '.join(decision.reasons)}."
    if decision.experiment is not None:
        yield f"  It was in arm {decision.arm} of experiment {decision.experiment}."
    for fallback in decision.fallbacks:
        yield f"  It had failed on {fallback.deployment} ({fallback.cause or 'no reason told'})."


def _candidates(
    request: Request, then: Sequence[DeploymentHealth], named: Sequence[str]
) -> Iterator[str]:
    """The candidates, those first that are asked about; of the latter also who was none."""
    decision = request.decision
    health = {one.deployment: one for one in then}
    considered = {one.deployment: one for one in decision.candidates}
    for name in named:
        if name not in considered:
            went = "where it went" if name == decision.deployment else "not told as a candidate"
            yield f"  {name}: {went}; {_known_then(health.get(name))}"
    ordered = sorted(decision.candidates, key=lambda one: one.deployment not in named)
    for one in ordered[: max(_MOST, len(named))]:
        detail = one.deployment in named or one.deployment == decision.deployment
        yield _candidate_then(one, health.get(one.deployment), request, detail=detail)
    if len(ordered) > max(_MOST, len(named)):
        yield f"  … and {len(ordered) - max(_MOST, len(named))} more"
    if not decision.candidates:
        yield "  The router told of no candidates."


def _candidate_then(
    one: DecisionCandidate, health: DeploymentHealth | None, request: Request, *, detail: bool
) -> str:
    verdict = f"rejected: {one.rejected}" if one.rejected else "eligible"
    if one.deployment == request.decision.deployment:
        verdict = "chosen"
    if one.score is not None:
        verdict += f", score {one.score:.2f}"
    return f"  {one.deployment}: {verdict}; {_known_then(health, detail=detail)}"


def _known_then(health: DeploymentHealth | None, *, detail: bool = True) -> str:
    if health is None:
        return "its health was not known then"
    reasons = f" ({'; '.join(health.reasons[:2])})" if detail and health.reasons else ""
    return f"known then as {health.status.value}{reasons}"


async def _ranking(task: str, question: Question, toolbox: Toolbox) -> list[str]:
    slots = question.slots
    tiers, tenants = sorted(slots.where.tier or ()), sorted(slots.where.tenant or ())
    tokens = USUAL_TOKENS if slots.prompt_tokens is None else slots.prompt_tokens
    user = slots.user or next(iter(sorted(slots.where.user or ())), ANYONE)
    found = await toolbox.routing_view(
        user=user,
        task_type=task,
        prompt_tokens=tokens,
        tenant=tenants[0] if tenants else None,
        tier=tiers[0] if tiers else None,
    )
    if not found.candidates:
        raise CantTell("the routing view knows no deployment yet; none was registered or reported")
    names = [one.deployment for one in found.candidates]
    asked = Place.of(slots.where, names)
    told = [one for one in found.candidates if not _left_out(one.deployment, slots.without)]
    if asked.named:
        told = [one for one in told if one.deployment in asked.deployments]
    eligible = [one for one in told if one.eligible]
    ruled_out = [one for one in told if not one.eligible]
    what = f"A {task} request of {tokens:,} tokens for {user}"
    if tiers:
        what += f" ({tiers[0]})"
    limits = [f"of {asked.words}"] if asked.named else []
    limits += [f"without {' and '.join(sorted(slots.without))}"] if slots.without else []
    where = f", {', '.join(limits)}," if limits else ""
    lines = [_pick(what + where, found, eligible)]
    lines += [_candidate(one) for one in eligible[:_SHOWN]]
    if len(eligible) > _SHOWN:
        lines.append(f"  … and {len(eligible) - _SHOWN} more that may")
    lines += _best_by(eligible, slots)
    lines += [
        f"  ruled out: {one.deployment}, {'; '.join(one.reasons[:2])}" for one in ruled_out[:_MOST]
    ]
    if len(ruled_out) > _MOST:
        lines.append(f"  … and {len(ruled_out) - _MOST} more ruled out")
    toolbox.figures |= {
        f"{task}_eligible": len(eligible),
        f"{task}_ruled_out": len(ruled_out),
        f"{task}_more": max(0, len(eligible) - _SHOWN),
        f"{task}_more_ruled_out": max(0, len(ruled_out) - _MOST),
    }
    return [*lines, *(f"  {words}" for words in found.warnings)]


def _left_out(deployment: str, without: frozenset[str]) -> bool:
    facts = DeploymentFacts.of_name(deployment)
    return not without.isdisjoint({deployment, facts.backend, facts.model})


def _pick(what: str, found: RoutingView, eligible: Sequence[Candidate]) -> str:
    stale = ", from a stale view" if found.stale else ""
    version = f" under policy {found.policy} {found.policy_version}" if found.policy else ""
    if not eligible:
        return f"{what} would go nowhere{version}, as of {clock(found.as_of)}{stale}: none may."
    return (
        f"{what} would go to {eligible[0].deployment}{version}, as of {clock(found.as_of)}{stale}."
    )


def _candidate(one: Candidate) -> str:
    score = UNKNOWN if one.score is None else f"{one.score:.2f}"
    stale = ", stale" if one.stale else ""
    mark = f"{one.status.value}{stale}, score {score}"
    return f"  {one.rank}. {one.deployment} ({mark}): {_expected(one)}"


def _expected(one: Candidate) -> str:
    figures = [
        None if one.expected_quality is None else _quality(one),
        None
        if one.expected_latency_ms is None
        else figure(one.expected_latency_ms, metric=Metric.LATENCY_MEAN),
        None
        if one.expected_cost_usd is None
        else figure(one.expected_cost_usd, metric=Metric.COST_PER_REQUEST),
    ]
    return ", ".join(one for one in figures if one) or "nothing is known of what to expect"


def _quality(one: Candidate) -> str:
    scores = one.quality_samples or 0
    told = f"{scores:,} {'score' if scores == 1 else 'scores'}" if scores else "no scores"
    return f"quality {one.expected_quality:.2f} from {told} of this task"


def _best_by(eligible: Sequence[Candidate], slots: Slots) -> list[str]:
    """Who would be first by one figure alone, where the question asks for that."""
    by = slots.optimise_for
    if by is None and slots.metric is not None:
        by = _BEST_OF.get(slots.metric)
    if by not in _BEST_BY:
        return []
    name, sign = _BEST_BY[by]
    measured = [
        (sign * getattr(one, name), one) for one in eligible if getattr(one, name) is not None
    ]
    if not measured:
        return [f"  By {by} alone none comes first: none has a figure of it."]
    _, best = min(measured, key=lambda pair: (pair[0], pair[1].deployment))
    return [f"  By {by} alone the first would be {best.deployment}: {_expected(best)}."]


def _taken(slots: Slots, tasks: Sequence[str]) -> Iterator[str]:
    """What was taken where the question does not say, and what of it was not."""
    if slots.user is None and not slots.where.user:
        yield f"No user is named: it is told for {ANYONE}, somebody without settings of their own."
    if slots.prompt_tokens is None:
        yield f"No length is named: a prompt of {USUAL_TOKENS} tokens was taken."
    if len(tasks) > _TASKS:
        yield f"Not told: {listed(tasks[_TASKS:])}."
    for name in ("tier", "tenant", "user"):
        values = sorted(slots.where.given().get(name, ()))
        if len(values) > 1:
            yield f"One {name} was taken, {values[0]}, not {listed(values[1:])}."
