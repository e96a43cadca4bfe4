"""Health of one deployment from evidence alone, so that the past is judged as the present is.

No I/O and no clock: `assess` is a pure function of evidence, an instant and limits. The order of
the evidence never matters, what is missing stays missing, what is old is never called healthy.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from graph.breaker import Breaker, BreakerState, breaker_of, recovered, says_failing
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
from graph.sketch import Sketch

__all__ = [
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
    `updated_at` the time of the newest evidence, live or not.
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


@dataclass(frozen=True, slots=True)
class _Finding:
    """One reason and the least status it stands for."""

    status: HealthStatus
    words: str


@dataclass(frozen=True, slots=True)
class _Traffic:
    """The requests of the traffic window, merged by minute and as a whole."""

    minutes: tuple[MinuteOutcomes, ...]
    total: MinuteOutcomes | None
    enough: bool

    @property
    def error_rate(self) -> float | None:
        """Share that failed; None when too few to tell."""
        return self.total.failed / self.total.count if self.total and self.enough else None

    def latency_ms(self, q: float) -> float | None:
        """Latency at quantile q; None when too few to tell."""
        return self.total.latency.quantile(q) if self.total and self.enough else None


@dataclass(frozen=True, slots=True)
class _Samples:
    """The samples known at an instant, newest first, by what their age allows."""

    fresh: tuple[Observation, ...]
    stale: tuple[Observation, ...]
    expired: tuple[Observation, ...]

    @property
    def live(self) -> tuple[Observation, ...]:
        """Those that still count, newest first."""
        return tuple(sorted(self.fresh + self.stale, key=_newness, reverse=True))

    def metric(self, name: str, *, of: Sequence[Observation]) -> float | None:
        """The newest value of a metric that is not missing."""
        return next((value for o in of if (value := getattr(o, name)) is not None), None)


def assess(evidence: Evidence, *, now: datetime, budgets: HealthSettings) -> DeploymentHealth:
    """The health of a deployment at `now`, with reasons that carry the figures.

    Evidence of a time after `now` is left out. Reasons hold absolute times, not ages, so that they
    change when something does and not with every tick of the clock.
    """
    samples = _samples(evidence.observations, now=now, budgets=budgets)
    traffic = _traffic(evidence.traffic, now=now, budgets=budgets)
    probe = next((o for o in samples.fresh if o.tells_usable), None)
    breaker = breaker_of(traffic.minutes, probe, now=now, budgets=budgets)
    findings = [
        *_freshness(samples, traffic, budgets=budgets),
        *_from_samples(samples, traffic, budgets=budgets),
        *_from_traffic(traffic, breaker.state, budgets=budgets),
        *_from_breaker(breaker),
        *_from_surroundings(evidence, now=now),
    ]
    figures = _figures(samples, traffic, facts=evidence.facts)
    findings += _missing(figures, facts=evidence.facts)
    known = bool(samples.live) or traffic.enough
    stale = not (samples.fresh or traffic.enough)
    status = _status(findings, known=known, stale=stale)
    seen = [o.at for o in (*samples.live, *samples.expired)]
    seen += [cell.last_at for cell in traffic.minutes]
    updated_at = max(seen, default=None)
    live = samples.live
    return replace(
        figures,
        status=status,
        reasons=tuple(f.words for f in sorted(findings, key=_gravity)),
        breaker=breaker.state,
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


_FIGURES = attrgetter(
    "window_s",
    "sample_count",
    "available",
    "error_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "queue_depth",
    "in_flight",
    "load",
    "rate_limit_remaining",
    "rate_limit_limit",
    "spot_availability",
    "cost_per_1k_tokens_usd",
)


def _newness(o: Observation) -> tuple[datetime, datetime, str, tuple[float, ...]]:
    """A total order: the last parts only make equal times independent of the input's order."""
    figures = tuple(-1.0 if figure is None else float(figure) for figure in _FIGURES(o))
    return (o.at, o.recorded_at, o.source, figures)


