"""Load ahead held against what each deployment can carry: how likely it is too much, and when.

Pure; `overload_risks(situations, horizon=, now=, budgets=, moves=)` is the entry. Overload is a
whole step of ten minutes with more requests than can be carried: shorter waves are queued.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from graph.demand import FINEST, last_step
from graph.estimates import Array
from graph.evidence import DeploymentFacts, Observation
from graph.forecasting.forecast import weighted_quantile
from graph.forecasting.history import History, together
from graph.forecasting.prediction import predict
from graph.overload.limits import (
    Known,
    Limit,
    carried,
    limits,
    newest_first,
)
from graph.overload.ramp import LOOKBACK_S, Measurements, Paths, Shape, ahead, flat, shape_of
from graph.overload.words import Finding, told
from graph.settings import HealthSettings

_STEP_S = FINEST.total_seconds()
_DAY_STEPS = round(86_400 / _STEP_S)
_NOISE_FLOOR = 0.02
_LEAST_LOAD = 0.01
_USUAL_SAMPLES = 12
_OWN_COURSE = 30.0
"""Requests in a step from which on a deployment's own past tells its course, not that of all."""
_WEAKENED = 0.25
"""How much further off a limit may be that was told before a severe incident."""
_BUSIEST_OF_TEN = 1.54
"""The highest of ten normal numbers, on average: the busiest minute of a step."""
_NORMAL = np.array([-1.4, -0.5, 0.0, 0.5, 1.4])


