"""Who burned an error budget: the fewest slices that hold more bad events than their share. Pure.

Each slice is scored by how much likelier its bad events get if it has a rate of its own and all
the rest another (the scan statistic of Kulldorff 1997, for Poisson counts). The best is taken out
and the search goes on in what is left, until nothing stands out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from graph.estimates import Array
from graph.frame import Ints, Mask
from graph.model.traffic import CellKey
from graph.slices import EntityRef

_MOST = 5
_LEAST_BAD = 3.0
_LEAST_SHARE = 0.05
"""A slice whose excess is less than this share of all bad events is not named."""
_LEAST_GAIN = 8.0
"""Logarithm of a likelihood ratio that chance exceeds in one of some ten thousand slices."""
_PAIR_COST = 3.0
_ALL = 0.99
_KINDS = ("deployment", "model", "backend", "task_type", "tier")
_PLACES = {"deployment", "model", "backend"}
_WHERE: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in _KINDS),
    # Two of deployment, model and backend say nothing that a deployment would not.
    *(pair for pair in combinations(_KINDS, 2) if not set(pair) <= _PLACES),
)


@dataclass(frozen=True, slots=True)
class BudgetShare:
    """A slice that used up part of an error budget, and its share of all bad events."""

    where: tuple[EntityRef, ...]
    bad: float
    events: int
    share: float


@dataclass(frozen=True, slots=True)
class _Found:
    gain: float
    where: tuple[EntityRef, ...]
    rows: Mask


def burned_by(keys: Sequence[CellKey], events: Array, bad: Array) -> tuple[BudgetShare, ...]:
    """At most five slices with more bad events than their share, the most striking first.

    `events` and `bad` are counts by cell. Empty where the bad events are spread like all events.
    """
    # Counts that are net of what was told later may be a little off by cell.
    bad = np.clip(bad, 0.0, np.maximum(events, 0.0))
    events = np.maximum(events, 0.0)
    whole = float(bad.sum())
    if whole < _LEAST_BAD:
        return ()
    coded = [(kinds, *_coded(keys, kinds)) for kinds in _WHERE]
    left = np.ones(len(keys), dtype=np.bool_)
    found: list[BudgetShare] = []
    while len(found) < _MOST:
        best = _best(coded, events * left, bad * left, whole)
        if best is None:
            break
        rows = best.rows & left
        n, c = float(events[rows].sum()), float(bad[rows].sum())
        found.append(BudgetShare(best.where, c, round(n), c / whole))
        left &= ~best.rows
    return tuple(found)


_Coded = tuple[tuple[str, ...], Ints, list[tuple[str, ...]]]


def _best(coded: Sequence[_Coded], events: Array, bad: Array, whole: float) -> _Found | None:
    total_n, total_c = float(events.sum()), float(bad.sum())
    best: _Found | None = None
    for kinds, code, labels in coded:
        n = np.bincount(code, weights=events, minlength=len(labels)).astype(np.float64)
        c = np.bincount(code, weights=bad, minlength=len(labels)).astype(np.float64)
        gain = _gain(n, c, total_n, total_c) - _PAIR_COST * (len(kinds) - 1)
        rest = np.divide(total_c - c, total_n - n, out=np.zeros_like(n), where=total_n > n)
        named = (c - rest * n >= _LEAST_SHARE * whole) & (c >= _LEAST_BAD) & (n < _ALL * total_n)
        gain = np.where(named, gain, -np.inf)
        place = int(np.argmax(gain)) if len(gain) else -1
        least = _LEAST_GAIN if best is None else best.gain + 1e-9
        if place >= 0 and gain[place] > least:
            where = tuple(
                EntityRef(kind, label) for kind, label in zip(kinds, labels[place], strict=True)
            )
            best = _Found(float(gain[place]), where, code == place)
    return best


def _gain(n: Array, c: Array, total_n: float, total_c: float) -> Array:
    """Logarithm of the likelihood ratio of a rate of its own, 0 where it is not the higher one."""
    if total_n <= 0 or total_c <= 0:
        return np.zeros_like(n)
    expected = n * total_c / total_n
    gain = _times_log(c, expected) + _times_log(total_c - c, total_c - expected)
    return np.where(c > expected, gain, 0.0)


def _times_log(count: Array, expected: Array) -> Array:
    """count * log(count / expected), 0 for no count."""
    some = (count > 0) & (expected > 0)
    ratio = np.divide(count, expected, out=np.ones_like(count), where=some)
    return count * np.log(ratio)


def _coded(keys: Sequence[CellKey], kinds: tuple[str, ...]) -> tuple[Ints, list[tuple[str, ...]]]:
    names = [tuple(_name(key, kind) for kind in kinds) for key in keys]
    labels = sorted(set(names))
    rows = {label: row for row, label in enumerate(labels)}
    return np.array([rows[name] for name in names], dtype=np.int64), labels


def _name(key: CellKey, kind: str) -> str:
    model, _, backend = key.deployment.rpartition("@")
    return {
        "deployment": key.deployment,
        "model": model,
        "backend": backend,
        "task_type": key.task_type,
        "tier": key.tier,
    }[kind]
