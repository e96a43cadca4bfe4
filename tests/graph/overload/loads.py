"""Deployments whose load and capacity are known by construction, for the tests of capacity."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from graph.demand import FINEST
from graph.evidence import DeploymentFacts, Observation
from graph.forecasting.history import History
from graph.overload.risks import Situation

NOW = datetime(2026, 9, 2, 14, 0, tzinfo=UTC)
STEP_S = FINEST.total_seconds()
Rate = Callable[[float], float]
"""Requests a second at so many hours after NOW."""


def facts(name: str = "m@b", **more: Any) -> DeploymentFacts:
    model, _, backend = name.rpartition("@")
    return DeploymentFacts(deployment=name, model=model, backend=backend, **more)


def steady(rate: float) -> Rate:
    return lambda _: rate


def growing(rate: float, *, by: float, since_h: float) -> Rate:
    """Grows by `by` requests a second an hour."""
    return lambda hours: rate + by * max(hours - since_h, 0.0)


def arrivals(rate: Rate, *, days: float = 2, seed: int = 1, end: datetime = NOW) -> History:
    size = round(days * 144)
    rng = np.random.default_rng(seed)
    means = [STEP_S * rate((k - size + 0.5) / 6) for k in range(size)]
    return History(end - size * FINEST, FINEST, rng.poisson(means).astype(np.float64))


def sample(at: datetime, name: str = "m@b", **told: Any) -> Observation:
    given: dict[str, Any] = {"available": True, **told}
    later = at + timedelta(seconds=2)
    return Observation(
        deployment=name, at=at, recorded_at=later, window_s=300.0, sample_count=20, **given
    )


def samples(
    rate: Rate, *, name: str = "m@b", carries: float, hours: float = 24, seed: int = 2, **told: Any
) -> list[Observation]:
    """Samples each five minutes with the share of capacity in use."""
    rng = np.random.default_rng(seed)
    found: list[Observation] = []
    for k in range(int(hours * 12)):
        load = rate(-k / 12) / carries * float(np.exp(0.04 * rng.standard_normal()))
        found.append(sample(NOW - timedelta(minutes=5 * k + 1), name, load=load, **told))
    return found


def situation(
    rate: Rate, *, name: str = "m@b", carries: float | None = None, **more: Any
) -> Situation:
    """A deployment with this load; `carries` is told by its samples alone."""
    given: dict[str, Any] = {
        "facts": facts(name),
        "requests": arrivals(rate),
        "observations": () if carries is None else samples(rate, name=name, carries=carries),
    }
    return Situation(**{**given, **more})
