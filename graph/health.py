"""Health of one deployment from evidence alone, so that the past is judged as the present is.

No I/O and no clock: `assess` is a pure function of evidence, an instant and limits. The order of
the evidence never matters, what is missing stays missing, what is old is never called healthy.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from graph.backends import Member, joined
from graph.breaker import (
    Breaker,
    BreakerCause,
    BreakerState,
    breaker_of,
    recovered,
    says_failing,
)
from graph.evidence import (
    DeploymentFacts,
    Evidence,
    Incident,
    Maintenance,
    MinuteOutcomes,
    Observation,
    concerns,
)
from graph.settings import HealthSettings
from graph.window import Samples, Traffic, newness, samples_at, traffic_at
from graph.words import clock, counted, percent

__all__ = [
    "BreakerCause",
    "BreakerState",
    "DeploymentFacts",
    "DeploymentHealth",
    "Evidence",
    "HealthStatus",
    "Incident",
    "Maintenance",
    "MinuteOutcomes",
    "Observation",
    "assess",
    "assess_fleet",
    "same_state",
]

_SEVERE = frozenset({"sev1", "sev2"})
"""Severities of an open incident that make whatever it reaches DEGRADED at least."""


class HealthStatus(StrEnum):
    """UNKNOWN is its own state: it is neither well nor ill."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentHealth:
    """The twin of the GraphQL type; figures are None where no live sample has them.

    `sample_count` is the newest live sample's plus the requests of the traffic window;
    `updated_at` the time of the newest evidence, live or not. `breaker_key` names whose breaker it
    is: the deployment, or `backend:<name>` where that failed as one; only one probe at a time may
    pass for a key. `breaker_until` is when a probe may pass, or a pause for a rate limit is over.
    """

    deployment: str
    model: str
    backend: str
    version: str | None
    status: HealthStatus
    reasons: tuple[str, ...]
    breaker: BreakerState
    availability: float | None
    error_rate: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    queue_depth: float | None
    load: float | None
    rate_limit_remaining: float | None
    spot_availability: float | None
    cost_per_1k_tokens_usd: float | None
    sample_count: int
    updated_at: datetime | None
    age_ms: float | None
    stale: bool
    breaker_key: str = ""
    breaker_reason: str | None = None
    breaker_until: datetime | None = None
    breaker_cause: BreakerCause | None = None
    breaker_failed_at: datetime | None = None

    @property
    def paused(self) -> bool:
        """Whether it gets no requests for its rate limit, which says nothing against its health."""
        return self.breaker_cause is BreakerCause.RATE_LIMITED


@dataclass(frozen=True, slots=True)
class _Finding:
    """One reason and the least status it stands for."""

    status: HealthStatus
    words: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One deployment's evidence as `now` sees it, and its own breaker."""

    evidence: Evidence
    samples: Samples
    traffic: Traffic
    breaker: Breaker

    @classmethod
    def of(cls, evidence: Evidence, *, now: datetime, budgets: HealthSettings) -> "_Case":
        samples = samples_at(evidence.observations, now=now, budgets=budgets)
        traffic = traffic_at(evidence.traffic, now=now, budgets=budgets)
        probe = next((o for o in samples.fresh if o.tells_usable), None)
        breaker = breaker_of(traffic.minutes, probe, now=now, budgets=budgets)
        return cls(evidence, samples, traffic, breaker)

    @property
    def member(self) -> Member:
        """The same as its backend is judged by."""
        told = self.traffic.enough or any(o.tells_usable for o in self.samples.fresh)
        minutes = self.traffic.minutes
        return Member(facts=self.evidence.facts, breaker=self.breaker, told=told, minutes=minutes)


def assess_fleet(
    evidence: Iterable[Evidence],
    *,
    now: datetime,
    budgets: HealthSettings,
    only: frozenset[str] | None = None,
) -> tuple[DeploymentHealth, ...]:
    """The health of each deployment at `now`, in the order given, as `assess` judges it.

    What fails as a whole backend has one breaker, so all deployments of a backend must be given,
    even where `only` some are to be told.
    """
    cases = [_Case.of(each, now=now, budgets=budgets) for each in evidence]
    breakers = joined((case.member for case in cases), now=now, budgets=budgets)
    return tuple(
        _judged(case, breakers[case.evidence.facts.deployment], now=now, budgets=budgets)
        for case in cases
        if only is None or case.evidence.facts.deployment in only
    )


