"""A change split exactly by what people ask first: who asked, who served, how it went. Pure.

Unlike the ledgers, which lean on the baseline because causes are sought in them, these splits treat
before and after alike (Kitagawa 1955, nested; Shapley over dimensions; LMDI for costs).
"""

from collections.abc import Sequence

import numpy as np

from graph.causes.decomposition import (
    Sides,
    Spend,
    cost_split,
    mean_cost_split,
    nested_split,
    shapley_mix,
)
from graph.causes.inquiry import Scene
from graph.causes.investigation import PartOfChange
from graph.causes.panel import Array, is_total
from graph.frame import Ints, Mask
from graph.slices import Metric

_STRATUM = ("tenant", "tier", "task_type")
_DIMENSIONS = (*_STRATUM, "deployment", "evaluator")
_LEVELS = ("demand", "routing", "judges")
_COSTS = {Metric.COST, Metric.COST_PER_REQUEST}


def parts_of(scene: Scene) -> tuple[PartOfChange, ...]:
    """The delta by what moved; the parts sum to it.

    For means who asked (demand), who served (routing), who judged (judges) and how the same work
    went in the same place (within); for costs how many requests (of a mean: which), tokens per
    request and price per token. Other totals have one part, demand and routing being one there.
    """
    if scene.panel.metric in _COSTS:
        return _costs(scene)
    if is_total(scene.panel.metric):
        return _parts(scene, ["requests"], [scene.delta])
    units = scene.panel.units
    columns = [units.place(name) for name in _STRATUM]
    stratum = np.unique(units.codes[:, columns], axis=0, return_inverse=True)[1].ravel()
    levels = [stratum, units.codes[:, units.place("deployment")]]
    if scene.panel.metric is Metric.QUALITY:
        levels.append(units.codes[:, units.place("evaluator")])
    told = nested_split(np.column_stack(levels).astype(np.int64), _sides(scene)).parts
    return _parts(scene, [*_LEVELS[: len(levels)], "within"], told.tolist())


def mix_of(scene: Scene) -> tuple[PartOfChange, ...]:
    """What the mix along each dimension carries of a mean's delta, and what is within; their sum
    is the delta. Empty for totals.
    """
    if is_total(scene.panel.metric):
        return ()
    units = scene.panel.units
    names = [name for name in _DIMENSIONS if len(units.labels[units.place(name)]) > 1]
    codes = units.codes[:, [units.place(name) for name in names]]
    cells, row = np.unique(codes, axis=0, return_inverse=True)
    mix, within = shapley_mix(cells, _sides(scene).grouped(row.ravel(), len(cells)))
    return _parts(scene, [*names, "within"], [*mix.tolist(), within])


def _parts(
    scene: Scene, names: Sequence[str], effects: Sequence[float]
) -> tuple[PartOfChange, ...]:
    scale = scene.panel.scale
    return tuple(
        PartOfChange(name, effect * scale, effect / scene.delta)
        for name, effect in zip(names, effects, strict=True)
    )


def _costs(scene: Scene) -> tuple[PartOfChange, ...]:
    total = is_total(scene.panel.metric)
    old, new = (_spend(scene, rows) for rows in (scene.before, scene.during))
    if total:
        split = cost_split(
            Spend(*(each * scene.lengths for each in (old.requests, old.tokens, old.cost_usd))), new
        )
    else:
        split = mean_cost_split(old, new)
    effects = [float(each.sum()) for each in (split.requests, split.tokens, split.price)]
    return _parts(scene, ["requests" if total else "mix", "tokens", "price"], effects)


def _spend(scene: Scene, rows: Mask) -> Spend:
    """Requests, tokens and cost of one side, by stratum and deployment."""
    panel = scene.panel
    units = panel.units
    columns = [units.place(name) for name in (*_STRATUM, "deployment")]
    cells, row = np.unique(units.codes[:, columns], axis=0, return_inverse=True)
    cell: Ints = row.ravel()[panel.unit]
    counted = rows & scene.inside
    if scene.belongs is not None:
        counted &= scene.belongs[panel.unit]

    def summed(values: Array) -> Array:
        found = np.bincount(cell[counted], weights=values[counted], minlength=len(cells))
        return found.astype(np.float64)

    tokens = panel.prompt_tokens + panel.completion_tokens
    return Spend(summed(panel.count), summed(tokens), summed(panel.total))


def _sides(scene: Scene) -> Sides:
    """Counts and totals of every unit, before and after."""
    panel = scene.panel
    size = len(panel.units.codes)

    def summed(values: Array, rows: Mask) -> Array:
        inside = rows & scene.inside
        found = np.bincount(panel.unit[inside], weights=values[inside], minlength=size)
        return found.astype(np.float64)

    return Sides(
        summed(panel.count, scene.before),
        summed(panel.total, scene.before),
        summed(panel.count, scene.during),
        summed(panel.total, scene.during),
    )
