"""Experiments, compared by user, under peeking and late scores: what is read, and the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from graph import estimates
from graph.columns import BucketColumns
from graph.estimates import Array
from graph.frame import Ints, Scores, Traffic
from graph.scope import TenantScope
from graph.slices import Metric, Period, Slice
from graph.store.door import GraphStore
from graph.traffic import known_traffic
from graph.trials.arms import Rows, users_by_arm
from graph.trials.contrasts import Measured, contrasts, interval
from graph.trials.maturity import RIPE, Maturity, maturity
from graph.trials.runs import Run, run_of
from graph.trials.sequential import ALPHA, ratio_evidence
from graph.trials.verdicts import Difference, ExperimentVerdict, Judgement, judge
from graph.words import clock, counted, percent

__all__ = ["ArmDifference", "ArmResult", "Experiment", "ExperimentVerdict", "experiment"]

LONGEST = timedelta(days=90)
"""How far back an experiment is compared."""
MOST_REQUESTS = 100_000
"""Requests that are told apart by user; beyond, all are summed and the last so many scale them."""
_MISMATCH = 1000.0
"""Odds against the configured shares from which nobody wins: 1 in 1,000 experiments by chance."""
_HOUR = timedelta(hours=1)
_DAY_S = 86_400
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_STEPS_PER_DAY = 10_000
"""More than any experiment's shares are changed: makes a number of a day and a step."""


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm. `quality` is of requests old enough for their scores to be in (`matured` of them);
    its interval and those of the differences hold at every look (95 %).
    """

    arm: str
    requests: int
    users: int
    matured: int
    scored: int
    quality: float | None
    quality_low: float | None
    quality_high: float | None
    latency_p95_ms: float | None
    error_rate: float | None
    cost_per_request_usd: float | None


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """An arm less the first arm on one metric, with an interval valid at every look (95 %).

    It compares within days of the same shares, and a user's requests weigh less the more there are
    of them, so that it need not be the difference of the arms' own figures.
    """

    arm: str
    baseline: str
    metric: Metric
    delta: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as it stood; `verdict` in words begins with its `outcome`.

    `winner` may be named beside harm in another arm.
    """

    id: str
    policy: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    arms: tuple[ArmResult, ...]
    differences: tuple[ArmDifference, ...]
    winner: str | None
    outcome: ExperimentVerdict
    verdict: str
    matures_after_hours: float | None
    warnings: tuple[str, ...]


