"""A change split exactly into ledgers: who asked, who served, who judged, and how well. Pure.

Each row's total is written as a sum of predictions that know ever more of it. With the baseline's
means `M` (all), `nu[s]` (stratum s: tenant, tier, task type), `nu[s, d]` (deployment d) and
`mu[s, d, e]` (evaluator e), a row of count n and total y is

    y = n M + n (nu[s] - M) + n (nu[s, d] - nu[s])
        + n (mu[s, d, e] - nu[s, d]) + (y - n mu[s, d, e])

and so is every sum of rows, whatever the reference means are: the parts of a delta are the
differences of the parts, and sum to it to the last bit of rounding. This is the decomposition of
Kitagawa (1955), nested, with the baseline as reference. Costs split their last part once more, into
how many tokens a request has and what a token costs.

Reference means are shrunk toward coarser ones, because many cells are thin: what a mean gets wrong
moves from one ledger to the next and leaves the sum as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graph.causes.panel import Array, Panel, is_total
from graph.frame import Ints, Mask
from graph.slices import Metric

_PRIOR = 10.0
"""Observations that a coarser mean counts for where nothing tells how alike its parts are."""
_LEAST_PRIOR, _MOST_PRIOR = 1.0, 200.0
_SEEN = 100.0
"""Observations of a kind of work in a place from which the baseline alone tells its mean."""
_LEVELS: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("evaluator",), True),
    (("task_type", "evaluator"), True),
    (("task_type", "model", "evaluator"), True),
    (("task_type", "deployment", "evaluator"), True),
    (("tier", "task_type", "deployment", "evaluator"), False),
    (("tenant", "tier", "task_type", "deployment", "evaluator"), False),
)
"""From coarse to fine: what means are told apart by, and whether the hours between may help."""
_NEWCOMER = 0.02
"""A stratum with less than this share of its traffic in the baseline is new: it is its own
reference, so that its work counts as demand and not as something that got worse."""


_Sums = tuple[Array, Array]
"""Counts and totals by unit."""


class Part(StrEnum):
    """Which part of a change a ledger holds."""

    DEMAND = "demand"
    ROUTING = "routing"
    JUDGES = "judges"
    WITHIN = "within"
    TOKENS = "tokens"
    PRICE = "price"


PLACES: dict[Part, tuple[str, ...]] = {
    Part.DEMAND: ("tenant", "tier", "task_type"),
    Part.ROUTING: ("tenant", "tier", "task_type"),
    Part.JUDGES: ("tenant", "tier", "task_type", "deployment", "evaluator"),
    Part.WITHIN: (
        "tenant",
        "tier",
        "task_type",
        "prompt_band",
        "deployment",
        "model",
        "backend",
        "evaluator",
        "displaced_from",
        "arm",
    ),
    Part.TOKENS: ("tenant", "tier", "task_type"),
    Part.PRICE: ("tenant", "task_type", "deployment", "model", "backend"),
}
"""The dimensions along which each ledger's effects are looked for."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """One part of a change, aligned with the panel's rows.

    `residual` is the row's amount in this part, `spread` the sum of squared deviations of what
    stands behind it (what its noise is judged by). Effects are looked for in units of `scale`:
    where what hurts hurts in proportion (latencies, costs) that is the row's reference mean,
    else 1.
    """

    part: Part
    residual: Array
    spread: Array
    scale: Array


def ledgers_of(
    panel: Panel, *, before: Mask, during: Mask, inside: Mask, belongs: Mask | None = None
) -> list[Ledger]:
    """The ledgers of a panel, with the rows of `before` as reference. Order: demand first.

    Only rows `inside` tell in which shares strata, deployments and evaluators were there; what
    work is worth in a place is told by all rows, and coarsely also by the hours between the
    baseline and the period.

    For a total of some deployments, arms or the like, `belongs` tells which units are counted; the
    others stay in the panel, because traffic comes from them and goes to them.
    """
    counted = np.ones(len(panel.units.codes)) if belongs is None else belongs.astype(np.float64)
    means = _References(panel, before, during, inside, counted)
    n, y = panel.count, panel.total * counted[panel.unit]
    mean, stratum, routed, judged = (
        means.overall,
        means.stratum[panel.unit],
        means.routed[panel.unit],
        means.judged[panel.unit],
    )
    one = np.ones(len(n))
    offset = 0.0 if is_total(panel.metric) else mean
    ledgers = [
        Ledger(Part.DEMAND, n * (stratum - offset), n * 0.0, one),
        Ledger(Part.ROUTING, n * (routed - stratum), n * (routed - stratum) ** 2, one),
    ]
    if panel.metric is Metric.QUALITY:
        away = n * (judged - routed)
        ledgers.append(Ledger(Part.JUDGES, away, away * (judged - routed), one))
    scale = np.maximum(judged, 0.02 * mean) if panel.metric in _IN_PROPORTION else one
    if panel.metric in _COSTS:
        return [*ledgers, *_token_ledgers(panel, before, judged, scale, counted[panel.unit])]
    spread = np.maximum(panel.squares - 2 * judged * y + n * judged**2, 0.0)
    return [*ledgers, Ledger(Part.WITHIN, y - n * judged, spread, scale)]


_COSTS = {Metric.COST, Metric.COST_PER_REQUEST}
_IN_PROPORTION = {Metric.LATENCY_MEAN, *_COSTS}


def _token_ledgers(
    panel: Panel, before: Mask, judged: Array, scale: Array, counted: Array
) -> list[Ledger]:
    """The last part of a cost: tokens at the baseline's prices, then what the prices changed."""
    expected = _at_old_prices(panel, before) * counted
    n, y = panel.count, panel.total * counted
    spread = np.maximum(panel.squares - 2 * judged * y + n * judged**2, 0.0)
    tokens, price = expected - n * judged, y - expected
    return [
        Ledger(Part.TOKENS, tokens, spread, scale),
        Ledger(Part.PRICE, price, price**2 / np.maximum(n, 1.0), scale),
    ]


