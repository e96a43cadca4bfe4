"""Simulated experiments with a known truth: how often a difference is claimed that is not there.

Users differ: a few send most of the requests, and each has a taste that all of their scores share.
Everybody looks once a day for four weeks and stops at the first winner. Beside the product stands
what many do: a t-test over requests, and scores taken as they come.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.bench.measures import Table, percentile
from graph.estimates import Z95
from graph.frame import Ints, Mask, Scores
from graph.slices import Metric
from graph.trials.arms import Rows
from graph.trials.contrasts import Measured, contrasts
from graph.trials.maturity import maturity
from graph.trials.verdicts import judge

FIRST_SEED = 700_001
"""Where the seeds of the command begin; development used others."""
DAYS = 28
HOUR_S, DAY_S = 3600, 86_400
_NANO = 1e9
_NEVER = 10 * DAYS * DAY_S
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Users and their scores. `gain` is what arm B truly adds; `low_late_h` delays B's low scores.

    Requests a day are log-normal over users (`activity` is its sigma), so that the busiest tenth
    sends about half of them.
    """

    users: int = 400
    requests_per_day: float = 1.2
    activity: float = 1.2
    taste: float = 0.08
    noise: float = 0.2
    scored: float = 0.5
    gain: float = 0.0
    low_late_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One simulated experiment: its requests, oldest first; times in seconds.

    `known_s` is when the score became known; beyond all looks where nobody scores the request.
    """

    user: Ints
    arm: Ints
    at_s: Ints
    known_s: Ints
    score: _Floats


def simulated(world: World, seed: int) -> Trial:
    """Four weeks of an experiment with two equal arms; half of the users join on the way."""
    rng = np.random.default_rng(seed)
    pace = rng.lognormal(0, world.activity, world.users)
    pace *= world.requests_per_day / math.exp(world.activity**2 / 2)
    joined = np.where(rng.random(world.users) < 0.5, 0.0, rng.uniform(0, DAYS, world.users))
    arm_of = rng.integers(0, 2, world.users)
    taste = rng.normal(0, world.taste, world.users)
    user = np.repeat(np.arange(world.users), rng.poisson(pace * (DAYS - joined)))
    at_s = (joined[user] + rng.random(len(user)) * (DAYS - joined[user])) * DAY_S
    order = np.argsort(at_s)
    user, at_s = user[order], at_s[order].astype(np.int64)
    arm = arm_of[user]
    daily = rng.normal(0, 0.02, DAYS)
    mean = 0.72 + taste[user] + daily[at_s // DAY_S] + world.gain * arm
    score = np.clip(mean + rng.normal(0, world.noise, len(user)), 0.0, 1.0)
    late_h = rng.exponential(1.0, len(user))
    low = (arm == 1) & (score < 0.6)
    late_h += np.where(low, world.low_late_h * rng.uniform(0.9, 1.1, len(user)), 0.0)
    known_s = at_s + (late_h * HOUR_S).astype(np.int64)
    return Trial(
        user, arm, at_s, np.where(rng.random(len(user)) < world.scored, known_s, _NEVER), score
    )


Look = Callable[[Trial, int], str | None]
"""Who wins an experiment, looked at after so many seconds; None: nobody yet."""


def by_product(trial: Trial, now_s: int) -> str | None:
    """The winner that the product names: matured scores, by user, at every look."""
    known = trial.known_s <= now_s
    ripe = maturity(_score_buckets(trial, known), trial.arm[known], groups=2, known_at_s=now_s)
    if ripe.after_hours is None:
        return None
    return _winner(trial, known, trial.at_s < ripe.cut_s, ripe.missing)


def by_product_unripe(trial: Trial, now_s: int) -> str | None:
    """The same with scores as they come."""
    return _winner(trial, trial.known_s <= now_s, trial.at_s < now_s, np.zeros(2))


def by_t_test(trial: Trial, now_s: int) -> str | None:
    """A t-test at 5 % over requests, with scores as they come."""
    known = trial.known_s <= now_s
    one, other = (trial.score[known & (trial.arm == arm)] for arm in (0, 1))
    if min(len(one), len(other)) < 30:
        return None
    deviation = math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    apart = float(other.mean() - one.mean()) / deviation
    return None if abs(apart) < Z95 else "AB"[int(apart > 0)]


def _score_buckets(trial: Trial, known: Mask) -> Scores:
    hour, recorded = (each[known] // HOUR_S * HOUR_S for each in (trial.at_s, trial.known_s))
    score = trial.score[known]
    none = np.zeros(len(hour), dtype=np.int64)
    return Scores(
        cell=none,
        hour=hour,
        recorded_hour=np.maximum(recorded, 1),
        evaluator=none,
        count=none + 1,
        sum_nano=(score * _NANO).astype(np.int64),
        squares_nano=(score**2 * _NANO).astype(np.int64),
    )


def _winner(trial: Trial, known: Mask, ripe: Mask, missing: _Floats) -> str | None:
    """Who is better, either arm; nobody while it is open."""
    place = trial.user[ripe] * DAYS + trial.at_s[ripe] // DAY_S
    told, score = known[ripe].astype(np.float64), trial.score[ripe]
    rows, where = np.unique(place, return_inverse=True)
    if not len(rows):
        return None
    arm = np.zeros(len(rows), dtype=np.int64)
    arm[where] = trial.arm[ripe]
    matured, scored, total, squares = (
        np.bincount(where, weights=values).astype(np.float64)
        for values in (np.ones(len(score)), told, told * score, told * score**2)
    )
    user, day = rows // DAYS, rows % DAYS
    quality = Rows(user, arm, day, scored, total, squares)
    counted = Rows(user, arm, day, matured, scored, scored)
    found, _ = contrasts(Measured("AB", {Metric.QUALITY: quality}, counted, missing))
    if any(one.harms for one in found):
        return "A"
    return judge(found).winner


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of many experiments: who won each, and on which day."""

    winners: tuple[str | None, ...]
    days: tuple[int, ...]

    def share(self, *names: str) -> float:
        """The share of experiments that one of these won."""
        return sum(one in names for one in self.winners) / max(len(self.winners), 1)


