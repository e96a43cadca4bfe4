"""Small fleets with a known truth, as panels: what the tests of causes are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from graph.causes.candidates import CandidateCause
from graph.causes.panel import DIMENSIONS, Array, Panel, Units
from graph.frame import NONE, Ints, Mask
from graph.slices import EntityRef, Metric

HOUR_S = 3600
START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; the first hour of every panel here."""
START_S = int(START.timestamp())

USUAL = {
    "tenant": "acme",
    "tier": "gold",
    "task_type": "chat",
    "prompt_band": "0-512",
    "deployment": "big@aws",
    "policy_version": "main@v1",
    "router_version": "r1",
    "method": "rule",
}


def at(hour: float) -> datetime:
    """The instant so many hours after the start."""
    return START + timedelta(hours=hour)


def unit(**labels: str) -> dict[str, str]:
    """All labels of a unit; those not given are usual or absent."""
    told = dict.fromkeys(DIMENSIONS, NONE) | USUAL | labels
    model, _, backend = told["deployment"].rpartition("@")
    return {**told, "model": model, "backend": backend}


def units_of(units: Sequence[Mapping[str, str]]) -> Units:
    """These units by number, their labels sorted as those of a real panel."""
    labels = tuple(tuple(sorted({each[name] for each in units})) for name in DIMENSIONS)
    codes = [
        [labels[place].index(each[name]) for place, name in enumerate(DIMENSIONS)] for each in units
    ]
    return Units(DIMENSIONS, labels, np.array(codes, dtype=np.int64).reshape(-1, len(DIMENSIONS)))


def filled(
    metric: Metric,
    units: Sequence[Mapping[str, str]],
    *,
    hours: int,
    count: npt.ArrayLike,
    mean: npt.ArrayLike = 1.0,
    spread: float = 0.0,
    rng: np.random.Generator | None = None,
    prompt_tokens: npt.ArrayLike = 0.0,
    completion_tokens: npt.ArrayLike = 0.0,
) -> Panel:
    """A row for each unit and hour that has any count.

    `count`, `mean` and the tokens of a request broadcast to units x hours. Observations scatter by
    `spread`: with `rng` the totals are drawn, without it only the squares tell of it.
    """
    shape = (len(units), hours)
    n, level, prompts, completions = (
        np.broadcast_to(np.asarray(given, dtype=np.float64), shape)
        for given in (count, mean, prompt_tokens, completion_tokens)
    )
    drawn = level if rng is None else level + spread * rng.standard_normal(shape) / _root(n)
    row, hour = np.nonzero(n > 0)
    n, drawn = n[row, hour], drawn[row, hour]
    return Panel(
        metric=metric,
        units=units_of(units),
        unit=row.astype(np.int64),
        hour=(START_S + HOUR_S * hour).astype(np.int64),
        count=n,
        total=n * drawn,
        squares=n * drawn**2 + n * spread**2,
        requests=n,
        prompt_tokens=n * prompts[row, hour],
        completion_tokens=n * completions[row, hour],
    )


def _root(count: Array) -> Array:
    return np.sqrt(np.maximum(count, 1.0))


def until(panel: Panel, hour: int) -> Mask:
    """The rows of the hours before this one."""
    return panel.hour < START_S + HOUR_S * hour


def reordered(panel: Panel, order: Ints) -> Panel:
    """The same rows in another order."""
    return replace(
        panel,
        unit=panel.unit[order],
        hour=panel.hour[order],
        count=panel.count[order],
        total=panel.total[order],
        squares=panel.squares[order],
        requests=panel.requests[order],
        prompt_tokens=panel.prompt_tokens[order],
        completion_tokens=panel.completion_tokens[order],
    )


def cut(panel: Panel) -> Panel:
    """Every row in two by a method that means nothing: a quarter and three, exact in binary, so
    that what is decided at a threshold is decided alike."""
    codes = panel.units.codes
    place = panel.units.place("method")
    ones, others = codes.copy(), codes.copy()
    ones[:, place], others[:, place] = 0, 1
    labels = list(panel.units.labels)
    labels[place] = ("learned", "rule")

    def both(values: Array) -> Array:
        return np.concatenate([values / 4, values * 3 / 4])

    return replace(
        panel,
        units=replace(panel.units, labels=tuple(labels), codes=np.concatenate([ones, others])),
        unit=np.concatenate([panel.unit, panel.unit + len(codes)]),
        hour=np.concatenate([panel.hour, panel.hour]),
        count=both(panel.count),
        total=both(panel.total),
        squares=both(panel.squares),
        requests=both(panel.requests),
        prompt_tokens=both(panel.prompt_tokens),
        completion_tokens=both(panel.completion_tokens),
    )


def event(
    node: str,
    identity: str,
    at_hour: float,
    *targets: tuple[str, str],
    kind: str | None = None,
    ended: float | None = None,
    policy: str | None = None,
    arms: tuple[str, ...] = (),
    **limits: frozenset[str],
) -> CandidateCause:
    """A recorded event, its times in hours after the start; `limits` are what a version is for."""
    return CandidateCause(
        node=node,
        kind=kind or node,
        id=identity,
        title=identity,
        at=at(at_hour),
        recorded_at=at(at_hour),
        ended_at=None if ended is None else at(ended),
        targets=tuple(EntityRef(kind, name) for kind, name in targets),
        policy=policy,
        task_types=limits.get("task_types"),
        tiers=limits.get("tiers"),
        tenants=limits.get("tenants"),
        arms=arms,
    )