@dataclass(frozen=True, slots=True)
class CapacityRisk:
    """The load of one deployment in the next minutes against what it can carry.

    `expected_load` and `high_load` (95 %) are of its worst step, `capacity` is the least of what
    is declared, left and sustained, all in requests per second; capacity and probability are None
    where nothing tells them. `worst_at` is when the worst step begins. `limited_by` names what
    the capacity was taken from; `samples` and `requests` stand behind the answer. `peak_load` is
    expected of the busiest minute of the worst step; `lost` tells that it is gone or imagined so.
    """

    deployment: str
    expected_load: float
    high_load: float
    capacity: float | None
    probability_overload: float | None
    worst_at: datetime | None
    reasons: tuple[str, ...]
    limited_by: str | None
    moved_load: float
    samples: int
    requests: int
    peak_load: float = 0.0
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What was known of one deployment.

    `requests` are all tenants' arrivals in steps of ten minutes up to the last whole step before
    now; None where there never were any. `tokens` and `refused` (turned away by a rate limit) are
    of the same steps. `observations` are those of the last day, in any order.
    `lost` says in words why its capacity is gone, from `lost_from` (None: already) until
    `lost_until` (None: for all that is asked about), and `weakened` what may have made it less.
    """

    facts: DeploymentFacts
    requests: History | None
    tokens: History | None = None
    refused: History | None = None
    max_tokens_per_minute: float | None = None
    observations: Sequence[Observation] = ()
    lost: str | None = None
    lost_from: datetime | None = None
    lost_until: datetime | None = None
    weakened: str | None = None


Moves = Mapping[str, Mapping[str, float]]
"""Lost deployment -> who takes which share of its requests."""


def overload_risks(
    situations: Sequence[Situation],
    *,
    horizon: timedelta,
    now: datetime,
    budgets: HealthSettings,
    moves: Moves | None = None,
    sources: Mapping[str, str] | None = None,
) -> list[CapacityRisk]:
    """The risk of each deployment within `horizon` from `now`, the greatest first.

    The requests of those that are `lost` go where `moves` says; `sources` says by lost deployment
    how that is known, in words. Nothing may be known later than `now`.
    """
    begin = last_step(now)
    size = max(math.ceil((now + horizon - begin) / FINEST), 1)
    told_of = [s.requests for s in situations if s.requests is not None]
    like = together(told_of) if told_of else None
    told_of_all = like is not None and np.nansum(like.values) > 0
    every = shape_of(predict(like, steps=size)) if like and told_of_all else flat(size)
    views = [
        _View.of(s, begin=begin, size=size, now=now, budgets=budgets, every=every, like=like)
        for s in situations
    ]
    views = _with_moves(views, moves or {})
    risks = [_risk(view, now=now, sources=sources or {}) for view in views]
    if risks and all(risk.lost for risk in risks):
        words = "no deployment is left: nothing can serve the requests"
        risks = [replace(risk, reasons=(*risk.reasons, words)) for risk in risks]
    return sorted(
        risks,
        key=lambda r: (
            r.lost,
            -1.0 if r.probability_overload is None else -1 - r.probability_overload,
            r.deployment,
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """One deployment with its load ahead (own, without what moves) and its limits."""

    situation: Situation
    known: Known
    begin: datetime
    paths: Paths
    limits: tuple[Limit, ...]
    gone: Array
    spot: float
    goes: float
    burst: float
    moved: Array
    moved_deviation: Array
    moved_from: Mapping[str, float]

    @classmethod
    def of(
        cls,
        situation: Situation,
        *,
        begin: datetime,
        size: int,
        now: datetime,
        budgets: HealthSettings,
        every: Shape,
        like: History | None,
    ) -> "_View":
        known = Known(
            facts=situation.facts,
            max_tokens_per_minute=situation.max_tokens_per_minute,
            requests=situation.requests,
            tokens=situation.tokens,
            refused=situation.refused,
            observations=newest_first(situation.observations, now=now),
            now=now,
            budgets=budgets,
        )
        gone = _gone(situation, begin=begin, size=size)
        spot, kept = _spot(known)
        found = [_weighed(x, situation, kept=kept) for x in limits(known)]
        return cls(
            situation=situation,
            known=known,
            begin=begin,
            paths=_ahead(known, begin=begin, size=size, every=every, like=like),
            limits=tuple(found),
            gone=gone,
            spot=1.0 if spot is None else spot,
            goes=1 - kept,
            burst=_burst(situation.requests),
            moved=np.zeros(size),
            moved_deviation=np.zeros(size),
            moved_from={},
        )


def _gone(situation: Situation, *, begin: datetime, size: int) -> Array:
    """By step, 1 where it is lost in any part of it."""
    gone = np.zeros(size)
    if situation.lost is None:
        return gone
    since, until = situation.lost_from or begin, situation.lost_until
    for k in range(size):
        start = begin + k * FINEST
        gone[k] = start + FINEST > since and (until is None or start < until)
    return gone


def _spot(known: Known) -> tuple[float | None, float]:
    """The availability of spot capacity now (fresh samples only), and how much less it is than
    it hardly ever was in the last day: limits were declared and measured with what was usual.
    """
    told = [(o, o.spot_availability) for o in known.observations if o.spot_availability is not None]
    fresh = [value for o, value in told if known.now < o.stale_at(known.budgets)]
    if not fresh:
        return None, 1.0
    now = float(np.mean(fresh[:3]))
    usual = float(np.quantile([v for _, v in told], 0.1)) if len(told) >= _USUAL_SAMPLES else 1.0
    return now, min(now / usual, 1.0) if usual > 0 else 0.0


def _weighed(limit: Limit, situation: Situation, *, kept: float) -> Limit:
    """A limit as spot capacity and incidents leave it."""
    error = limit.error
    if situation.weakened is not None and limit.name != "load samples":
        error = math.hypot(error, _WEAKENED)
    return replace(limit, rps=limit.rps * kept, error=error)


def _ahead(
    known: Known, *, begin: datetime, size: int, every: Shape, like: History | None
) -> Paths:
    at_s = np.array(
        [((begin + (k + 0.5) * FINEST) - known.now).total_seconds() for k in range(size)]
    )
    history = known.requests
    day = np.zeros(0) if history is None else history.values[-_DAY_STEPS:]
    day = day[~np.isnan(day)]
    shape = every
    if history is not None and len(day) and day.mean() >= _OWN_COURSE:
        shape = shape_of(predict(history, steps=size, like=like))
    usual = float(day.mean()) / _STEP_S if len(day) else 0.0
    return ahead(_measured(known), at_s=at_s, shape=shape, usual=usual)


def _measured(known: Known) -> Measurements:
    """Arrivals by step and load samples of the last hours, both as requests a second."""
    parts = [_counted(known), _sampled(known)]
    at_s, rate, variance = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return Measurements(at_s, rate, variance)


def _counted(known: Known) -> tuple[Array, Array, Array]:
    history = known.requests
    if history is None:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    size = min(len(history.values), round(LOOKBACK_S / _STEP_S))
    values = history.values[len(history.values) - size :]
    end_s = (history.end - known.now).total_seconds()
    at_s = end_s - (np.arange(size)[::-1] + 0.5) * _STEP_S
    keep = ~np.isnan(values)
    values, at_s = values[keep], at_s[keep]
    if not len(values):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    # The mean of neighbours: a step that had few by chance must not count as more certain.
    around = np.convolve(np.pad(values, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    level = np.asarray(np.maximum(around, 0.5), dtype=np.float64)
    variance = (level + _burst(history) * level**2) / _STEP_S**2
    return np.asarray(at_s, dtype=np.float64), values / _STEP_S, variance


def _sampled(known: Known) -> tuple[Array, Array, Array]:
    at_full, _, used = known.full_load
    positive = used.used[used.used > _LEAST_LOAD]
    if at_full <= 0 or not len(positive):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    steps = np.abs(np.diff(np.log(positive)))
    # The median of differences is not moved by the few jumps among them.
    noise = max(1.05 * float(np.median(steps)) if len(steps) else 0.1, _NOISE_FLOOR)
    recent = used.since(known.now.timestamp() - LOOKBACK_S)
    load = recent.used
    around = np.maximum(load, _LEAST_LOAD)
    variance = (at_full * np.hypot(noise * around, _LEAST_LOAD / 2)) ** 2
    # A sample is of its whole window, so of half a window ago.
    at_s = recent.at_s - known.now.timestamp() - np.minimum(recent.window_s, _STEP_S) / 2
    return at_s, at_full * load, variance


def _burst(history: History | None) -> float:
    """Variance between neighbouring steps beyond counting, as a share of the squared mean."""
    if history is None:
        return 0.0
    values = history.values[-_DAY_STEPS:]
    values = values[~np.isnan(values)]
    if len(values) < 12 or values.mean() <= 0:
        return 0.0
    half = np.diff(values) ** 2 / 2
    # The tenth that differs most are jumps of the level, not bursts within it.
    scatter = float(np.mean(np.sort(half)[: max(round(0.9 * len(half)), 1)])) * 1.2
    squared = float(np.mean(values**2))
    return min(max((scatter - float(values.mean())) / squared, 0.0), 0.25)


def _with_moves(views: Sequence[_View], moves: Moves) -> list[_View]:
    """Each with what comes to it from those that are lost, while they are lost."""
    found: list[_View] = []
    lost = [view for view in views if view.gone.any()]
    for view in views:
        name = view.situation.facts.deployment
        moved, variance = np.zeros(len(view.gone)), np.zeros(len(view.gone))
        origins: dict[str, float] = {}
        for other in lost:
            source = other.situation.facts.deployment
            share = moves.get(source, {}).get(name, 0.0)
            if share <= 0:
                continue
            part = share * other.paths.expected * other.gone
            moved = moved + part
            variance = variance + (share * other.paths.deviation * other.gone) ** 2
            origins[source] = float(part.max())
        found.append(
            replace(view, moved=moved, moved_deviation=np.sqrt(variance), moved_from=origins)
        )
    return found


def _futures(view: _View) -> tuple[Array, Array]:
    """All loads that may come, with what is moved; nothing comes while it is lost."""
    values, weights = view.paths.values, view.paths.weights
    if view.moved_from:
        more = np.maximum(view.moved + _NORMAL[:, None] * view.moved_deviation, 0.0)
        values = (values[:, None, :] + more).reshape(-1, values.shape[1])
        weights = np.repeat(weights / len(_NORMAL), len(_NORMAL))
    return values * (1 - view.gone), weights


def _exceedance(values: Array, limit: Limit) -> Array:
    """The probability that a load is above the limit, which may be off by its error."""
    off = (np.log(np.maximum(values, 1e-12)) - math.log(max(limit.rps, 1e-12))) / limit.error
    # The logistic curve nearest to the normal one (Bowling et al. 2009), quick to compute.
    cubed = np.clip(0.07056 * off**3 + 1.5976 * off, -500, 500)
    return np.asarray(1 / (1 + np.exp(-cubed)), dtype=np.float64)


def _risk(view: _View, *, now: datetime, sources: Mapping[str, str]) -> CapacityRisk:
    values, weights = _futures(view)
    expected = weights @ values
    high = weighted_quantile(values, weights, 0.95)
    odds = [float(weights @ _exceedance(values.max(axis=1), x)) for x in view.limits]
    least = int(np.argmax(odds)) if odds else None
    limit = None if least is None else view.limits[least]
    whole = bool(view.gone.all())
    if limit is None:
        worst = int(np.argmax(high))
    else:
        by_step = weights @ _exceedance(values, limit)
        worst = int(np.argmax(by_step + 1e-9 * expected / max(float(expected.max()), 1e-12)))
    probability = None if least is None or whole else odds[least]
    if probability is not None and expected[worst] > 0:
        probability = min(probability + view.goes * (1 - probability), 1.0)
    history = view.situation.requests
    per_minute = 60 * float(expected[worst])
    scatter = math.sqrt(per_minute + 10 * view.burst * per_minute**2)
    finding = Finding(
        facts=view.situation.facts,
        known=view.known,
        paths=view.paths,
        limits=view.limits,
        limit=limit,
        expected=float(expected[worst]),
        high=float(high[worst]),
        peak=(per_minute + _BUSIEST_OF_TEN * scatter) / 60 if per_minute else 0.0,
        probability=probability,
        worst_at=view.begin + worst * FINEST,
        moved=float(view.moved[worst]),
        moved_from=view.moved_from,
        sources=sources,
        lost=view.situation.lost,
        lost_from=view.situation.lost_from,
        weakened=view.situation.weakened,
        spot=view.spot,
        goes=view.goes,
        carried=carried(view.known),
    )
    return CapacityRisk(
        deployment=view.situation.facts.deployment,
        expected_load=finding.expected,
        high_load=finding.high,
        capacity=0.0 if whole else None if limit is None else limit.rps,
        probability_overload=probability,
        worst_at=None if whole or finding.high <= 0 else finding.worst_at,
        reasons=told(finding, now=now),
        limited_by="lost" if whole else None if limit is None else limit.name,
        moved_load=finding.moved,
        samples=len(view.known.observations),
        requests=0 if history is None else round(float(np.nansum(history.values))),
        peak_load=finding.peak,
        lost=whole,
    )