def watched(world: World, look: Look, *, seeds: range) -> Outcome:
    """Experiments looked at once a day until one has a winner or four weeks are over."""
    winners: list[str | None] = []
    days: list[int] = []
    for seed in seeds:
        trial = simulated(world, seed)
        winner, day = None, 0
        while winner is None and day < DAYS:
            day += 1
            winner = look(trial, day * DAY_S)
        winners.append(winner)
        days.append(day)
    return Outcome(tuple(winners), tuple(days))


_PRODUCT, _UNRIPE, _T_TEST = "experiment", "the same, scores as they come", "t-test over requests"


def evaluated(
    *, tests: int, first_seed: int = FIRST_SEED, report: Callable[[str], None] = lambda _: None
) -> list[Table]:
    """The tables of `routecause evaluate experiments`; a tenth as many tests for each but one."""
    seeds = range(first_seed, first_seed + tests)
    some = seeds[: max(tests // 10, 1)]
    return [
        _without_difference(
            "No difference: two equal arms, looked at daily for four weeks",
            World(),
            {_PRODUCT: by_product, _T_TEST: by_t_test},
            seeds,
            report,
        ),
        _without_difference(
            "No difference, and B's low scores come a day late",
            World(users=1000, low_late_h=24),
            {_PRODUCT: by_product, _UNRIPE: by_product_unripe, _T_TEST: by_t_test},
            some,
            report,
        ),
        _with_difference(some, report),
    ]


def _without_difference(
    title: str,
    world: World,
    looks: Mapping[str, Look],
    seeds: range,
    report: Callable[[str], None],
) -> Table:
    columns = ("decided by", "users", "experiments", "A wins", "B wins", "false winners", "allowed")
    table = Table(title, columns)
    for name, look in looks.items():
        report(f"{title}: {name}")
        found = watched(world, look, seeds=seeds)
        shares = (found.share("A"), found.share("B"), found.share("A", "B"))
        table.rows.append((name, world.users, len(seeds), *map(_percent, shares), "5 %"))
    return table


def _with_difference(seeds: range, report: Callable[[str], None]) -> Table:
    table = Table(
        "B is better by so much",
        ("difference", "users", "experiments", "B wins", "A wins", "median days to find"),
    )
    for users, gain in ((400, 0.03), (400, 0.05), (400, 0.08), (1000, 0.03), (1000, 0.05)):
        report(f"{table.title}: {gain:g}, {users} users")
        found = watched(World(users=users, gain=gain), by_product, seeds=seeds)
        days = [d for d, won in zip(found.days, found.winners, strict=True) if won == "B"]
        won = (_percent(found.share("B")), _percent(found.share("A")))
        table.rows.append((gain, users, len(seeds), *won, float(percentile(days, 0.5))))
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
