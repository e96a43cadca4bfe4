"""Routes that had cost less at equal quality, from like requests that went there. Pure.

A slice is a task type and tier, of one tenant where there are several. Its requests are imagined
all to have gone to one deployment, as `graph/causes/counterfactual.py` predicts it: like with like
in tenant, tier, task type and prompt length, cost by the size of requests.

Equal quality is non-inferiority (Piaggio et al. 2012, the CONSORT extension): the lower end of the
95 % interval of the difference may not lie below a margin.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from graph.causes.counterfactual import BLOCK_HOURS, Counterfactual, Rerouting, Rows, predict
from graph.causes.rerouting import Places
from graph.estimates import Array
from graph.frame import Ints, Mask

MARGIN: Final = 0.02
"""How much lower the quality of a route may at most be, at the lower end of its interval."""
_HOPELESS: Final = 0.1
"""A plain mean of scores so much lower is not looked at further."""

_CLEARLY_MORE: Final = 1.05

Allowed = Callable[[str, str], bool]
"""Whether a tenant may be served by a deployment."""
Refusal = Callable[[Counterfactual], str | None]


class SliceKey(NamedTuple):
    """A slice by name; `tenant` is None for all of them together."""

    tenant: str | None
    task_type: str
    tier: str


@dataclass(frozen=True, slots=True)
class Cheaper:
    """What a slice's requests had cost on one deployment; `half` are those of 95 % intervals.

    `quality` is the mean score there less the one that was. `samples` are the effective scores
    that it is predicted from.
    """

    slice: SliceKey
    route: str
    spent: float
    saved: float
    saved_half: float
    quality: float
    quality_half: float
    samples: float


@dataclass(frozen=True, slots=True)
class _Task:
    """The rows of one task type with its own numbers of contexts; `context` maps them to all."""

    context: Ints
    group: Ints
    cost: Rows
    quality: Rows


def cheaper(
    at: Places, *, cost: Rows, quality: Rows, judges: int, allowed: Allowed, refusal: Refusal
) -> list[Cheaper]:
    """The cheapest route of each slice that has a cheaper one, the greatest saving first.

    A task type and tier is told by tenant, or for all of them together where that saves clearly
    more: tenants with little traffic are too uncertain alone.
    """
    found: list[Cheaper] = []
    tasks = np.array([context[2] for context in at.contexts], dtype=object)
    for name in sorted(set(tasks.tolist())):
        task = _task(at, tasks == name, cost, quality, judges=judges)
        thinking = _Thinking(at, task, judges, allowed, refusal)
        for levels in _slices(at, task):
            told = [
                [one for key, keep in level if (one := thinking.best(key, keep)) is not None]
                for level in levels
            ]
            finest, whole = told[0], told[-1]
            more = _saved(whole) > _CLEARLY_MORE * _saved(finest)
            found += whole if more else finest
    return sorted(found, key=lambda one: (-one.saved, one.slice, one.route))


def _saved(told: list[Cheaper]) -> float:
    return sum(one.saved for one in told)


def _slices(at: Places, task: _Task) -> Iterator[list[list[tuple[SliceKey, Mask]]]]:
    """For each tier its slices, finest first: by tenant, then of all tenants together."""
    present = np.unique(task.cost.context[task.cost.inside])
    contexts = [at.contexts[int(context)] for context in task.context]
    tier = np.array([context[1] for context in contexts], dtype=object)
    tenant = np.array([context[0] for context in contexts], dtype=object)
    several = len({context[0] for context in at.contexts}) > 1
    for one in sorted(set(tier[present].tolist())):
        whole = tier == one
        name = contexts[0][2]
        levels = [[(SliceKey(None, name, one), whole)]]
        if several:
            tenants = sorted(set(tenant[present][tier[present] == one].tolist()))
            by_tenant = [(SliceKey(who, name, one), whole & (tenant == who)) for who in tenants]
            levels = [by_tenant, *(levels if len(tenants) > 1 else [])]
        yield levels


def _task(at: Places, keep: Mask, cost: Rows, quality: Rows, *, judges: int) -> _Task:
    context = np.flatnonzero(keep).astype(np.int64)
    _, group = np.unique(at.task[context], return_inverse=True)
    parts = (
        _by_blocks(rows, context, choices=len(at.choices), judges=judges)
        for rows in (cost, quality)
    )
    return _Task(context, group.astype(np.int64), *parts)


def _by_blocks(rows: Rows, contexts: Ints, *, choices: int, judges: int) -> Rows:
    """The rows of some contexts, summed over what a prediction does not tell apart."""
    keep = np.isin(rows.context, contexts)
    context = np.searchsorted(contexts, rows.context[keep])
    block = rows.hour[keep] // BLOCK_HOURS
    first = int(block.min(initial=0))
    codes = (context * choices + rows.choice[keep]) * judges + rows.judge[keep]
    codes = codes * (int(block.max(initial=0)) - first + 1) + block - first
    codes = (codes * 2 + rows.inside[keep]) * 2 + rows.near[keep]
    _, one, place = np.unique(codes, return_index=True, return_inverse=True)

    def summed(values: Array) -> Array:
        return np.bincount(place, weights=values[keep], minlength=len(one)).astype(np.float64)

    inside = rows.inside[keep][one]
    return Rows(
        context=context[one].astype(np.int64),
        choice=rows.choice[keep][one],
        judge=rows.judge[keep][one],
        hour=block[one] * BLOCK_HOURS,
        count=summed(rows.count),
        total=summed(rows.total),
        squares=summed(rows.squares),
        units=summed(rows.units),
        inside=inside,
        affected=inside,
        near=rows.near[keep][one],
        direct=np.ones(len(one), dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True)
class _Thinking:
    """Looks for the best route of slices of one task type."""

    at: Places
    task: _Task
    judges: int
    allowed: Allowed
    refusal: Refusal

    def best(self, key: SliceKey, contexts: Mask) -> Cheaper | None:
        """The cheapest route of a slice that is as good; None where there is none."""
        cost, quality = _only(self.task.cost, contexts), _only(self.task.quality, contexts)
        offers: list[tuple[float, float, int]] = []
        for choice in self._candidates(contexts, cost, quality):
            told = self._predicted(cost, choice, judges=1)
            if told is not None and told.observed - told.total - told.half > 0:
                offers.append((told.observed - told.total, told.half, choice))
        for saved, half, choice in sorted(offers, reverse=True):
            told = self._predicted(quality, choice, judges=self.judges)
            if told is None:
                continue
            delta = (told.total - told.observed) / told.weight
            within = told.half / told.weight
            if delta - within >= -MARGIN:
                return Cheaper(
                    slice=key,
                    route=self.at.choices[choice],
                    spent=float(cost.total[cost.inside].sum()),
                    saved=saved,
                    saved_half=half,
                    quality=delta,
                    quality_half=within,
                    samples=told.effective_samples,
                )
        return None

    def _candidates(self, contexts: Mask, cost: Rows, quality: Rows) -> Iterator[int]:
        """Choices that are plainly cheaper, not plainly worse, and open to all of the tenants."""
        if not cost.inside.any() or not quality.inside.any():
            return
        present = np.unique(cost.context[cost.inside])
        tenants = {self.at.contexts[int(self.task.context[one])][0] for one in present}
        spent = _mean(cost, cost.inside)
        good = _mean(quality, quality.inside)
        for choice, name in enumerate(self.at.choices):
            served = cost.choice == choice
            scored = quality.choice == choice
            own, own_scored = served & contexts[cost.context], scored & contexts[quality.context]
            if (
                cost.count[served].sum() > 0
                and quality.count[scored].sum() > 0
                and _mean(cost, own if cost.count[own].sum() > 0 else served) < spent
                and _mean(quality, own_scored if quality.count[own_scored].sum() > 0 else scored)
                > good - _HOPELESS
                and all(self.allowed(tenant, name) for tenant in tenants)
            ):
                yield choice

    def _predicted(self, rows: Rows, choice: int, *, judges: int) -> Counterfactual | None:
        """The sum had all gone to one choice; None where the data cannot tell, or none moves."""
        keep = np.zeros((len(self.task.context), len(self.at.choices)))
        keep[:, choice] = 1.0
        told = predict(rows, Rerouting(keep, keep.copy(), self.task.group, judges))
        if told.moved <= 0 or self.refusal(told) is not None:
            return None
        return told


def _only(rows: Rows, contexts: Mask) -> Rows:
    """The same, asked about in these contexts alone."""
    inside = rows.inside & contexts[rows.context]
    return replace(rows, inside=inside, affected=inside)


def _mean(rows: Rows, keep: Mask) -> float:
    return float(rows.total[keep].sum() / max(float(rows.count[keep].sum()), 1e-300))
