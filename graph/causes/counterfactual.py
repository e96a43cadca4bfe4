"""What a metric would have been had requests been routed otherwise, from cells of like requests.

Pure. Requests are alike that share a *context* (tenant, tier, task type, prompt length). A
request that would have gone elsewhere is given the mean of what its context met there:

    estimate = (sum over requests that stay + sum over moved mass * predicted mean) / weight

Means of thin cells are drawn toward their likes by empirical Bayes (Morris 1983): a cell of the
period toward the same cell in other hours, and that toward the cells of its task type. The
interval has four parts: sampling of the means and shares, by the linearised bootstrap of blocks
of hours (infinitesimal jackknife, Efron 1982) and never below the independent one; the bias that
drawing together may bring; the noise of the moved requests' own outcomes; and the draw of the
routes. Mean metrics are sums of `total` over `count`; a percentile is one through the share of
requests above a threshold, and its interval is Woodruff's (1952).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates import Z95, Array
from graph.frame import Ints, Mask

BLOCK_HOURS = 6
"""Hours that are resampled together, since what happens in one lasts into the next."""
_LEAST_DF = 4.0
_ENOUGH_DEGREES = 3.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Sums over requests of one context, choice, judge and hour, all arrays of one length.

    `hour` counts hours since 1970. `inside` are the requests asked about; `affected` those that
    could have been routed otherwise; `near` are of other hours; `direct` may tell what a choice
    gives. `judge` tells evaluators apart, 0 without scores. `count` is what means are over
    (requests, scores, or the size of requests where cost is told by size) and `units` how many
    independent values are behind it.
    """

    context: Ints
    choice: Ints
    judge: Ints
    hour: Ints
    count: Array
    total: Array
    squares: Array
    units: Array
    inside: Mask
    affected: Mask
    near: Mask
    direct: Mask


@dataclass(frozen=True, slots=True)
class Reference:
    """The requests that shares were read from: their context, choice, hour and number.

    `weight` is how far each context's shares rest on them, `redrawn` marks the choices of which
    requests the shares are applied to, and `target` the shares themselves. `unsure` is the share
    of the spread between the choices that must be reckoned with besides, for all contexts alike:
    1 where the shares are no more than assumed, 0 where the rows tell all.
    """

    context: Ints
    choice: Ints
    hour: Ints
    count: Array
    weight: Array
    redrawn: Mask
    target: Array
    unsure: Array


@dataclass(frozen=True, slots=True)
class Rerouting:
    """Who stays and where the others go, by context (rows) and choice (columns).

    `keep` is the share of requests that stay where they were, `moves` the distribution of those
    that don't: each row sums to 1, or to 0 where nobody can say. `task` is the group whose cells
    stand in for a thin one. `reference` is None for shares that are certain.
    """

    keep: Array
    moves: Array
    task: Ints
    judges: int = 1
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Sums, so that a mean is `total / weight`.

    `weight` is how much was asked about, `observed` its sum and `total` what that would have been,
    with standard error `error` on `df` degrees of freedom. `moved` is the mass that would have
    gone elsewhere, `missing` what of it has no counterpart and is left where it was;
    `effective_samples` are Kish's of the requests that the moved are predicted from. `row_weight`
    is what a request of each row counts in `total`.
    """

    weight: float
    observed: float
    total: float
    error: float
    df: float
    moved: float
    missing: float
    effective_samples: float
    row_weight: Array

    @property
    def half(self) -> float:
        """Half the 95 % interval of `total`."""
        return t95(self.df) * self.error


def t95(df: float) -> float:
    """The 97.5 % point of Student's t by its expansion about the normal (Cornish-Fisher)."""
    z, v = Z95, max(df, _LEAST_DF)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    return z + (z**3 + z) / (4 * v) + second + third