def assess(evidence: Evidence, *, now: datetime, budgets: HealthSettings) -> DeploymentHealth:
    """The health of a deployment at `now`, with reasons that carry the figures.

    Evidence of a time after `now` is left out. Reasons hold absolute times, not ages, so that they
    change when something does and not with every tick of the clock. A failure of its whole backend
    is not seen from one deployment: `assess_fleet` sees it.
    """
    case = _Case.of(evidence, now=now, budgets=budgets)
    return _judged(case, case.breaker, now=now, budgets=budgets)


def _judged(
    case: _Case, breaker: Breaker, *, now: datetime, budgets: HealthSettings
) -> DeploymentHealth:
    evidence, samples, traffic = case.evidence, case.samples, case.traffic
    findings = [
        *_freshness(samples, traffic, budgets=budgets),
        *_from_samples(samples, traffic, budgets=budgets),
        *_from_traffic(traffic, breaker, budgets=budgets),
        *_from_breaker(breaker),
        *_from_surroundings(evidence, now=now),
    ]
    figures = _figures(samples, traffic, facts=evidence.facts)
    findings += _missing(figures, facts=evidence.facts)
    known = bool(samples.live) or traffic.enough or breaker.tripped
    stale = not (samples.fresh or traffic.enough)
    seen = [o.at for o in (*samples.live, *samples.expired)]
    seen += [cell.last_at for cell in traffic.minutes]
    updated_at = max(seen, default=None)
    live = samples.live
    name = evidence.facts.deployment
    return replace(
        figures,
        status=_status(findings, known=known, stale=stale),
        reasons=tuple(f.words for f in sorted(findings, key=_gravity)),
        breaker=breaker.state,
        breaker_key=name if breaker.backend is None else f"backend:{breaker.backend}",
        breaker_reason=breaker.reason,
        breaker_until=breaker.probe_at,
        breaker_cause=breaker.cause,
        breaker_failed_at=breaker.failed_at,
        sample_count=(live[0].sample_count if live else 0)
        + (traffic.total.count if traffic.total else 0),
        updated_at=updated_at,
        age_ms=None if updated_at is None else (now - updated_at) / timedelta(milliseconds=1),
        stale=stale,
    )


def same_state(before: DeploymentHealth, after: DeploymentHealth) -> bool:
    """Whether two assessments say the same, but for the time that has passed between them."""
    return replace(before, age_ms=None) == replace(after, age_ms=None)


def _status(findings: Sequence[_Finding], *, known: bool, stale: bool) -> HealthStatus:
    """The gravest of the findings; UNKNOWN where nothing live supports any."""
    if not known:
        return HealthStatus.UNKNOWN
    statuses = {finding.status for finding in findings}
    if HealthStatus.DOWN in statuses:
        return HealthStatus.DOWN
    if HealthStatus.DEGRADED in statuses or stale:
        return HealthStatus.DEGRADED
    return HealthStatus.HEALTHY


_GRAVITY = {
    HealthStatus.DOWN: 0,
    HealthStatus.DEGRADED: 1,
    HealthStatus.UNKNOWN: 2,
    HealthStatus.HEALTHY: 3,
}


def _gravity(finding: _Finding) -> int:
    return _GRAVITY[finding.status]


def _figures(samples: Samples, traffic: Traffic, *, facts: DeploymentFacts) -> DeploymentHealth:
    """The figures: a fresh sample's, else the requests' own, else a stale sample's, else None."""

    def sampled(name: str, measured: Callable[[], float | None] = lambda: None) -> float | None:
        value = samples.metric(name, of=samples.fresh)
        if value is None:
            value = measured()
        return samples.metric(name, of=samples.stale) if value is None else value

    error_rate = traffic.error_rate
    available = sampled("available", lambda: None if error_rate is None else 1 - error_rate)
    price = samples.metric("cost_per_1k_tokens_usd", of=samples.live)
    return DeploymentHealth(
        deployment=facts.deployment,
        model=facts.model,
        backend=facts.backend,
        version=facts.version,
        status=HealthStatus.UNKNOWN,
        reasons=(),
        breaker=BreakerState.CLOSED,
        availability=None if available is None else float(available),
        error_rate=sampled("error_rate", lambda: error_rate),
        latency_p50_ms=sampled("latency_p50_ms", lambda: traffic.latency_ms(0.5)),
        latency_p95_ms=sampled("latency_p95_ms", lambda: traffic.latency_ms(0.95)),
        queue_depth=sampled("queue_depth"),
        load=sampled("load"),
        rate_limit_remaining=sampled("rate_limit_remaining"),
        spot_availability=sampled("spot_availability"),
        cost_per_1k_tokens_usd=list_price(facts) if price is None else price,
        sample_count=0,
        updated_at=None,
        age_ms=None,
        stale=True,
    )