def _samples(
    observations: Iterable[Observation], *, now: datetime, budgets: HealthSettings
) -> _Samples:
    newest_first = sorted((o for o in observations if o.at <= now), key=_newness, reverse=True)
    fresh: list[Observation] = []
    stale: list[Observation] = []
    expired: list[Observation] = []
    for o in newest_first:
        if now < o.stale_at(budgets):
            fresh.append(o)
        elif now < o.expires_at(budgets):
            stale.append(o)
        else:
            expired.append(o)
    return _Samples(tuple(fresh), tuple(stale), tuple(expired))


def _traffic(
    cells: Iterable[MinuteOutcomes], *, now: datetime, budgets: HealthSettings
) -> _Traffic:
    start = now - timedelta(minutes=budgets.traffic_window_minutes)
    by_minute: dict[datetime, list[MinuteOutcomes]] = {}
    for cell in cells:
        if start < cell.minute <= now and cell.count:
            by_minute.setdefault(cell.minute, []).append(cell)
    minutes = tuple(_merged(by_minute[minute]) for minute in sorted(by_minute))
    total = _merged(minutes) if minutes else None
    return _Traffic(minutes, total, total is not None and total.count >= budgets.traffic_minimum)


def _merged(cells: Sequence[MinuteOutcomes]) -> MinuteOutcomes:
    if len(cells) == 1:
        return cells[0]
    latency = Sketch()
    for cell in cells:
        latency.merge(cell.latency)
    return MinuteOutcomes(
        minute=min(cell.minute for cell in cells),
        count=sum(cell.count for cell in cells),
        ok=sum(cell.ok for cell in cells),
        error=sum(cell.error for cell in cells),
        timeout=sum(cell.timeout for cell in cells),
        rate_limited=sum(cell.rate_limited for cell in cells),
        latency=latency,
        last_at=max(cell.last_at for cell in cells),
    )


def _figures(samples: _Samples, traffic: _Traffic, *, facts: DeploymentFacts) -> DeploymentHealth:
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


def _freshness(samples: _Samples, traffic: _Traffic, *, budgets: HealthSettings) -> list[_Finding]:
    """What the age and the thinness of the evidence allow to be said."""
    findings: list[_Finding] = []
    if not samples.fresh:
        old = samples.live[0] if samples.live else None
        if old is not None:
            status = HealthStatus.UNKNOWN if traffic.enough else HealthStatus.DEGRADED
            since = _clock(old.stale_at(budgets))
            words = f"last health sample at {_clock(old.at)}, stale since {since}"
            findings.append(_Finding(status, words))
        elif samples.expired:
            gone = max(samples.expired, key=lambda o: (o.expires_at(budgets), _newness(o)))
            words = (
                f"no health sample since {_clock(samples.expired[0].at)},"
                f" too old since {_clock(gone.expires_at(budgets))}"
            )
            findings.append(_Finding(HealthStatus.UNKNOWN, words))
        else:
            findings.append(_Finding(HealthStatus.UNKNOWN, "no health sample was ever reported"))
    if not traffic.enough:
        count = traffic.total.count if traffic.total else 0
        words = (
            f"{_count(count, 'request')} in the last {budgets.traffic_window_minutes} min,"
            f" too few to judge by ({budgets.traffic_minimum} needed)"
        )
        findings.append(_Finding(HealthStatus.UNKNOWN, words))
    return findings