def predict(rows: Rows, plan: Rerouting) -> Counterfactual:
    """What the sum over the rows asked about would have been under a rerouting."""
    cells = _Cells(rows, plan)
    flow = _Flow(rows, plan, cells)
    told = flow.told_weights(rows, cells)
    weights = np.where(rows.inside, flow.keep, 0.0) + told
    observed = float(rows.total[rows.inside].sum())
    moved = float(flow.mass.sum())
    blocks, independent, drawn = _sampling(rows, plan, cells, flow, told)
    clustered, df = _clustered(blocks)
    sampling = max(clustered, independent)
    other = flow.bias(cells) + flow.outcome_noise(cells, rows) + drawn
    variance = sampling + other
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = moved**2 / float((told**2 * _of_each(rows)).sum()) if moved > 0 else float("nan")
    by_blocks = variance > 0 and clustered >= independent and clustered > 0
    return Counterfactual(
        weight=float(rows.count[rows.inside].sum()),
        observed=observed,
        total=float((weights * rows.total).sum()),
        error=float(np.sqrt(variance)),
        df=df * (variance / clustered) ** 2 if by_blocks else np.inf,
        moved=moved + flow.missing,
        missing=flow.missing,
        effective_samples=kish,
        row_weight=weights,
    )


def _sums(keys: Ints, values: Array, size: int) -> Array:
    return np.bincount(keys, weights=values, minlength=size).astype(np.float64)


def _ratio(top: Array, bottom: Array) -> Array:
    """top / bottom, 0 where there is nothing below."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _of_each(rows: Rows) -> Array:
    """The sum of squared counts of a row's single values: the count itself where each is 1."""
    return np.maximum(_ratio(rows.count**2, rows.units), 0.0)


class _Level:
    """Count, sum and squares of some cells, and their means."""

    def __init__(self, keys: Ints, rows: Rows, keep: Mask, size: int) -> None:
        at = keys[keep]
        self.n = np.maximum(_sums(at, rows.count[keep], size), 0.0)
        self.total = _sums(at, rows.total[keep], size)
        self.squares = _sums(at, rows.squares[keep], size)
        self.units = np.maximum(_sums(at, rows.units[keep], size), 0.0)
        self.mean = _ratio(self.total, self.n)
        self.within = np.maximum(self.squares - self.n * self.mean**2, 0.0)