def list_price(facts: DeploymentFacts) -> float | None:
    """US dollars per 1,000 tokens, half of them prompt and half completion; None if not known."""
    prices = [p for p in (facts.input_usd_per_1k, facts.output_usd_per_1k) if p is not None]
    return sum(prices) / len(prices) if prices else None


def _freshness(samples: Samples, traffic: Traffic, *, budgets: HealthSettings) -> list[_Finding]:
    """What the age and the thinness of the evidence allow to be said."""
    findings: list[_Finding] = []
    if not samples.fresh:
        old = samples.live[0] if samples.live else None
        if old is not None:
            status = HealthStatus.UNKNOWN if traffic.enough else HealthStatus.DEGRADED
            since = clock(old.stale_at(budgets))
            words = f"last health sample at {clock(old.at)}, stale since {since}"
            findings.append(_Finding(status, words))
        elif samples.expired:
            gone = max(samples.expired, key=lambda o: (o.expires_at(budgets), newness(o)))
            words = (
                f"no health sample since {clock(samples.expired[0].at)},"
                f" too old since {clock(gone.expires_at(budgets))}"
            )
            findings.append(_Finding(HealthStatus.UNKNOWN, words))
        else:
            findings.append(_Finding(HealthStatus.UNKNOWN, "no health sample was ever reported"))
    if not traffic.enough:
        count = traffic.total.told if traffic.total else 0
        words = (
            f"{counted(count, 'request')} in the last {budgets.traffic_window_minutes} min,"
            f" too few to judge by ({budgets.traffic_minimum} needed)"
        )
        findings.append(_Finding(HealthStatus.UNKNOWN, words))
    return findings


def _from_samples(samples: Samples, traffic: Traffic, *, budgets: HealthSettings) -> list[_Finding]:
    """What the newest live sample, and the newest of each of its metrics, says."""
    if not samples.live:
        return []
    newest = samples.live[0]
    since = [cell for cell in traffic.minutes if cell.minute > newest.at]
    outweighed = recovered(since, budgets=budgets)
    findings: list[_Finding] = []
    told = next((o for o in samples.live if o.available is not None), None)
    if told is not None and told.available is False:
        words = f"reported unavailable at {clock(told.at)}"
        if outweighed:
            words += f", yet {counted(sum(c.ok for c in since), 'request')} since then went well"
        status = HealthStatus.DEGRADED if outweighed else HealthStatus.DOWN
        findings.append(_Finding(status, words))
    findings += _sampled_errors(samples, outweighed=outweighed, budgets=budgets)
    load = samples.metric("load", of=samples.live)
    if load is not None and load >= budgets.load_degraded:
        words = f"load {percent(load)} (limit {percent(budgets.load_degraded)})"
        findings.append(_Finding(HealthStatus.DEGRADED, words))
    left = samples.metric("rate_limit_remaining", of=samples.live)
    if left is not None and left <= 0:
        findings.append(_Finding(HealthStatus.DEGRADED, "rate limit used up: 0 left"))
    spot = samples.metric("spot_availability", of=samples.live)
    if spot is not None and spot < budgets.spot_availability_degraded:
        limit = percent(budgets.spot_availability_degraded)
        words = f"spot availability {percent(spot)} (at least {limit} wanted)"
        findings.append(_Finding(HealthStatus.DEGRADED, words))
    if samples.fresh and not findings:
        words = f"health sample at {clock(newest.at)} within all limits"
        findings.append(_Finding(HealthStatus.HEALTHY, words))
    return findings


def _sampled_errors(
    samples: Samples, *, outweighed: bool, budgets: HealthSettings
) -> list[_Finding]:
    """What the newest reported error rate says."""
    o = next((o for o in samples.live if o.error_rate is not None), None)
    if o is None or o.error_rate is None or o.error_rate < budgets.error_rate_degraded:
        return []
    failing = says_failing(replace(o, available=None), budgets=budgets) and not outweighed
    limit = budgets.error_rate_down if failing else budgets.error_rate_degraded
    words = (
        f"reported error rate {percent(o.error_rate)} over {counted(o.sample_count, 'sample')}"
        f" at {clock(o.at)} (limit {percent(limit)})"
    )
    return [_Finding(HealthStatus.DOWN if failing else HealthStatus.DEGRADED, words)]


