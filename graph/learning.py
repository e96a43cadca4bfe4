"""The quality learned for routing: late scores brought to one scale, the older counting for less.

Each version of an evaluator is an evaluator of its own. Its offset is estimated where it and others
scored the same cells (a deployment, as one version of it, on a task type), in a two-way additive
fit by weighted least squares: mean linking (Kolen and Brennan, Test Equating, Scaling, and Linking,
3rd ed. 2014, ch. 2 and 4) over any number of evaluators at once. Only what is in one cell is
compared, so a harsher judge is not a worse model and a harder task not a harsher judge.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from graph.columns import BucketColumns
from graph.estimates import Array
from graph.facts import hour_of
from graph.frame import Ints, Mask, Scores
from graph.hot.quality import LEAST_WEIGHT, EvaluatorScale, LearnedQuality, QualityCell
from graph.scope import TenantScope
from graph.store.door import GraphStore

WINDOW = timedelta(days=14)
"""Scores of older requests are not looked at."""
HALF_LIFE_DAYS = 7.0
"""A score counts for half when its request is that old."""
HALF_LIFE_SCORES = 300.0
"""A score counts for half when its cell has that many scores of newer hours."""
VERSION_FACTOR = 0.25
"""What a score counts for after its deployment went to another version; again for each further."""
OFFSET_STRENGTH = 1.0
"""Scores for which it counts that an evaluator scores like the reference."""
LEAST_SAY = 0.1
"""What a score of the noisiest evaluator counts for beside one of the reference."""

_NOISE_STRENGTH = 20.0
_LEAST_VARIANCE = 1e-4
_MUTE_SCORES = 50
_NANO = 1e-9


class Run(NamedTuple):
    """Versions that a deployment ran, oldest first, and since when in epoch seconds."""

    since: Sequence[int]
    version: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Scores as columns, a row for each hour, place and evaluator, in any order.

    `place` is a row of `places` (task type, deployment), `evaluator` one of `evaluators` (name,
    version), `hour` the requests' in epoch seconds. Superseded scores have a row of their own with
    negative counts; the sums are in 1e-9.
    """

    places: Sequence[tuple[str, str]]
    evaluators: Sequence[tuple[str, str]]
    place: Ints
    evaluator: Ints
    hour: Ints
    count: Ints
    sum_nano: Ints
    squares_nano: Ints


async def learned_quality(
    store: GraphStore, columns: BucketColumns, *, now: datetime
) -> LearnedQuality:
    """What the scores of all tenants in the last two weeks tell of each deployment.

    Raises `GraphUnavailable`.
    """
    end = hour_of(now) + timedelta(hours=1)
    _, scores = await columns.load(start=end - WINDOW, end=end, scope=TenantScope.all())
    told = await store.ask("deployment_versions", at=now.isoformat())
    runs = {row["deployment"]: run_of(row["since"], row["version"]) for row in told}
    return await asyncio.to_thread(learn, _verdicts(columns, scores), runs=runs, now=now)


def learn(verdicts: Verdicts, *, runs: Mapping[str, Run], now: datetime) -> LearnedQuality:
    """The cells and scales that these scores tell of; the order of the rows never matters."""
    rows = _canonical(verdicts)
    if not len(rows.count):
        return LearnedQuality(as_of=now)
    segment, lost = _segments(rows, runs)
    scales = _scales(rows, segment)
    slot, slot_of_row = _distinct(rows.place, rows.hour)
    say = scales.say[rows.evaluator]
    told = np.bincount(slot_of_row, rows.count * say).astype(np.float64)
    newer = _newer(rows.place[slot], told)
    age_days = np.maximum(now.timestamp() - rows.hour, 0) / 86_400
    decay = 0.5 ** (age_days / HALF_LIFE_DAYS + newer[slot_of_row] / HALF_LIFE_SCORES)
    decay = decay * VERSION_FACTOR**lost * say
    linked = rows.sum_nano * _NANO - rows.count * scales.offset[rows.evaluator]
    size = len(rows.places)
    weight = np.bincount(rows.place, rows.count * decay, minlength=size)
    total = np.bincount(rows.place, linked * decay, minlength=size)
    samples = np.bincount(rows.place, rows.count * (say > 0), minlength=size)
    cells = [
        QualityCell(
            *place,
            mean=round(float(np.clip(total[row] / weight[row], 0, 1)), 6),
            samples=int(samples[row]),
            weight=round(float(weight[row]), 6),
        )
        for row, place in enumerate(rows.places)
        if weight[row] >= LEAST_WEIGHT
    ]
    return LearnedQuality(as_of=now, cells=tuple(cells), evaluators=_told(rows, scales))