def _at_old_prices(panel: Panel, before: Mask) -> Array:
    """What the rows' tokens would have cost at the baseline's prices of their model.

    Prices per prompt and completion token are the least-squares fit over the baseline's rows of
    the model; a model without enough of them is taken at its own cost (no price effect).
    """
    expected = panel.total.copy()
    models = panel.units.codes[:, panel.units.place("model")][panel.unit]
    tokens = np.column_stack([panel.prompt_tokens, panel.completion_tokens])
    for model in np.unique(models):
        rows = models == model
        told = rows & before & (panel.count > 0)
        if told.sum() < 8:
            continue
        scale = 1 / np.sqrt(np.maximum(panel.count[told], 1.0))
        expected[rows] = tokens[rows] @ _prices(
            tokens[told] * scale[:, None], panel.total[told] * scale
        )
    return expected


def _prices(tokens: Array, cost: Array) -> Array:
    """Least squares without a negative price: prompts may be free, and scatter around that."""
    fit = np.linalg.lstsq(tokens, cost)[0].astype(np.float64)
    if (fit >= 0).all():
        return fit
    # The best fit without a negative price then has one kind of token for free.
    squares = (tokens**2).sum(axis=0)
    alone = np.divide(cost @ tokens, squares, out=np.zeros(len(fit)), where=squares > 0)
    kept = np.maximum(alone, 0.0)
    best = int(np.argmax(kept**2 * squares))
    return np.where(np.arange(len(fit)) == best, kept, 0.0)


class _References:
    """Reference means by unit, from the baseline; where that has none, from the rows themselves."""

    def __init__(
        self, panel: Panel, before: Mask, during: Mask, inside: Mask, counted: Array
    ) -> None:
        units, self._size = panel.units, len(panel.units.codes)
        old = _by_unit(panel, before)
        everything = _by_unit(panel, np.ones(len(panel.unit), dtype=np.bool_))
        between = _by_unit(panel, ~before & ~during)
        stratum = _keyed(units.codes, [units.place(d) for d in ("tenant", "tier", "task_type")])
        new = _newcomers(stratum, old[0], everything[0])
        # Units of a new stratum are measured by all their rows, the others by the baseline's.
        count = np.where(new, everything[0], old[0])
        total = np.where(new, everything[1], old[1])
        asked, all_asked = _by_unit(panel, before & inside), _by_unit(panel, inside)
        shares = np.where(new, all_asked[0], asked[0])
        self.overall = _ratio(asked[1].sum(), asked[0].sum())
        columns = {d: units.place(d) for d in ("tenant", "tier", "task_type")}
        columns |= {d: units.place(d) for d in ("model", "deployment", "evaluator")}
        finest = _keyed(units.codes, [columns[name] for name in _LEVELS[-1][0]])
        self._noise = _noise(panel, before, finest)
        known = (count, total), between, everything
        self.judged = self._means(units.codes, columns, known, new) * counted
        self.routed = self._within(stratum, units.codes, columns, shares, all_asked[0])
        self.stratum = _weighted(stratum, shares, self.routed, fallback=all_asked[0])

    def _means(
        self, codes: Ints, columns: dict[str, int], known: tuple[_Sums, _Sums, _Sums], new: Mask
    ) -> Array:
        """mu: from coarse to fine, each level shrunk toward the one before.

        What the baseline hardly saw in a place is read from the hours between, too; what it never
        saw, from the rows that are there: sending work where it was not sent before is routing,
        with whatever became of it there.
        """
        (count, total), between, everything = known
        mean = np.full(self._size, self.overall if np.isfinite(self.overall) else 0.0)
        for level, coarse in _LEVELS:
            key = _keyed(codes, [columns[name] for name in level])
            own_count = _summed(key, np.where(new, 0.0, count))
            own_total = _summed(key, np.where(new, 0.0, total))
            if coarse:
                lack = np.clip(1 - own_count / _SEEN, 0.0, 1.0)
                own_count = own_count + lack * _summed(key, between[0])
                own_total = own_total + lack * _summed(key, between[1])
            unseen = own_count <= 0
            own_count = np.where(unseen, _summed(key, everything[0]), own_count)
            own_total = np.where(unseen, _summed(key, everything[1]), own_total)
            prior = _prior(key, own_count, own_total, mean, self._noise)
            mean = (own_total + prior * mean) / (own_count + prior)
        own = np.divide(total, count, out=mean.copy(), where=count > 0)
        return np.where(new, own, mean)

    def _within(
        self, stratum: Ints, codes: Ints, columns: dict[str, int], count: Array, late: Array
    ) -> Array:
        """nu[s, d]: mu over the evaluators, in the shares that the stratum's scores have."""
        judge = _keyed(codes, [columns["evaluator"]])
        if judge.max(initial=0) == 0:
            return self.judged
        counted = np.where(_summed(stratum, count) > 0, count, late)
        served = _keyed(
            codes, [*(columns[d] for d in ("tenant", "tier", "task_type", "deployment"))]
        )
        # A judge's prior is shared by the units that it has there, however finely they are cut.
        pair = _keyed(np.column_stack([served, judge]), [0, 1])
        part = np.divide(late, _summed(pair, late), out=np.zeros_like(late), where=late > 0)
        weight = counted + _PRIOR * part * _share(stratum, judge, counted)
        return _weighted(served, weight, self.judged, fallback=late)