def _from_samples(
    samples: _Samples, traffic: _Traffic, *, budgets: HealthSettings
) -> list[_Finding]:
    """What the newest live sample, and the newest of each of its metrics, says."""
    if not samples.live:
        return []
    newest = samples.live[0]
    since = [cell for cell in traffic.minutes if cell.minute > newest.at]
    outweighed = recovered(since, budgets=budgets)
    findings: list[_Finding] = []
    told = next((o for o in samples.live if o.available is not None), None)
    if told is not None and told.available is False:
        words = f"reported unavailable at {_clock(told.at)}"
        if outweighed:
            words += f", yet {_count(sum(c.ok for c in since), 'request')} since then went well"
        status = HealthStatus.DEGRADED if outweighed else HealthStatus.DOWN
        findings.append(_Finding(status, words))
    findings += _sampled_errors(samples, outweighed=outweighed, budgets=budgets)
    load = samples.metric("load", of=samples.live)
    if load is not None and load >= budgets.load_degraded:
        words = f"load {_percent(load)} (limit {_percent(budgets.load_degraded)})"
        findings.append(_Finding(HealthStatus.DEGRADED, words))
    left = samples.metric("rate_limit_remaining", of=samples.live)
    if left is not None and left <= 0:
        findings.append(_Finding(HealthStatus.DEGRADED, "rate limit used up: 0 left"))
    spot = samples.metric("spot_availability", of=samples.live)
    if spot is not None and spot < budgets.spot_availability_degraded:
        limit = _percent(budgets.spot_availability_degraded)
        words = f"spot availability {_percent(spot)} (at least {limit} wanted)"
        findings.append(_Finding(HealthStatus.DEGRADED, words))
    if samples.fresh and not findings:
        words = f"health sample at {_clock(newest.at)} within all limits"
        findings.append(_Finding(HealthStatus.HEALTHY, words))
    return findings


def _sampled_errors(
    samples: _Samples, *, outweighed: bool, budgets: HealthSettings
) -> list[_Finding]:
    """What the newest reported error rate says."""
    o = next((o for o in samples.live if o.error_rate is not None), None)
    if o is None or o.error_rate is None or o.error_rate < budgets.error_rate_degraded:
        return []
    failing = says_failing(replace(o, available=None), budgets=budgets) and not outweighed
    limit = budgets.error_rate_down if failing else budgets.error_rate_degraded
    words = (
        f"reported error rate {_percent(o.error_rate)} over {_count(o.sample_count, 'sample')}"
        f" at {_clock(o.at)} (limit {_percent(limit)})"
    )
    return [_Finding(HealthStatus.DOWN if failing else HealthStatus.DEGRADED, words)]


def _from_traffic(
    traffic: _Traffic, breaker: BreakerState, *, budgets: HealthSettings
) -> list[_Finding]:
    """What the requests themselves say."""
    rate, total = traffic.error_rate, traffic.total
    if rate is None or total is None:
        return []
    words = (
        f"error rate {_percent(rate)} over {_count(total.count, 'request')}"
        f" in the last {budgets.traffic_window_minutes} min"
    )
    if rate < budgets.error_rate_degraded:
        return [_Finding(HealthStatus.HEALTHY, words)]
    down = rate >= budgets.error_rate_down and breaker is BreakerState.OPEN
    limit = budgets.error_rate_down if down else budgets.error_rate_degraded
    kinds = (
        (total.error, "error"),
        (total.timeout, "timeout"),
        (total.rate_limited, "rate-limit refusal"),
    )
    split = ", ".join(_count(number, kind) for number, kind in kinds if number)
    words += f" (limit {_percent(limit)}): {split}"
    return [_Finding(HealthStatus.DOWN if down else HealthStatus.DEGRADED, words)]


def _from_breaker(breaker: Breaker) -> list[_Finding]:
    if breaker.state is BreakerState.CLOSED or breaker.failed_at is None:
        return []
    words = f"no success since the failure at {_clock(breaker.failed_at)}"
    if breaker.state is BreakerState.HALF_OPEN:
        return [_Finding(HealthStatus.DEGRADED, f"breaker half-open: {words}")]
    words = f"breaker open: {words}"
    if breaker.probe_at is not None:
        words += f"; a probe may pass from {_clock(breaker.probe_at)}"
    return [_Finding(HealthStatus.DOWN, words)]


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
                f" open since {_clock(incident.opened_at)}: {incident.title}"
            )
            findings.append(_Finding(status, words))
    for work in sorted(set(evidence.maintenance), key=lambda m: (m.starts_at, m.id, repr(m))):
        if concerns(facts, scope_kind=work.scope_kind, scope_id=work.scope_id) and work.active_at(
            now
        ):
            words = f"maintenance {work.id} until {_clock(work.ends_at)}: {work.title}"
            findings.append(_Finding(HealthStatus.DEGRADED, words))
    if facts.deprecated_at is not None and facts.deprecated_at <= now:
        words = f"model {facts.model} deprecated since {_clock(facts.deprecated_at)}"
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


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