async def experiment(
    store: GraphStore,
    columns: BucketColumns,
    *,
    id: str,  # noqa: A002  # the name is the contract's
    at: datetime | None = None,
    known_at: datetime | None = None,
    scope: TenantScope,
    now: datetime,
) -> Experiment | None:
    """An experiment as it stood at `at` (None: now); None where nobody told of one.

    Only requests of the scope's tenants count. Scores and requests recorded after `known_at` are
    left out.
    """
    asked_at = min(at or now, now)
    known = (known_at or _FOREVER).isoformat()
    told = await store.ask(
        "experiment_revisions", experiment=id, at=asked_at.isoformat(), knownAt=known
    )
    if not told:
        return None
    run = run_of(told)
    end = min(run.ended_at or asked_at, asked_at)
    warnings = [*_oddities(run)]
    start = max(run.started_at, end - LONGEST)
    if start > run.started_at:
        warnings.append(f"only the last {LONGEST.days} days are compared")
    if start >= end:
        return _told(id, run, _nothing(run), [], _judged(run, [], trusted=True), None, warnings)
    read = _Reading(store, columns, id, run, Period(start, end), scope, known_at)
    return await read.answer(min(known_at or now, now), warnings)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One question about one run: what is read of it, and what is made of that."""

    store: GraphStore
    columns: BucketColumns
    id: str
    run: Run
    during: Period
    scope: TenantScope
    known_at: datetime | None

    async def answer(self, known: datetime, warnings: list[str]) -> Experiment:
        """The answer from what is known at an instant that is not in the future."""
        traffic, scores = await known_traffic(
            self.store,
            self.columns,
            during=self.during,
            where=Slice(experiment=frozenset({self.id})),
            scope=self.scope,
            known_at=self.known_at,
        )
        sums = _sums(self.columns, self.run, traffic, scores)
        seen = sorted(set(sums.traffic_arm[sums.traffic_arm >= 0].tolist()))
        place = {arm: n for n, arm in enumerate(seen)}
        group = np.array([place.get(int(arm), -1) for arm in sums.score_arm], dtype=np.int64)
        ripe = maturity(scores, group, groups=len(seen), known_at_s=known.timestamp())
        missing = np.zeros(len(self.run.names))
        missing[seen] = ripe.missing
        users, measured = await self._users(sums, ripe, missing)
        trusted, doubt = self._shared_out(users)
        differences, told = contrasts(measured)
        warnings += [*_maturing(ripe, scores), *doubt, *told, *self._cut(users, measured)]
        return _told(
            self.id,
            self.run,
            _results(sums, users, measured, ripe),
            differences,
            _judged(self.run, differences, trusted=trusted),
            ripe.after_hours,
            warnings,
        )

    async def _users(
        self, sums: "_Sums", ripe: Maturity, missing: Array
    ) -> "tuple[_Users, Measured]":
        """Sums by user, of all requests or of the last that are not too many."""
        start = _bounded_start(sums.traffic, self.during)
        cut = datetime.fromtimestamp(ripe.cut_s, UTC)
        (told,) = await self.store.ask(
            "experiment_users",
            scope=self.scope,
            experiment=self.id,
            arms=[*self.run.names, *self.run.removed],
            start=start.isoformat(),
            end=self.during.end.isoformat(),
            knownAt=(self.known_at or _FOREVER).isoformat(),
            ripe=cut.isoformat(),
            edges=[int(step.at.timestamp()) for step in self.run.steps[1:]],
        )
        users = _Users.of(told, self.run, start)
        rows = {metric: users.rows(*names) for metric, names in _BY_USER.items()}
        rows = {metric: one for metric, one in rows.items() if one.weight.any()}
        scored = users.rows("matured", "scored", "scored")
        if start == self.during.start:
            return users, Measured(self.run.names, rows, scored, missing)
        whole = sums.whole(self.run, ripe)
        growth = (self.during.end - self.during.start) / (self.during.end - start)
        rows = {metric: one for metric, one in rows.items() if whole[metric].weight.any()}
        return users, Measured(self.run.names, rows, scored, missing, whole, growth)

    def _shared_out(self, users: "_Users") -> tuple[bool, list[str]]:
        """Whether users are shared out as configured, and a warning where they are not."""
        if users.start > self.during.start or users.start > self.run.started_at:
            # Who came before the window was given an arm by shares that may have changed since.
            return True, []
        names = [*self.run.names, *self.run.removed]
        seen = users_by_arm(users.user, users.arm, users.step, arms=len(names))
        steps = [
            (step.percents, dict(zip(names, counts.tolist(), strict=True)))
            for step, counts in zip(self.run.steps, seen, strict=False)
        ]
        if ratio_evidence(steps) < _MISMATCH:
            return True, []
        whole = seen.sum(axis=0)
        told = ", ".join(
            f"{name} {counted(int(number), 'user')}"
            for name, number in zip(names, whole, strict=True)
        )
        asked = ", ".join(f"{arm.arm} {arm.percent:g} %" for arm in self.run.arms)
        return False, [
            f"sample ratio mismatch: {told}, configured are {asked}; users are lost or misplaced,"
            " and no arm can win until that is found"
        ]

    def _cut(self, users: "_Users", measured: Measured) -> list[str]:
        if measured.whole is None:
            return []
        effects = ", ".join(
            f"{metric.value} {effect:.1f}"
            for metric in measured.rows
            if (effect := measured.effect(metric)) > 0
        )
        return [
            f"more than {MOST_REQUESTS:,} requests: users are told apart since"
            f" {clock(users.start)}, and the whole is that much less certain than its number of"
            f" requests says (design effects: {effects})"
        ]


_BY_USER = {
    Metric.QUALITY: ("scores", "scoreSum", "scoreSquares"),
    Metric.LATENCY_MEAN: ("count", "latencySum", "latencySquares"),
    Metric.ERROR_RATE: ("count", "failed", "failed"),
    Metric.COST_PER_REQUEST: ("costs", "costSum", "costSquares"),
}
"""What is counted, summed and summed in squares for each metric."""


@dataclass(frozen=True, slots=True)
class _Users:
    """Sums by user, arm, day and step of the shares, since `start`."""

    user: Ints
    arm: Ints
    day: Ints
    step: Ints
    told: Mapping[str, Any]
    start: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any], run: Run, start: datetime) -> "_Users":
        place = {name: n for n, name in enumerate((*run.names, *run.removed))}
        users: dict[tuple[str, str], int] = {}
        return cls(
            user=_ints([users.setdefault((t, u), len(users)) for t, u in told["user"]]),
            arm=_ints([place[name] for name in told["arm"]]),
            day=_ints(told["day"]),
            step=_ints(told["step"]),
            told=told,
            start=start,
        )

    def rows(self, weight: str, total: str, squares: str) -> Rows:
        """The rows of one metric."""
        values = (np.array(self.told[n], dtype=np.float64) for n in (weight, total, squares))
        return Rows(self.user, self.arm, self.day * _STEPS_PER_DAY + self.step, *values)

    def in_arm(self, arm: int) -> int:
        """How many users were seen in an arm."""
        return len(np.unique(self.user[self.arm == arm]))


@dataclass(frozen=True, slots=True)
class _Sums:
    """The buckets of an experiment, with the arm of each row; -1: none of its last arms."""

    traffic: Traffic
    scores: Scores
    traffic_arm: Ints
    score_arm: Ints

    def by_arm(self, name: str, arms: int) -> Array:
        """A measure by arm."""
        inside = self.traffic_arm >= 0
        return np.bincount(
            self.traffic_arm[inside], weights=self.traffic.measure(name)[inside], minlength=arms
        ).astype(np.float64)

    def whole(self, run: Run, ripe: Maturity) -> dict[Metric, Rows]:
        """The rows of each metric by arm and stratum, as if each were one user's."""
        scores, count = self.scores, self.traffic.measure("count")
        told = scores.hour < ripe.cut_s
        failed = count - self.traffic.measure("okCount")
        squared_cost = self.traffic.measure("costSquaresMicroUsd2") / 1e12
        latency = self.traffic.measure("latencySumUs") / 1e3
        cost = self.traffic.measure("costSumNanoUsd") / 1e9
        return {
            Metric.QUALITY: _pooled(
                run,
                self.score_arm[told],
                scores.hour[told],
                (scores.count[told], scores.sum_nano[told] / 1e9, scores.squares_nano[told] / 1e9),
            ),
            **{
                metric: _pooled(run, self.traffic_arm, self.traffic.hour, sums)
                for metric, sums in {
                    Metric.LATENCY_MEAN: (
                        count,
                        latency,
                        self.traffic.measure("latencySquaresMs2"),
                    ),
                    Metric.ERROR_RATE: (count, failed, failed),
                    Metric.COST_PER_REQUEST: (
                        self.traffic.measure("costCount"),
                        cost,
                        squared_cost,
                    ),
                }.items()
            },
        }