def _noise(panel: Panel, rows: Mask, key: Ints) -> float:
    """The variance of one observation around the mean of its unit's key, pooled over keys.

    By key and not by unit, so that it does not matter how finely units are cut.
    """
    place = key[panel.unit[rows]]
    count, total, squares = (
        np.bincount(place, weights=values[rows]).astype(np.float64)
        for values in (panel.count, panel.total, panel.squares)
    )
    explained = np.divide(total**2, count, out=np.zeros_like(count), where=count > 0)
    freedom = float(count.sum()) - int((count > 0).sum())
    return max(float((squares - explained).sum()), 0.0) / freedom if freedom > 0 else 0.0


def _prior(key: Ints, count: Array, total: Array, parent: Array, noise: float) -> float:
    """How many observations the coarser mean is worth: noise over the variance between keys.

    Estimated by moments from the keys themselves (empirical Bayes, Efron and Morris 1975).
    """
    _, first = np.unique(key, return_index=True)
    n, t, p = count[first], total[first], parent[first]
    told = n > 0
    if not told.any() or noise <= 0:
        return _PRIOR
    apart = (t[told] / n[told] - p[told]) ** 2 - noise / n[told]
    between = float((n[told] * apart).sum() / n[told].sum())
    return (
        float(np.clip(noise / between, _LEAST_PRIOR, _MOST_PRIOR)) if between > 0 else _MOST_PRIOR
    )


def _by_unit(panel: Panel, rows: Mask) -> tuple[Array, Array]:
    size = len(panel.units.codes)
    unit = panel.unit[rows]
    return (
        np.bincount(unit, weights=panel.count[rows], minlength=size).astype(np.float64),
        np.bincount(unit, weights=panel.total[rows], minlength=size).astype(np.float64),
    )


def _newcomers(stratum: Ints, old: Array, everything: Array) -> Mask:
    return _summed(stratum, old) <= _NEWCOMER * _summed(stratum, everything)


def _keyed(codes: Ints, columns: Sequence[int]) -> Ints:
    """A number for each distinct combination of some columns, by row."""
    if not len(codes):
        return np.empty(0, dtype=np.int64)
    packed = np.zeros(len(codes), dtype=np.int64)
    for column in columns:
        packed = packed * (int(codes[:, column].max()) + 1) + codes[:, column]
    return np.unique(packed, return_inverse=True)[1].astype(np.int64)


def _summed(key: Ints, values: Array) -> Array:
    """For each row, the sum over the rows of its key."""
    if not len(key):
        return values
    return np.bincount(key, weights=values).astype(np.float64)[key]


def _share(stratum: Ints, judge: Ints, count: Array) -> Array:
    """For each unit, the share of its evaluator in its stratum's counts."""
    pair = _keyed(np.column_stack([stratum, judge]), [0, 1])
    total = _summed(stratum, count)
    return np.divide(_summed(pair, count), total, out=np.zeros_like(count), where=total > 0)


def _weighted(key: Ints, weight: Array, values: Array, *, fallback: Array) -> Array:
    """For each row, the weighted mean over its key; by `fallback` where the weights are 0."""
    weight = np.where(_summed(key, weight) > 0, weight, fallback)
    total = _summed(key, weight)
    return np.divide(_summed(key, weight * values), total, out=values.copy(), where=total > 0)


def _ratio(total: float, count: float) -> float:
    return float(total / count) if count else float("nan")
