"""The fleet as Prometheus reads it: each deployment's state and figures, from the view in memory.

What is not known has no series, which is neither 0 nor healthy. The number of series is bounded:
of more deployments than that, the first by name are told one by one and all of them are counted.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from api.http.exposition import Sheet, labels
from graph.breaker import BreakerState
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.snapshot import ViewSnapshot

DEPLOYMENTS_AT_MOST: Final = 1_000
"""Deployments with series of their own, about twenty each."""
SEVERITIES: Final = ("sev1", "sev2", "sev3", "sev4")

_Figure = Callable[[DeploymentHealth], float | None]
_FIGURES: Final[Mapping[str, tuple[str, _Figure]]] = {
    "stale": ("Whether the evidence is too old to be relied on.", lambda one: int(one.stale)),
    "samples": (
        "What it rests on: the newest health sample's samples and the recent requests.",
        lambda one: one.sample_count,
    ),
    "availability_ratio": ("Share of time usable.", lambda one: one.availability),
    "error_ratio": ("Share of recent requests that failed.", lambda one: one.error_rate),
    "latency_p50_seconds": ("Median latency.", lambda one: _seconds(one.latency_p50_ms)),
    "latency_p95_seconds": (
        "95th percentile of the latency.",
        lambda one: _seconds(one.latency_p95_ms),
    ),
    "queue_depth": ("Requests that wait in its queue.", lambda one: one.queue_depth),
    "load_ratio": ("Load in use; 1 is its capacity.", lambda one: one.load),
    "rate_limit_remaining": (
        "What its provider's rate limit still allows, in the provider's unit.",
        lambda one: one.rate_limit_remaining,
    ),
    "spot_availability_ratio": (
        "Share of the spot capacity that is there.",
        lambda one: one.spot_availability,
    ),
    "cost_per_1k_tokens_usd": (
        "Price of 1,000 tokens in US dollars.",
        lambda one: one.cost_per_1k_tokens_usd,
    ),
}
# What comes after the labels of a deployment, made once.
_STATUSES: Final = [(status, f',status="{status}"}}') for status in HealthStatus]
_STATES: Final = [(state, f',state="{state}"}}') for state in BreakerState]
_Named = list[tuple[str, DeploymentHealth]]
"""Deployments with their labels."""


def write_fleet(
    sheet: Sheet, view: ViewSnapshot, *, now: datetime, most: int = DEPLOYMENTS_AT_MOST
) -> None:
    """Write down the fleet of a view, as it is read at `now`."""
    everyone = view.deployments
    told = sorted(everyone, key=lambda one: one.deployment)[:most]
    known = bool(view.version)
    counted = Counter(one.status for one in everyone)
    sheet.add(
        "routecause_deployments",
        "gauge",
        "Deployments of the fleet, by status.",
        [(labels(status=status), counted[status]) for status in HealthStatus if known],
    )
    sheet.one(
        "routecause_deployments_omitted",
        "gauge",
        f"Deployments beyond the first {DEPLOYMENTS_AT_MOST:,} by name, which have no series.",
        len(everyone) - len(told) if known else None,
    )
    severities = Counter(one.severity for one in view.incidents if one.open_at(now))
    sheet.add(
        "routecause_incidents_open",
        "gauge",
        "Incidents that are open, by severity.",
        [(labels(severity=each), severities[each]) for each in SEVERITIES if known],
    )
    named = [
        (labels(deployment=one.deployment, model=one.model, backend=one.backend), one)
        for one in told
    ]
    _write_states(sheet, named)
    _write_figures(sheet, named, now=now)


def _write_states(sheet: Sheet, named: _Named) -> None:
    """One series for each state that a deployment can be in, of which one is 1."""
    sheet.add(
        "routecause_deployment_status",
        "gauge",
        "Whether a deployment has this status.",
        [
            (name[:-1] + more, int(one.status is status))
            for name, one in named
            for status, more in _STATUSES
        ],
    )
    sheet.add(
        "routecause_deployment_breaker",
        "gauge",
        "Whether the circuit breaker of a deployment is in this state.",
        [
            (name[:-1] + more, int(one.breaker is state))
            for name, one in named
            for state, more in _STATES
        ],
    )


def _write_figures(sheet: Sheet, named: _Named, *, now: datetime) -> None:
    sheet.add(
        "routecause_deployment_evidence_age_seconds",
        "gauge",
        "Age of the newest evidence, when this was read.",
        # By the clock of now: the view holds the age that it was composed with.
        [(name, _age_s(one, now=now)) for name, one in named],
    )
    for figure, (says, value) in _FIGURES.items():
        sheet.add(
            f"routecause_deployment_{figure}",
            "gauge",
            says,
            [(name, value(one)) for name, one in named],
        )


def _age_s(one: DeploymentHealth, *, now: datetime) -> float | None:
    return None if one.updated_at is None else (now - one.updated_at) / timedelta(seconds=1)


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1e3