def run_of(since: Sequence[int], version: Sequence[str]) -> Run:
    """A run from tellings in the order that decides; what tells the same version again is left out.

    Of several tellings of one instant the last holds.
    """
    latest = dict(zip(since, version, strict=True))
    kept: list[tuple[int, str]] = []
    for at, name in latest.items():
        if not kept or kept[-1][1] != name:
            kept.append((at, name))
    return Run([at for at, _ in kept], [name for _, name in kept])


def _verdicts(columns: BucketColumns, scores: Scores) -> Verdicts:
    rows: dict[tuple[str, str], int] = {}
    of_cell = [
        rows.setdefault((key.task_type, key.deployment), len(rows)) for key in columns.cells.keys
    ]
    return Verdicts(
        places=list(rows),
        evaluators=list(zip(columns.evaluators, columns.evaluator_versions, strict=True)),
        place=np.array(of_cell, dtype=np.int64)[scores.cell],
        evaluator=scores.evaluator,
        hour=scores.hour,
        count=scores.count,
        sum_nano=scores.sum_nano,
        squares_nano=scores.squares_nano,
    )


def _canonical(verdicts: Verdicts) -> Verdicts:
    """One row for each (place, hour, evaluator) with scores left, places and evaluators by name.

    Summed as integers and sorted before any float is made, so that equal scores give equal bits.
    """
    if not len(verdicts.count):
        return verdicts
    places, place_row = _ranked(verdicts.places)
    evaluators, evaluator_row = _ranked(verdicts.evaluators)
    place, evaluator = place_row[verdicts.place], evaluator_row[verdicts.evaluator]
    first, group = _distinct(place, verdicts.hour, evaluator)
    sums = np.zeros((3, len(first)), dtype=np.int64)
    for row, column in enumerate((verdicts.count, verdicts.sum_nano, verdicts.squares_nano)):
        np.add.at(sums[row], group, column)
    left = sums[0] > 0
    kept = first[left]
    count, sum_nano, squares_nano = sums[:, left]
    return Verdicts(
        places,
        evaluators,
        place[kept],
        evaluator[kept],
        verdicts.hour[kept],
        count,
        sum_nano,
        squares_nano,
    )


def _ranked(names: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], Ints]:
    """The names in order, and for each as given its row there."""
    order = sorted(range(len(names)), key=lambda row: names[row])
    rows = np.empty(len(names), dtype=np.int64)
    rows[order] = np.arange(len(names))
    return [names[row] for row in order], rows