def _sums(columns: BucketColumns, run: Run, traffic: Traffic, scores: Scores) -> _Sums:
    place = {name: n for n, name in enumerate(run.names)}
    of_cell = _ints([place.get(key.arm or "", -1) for key in columns.cells.keys])
    return _Sums(traffic, scores, of_cell[traffic.cell], of_cell[scores.cell])


def _pooled(run: Run, arm: Ints, hour: Ints, sums: Sequence[Ints | Array]) -> Rows:
    edges = [step.at.timestamp() for step in run.steps[1:]]
    stratum = hour // _DAY_S * _STEPS_PER_DAY + np.searchsorted(edges, hour, side="right")
    inside = arm >= 0
    code = (stratum * len(run.names) + arm)[inside]
    rows, place = np.unique(code, return_inverse=True)
    values = (
        np.bincount(place, weights=each[inside], minlength=len(rows)).astype(np.float64)
        for each in sums
    )
    return Rows(
        np.arange(len(rows), dtype=np.int64), rows % len(run.names), rows // len(run.names), *values
    )


def _ints(values: Sequence[Any]) -> Ints:
    return np.array(values, dtype=np.int64)


def _bounded_start(traffic: Traffic, during: Period) -> datetime:
    """From when on there are not too many requests: the start, or an hour after it."""
    hours, place = np.unique(traffic.hour, return_inverse=True)
    count = np.bincount(place, weights=traffic.measure("count"), minlength=len(hours))
    fits = np.cumsum(count[::-1])[::-1] <= MOST_REQUESTS
    if fits.all():
        return during.start
    first = int(hours[fits].min(initial=int(during.end.timestamp()) - 3600))
    return max(datetime.fromtimestamp(first, UTC), during.start)


