"""Arms of an experiment compared by user: users stick to their arm, so they are the units. Pure.

Requests of one user are alike, and a few users send most of them; an interval that counts requests
as if each were drawn anew is far too narrow. Arms are compared within strata (a day of constant
shares), so that neither a busy day nor a share that was raised halfway favours an arm.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates import Array
from graph.frame import Ints, Mask

LEAST_USERS = 10
"""Users that each arm needs before anything is bounded."""
_ENOUGH_OF_A_USER = 5.0
"""From about so many requests on, more of them hardly tell more of a user's taste."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Sums of one metric by user, arm and stratum: each combination is one row.

    `weight` counts what was measured, `total` and `squares` sum it and its squares.
    """

    user: Ints
    arm: Ints
    stratum: Ints
    weight: Array
    total: Array
    squares: Array

    def take(self, keep: Mask) -> "Rows":
        """The rows that are kept."""
        return Rows(
            self.user[keep],
            self.arm[keep],
            self.stratum[keep],
            self.weight[keep],
            self.total[keep],
            self.squares[keep],
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or a difference with its variance over users; NaN where nothing tells.

    `freedom` are the degrees of freedom of the variance; `plain` is what the variance would be if
    every request had been drawn anew.
    """

    value: float
    variance: float
    freedom: float
    count: int
    plain: float = np.nan

    @property
    def design_effect(self) -> float:
        """By how much users being alike widens the variance; at least 1."""
        return max(self.variance / self.plain, 1.0) if self.plain > 0 else 1.0


NOTHING = Estimate(np.nan, np.nan, 0.0, 0)


def mean(rows: Rows, arm: int) -> Estimate:
    """The mean of an arm over all that was measured."""
    rows = rows.take((rows.arm == arm) & (rows.weight > 0))
    weight, total = float(rows.weight.sum()), float(rows.total.sum())
    if not weight:
        return NOTHING
    value = total / weight
    user, users = _numbered(rows.user)
    left = weight - np.bincount(user, weights=rows.weight)
    spread = max(float(rows.squares.sum()) - total * value, 0.0)
    plain = spread / (weight - 1) / weight if weight > 1 else np.nan
    if users < LEAST_USERS or (left <= 0).any():
        return Estimate(value, np.nan, 0.0, int(weight), plain)
    without = (total - np.bincount(user, weights=rows.total)) / left
    coefficient = np.full(len(rows.user), 1 / weight)
    return Estimate(
        value,
        variance=float(((without - value) ** 2).sum()),
        freedom=_Likeness.of(rows, user).freedom(rows, user, coefficient) - 1,
        count=int(weight),
        plain=plain,
    )


def difference(rows: Rows, arm: int, *, against: int, even: bool = False) -> Estimate:
    """An arm less another: the effect of the arm with a level for each stratum.

    Least squares with fixed effects: each stratum's difference weighs as n·m / (n + m) for n and m
    measured in the arms. A user's requests weigh less the more of them there are, as far as they
    are alike (the weights of a mean with random users; `even` counts all alike instead): the few
    who send most would else decide. The variance is the jackknife's over users (each left out in
    turn), which few or heavy users make wider and not narrower; its degrees of freedom are
    Satterthwaite's, from how unevenly users weigh (as in Bell and McCaffrey 2002).
    """
    rows = rows.take(((rows.arm == arm) | (rows.arm == against)) & (rows.weight > 0))
    mine = rows.arm == arm
    count = int(rows.weight.sum())
    if not mine.any() or mine.all():
        return Estimate(np.nan, np.nan, 0.0, count)
    stratum, size = _numbered(rows.stratum)
    user, users = _numbered(rows.user)
    likeness = _Likeness.of(rows, user)
    worth = np.ones(len(user)) if even else likeness.worth(rows, user)
    sums = _Sums.of(rows, worth, mine, stratum, size)
    whole, amount = float(sums.weight.sum()), float(sums.amount.sum())
    if not whole:
        return Estimate(np.nan, np.nan, 0.0, count)
    value = amount / whole
    coefficient = worth * sums.coefficient(mine, stratum) / whole
    plain = _plain(rows, mine, stratum, size, coefficient)
    each = min(len(np.unique(user[mine])), len(np.unique(user[~mine])))
    less_weight, less_amount = sums.lost(rows, worth, mine, stratum)
    left = whole - np.bincount(user, weights=less_weight, minlength=users)
    if each < LEAST_USERS or (left <= 1e-9 * whole).any():
        return Estimate(value, np.nan, 0.0, count, plain)
    without = (amount - np.bincount(user, weights=less_amount, minlength=users)) / left
    return Estimate(
        value,
        variance=float(((without - value) ** 2).sum()),
        freedom=likeness.freedom(rows, user, coefficient) - 2,
        count=count,
        plain=plain,
    )


