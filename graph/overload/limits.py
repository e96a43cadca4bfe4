"""What a deployment can carry, from everything that tells it, each with its source in words.

Pure. A limit that was measured (the share of capacity in use, the rate limit left) needs no unit:
the rate that came, over the share that it used. Only requests and samples of the same time are
held against each other.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from graph.estimates import Array
from graph.evidence import DeploymentFacts, Observation
from graph.forecasting.history import History
from graph.settings import HealthSettings
from graph.words import clock, counted, percent

DAY_S = 86_400.0
_DAY_STEPS = 144
REQUESTS = "declared requests"
TOKENS = "declared tokens"
_DECLARED_ERROR = 0.02
_TOKENS_ERROR = 0.1
_AS_DECLARED = 0.1
"""How far off a declared capacity usually is."""
_PASSED_STEPS = 3
_HALF_LIFE_S = 6 * 3600.0
"""Capacity changes: what was measured this long ago counts half."""
_FEWEST_REQUESTS = 8.0
_FEWEST_SAMPLES = 3
_EXACT = 0.03
"""How far off a share of capacity may be when it says 1."""
_BENT = 1.5
"""Latency has bent where it is so many times that of the quieter half."""
_SIDE = 0.8
_BENT_SAMPLES = 6
_BEND_ERROR = 0.2


@dataclass(frozen=True, slots=True)
class Limit:
    """A most of requests a second. `error` is its standard error as a share; `words` its source.

    `measured` limits were seen at work, under the conditions of then; others were declared.
    """

    name: str
    rps: float
    error: float
    words: str
    samples: int = 0
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """Shares of something used up (1: all of it) at instants, oldest first; seconds since 1970."""

    at_s: Array
    used: Array
    window_s: Array

    def since(self, start_s: float) -> "Share":
        """Those after an instant."""
        keep = self.at_s > start_s
        return Share(self.at_s[keep], self.used[keep], self.window_s[keep])


@dataclass(frozen=True)
class Known:
    """What is known of one deployment when its limits are asked for.

    `requests` are its arrivals by step, `tokens` and `refused` (turned away by a rate limit) those
    of the same steps; `observations` its samples, newest first.
    """

    facts: DeploymentFacts
    max_tokens_per_minute: float | None
    requests: History | None
    tokens: History | None
    refused: History | None
    observations: Sequence[Observation]
    now: datetime
    budgets: HealthSettings

    @cached_property
    def full_load(self) -> tuple[float, float, Share]:
        """As `at_full_load` says."""
        return at_full_load(self)

    @cached_property
    def measured(self) -> tuple[Limit, ...]:
        """The limits that samples measured."""
        return tuple(_used_up(self))

    @cached_property
    def declared(self) -> tuple[Limit, ...]:
        """The limits that were declared."""
        return tuple(_declared(self))


def newest_first(observations: Sequence[Observation], *, now: datetime) -> list[Observation]:
    """The samples of no later than now, newest first."""
    told = [o for o in observations if o.at <= now]
    return sorted(told, key=lambda o: (o.at, o.recorded_at, o.source), reverse=True)


def shares(observations: Sequence[Observation], of: Callable[[Observation], float | None]) -> Share:
    """The samples that tell a share, oldest first; those of a deployment that was down tell none.

    A deployment that answers nobody uses none of its capacity, which says nothing of its load.
    """
    told = [
        (o.at.timestamp(), used, max(o.window_s, 1.0))
        for o in reversed(observations)
        if o.available is not False and (used := of(o)) is not None
    ]
    columns = np.array(told, dtype=np.float64).reshape(-1, 3).T
    return Share(columns[0], columns[1], columns[2])


def load_of(observation: Observation) -> float | None:
    """The share of capacity that a sample says is in use."""
    return observation.load


def quota_of(newest: Observation) -> Callable[[Observation], float | None]:
    """The share of the rate limit used up, for samples with the limit that holds now."""
    limit = newest.rate_limit_limit

    def used(o: Observation) -> float | None:
        if o.rate_limit_remaining is None or o.rate_limit_limit != limit or not limit:
            return None
        # What is left is told in whole requests, cut down: half a one more on average.
        left = o.rate_limit_remaining + (0.5 if 0 < o.rate_limit_remaining < limit else 0.0)
        return min(max(1 - left / limit, 0.0), 1.0)

    return used


def rate_at_full(share: Share, requests: History | None, *, now: datetime) -> tuple[float, float]:
    """The rate at which a share would be 1, and how many requests that rests on; 0, 0 if untold.

    A ratio of sums: all that came over all that was used, so that thin and noisy steps weigh
    little. Steps without a sample near them are left out.
    """
    if requests is None or len(share.at_s) < _FEWEST_SAMPLES:
        return 0.0, 0.0
    step_s = requests.step.total_seconds()
    size = min(len(requests.values), int(DAY_S // step_s))
    values = requests.values[len(requests.values) - size :]
    middle = requests.end.timestamp() - (np.arange(size)[::-1] + 0.5) * step_s
    right = np.clip(np.searchsorted(share.at_s, middle), 1, len(share.at_s) - 1)
    gap = share.at_s[right] - share.at_s[right - 1]
    inside = (middle >= share.at_s[0] - step_s) & (middle <= share.at_s[-1] + step_s)
    near = inside & (gap <= max(3 * step_s, 2.5 * float(np.median(share.window_s))))
    used = np.interp(middle, share.at_s, share.used)
    keep = near & ~np.isnan(values)
    decay = np.exp2((middle[keep] - now.timestamp()) / _HALF_LIFE_S)
    came, had = float(decay @ values[keep]), float(decay @ used[keep]) * step_s
    if values[keep].sum() < _FEWEST_REQUESTS or had <= 0:
        return 0.0, float(values[keep].sum())
    effective = came**2 / max(float(decay**2 @ values[keep]), 1e-12)
    return came / had, effective


def at_full_load(known: Known) -> tuple[float, float, Share]:
    """The rate at which its load would be 1, its standard error as a share, and the samples.

    Where few requests came, what is declared stands beside them, unless they contradict it.
    """
    share = shares(known.observations, load_of)
    rps, requests = rate_at_full(share, known.requests, now=known.now)
    declared = known.facts.max_rps
    if rps <= 0:
        return (declared or 0.0), _AS_DECLARED, share
    error = 1 / math.sqrt(max(requests, 1.0))
    if not declared:
        return rps, error, share
    off = math.log(declared / rps)
    if abs(off) > 2.5 * math.hypot(error, _AS_DECLARED):
        return rps, error, share
    trust = error**2 / (error**2 + _AS_DECLARED**2)
    return rps * math.exp(trust * off), error * math.sqrt(1 - trust), share


def limits(known: Known) -> list[Limit]:
    """Every limit that something tells, the least first."""
    measured = known.measured
    # Without any other, what was declared is taken at its word.
    found = [*measured, *(x for x in known.declared if not measured or not _passed(known, x))]
    if not measured:
        found += _bend(known)
    return sorted(found, key=lambda limit: (limit.rps, limit.name))


def not_in_force(known: Known) -> list[Limit]:
    """Declared limits that were passed in the last day while nothing was refused."""
    return [x for x in known.declared if _passed(known, x)] if known.measured else []


def carried(known: Known) -> float | None:
    """The highest rate over half an hour that the last day saw: a lower bound and no limit."""
    rates = _smoothed(known.requests)
    return float(np.max(rates)) if len(rates) else None


def _declared(known: Known) -> list[Limit]:
    found: list[Limit] = []
    facts = known.facts
    if facts.max_rps:
        error = math.hypot(_DECLARED_ERROR, known.full_load[1])
        words = f"declared: {facts.max_rps:.3g} requests/s"
        found.append(Limit(REQUESTS, facts.max_rps, error, words, measured=False))
    tokens, each = known.max_tokens_per_minute, _tokens_each(known)
    if tokens and each:
        rps = tokens / 60 / each
        words = (
            f"declared: {tokens:.0f} tokens/min, {rps:.3g} requests/s"
            f" at {each:.0f} tokens per request"
        )
        found.append(Limit(TOKENS, rps, _TOKENS_ERROR, words, measured=False))
    return found


def _tokens_each(known: Known) -> float | None:
    """Tokens per request over the last day, those of the last hours counting most."""
    if known.tokens is None or known.requests is None:
        return None
    size = min(len(known.tokens.values), len(known.requests.values), _DAY_STEPS)
    tokens, requests = known.tokens.values[-size:], known.requests.values[-size:]
    keep = ~np.isnan(tokens) & ~np.isnan(requests)
    weight = np.exp2(
        -np.arange(size)[::-1][keep] * known.requests.step.total_seconds() / _HALF_LIFE_S
    )
    came = float(weight @ requests[keep])
    return float(weight @ tokens[keep]) / came if came > 0 else None


def _passed(known: Known, limit: Limit) -> bool:
    """Whether a declared limit was passed in several steps of the last day, and none refused."""
    of = known.tokens if limit.name == TOKENS else known.requests
    most = known.max_tokens_per_minute if limit.name == TOKENS else 60 * limit.rps
    if of is None or most is None:
        return False
    over = of.values[-_DAY_STEPS:] > most * of.step.total_seconds() / 60
    if known.refused is not None:
        refused = known.refused.values[-len(over) :]
        over[len(over) - len(refused) :] &= refused <= 0
    return int(over.sum()) >= _PASSED_STEPS


def _used_up(known: Known) -> list[Limit]:
    """From the share of capacity and of the rate limit in use."""
    found: list[Limit] = []
    rps, error, share = known.full_load
    if len(share.at_s) >= _FEWEST_SAMPLES and rps > 0:
        words = "of its capacity in use"
        found.append(_measured("load samples", words, share, rps, math.hypot(_EXACT, error)))
    told = known.observations
    newest = next((o for o in told if o.rate_limit_remaining is not None), None)
    if newest is not None:
        share = shares(told, quota_of(newest))
        rps, requests = rate_at_full(share, known.requests, now=known.now)
        words = f"of its rate limit of {newest.rate_limit_limit or 0:.0f} used up"
        if rps > 0:
            error = math.hypot(_EXACT, 1 / math.sqrt(max(requests, 1.0)))
            found.append(_measured("rate limit", words, share, rps, error))
    return found


def _measured(name: str, of: str, share: Share, rps: float, error: float) -> Limit:
    newest_at = datetime.fromtimestamp(float(share.at_s[-1]), UTC)
    words = (
        f"{name}: {rps:.3g} requests/s, from {percent(float(np.mean(share.used[-6:])))} {of}"
        f" ({counted(len(share.at_s), 'sample')}, newest {clock(newest_at)})"
    )
    return Limit(name, rps, error, words, len(share.at_s))


def _smoothed(requests: History | None) -> Array:
    """Rates over half an hour within the last day, a value for each step but the ends."""
    if requests is None:
        return np.zeros(0)
    step_s = requests.step.total_seconds()
    values = requests.values[-int(DAY_S // step_s) :]
    wide = max(round(1800 / step_s), 1)
    if len(values) < wide:
        return np.zeros(0)
    means = np.convolve(values, np.full(wide, 1 / wide), mode="valid") / step_s
    return means[~np.isnan(means)]


def _bend(known: Known) -> list[Limit]:
    """Where latency bent: the rate above which it was nearly always high, and below which hardly.

    Without a bend nothing is said: the highest rate carried is only a lower bound.
    """
    rate, latency = _met(known)
    if len(rate) < 4 * _BENT_SAMPLES:
        return []
    order = np.argsort(rate, kind="stable")
    rate, latency = rate[order], latency[order]
    high = latency > _BENT * float(np.median(latency[: len(latency) // 2]))
    count = len(high)
    under = np.cumsum(high) - high
    above = (high.sum() - under) / np.arange(count, 0, -1)
    below = under / np.maximum(np.arange(count), 1)
    bent = (above >= _SIDE) & (below <= 1 - _SIDE)
    bent[: count // 2] = bent[count - _BENT_SAMPLES + 1 :] = False
    if not bent.any():
        return []
    # Of all that part the quiet from the slow, the one that misplaces fewest.
    misplaced = under + (1 - above) * np.arange(count, 0, -1)
    rps = float(rate[int(np.argmin(np.where(bent, misplaced, np.inf)))])
    words = (
        f"latency: {rps:.3g} requests/s, from where on p95 was over {_BENT:g} times the usual"
        f" ({counted(len(rate), 'sample')} beside the requests of the same half hours)"
    )
    return [Limit("latency bend", rps, _BEND_ERROR, words, len(rate))] if rps > 0 else []


def _met(known: Known) -> tuple[Array, Array]:
    """The rate over the half hour around each sample with a latency, and the latency."""
    requests = known.requests
    if requests is None:
        return np.zeros(0), np.zeros(0)
    step_s = requests.step.total_seconds()
    wide = max(round(1800 / step_s), 1)
    pairs: list[tuple[float, float]] = []
    for o in known.observations:
        latency = o.latency_p95_ms
        if latency is None or o.available is False or known.now - o.at > timedelta(days=1):
            continue
        place = int((o.at - requests.start).total_seconds() // step_s)
        window = requests.values[max(place - wide + 1, 0) : place + 1]
        if place < len(requests.values) and len(window) == wide and not np.isnan(window).any():
            pairs.append((float(window.mean()) / step_s, latency))
    columns = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return columns[0], columns[1]