def _results(sums: _Sums, users: _Users, measured: Measured, ripe: Maturity) -> list[ArmResult]:
    arms = len(measured.names)
    inside = sums.traffic_arm >= 0
    seen = sums.traffic.take(inside)
    slow = estimates.percentile(seen.latency.grouped(sums.traffic_arm[inside], arms), 0.95)
    count, ok = sums.by_arm("count", arms), sums.by_arm("okCount", arms)
    costs, spent = sums.by_arm("costCount", arms), sums.by_arm("costSumNanoUsd", arms) / 1e9
    found: list[ArmResult] = []
    for arm, name in enumerate(measured.names):
        quality, late = measured.mean(Metric.QUALITY, arm), float(measured.missing[arm])
        bounds = interval(Metric.QUALITY, quality, base=quality.value, alpha=ALPHA)
        of_arm = users.arm == arm
        found.append(
            ArmResult(
                arm=name,
                requests=int(count[arm]),
                users=users.in_arm(arm),
                matured=int(np.array(users.told["matured"])[of_arm].sum()),
                scored=int(np.array(users.told["scored"])[of_arm].sum()),
                quality=estimates.known(quality.value),
                quality_low=_within(bounds.low - late * quality.value),
                quality_high=_within(bounds.high + late * (1 - quality.value)),
                latency_p95_ms=estimates.known(slow.value[arm]),
                error_rate=float(1 - ok[arm] / count[arm]) if count[arm] else None,
                cost_per_request_usd=float(spent[arm] / costs[arm]) if costs[arm] else None,
            )
        )
    return found


def _within(end: float) -> float | None:
    """An end of an interval of scores; None where there is none."""
    return float(min(max(end, 0.0), 1.0)) if np.isfinite(end) else None


def _nothing(run: Run) -> list[ArmResult]:
    return [ArmResult(name, 0, 0, 0, 0, *[None] * 6) for name in run.names]


def _oddities(run: Run) -> list[str]:
    """What is strange in the configuration itself."""
    meant: dict[tuple[str | None, str | None], list[str]] = {}
    for arm in run.arms:
        meant.setdefault((arm.deployment, arm.policy_version), []).append(arm.arm)
    return [
        f"{' and '.join(names)} are configured alike: no difference is to be expected"
        for names in meant.values()
        if len(names) > 1
    ]


def _maturing(ripe: Maturity, scores: Scores) -> list[str]:
    if ripe.after_hours is not None:
        return []
    if not scores.count.sum():
        return ["no request has a score: quality is not compared"]
    return [
        f"it can't be told yet after how long {percent(RIPE)} of the scores are in for every arm:"
        " quality is not compared until then"
    ]


def _judged(run: Run, differences: Sequence[Difference], *, trusted: bool) -> Judgement:
    if len(run.names) < 2:
        words = "there are no two arms to compare"
    elif not any(one.count for one in differences):
        words = "no requests of two arms to compare"
    else:
        return judge(differences, trusted=trusted)
    outcome = ExperimentVerdict.INSUFFICIENT_DATA
    return Judgement(outcome, None, f"{outcome}: {words}")


def _told(
    identity: str,
    run: Run,
    arms: Sequence[ArmResult],
    differences: Sequence[Difference],
    judgement: Judgement,
    matures_after_hours: float | None,
    warnings: Sequence[str],
) -> Experiment:
    return Experiment(
        id=identity,
        policy=run.policy,
        status=run.status,
        started_at=run.started_at,
        ended_at=run.ended_at,
        arms=tuple(arms),
        differences=tuple(_difference(one) for one in differences),
        winner=judgement.winner,
        outcome=judgement.outcome,
        verdict=judgement.verdict,
        matures_after_hours=matures_after_hours,
        warnings=tuple(warnings),
    )


def _difference(one: Difference) -> ArmDifference:
    return ArmDifference(
        arm=one.name,
        baseline=one.baseline,
        metric=one.metric,
        delta=estimates.known(one.delta),
        low=one.low if one.bounded else None,
        high=one.high if one.bounded else None,
        count=one.count,
    )
