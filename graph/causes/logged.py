"""The same question put to single decisions whose router told its odds: a doubly robust correction.

Pure. Cells of like requests err where a router looks at more than they hold (the user, the exact
length of a prompt). Where decisions carry the probability of the choice, each outcome can be
weighed by how much likelier it would have been otherwise, and what the cells missed of it is
added: the doubly robust estimator (Dudik, Langford and Li 2011) with self-normalised weights
(Swaminathan and Joachims 2015). It is right if either the cells or the probabilities are.
"""

from dataclasses import dataclass, replace

import numpy as np

from graph.causes.counterfactual import BLOCK_HOURS, Counterfactual
from graph.estimates import Array
from graph.frame import Ints

LARGEST_WEIGHT = 20.0
"""A decision counts at most so many times: a little bias for much less noise (Ionides 2008)."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Decisions of the requests asked about, all arrays of one length.

    `cell` numbers combinations of context, choice and judge. `propensity` is the probability with
    which the choice was made, `wished` that of the same choice under what is imagined. The metric
    is a mean of `total` over `count`.
    """

    cell: Ints
    hour: Ints
    propensity: Array
    wished: Array
    count: Array
    total: Array


def corrected(found: Counterfactual, told: Logged) -> Counterfactual:
    """An estimate from cells, with what single decisions say beside it.

    Decisions of a cell that were all equally likely change nothing: its mean tells all. The
    variance grows by that of the correction, by blocks of hours or decision by decision,
    whichever is larger; effective samples are Kish's of the weights where that is fewer.
    """
    weight = np.minimum(told.wished / np.maximum(told.propensity, 1e-9), LARGEST_WEIGHT)
    whole = float((weight * told.count).sum())
    if whole <= 0:
        return found
    size = int(told.cell.max()) + 1
    count = np.bincount(told.cell, weights=told.count, minlength=size).astype(np.float64)
    mean = np.bincount(told.cell, weights=told.total, minlength=size) / np.maximum(count, 1e-12)
    scale = float(told.count.sum()) / whole
    spare = weight - _typical(told, weight, count)
    each = scale * spare * (told.total - mean[told.cell] * told.count)
    shift = float(each.sum())
    block = told.hour // BLOCK_HOURS
    blocks = np.bincount(block - int(block.min()), weights=each)
    clustered = float((blocks**2).sum()) - shift**2 / len(blocks)
    variance = max(float((each**2).sum()), clustered)
    kish = float(weight.sum()) ** 2 / float((weight**2).sum())
    known = not np.isnan(found.effective_samples)
    return replace(
        found,
        total=found.total + shift,
        error=float(np.hypot(found.error, np.sqrt(variance))),
        effective_samples=min(found.effective_samples, kish) if known else kish,
    )


def _typical(told: Logged, weight: Array, count: Array) -> Array:
    """The mean weight of each decision's cell: with it taken out, only differences count."""
    sums = np.bincount(told.cell, weights=weight * told.count, minlength=len(count))
    return (sums / np.maximum(count, 1e-12))[told.cell]
