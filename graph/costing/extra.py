"""What traffic cost beyond the price of the same work before, and how well that is known. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from graph.estimates import Z95
from graph.frame import CellTable, Traffic
from graph.model.traffic import CellKey

_ENOUGH: Final = 10
"""Requests before that tell the price of a kind of work; else a broader kind tells it."""
_LEVELS: Final = 3
_Work = tuple[str | None, ...]
_Amounts = tuple[float, float, float]
"""Requests with a cost, their costs in US dollars, and the squares of these."""


@dataclass(frozen=True, slots=True)
class Extra:
    """What was paid beyond an expected amount, and the 95 % limits of that."""

    usd: float
    low_usd: float
    high_usd: float


def extra_cost(now: Traffic, before: Traffic, cells: CellTable) -> Extra | None:
    """What traffic cost beyond the price per request of the same work before; None without any.

    Work is told apart by tenant, tier, task type and length of prompt; where too few such requests
    were there before, by less. The interval is that of a prediction: it holds how well the price
    before is known, and how much the costs of single requests vary. Pure.
    """
    then = [_priced(before, cells, level) for level in range(_LEVELS)]
    expected: dict[tuple[int, _Work], float] = {}
    spent_usd = 0.0
    for row, (count, usd, _) in _priced_cells(now).items():
        key = cells.keys[row]
        level = next((n for n in range(_LEVELS) if _tells(then[n], _work(key, n), n)), None)
        if level is None:
            return None
        spent_usd += usd
        place = (level, _work(key, level))
        expected[place] = expected.get(place, 0.0) + count
    if not expected:
        return None
    usd, variance = spent_usd, 0.0
    for (level, work), count in expected.items():
        m, total, squares = then[level][work]
        mean = total / m
        spread = max(squares / m - mean**2, 0.0) * m / (m - 1)
        usd -= count * mean
        variance += (count + count**2 / m) * spread
    half = Z95 * variance**0.5
    return Extra(usd, usd - half, usd + half)


def _work(key: CellKey, level: int) -> _Work:
    whole = (key.task_type, key.prompt_band, key.tier, key.tenant)
    return (whole, whole[:2], ())[level]


def _tells(then: dict[_Work, _Amounts], work: _Work, level: int) -> bool:
    return then.get(work, (0.0,))[0] >= (_ENOUGH if level < _LEVELS - 1 else 2)


def _priced(traffic: Traffic, cells: CellTable, level: int) -> dict[_Work, _Amounts]:
    found: dict[_Work, _Amounts] = {}
    for row, amounts in _priced_cells(traffic).items():
        work = _work(cells.keys[row], level)
        so_far = found.get(work, (0.0, 0.0, 0.0))
        found[work] = (
            so_far[0] + amounts[0],
            so_far[1] + amounts[1],
            so_far[2] + amounts[2],
        )
    return found


def _priced_cells(traffic: Traffic) -> dict[int, _Amounts]:
    rows, place = np.unique(traffic.cell, return_inverse=True)
    counts, sums, squares = (
        np.bincount(place, weights=traffic.measure(name), minlength=len(rows))
        for name in ("costCount", "costSumNanoUsd", "costSquaresMicroUsd2")
    )
    return {
        int(row): (float(count), float(total) / 1e9, float(square) / 1e12)
        for row, count, total, square in zip(rows, counts, sums, squares, strict=True)
        if count > 0
    }