class _Cells:
    """The predicted mean of every cell in use (context, choice, judge) and what it rests on.

    `a0`, `a1` and `a3` are the weights of the cell in the period, of the same cell in other hours,
    and of the cells of its task type; they sum to 1. `known` is false where none of them has data.
    """

    def __init__(self, rows: Rows, plan: Rerouting) -> None:
        choices, judges = plan.keep.shape[1], plan.judges
        codes = (rows.context * choices + rows.choice) * judges + rows.judge
        self.codes = np.union1d(codes, _wanted(rows, plan))
        self.key: Ints = np.asarray(np.searchsorted(self.codes, codes), dtype=np.int64)
        pair = self.codes // judges
        self.judge = self.codes % judges
        self.context, self.choice = pair // choices, pair % choices
        parents = (plan.task[self.context] * choices + self.choice) * judges + self.judge
        known, self.parent = np.unique(parents, return_inverse=True)
        size = len(self.codes)
        self.now = _Level(self.key, rows, rows.direct & ~rows.near, size)
        self.near = _Level(self.key, rows, rows.direct & rows.near, size)
        self.task = _Level(self.parent[self.key], rows, rows.direct, len(known))
        self.known = self.task.n[self.parent] > 0
        self._draw_together(choices)

    def _draw_together(self, choices: int) -> None:
        sigma2 = self.sigma2 = self._variance()
        now, near, prior = self.now, self.near, self.task.mean[self.parent]
        self.tau1, few = self._apart(choices)
        # A task type that few cells tell of is itself a draw, and not the mean of all.
        self.tau1 = self.tau1 * (1 + few)
        spread = self.tau1 + _ratio(sigma2, self.task.n[self.parent])
        self.b1 = _ratio(near.n * spread, near.n * spread + sigma2)
        self.b1[(sigma2 == 0) & (near.n > 0)] = 1.0
        middle = self.b1 * near.mean + (1 - self.b1) * prior
        left = (1 - self.b1) * spread
        both = _ratio(now.n * near.n, now.n + near.n)
        squares = both * (now.mean - near.mean) ** 2
        told = (both > 0).astype(np.float64)
        self.tau0 = _moments(squares, told, both, sigma2, self.choice, choices)
        spread = self.tau0 + left
        self.b0 = _ratio(now.n * spread, now.n * spread + sigma2)
        self.b0[(sigma2 == 0) & (now.n > 0)] = 1.0
        self.mean = self.b0 * now.mean + (1 - self.b0) * middle
        self.a0 = self.b0
        self.a1 = (1 - self.b0) * self.b1
        self.a3 = (1 - self.b0) * (1 - self.b1)

    def _apart(self, choices: int) -> tuple[Array, Array]:
        """How much the cells of a task type differ, and how few there are (1 for a single one).

        The variance by DerSimonian and Laird (1986).
        """
        n = self.now.n + self.near.n
        mean = _ratio(self.now.total + self.near.total, n)
        size = len(self.task.n)
        whole = _sums(self.parent, n, size)
        squares = n * (mean - _ratio(_sums(self.parent, n * mean, size), whole)[self.parent]) ** 2
        part = _ratio(n, whole[self.parent])
        cells = _sums(self.parent, np.sign(n), size)[self.parent]
        degrees = np.where(n > 0, 1 - _ratio(np.ones_like(n), cells), 0.0)
        found = _moments(squares, degrees, n * (1 - part), self.sigma2, self.choice, choices)
        return found, _sums(self.parent, part**2, size)[self.parent]

    def _variance(self) -> Array:
        """The variance of single values, pooled over the cells of a task type's choice."""
        size = len(self.task.n)
        freedom = np.maximum(self.now.units - 1, 0) + np.maximum(self.near.units - 1, 0)
        squares = _sums(self.parent, self.now.within + self.near.within, size)
        degrees = _sums(self.parent, freedom, size)
        whole = float(squares.sum() / max(degrees.sum(), 1.0))
        # Five values' worth of the average keep thin groups from looking certain.
        return ((squares + 5 * whole) / (degrees + 5))[self.parent]


def _moments(
    squares: Array, degrees: Array, weight: Array, sigma2: Array, choice: Ints, choices: int
) -> Array:
    """The variance between true means, by choice: what squares exceed chance by, at least 0.

    Where a choice has fewer than three degrees of freedom to tell, the average over all choices,
    relative to the variance of single values.
    """
    excess = squares - degrees * sigma2
    whole = _sums(choice, weight, choices)
    own = np.maximum(_ratio(_sums(choice, excess, choices), whole), 0.0)
    scale = float((weight * sigma2).sum())
    ratio = max(float(excess.sum()), 0.0) / scale if scale > 0 else 0.0
    enough = _sums(choice, degrees, choices) >= _ENOUGH_DEGREES
    return np.where(enough[choice], own[choice], ratio * sigma2)


def _wanted(rows: Rows, plan: Rerouting) -> Ints:
    """The codes of all cells that somebody may move to."""
    choices, judges = plan.keep.shape[1], plan.judges
    asked = rows.inside & rows.affected
    places = np.unique(rows.context[asked] * judges + rows.judge[asked])
    context, judge = places // judges, places % judges
    row, choice = np.nonzero(plan.moves[context] > 0)
    return (context[row] * choices + choice) * judges + judge[row]


