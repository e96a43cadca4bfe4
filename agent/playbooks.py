"""One playbook per question: the calls it takes and the words it is answered in.

Every figure in an answer comes from the calls; the GraphQL that answers the same stands beside it.
What is claimed as a cause is what the investigation found, and nothing else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.causes import in_words
from agent.outlook import at_risk, coming
from graph import capacity, fleet, forecast, requests
from graph.causes import why
from graph.columns import BucketColumns
from graph.evidence import Incident
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.routing.ranking import Candidate, RoutingRequest, rank
from graph.hot.snapshot import ViewSnapshot
from graph.requests import Request
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Demand, Metric, Period, Slice
from graph.store.door import GraphStore

_SHOWN = 3
_HOUR = timedelta(hours=1)
_WORST_FIRST = (HealthStatus.DOWN, HealthStatus.DEGRADED, HealthStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class World:
    """What answers are read from, whose eyes they are for, and the instant they are asked at."""

    store: GraphStore
    columns: BucketColumns
    view: ViewSnapshot
    scope: TenantScope
    budgets: HealthSettings
    now: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, its answer in words, and the GraphQL that answers the same."""

    question: str
    text: str
    query: str


def what_is_healthy(world: World) -> Answer:
    """The fleet now: how many are well, what is wrong with the others, what is open."""
    told = world.view.deployments
    well = sum(one.status is HealthStatus.HEALTHY for one in told)
    lines = [f"{well} of {len(told)} deployments are healthy, as of {_clock(world.view.as_of)}."]
    for status in _WORST_FIRST:
        lines += [_ailing(one) for one in told if one.status is status]
    opened = [one for one in world.view.incidents if one.open_at(world.now)]
    lines += [_incident(one) for one in opened] or ["No incident is open."]
    return Answer(
        "What is healthy?",
        "\n".join(lines),
        "{ fleet { deployment status reasons updatedAt stale } incidents { id title severity } }",
    )


def which_backend(world: World, request: RoutingRequest) -> Answer:
    """The ranking of the hot view for one request: who comes first, who is ruled out and why."""
    ranked = rank(request, view=world.view, now=world.now)
    eligible = [one for one in ranked.candidates if one.eligible]
    ruled_out = [one for one in ranked.candidates if not one.eligible]
    lines = [_candidate(one) for one in eligible[:_SHOWN]]
    if len(eligible) > _SHOWN:
        lines.append(f"  … and {len(eligible) - _SHOWN} more")
    lines += [f"  ruled out: {one.deployment}, {'; '.join(one.reasons[:2])}" for one in ruled_out]
    lines += list(ranked.warnings)
    what = f"{request.task_type} of {request.prompt_tokens:,} tokens for {request.user}"
    return Answer(
        f"Which backend for this request ({what})?",
        "\n".join(lines),
        f'{{ routingView(request: {{user: "{request.user}", taskType: "{request.task_type}", '
        f"promptTokens: {request.prompt_tokens}, reserve: false}}) "
        "{ candidates { deployment rank score reasons } } }",
    )


async def why_there(world: World, request_id: str) -> Answer:
    """Why a request went where it went, from what could be known at that moment."""
    question = f"Why did request {request_id} go where it went?"
    query = (
        f'{{ request(id: "{request_id}") {{ decision {{ deployment reasons candidates '
        "{ deployment rejected } } contextThen { fleet { deployment status } } } }"
    )
    (request,) = await requests.requests(world.store, [request_id], scope=world.scope)
    if request is None:
        return Answer(question, f"I can't tell: there is no request {request_id}.", query)
    then = await fleet.fleet(world.store, at=request.at, known_at=request.at, budgets=world.budgets)
    opened = await fleet.incidents(world.store, active_at=request.at, known_at=request.at)
    return Answer(question, "\n".join(_journey(request, then, opened)), query)


async def why_changed(
    world: World,
    *,
    metric: Metric,
    during: Period,
    compared_to: Period | None = None,
    where: Slice,
    question: str,
) -> Answer:
    """Why a metric changed: what the investigation found, in its own figures."""
    found = await why.why_changed(
        world.store,
        world.columns,
        metric=metric,
        during=during,
        compared_to=compared_to,
        where=where,
        scope=world.scope,
        known_at=None,
        now=world.now,
    )
    asked = [f"metric: {metric.value}", f"during: {_period(during)}"]
    if compared_to is not None:
        asked.append(f"comparedTo: {_period(compared_to)}")
    if where.given():
        asked.append(f"where: {_slice(where)}")
    return Answer(
        question,
        "\n".join(in_words(found)),
        f"{{ whyChanged({', '.join(asked)}) {{ verdict summary before after delta deltaLow "
        "deltaHigh slices { share where { kind id } } causes { kind id title contribution "
        "contributionLow contributionHigh mechanism evidence } unexplained } }",
    )