def _distinct(*columns: Ints) -> tuple[Ints, Ints]:
    """One row of each combination, in ascending order, and for each row which of them it has."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        lowest = column.min()
        code = code * (column.max() - lowest + 1) + (column - lowest)
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return first, group


def _newer(place: Ints, count: Array) -> Array:
    """For each hour of a place, the scores of its newer hours; both ascend."""
    ends = np.cumsum(count)
    last = np.searchsorted(place, place, side="right") - 1
    return ends[last] - ends


def _segments(rows: Verdicts, runs: Mapping[str, Run]) -> tuple[Ints, Ints]:
    """For each row, which version of its deployment answered, and how many changes that is ago.

    An hour in which the version changed belongs to the version before; one that was gone back to
    is as good as never left.
    """
    segment = np.zeros(len(rows.place), dtype=np.int64)
    lost = np.zeros(len(rows.place), dtype=np.int64)
    starts = np.searchsorted(rows.place, np.arange(len(rows.places) + 1))
    for row, (_, deployment) in enumerate(rows.places):
        run = runs.get(deployment)
        if run is None or len(run.since) < 2:
            continue
        own = slice(starts[row], starts[row + 1])
        found = np.searchsorted(run.since, rows.hour[own], side="right") - 1
        segment[own] = np.maximum(found, 0)
        now = len(run.version) - 1
        steps = [0 if name == run.version[now] else now - at for at, name in enumerate(run.version)]
        lost[own] = np.array(steps, dtype=np.int64)[segment[own]]
    return segment, lost


@dataclass(frozen=True, slots=True)
class _Scales:
    """By evaluator: how much higher it scores, what its score counts for, whether it is linked."""

    offset: Array
    say: Array
    linked: Mask


def _scales(rows: Verdicts, segment: Ints) -> _Scales:
    size = len(rows.evaluators)
    _, cell = _distinct(rows.place, segment)
    shape = (int(cell.max()) + 1, size)
    where = cell * size + rows.evaluator

    def summed(column: Ints, unit: float) -> Array:
        sums = np.bincount(where, column.astype(np.float64), minlength=shape[0] * size)
        return (sums * unit).reshape(shape).astype(np.float64)

    count, total = summed(rows.count, 1.0), summed(rows.sum_nano, _NANO)
    say, reference = _say(count, total, summed(rows.squares_nano, _NANO))
    weight = count * say
    group = _groups(weight)
    spoken = count.sum(axis=0)
    anchors = {int(g): _largest(np.where(group == g, spoken, 0)) for g in np.unique(group)}
    free = (say > 0) & ~np.isin(np.arange(size), list(anchors.values()))
    offset = _offsets(weight, _over(total, count), free)
    return _Scales(offset, say, group == group[reference])


def _say(count: Array, total: Array, squares: Array) -> tuple[Array, int]:
    """What a score of each evaluator counts for, and which evaluator is the reference.

    Scores that scatter more within a cell tell less, by the ratio of the variances; an evaluator
    that says the same of everything tells nothing.
    """
    inside = np.maximum(squares - total * _over(total, count), 0.0).sum(axis=0)
    freedom = np.maximum(count - 1, 0.0).sum(axis=0)
    common = inside.sum() / max(1.0, float(freedom.sum()))
    variance = (inside + _NOISE_STRENGTH * common) / (freedom + _NOISE_STRENGTH)
    variance = np.maximum(variance, _LEAST_VARIANCE)
    scores = count.sum(axis=0)
    mean = _over(total.sum(axis=0), scores)
    spread = _over(squares.sum(axis=0), scores) - mean**2
    speaks = (scores < _MUTE_SCORES) | (spread > _LEAST_VARIANCE)
    speaks = (speaks | ~speaks.any()) & (scores > 0)
    reference = _largest(np.where(speaks, scores, 0.0))
    say = np.clip(variance[reference] / variance, LEAST_SAY, 1.0)
    return np.where(speaks, say, 0.0), reference


def _groups(weight: Array) -> Ints:
    """For each evaluator the lowest that cells in common lead to, over any number of others."""
    seen = (weight > 0).astype(np.float64)
    reached = (seen.T @ seen > 0) | np.eye(weight.shape[1], dtype=np.bool_)
    while True:
        further = reached.astype(np.float64) @ reached > 0
        if (further == reached).all():
            return np.argmax(reached, axis=1)
        reached = further


def _offsets(weight: Array, mean: Array, free: Mask) -> Array:
    """Offsets of the evaluators that are free to have one, those of the others being 0.

    Least squares over cell effects and offsets; the cell effects are eliminated first, which leaves
    one equation for each evaluator.
    """
    offset = np.zeros(weight.shape[1])
    if not free.any():
        return offset
    cells = weight.sum(axis=1)
    shared = _over(weight, cells[:, None])
    normal = np.asarray(np.diag(weight.sum(axis=0)) - weight.T @ shared, dtype=np.float64)
    middle = (shared * mean).sum(axis=1)
    right_side = (weight * (mean - middle[:, None])).sum(axis=0)
    normal = normal[np.ix_(free, free)] + OFFSET_STRENGTH * np.eye(int(free.sum()))
    offset[free] = np.linalg.solve(normal, right_side[free])
    return offset


def _over(total: Array, count: Array) -> Array:
    """The quotient, 0 where nothing is counted."""
    out = np.zeros(np.broadcast_shapes(total.shape, count.shape), dtype=np.float64)
    np.divide(total, count, out=out, where=count > 0)
    return out


def _largest(values: Array) -> int:
    """The first of the largest."""
    return int(np.argmax(values))


def _told(rows: Verdicts, scales: _Scales) -> tuple[EvaluatorScale, ...]:
    scores = np.bincount(rows.evaluator, rows.count, minlength=len(rows.evaluators))
    return tuple(
        EvaluatorScale(
            *name,
            scores=int(scores[row]),
            offset=round(float(scales.offset[row]), 6),
            say=round(float(scales.say[row]), 6),
            linked=bool(scales.linked[row]),
        )
        for row, name in enumerate(rows.evaluators)
        if scores[row] > 0
    )