def _from_traffic(traffic: Traffic, breaker: Breaker, *, budgets: HealthSettings) -> list[_Finding]:
    """What the requests themselves say."""
    rate, total = traffic.error_rate, traffic.total
    if rate is None or total is None:
        return []
    words = (
        f"error rate {percent(rate)} over {counted(total.told, 'request')}"
        f" in the last {budgets.traffic_window_minutes} min"
    )
    if rate < budgets.error_rate_degraded:
        return [_Finding(HealthStatus.HEALTHY, words)]
    # Refusals for a rate limit do not say that it does not work.
    fails = total.judged > 0 and total.broken >= budgets.error_rate_down * total.judged
    down = fails and breaker.tripped and breaker.state is BreakerState.OPEN
    limit = budgets.error_rate_down if down else budgets.error_rate_degraded
    kinds = (
        (total.error, "error"),
        (total.timeout, "timeout"),
        (total.denied, "denial"),
        (total.rate_limited, "rate-limit refusal"),
    )
    split = ", ".join(counted(number, kind) for number, kind in kinds if number)
    words += f" (limit {percent(limit)}): {split}"
    return [_Finding(HealthStatus.DOWN if down else HealthStatus.DEGRADED, words)]


def _from_breaker(breaker: Breaker) -> list[_Finding]:
    """Why no requests pass; a pause, and answers that are only slow, do not mean DOWN."""
    if breaker.reason is None:
        return []
    if breaker.state is BreakerState.HALF_OPEN:
        return [_Finding(HealthStatus.DEGRADED, f"breaker half-open: {breaker.reason}")]
    works = breaker.paused or breaker.cause is BreakerCause.SLOW
    status = HealthStatus.DEGRADED if works else HealthStatus.DOWN
    return [_Finding(status, f"breaker open: {breaker.reason}")]


def _from_surroundings(evidence: Evidence, *, now: datetime) -> list[_Finding]:
    """Incidents, maintenance, deprecation and registration."""
    facts = evidence.facts
    findings: list[_Finding] = []
    for incident in sorted(set(evidence.incidents), key=lambda i: (i.opened_at, i.id, repr(i))):
        reached = facts.deployment in incident.affected_deployments or concerns(
            facts, scope_kind=incident.scope_kind, scope_id=incident.scope_id
        )
        if reached and incident.open_at(now):
            status = HealthStatus.DEGRADED if incident.severity in _SEVERE else HealthStatus.HEALTHY
            where = " ".join(filter(None, (incident.scope_kind, incident.scope_id)))
            words = (
                f"incident {incident.id} ({incident.severity}, {where})"
                f" open since {clock(incident.opened_at)}: {incident.title}"
            )
            findings.append(_Finding(status, words))
    for work in sorted(set(evidence.maintenance), key=lambda m: (m.starts_at, m.id, repr(m))):
        if concerns(facts, scope_kind=work.scope_kind, scope_id=work.scope_id) and work.active_at(
            now
        ):
            words = f"maintenance {work.id} until {clock(work.ends_at)}: {work.title}"
            findings.append(_Finding(HealthStatus.DEGRADED, words))
    if facts.deprecated_at is not None and facts.deprecated_at <= now:
        words = f"model {facts.model} deprecated since {clock(facts.deprecated_at)}"
        findings.append(_Finding(HealthStatus.HEALTHY, words))
    if not facts.registered:
        words = "not registered: model and backend are read from its name"
        findings.append(_Finding(HealthStatus.HEALTHY, words))
    return findings


def _missing(figures: DeploymentHealth, *, facts: DeploymentFacts) -> list[_Finding]:
    """What nobody reported; spot availability is only missed where capacity is spot."""
    absent = [
        words
        for words, value in (
            ("availability", figures.availability),
            ("error rate", figures.error_rate),
            ("latency p50", figures.latency_p50_ms),
            ("latency p95", figures.latency_p95_ms),
            ("queue depth", figures.queue_depth),
            ("load", figures.load),
            ("rate limit", figures.rate_limit_remaining),
            ("spot availability", figures.spot_availability if facts.spot else 0.0),
            ("price", figures.cost_per_1k_tokens_usd),
        )
        if value is None
    ]
    if not absent:
        return []
    listed = absent[0] if len(absent) == 1 else f"{', '.join(absent[:-1])} or {absent[-1]}"
    return [_Finding(HealthStatus.HEALTHY, f"no {listed} reported")]
