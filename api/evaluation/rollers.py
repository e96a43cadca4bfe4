"""Ways to forecast from every origin of a workload: ours, the naive ones and those of a library.

Each is given what was known at an origin and says what comes at some numbers of steps ahead, with
80 % and 95 % limits where it has them.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.evaluation.workloads import DAY, PER_HOUR, Workload
from graph.estimates import Array
from graph.forecasting.experts import Ints
from graph.forecasting.prediction import model_of, predict, trimmed
from graph.forecasting.scale import without_losses

LIMITS = (0.025, 0.1, 0.9, 0.975)
PEERS = ("MSTL", "AutoETS")
LONGEST_ETS_SEASON = 24
_ROUNDS, _TINY = 30, 1e-3


@dataclass(frozen=True, slots=True)
class Said:
    """Forecasts by origin and steps ahead: `values` and `limits` (4, origins, aheads), NaN where a
    method has none; `cost_ms` of processor time per forecast."""

    values: Array
    limits: Array
    cost_ms: float


def ours(workload: Workload, *, origins: Ints, aheads: Sequence[int]) -> Said:
    """`predict` at every origin, from nothing but the history until then."""
    places = np.array(aheads) - 1

    def one(origin: int) -> tuple[Array, Array]:
        forecast = predict(workload.until(origin), steps=max(aheads))
        limits = np.stack([forecast.quantile(level) for level in LIMITS])
        return forecast.expected[places], limits[:, places]

    return _timed(one, origins, aheads)


def ours_from_finer(finer: Workload, *, origins: Ints, aheads: Sequence[int]) -> Said:
    """The same for means of hours, from the history by ten minutes."""
    ends = np.array(aheads) * PER_HOUR

    def one(origin: int) -> tuple[Array, Array]:
        forecast = predict(finer.until(origin * PER_HOUR + PER_HOUR - 1), steps=int(ends[-1]))
        hours = forecast.by(PER_HOUR)
        places = np.array(aheads) - 1
        limits = np.stack([hours.quantile(level) for level in LIMITS])
        return hours.expected[places] / PER_HOUR, limits[:, places] / PER_HOUR

    return _timed(one, origins, aheads)


def naive(workload: Workload, *, origins: Ints, aheads: Sequence[int], season: int) -> Said:
    """The last known value (season 0), or that of a season before; where it is not known, one more
    season before, and the last known value where no season is."""
    rates = workload.rates
    values = np.empty((len(origins), len(aheads)))
    for row, origin in enumerate(origins):
        known = rates[: origin + 1]
        last = known[~np.isnan(known)][-1]
        for column, ahead in enumerate(aheads):
            at = range(int(origin) + ahead, -1, -season) if season else ()
            before = (rates[place] for place in at if place <= origin)
            values[row, column] = next((v for v in before if not np.isnan(v)), last)
    return Said(values, np.full((4, *values.shape), np.nan), 0.0)


def peer(name: str, workload: Workload, *, origins: Ints, aheads: Sequence[int]) -> Said:
    """A model of statsforecast: fitted anew once a day, in between carried forward to each origin
    with all that was known there. Gaps are interpolated, from what was known."""
    season = DAY // workload.step
    fitted: dict[str, Any] = {}

    def one(origin: int) -> tuple[Array, Array]:
        known = _without_gaps(workload.rates[: origin + 1])
        if not fitted or origin - fitted["at"] >= season:
            fitted.update(model=_model(name, season).fit(known), at=origin)
        told = fitted["model"].forward(known, h=max(aheads), level=[80, 95])
        keys = ("lo-95", "lo-80", "hi-80", "hi-95")
        places = np.array(aheads) - 1
        limits = np.stack([np.asarray(told[key]) for key in keys])
        return np.asarray(told["mean"])[places], np.maximum(limits[:, places], 0.0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own
        return _timed(one, origins, aheads)


def hindsight(workload: Workload, *, origins: Ints, ahead: int) -> Said:
    """The one fixed blend of our experts that would have been best over these very origins: what no
    way of weighing them can be expected to reach. Least absolute errors, by reweighted squares."""
    values, _ = trimmed(workload.rates)
    model = model_of(values, step=workload.step, knots=np.array([1]))
    shift = int(np.flatnonzero(~np.isnan(without_losses(workload.rates)))[0])
    inside = origins[origins + ahead - shift < len(values)]
    experts = model.blend.experts
    moves = experts.moves((inside - shift)[None, :], np.array([ahead]))[0]
    last = experts.last[inside - shift]
    came = model.series[inside - shift + ahead] - last
    known = ~np.isnan(came)
    weights = np.zeros(int(moves.shape[1]))
    for _ in range(_ROUNDS):
        # Errors on the logarithmic scale count by the traffic, as they do in the WAPE.
        errors = np.abs(came[known] - moves[known] @ weights)
        count_as = np.exp(came[known] + last[known]) / np.maximum(errors, _TINY)
        weighed = moves[known].T * count_as
        system = weighed @ moves[known] + _TINY * np.eye(len(weights))
        weights = np.asarray(np.linalg.solve(system, weighed @ came[known]), dtype=np.float64)
    said = np.full((len(origins), 1), np.nan)
    said[: len(inside), 0] = model.scale.back(last + moves @ weights)
    return Said(said, np.full((4, len(origins), 1), np.nan), 0.0)


def peers_installed() -> bool:
    """Whether the library is there; it is a dependency of the developers only."""
    from importlib.util import find_spec

    return find_spec("statsforecast") is not None


def _model(name: str, season: int) -> Any:
    from statsforecast import models  # pyright: ignore[reportMissingTypeStubs]  # has none

    if name == "MSTL":
        return models.MSTL(season_length=[season])
    # AutoETS has no seasons longer than this; by ten minutes it goes without.
    return models.AutoETS(season_length=season if season <= LONGEST_ETS_SEASON else 1)


def _without_gaps(rates: Array) -> Array:
    known = np.flatnonzero(~np.isnan(rates))
    return np.interp(np.arange(len(rates)), known, rates[known])


def _timed(one: Callable[[int], tuple[Array, Array]], origins: Ints, aheads: Sequence[int]) -> Said:
    values = np.empty((len(origins), len(aheads)))
    limits = np.empty((4, len(origins), len(aheads)))
    started = time.process_time()
    for row, origin in enumerate(origins):
        values[row], limits[:, row] = one(int(origin))
    cost_s = (time.process_time() - started) / max(len(origins), 1)
    return Said(values, limits, cost_s * 1e3)