@dataclass(frozen=True, slots=True)
class _Likeness:
    """The variance between users' means, and that of what was measured within a user."""

    between: float
    within: float

    @classmethod
    def of(cls, rows: Rows, user: Ints) -> "_Likeness":
        """By moments; users with more requests tell more of it, up to a point."""
        n, y, squares = (
            np.bincount(user, weights=values) for values in (rows.weight, rows.total, rows.squares)
        )
        spare = float(np.maximum(n - 1, 0).sum())
        within = float(np.maximum(squares - y**2 / n, 0.0).sum()) / spare if spare else 0.0
        weight = n / (n + _ENOUGH_OF_A_USER)
        apart = (y / n - (weight * y / n).sum() / weight.sum()) ** 2 - within / n
        return cls(max(float((weight * apart).sum() / weight.sum()), 0.0), within)

    def worth(self, rows: Rows, user: Ints) -> Array:
        """For each row, what a request of its user weighs: 1 for a user's only one."""
        n = np.bincount(user, weights=rows.weight)
        whole = self.between + self.within
        alike = self.between / whole if whole > 0 else 0.0
        return (1 / (1 + np.maximum(n - 1, 0) * alike))[user]

    def freedom(self, rows: Rows, user: Ints, coefficient: Array) -> float:
        """How many users, were all alike, would tell the variance as well as these do.

        `coefficient` is what one unit measured adds to the estimate. Each user's part is expected
        to be the square of his times the variance between users, and each unit's within one.
        """
        taste = np.bincount(user, weights=coefficient * rows.weight)
        chance = np.bincount(user, weights=coefficient**2 * rows.weight)
        parts = self.between * taste**2 + self.within * chance
        if not parts.any():  # nobody differs from anybody
            parts = taste**2
        whole = float((parts**2).sum())
        return float(parts.sum()) ** 2 / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class _Sums:
    """What was measured in each stratum, in the arm (`n`, `y`) and in the other (`m`, `x`)."""

    n: Array
    y: Array
    m: Array
    x: Array

    @classmethod
    def of(cls, rows: Rows, worth: Array, mine: Mask, stratum: Ints, size: int) -> "_Sums":
        weight, total = worth * rows.weight, worth * rows.total

        def summed(values: Array, where: Mask) -> Array:
            return _summed(stratum[where], values[where], size)

        return cls(
            summed(weight, mine),
            summed(total, mine),
            summed(weight, ~mine),
            summed(total, ~mine),
        )

    @property
    def weight(self) -> Array:
        """How much each stratum tells of the difference."""
        return _per(self.n * self.m, self.n + self.m)

    @property
    def amount(self) -> Array:
        """That weight times the stratum's difference."""
        return _per(self.m * self.y - self.n * self.x, self.n + self.m)

    def coefficient(self, mine: Mask, stratum: Ints) -> Array:
        """What one unit measured in a row adds to the amount."""
        other = np.where(mine, self.m[stratum], -self.n[stratum])
        return _per(other, (self.n + self.m)[stratum])

    def lost(self, rows: Rows, worth: Array, mine: Mask, stratum: Ints) -> tuple[Array, Array]:
        """By how much weight and amount fall where a row is left out."""
        gone, total = worth * rows.weight, worth * rows.total
        left = _Sums(
            self.n[stratum] - np.where(mine, gone, 0.0),
            self.y[stratum] - np.where(mine, total, 0.0),
            self.m[stratum] - np.where(mine, 0.0, gone),
            self.x[stratum] - np.where(mine, 0.0, total),
        )
        return self.weight[stratum] - left.weight, self.amount[stratum] - left.amount


def _per(amount: Array, whole: Array) -> Array:
    return np.divide(amount, whole, out=np.zeros_like(amount, dtype=np.float64), where=whole > 0)


def _summed(place: Ints, values: Array, size: int) -> Array:
    # Without any row, bincount gives whole numbers.
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def _numbered(codes: Ints) -> tuple[Ints, int]:
    """Codes as numbers from 0 on without gaps, and how many there are."""
    distinct, number = np.unique(codes, return_inverse=True)
    return number.astype(np.int64), len(distinct)


def _plain(rows: Rows, mine: Mask, stratum: Ints, size: int, coefficient: Array) -> float:
    """The variance of the difference if every request had been drawn anew."""
    place = stratum * 2 + mine
    n, y, squares = (
        _summed(place, values, 2 * size) for values in (rows.weight, rows.total, rows.squares)
    )
    freedom = float(np.maximum(n - 1, 0).sum())
    spread = float(np.maximum(squares - _per(y**2, n), 0.0).sum())
    if freedom <= 0:
        return np.nan
    return spread / freedom * float((coefficient**2 * rows.weight).sum())


def users_by_arm(user: Ints, arm: Ints, stratum: Ints, *, arms: int) -> npt.NDArray[np.int64]:
    """How many users were first seen in each stratum in each arm; shape (strata, arms).

    A user who changed arms since is counted where he was first.
    """
    size = int(stratum.max(initial=-1)) + 1
    found = np.zeros((size, arms), dtype=np.int64)
    order = np.lexsort((stratum, user))
    first = np.unique(user[order], return_index=True)[1]
    np.add.at(found, (stratum[order][first], arm[order][first]), 1)
    return found