class _Flow:
    """How much goes to each cell, and how much of each row stays."""

    def __init__(self, rows: Rows, plan: Rerouting, cells: _Cells) -> None:
        contexts, judges = len(plan.keep), plan.judges
        asked = rows.inside & rows.affected
        place = rows.context * judges + rows.judge
        stay = plan.keep[rows.context, rows.choice]
        leaving = np.where(asked, rows.count * (1 - stay), 0.0)
        mass = np.maximum(_sums(place, leaving, contexts * judges), 0.0)
        at = cells.context * judges + cells.judge
        share = np.where(cells.known, plan.moves[cells.context, cells.choice], 0.0)
        covered = np.minimum(_sums(at, share, contexts * judges), 1.0)
        self.mass = mass[at] * share
        self.missing = float((mass * (1 - covered)).sum())
        # What has no counterpart is left where it was.
        self.keep = np.where(asked, stay + (1 - stay) * (1 - covered[place]), 1.0)
        self._at = at
        self._drawn = _sums(place, np.where(asked, _of_each(rows) * (1 - stay), 0.0), len(mass))
        self.uncovered = mass * (1 - covered)
        self._asked = asked

    def told_weights(self, rows: Rows, cells: _Cells) -> Array:
        """What a request of each row counts in the means that the moved are given."""
        k, up = cells.key, cells.parent[cells.key]
        now = _ratio(self.mass * cells.a0, cells.now.n)[k]
        near = _ratio(self.mass * cells.a1, cells.near.n)[k]
        size = len(cells.task.n)
        task = _ratio(_sums(cells.parent, self.mass * cells.a3, size), cells.task.n)[up]
        return np.where(rows.direct, np.where(rows.near, near, now) + task, 0.0)

    def bias(self, cells: _Cells) -> float:
        """The variance from cells not being like those that stand in for them.

        A cell differs from its task type on its own; what has changed since other hours may have
        changed for all of a choice at once.
        """
        choices = int(cells.choice.max(initial=0)) + 1
        _, pair = np.unique(cells.context * choices + cells.choice, return_inverse=True)
        apart = _sums(pair, self.mass * cells.a3 * np.sqrt(cells.tau1), len(pair) + 1)
        since = self.mass * (1 - cells.a0) * np.sqrt(cells.tau0)
        together = _sums(cells.choice, since, choices)
        return float((apart**2).sum() + (together**2).sum())

    def outcome_noise(self, cells: _Cells, rows: Rows) -> float:
        """The noise of single outcomes of those that move, or may, and of what is not known."""
        going = float((self.mass * cells.sigma2).sum())
        coin = self.keep * (1 - self.keep) * np.where(self._asked, rows.count, 0.0)
        tossed = float((np.maximum(coin, 0.0) * cells.sigma2[cells.key]).sum())
        noise = going + tossed
        if self.missing:
            n = float(rows.count[rows.inside].sum())
            mean = float(rows.total[rows.inside].sum()) / n
            spread = float(rows.squares[rows.inside].sum()) / n - mean**2
            noise += self.missing**2 * max(spread, 0.0)
        return noise

    def routes(self, cells: _Cells, plan: Rerouting) -> float:
        """The noise of drawing routes anew, from how different the choices of a context are."""
        size = len(self._drawn)
        share = np.where(cells.known, plan.moves[cells.context, cells.choice], 0.0)
        whole = _sums(self._at, share, size)
        mean = _ratio(_sums(self._at, share * cells.mean, size), whole)
        square = _ratio(_sums(self._at, share * cells.mean**2, size), whole)
        return float((self._drawn * np.maximum(square - mean**2, 0.0)).sum())


def _sampling(
    rows: Rows, plan: Rerouting, cells: _Cells, flow: _Flow, told: Array
) -> tuple[Array, float, float]:
    """The error of the predicted sum by block of hours, its variance were all independent, and
    that of drawing the routes anew.
    """
    block = rows.hour // BLOCK_HOURS
    first = int(block.min()) if len(block) else 0
    size = int(block.max()) - first + 1 if len(block) else 1
    c, k = flow.mass, cells.key
    of_near, of_now = _ratio(c * cells.a1, cells.near.n), _ratio(c * cells.a0, cells.now.n)
    own = np.where(rows.near, of_near[k], of_now[k])
    own_mean = np.where(rows.near, cells.near.mean[k], cells.now.mean[k])
    up = cells.parent[k]
    task_mass = _sums(cells.parent, c * cells.a3, len(cells.task.n))
    task = _ratio(task_mass, cells.task.n)[up]
    error = own * (rows.total - own_mean * rows.count)
    error += task * (rows.total - cells.task.mean[up] * rows.count)
    blocks = _sums(block - first, np.where(rows.direct, error, 0.0), size)
    independent = float((told**2 * np.maximum(rows.count, 0.0) * cells.sigma2[k]).sum())
    drawn = flow.routes(cells, plan)
    if plan.reference is not None:
        shares, apart, drawn = _share_errors(rows, plan, plan.reference, cells)
        at = plan.reference.hour // BLOCK_HOURS - first
        lowest = min(int(at.min(initial=0)), 0)
        width = max(size, int(at.max(initial=0)) + 1) - lowest
        blocks = np.concatenate([np.zeros(-lowest), blocks, np.zeros(width + lowest - size)])
        blocks += _sums(at - lowest, shares, width)
        independent += apart
    return blocks, independent, drawn