async def what_comes_next(world: World, *, without: str | None = None) -> Answer:
    """The coming hour: how much traffic, who is at risk, and who would be with a backend lost."""
    told = await forecast.forecast(
        world.store,
        world.columns,
        of=Demand.REQUESTS,
        horizon=_HOUR,
        step=_HOUR,
        where=Slice(),
        scope=world.scope,
        as_of=None,
        now=world.now,
    )

    async def risks(lost: frozenset[str] | None) -> list[capacity.CapacityRisk]:
        return await capacity.capacity_risk(
            world.store,
            world.columns,
            horizon=_HOUR,
            without=lost,
            as_of=None,
            budgets=world.budgets,
            now=world.now,
        )

    lines = [*coming(told), *at_risk(await risks(None))]
    fields = "{ deployment probabilityOverload worstAt capacity reasons }"
    query = "{ forecast { method total { at expected low80 high80 low95 high95 } } "
    query += f"capacityRisk {fields}"
    if without is not None:
        lines += at_risk(await risks(frozenset({without})), lost=without)
        query += f" withoutIt: capacityRisk(without: {json.dumps([without])}) {fields}"
    return Answer(
        "What comes in the next hour, and what is at risk?", "\n".join(lines), f"{query} }}"
    )


def _clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _period(period: Period) -> str:
    return f'{{from: "{_stamp(period.start)}", to: "{_stamp(period.end)}"}}'


def _slice(where: Slice) -> str:
    fields = [
        f"{_camel(name)}: [{', '.join(json.dumps(value) for value in sorted(values))}]"
        for name, values in where.given().items()
    ]
    return f"{{{', '.join(fields)}}}"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ailing(health: DeploymentHealth) -> str:
    mark = " (stale)" if health.stale else ""
    return f"  {health.status.value:8} {health.deployment}{mark}: {'; '.join(health.reasons[:2])}"


def _incident(incident: Incident) -> str:
    where = incident.scope_id or "everything"
    return (
        f"Open incident {incident.id} ({incident.severity}, {where}) "
        f"since {_clock(incident.opened_at)}: {incident.title}."
    )


def _candidate(one: Candidate) -> str:
    figures = [
        None if one.expected_quality is None else _quality(one),
        None if one.expected_latency_ms is None else f"{one.expected_latency_ms:,.0f} ms",
        None if one.expected_cost_usd is None else f"${one.expected_cost_usd:.4f}",
    ]
    told = ", ".join(figure for figure in figures if figure)
    return f"  {one.rank}. {one.deployment} (score {one.score:.2f}): {told}"


def _quality(one: Candidate) -> str:
    scores = one.quality_samples or 0
    return f"quality {one.expected_quality:.2f} from {scores or 'no'} scores of this task"


def _journey(
    request: Request, then: Sequence[DeploymentHealth], opened: Sequence[Incident]
) -> list[str]:
    decision = request.decision
    lines = [
        f"{request.task_type} for {request.user} ({request.tier}) at {_clock(request.at)} went to "
        f"{decision.deployment} by {decision.method}, under policy {decision.policy} "
        f"{decision.policy_version}: {request.status} after {request.latency_ms:,.0f} ms, "
        f"${request.cost_usd:.4f}."
    ]
    if decision.reasons:
        lines.append(f"  The router said: {'; '.join(decision.reasons)}.")
    lines += [
        f"  It had failed on {fallback.deployment} ({fallback.cause or 'no cause told'})."
        for fallback in decision.fallbacks
    ]
    health = {one.deployment: one for one in then}
    for candidate in decision.candidates:
        known = health.get(candidate.deployment)
        status = known.status.value if known else "not known"
        verdict = f"rejected: {candidate.rejected}" if candidate.rejected else "eligible"
        lines.append(f"  {candidate.deployment}: {verdict}; known then as {status}")
    lines += [f"  Known then: {_incident(one)}" for one in opened]
    lines += [f"  Scored {score.score:.2f} by {score.evaluator}." for score in request.quality]
    return lines