def _share_errors(
    rows: Rows, plan: Rerouting, reference: Reference, cells: _Cells
) -> tuple[Array, float, float]:
    """What each row of the reference adds to the error, its variance were all independent, and
    that of drawing routes by these shares and of having assumed some.
    """
    contexts = len(plan.keep)
    asked = rows.inside & rows.affected & reference.redrawn[rows.choice]
    mass = np.maximum(_sums(rows.context[asked], rows.count[asked], contexts), 0.0)
    value = _values(rows, plan, cells)
    told = reference.target.sum(axis=1)
    mean = _ratio((reference.target * value).sum(axis=1), told)
    n = _sums(reference.context, reference.count, contexts)
    slope = _ratio(mass * reference.weight, n)
    lift = value - mean[:, None]
    place = reference.context
    error = slope[place] * lift[place, reference.choice] * reference.count
    apart = _ratio((reference.target * lift**2).sum(axis=1), told)
    # Each request is drawn as a whole, however large it is.
    drawn = _sums(rows.context[asked], _of_each(rows)[asked], contexts)
    assumed = float((mass * np.sqrt(reference.unsure * apart)).sum()) ** 2
    return error, float((slope**2 * n * apart).sum()), float((drawn * apart).sum()) + assumed


def _values(rows: Rows, plan: Rerouting, cells: _Cells) -> Array:
    """The predicted mean by context and choice, judges weighted as in the requests asked about."""
    contexts, choices = plan.keep.shape
    place = rows.context * plan.judges + rows.judge
    asked = rows.inside & rows.affected
    mix = np.maximum(_sums(place[asked], rows.count[asked], contexts * plan.judges), 0.0)
    weight = np.where(cells.known, mix[cells.context * plan.judges + cells.judge], 0.0)
    at = cells.context * choices + cells.choice
    whole = _sums(at, weight, contexts * choices)
    mean = _ratio(_sums(at, weight * cells.mean, contexts * choices), whole)
    found = mean.reshape(contexts, choices)
    # A choice that nothing tells of counts as the context's average: no lift.
    rest = _ratio(found.sum(axis=1), (whole.reshape(contexts, choices) > 0).sum(axis=1) * 1.0)
    return np.where(whole.reshape(contexts, choices) > 0, found, rest[:, None])


def _clustered(blocks: Array) -> tuple[float, float]:
    """The variance of a sum of block errors, and its degrees of freedom (Satterthwaite 1946)."""
    squares = blocks**2
    whole = float(squares.sum())
    in_use = int((squares > 0).sum())
    if in_use < 2 or whole <= 0:
        return 0.0, np.inf
    df = max(whole**2 / float((squares**2).sum()) - 1, 1.0)
    return whole * in_use / (in_use - 1), df


def weighted_quantile(
    bins: npt.NDArray[np.int64], weights: Array, q: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """The bins that hold these quantiles of weighted bins (which may repeat)."""
    found, inverse = np.unique(bins, return_inverse=True)
    reached = np.cumsum(_sums(inverse, np.maximum(weights, 0.0), len(found)))
    ranks = np.clip(np.asarray(q, dtype=np.float64), 0.0, 1.0) * reached[-1]
    # A hair below, so that sums that are whole numbers meet their own rank.
    at: Ints = np.asarray(np.searchsorted(reached, ranks * (1 - 1e-12)), dtype=np.int64)
    return found[np.minimum(at, len(found) - 1)]
