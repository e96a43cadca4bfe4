"""What an operator would ask about a fleet, and what the true answer is.

The period varies with the seed: the hours of the fault, the whole UTC day, two days. The slice is
none where the fault shows in the whole fleet, else the task type, backend or model that it shows
in. What the fault did is the metric with it less the metric of the same history without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from api.evaluation.histories import Figure, History
from graph.slices import Metric, Period, Slice
from ingest.simulator import PlantedFault, SimulationPlan

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

VISIBLE = 4.0
"""How many standard errors a fault must move the metric of its question by."""

_MOVED = 2.5
"""How many the metric must have moved by in all, the fault's way; chance may hide some of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """The arguments of `whyChanged`."""

    metric: Metric
    during: Period
    where: Slice = field(default_factory=Slice)
    compared_to: Period | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its truth.

    `effects` is what each planted fault moved the metric by in the period; `visible` by how many
    standard errors they did together, less where the metric moved less than `_MOVED` of them.
    """

    question: Question
    effects: tuple[float, ...] = ()
    visible: float = 0.0


@dataclass(frozen=True, slots=True)
class Twins:
    """A history, the same without each of its faults, and the same without any."""

    told: History
    without: tuple[History, ...]
    none: History


def ask(
    kind: str, seed: int, plan: SimulationPlan, planted: Sequence[PlantedFault], twins: Twins
) -> Asked:
    """The question about a fleet's faults: the first that they show in, else the clearest."""
    best: Asked | None = None
    metric = _metric(kind, seed, planted)
    for where in _wheres(metric, planted, twins.none):
        for during in _periods(kind, seed, plan, planted):
            question = Question(
                metric=metric,
                during=during,
                where=where,
                compared_to=_compared_to(seed, during, plan, planted),
                known_at=min(during.end + 3 * _HOUR, plan.end) if seed % 4 == 2 else None,
            )
            asked = _weighed(question, plan, twins)
            if asked.visible >= VISIBLE:
                return asked
            if best is None or asked.visible > best.visible:
                best = asked
    if best is None:
        raise ValueError("there is always a period to ask about")
    return best


def _weighed(question: Question, plan: SimulationPlan, twins: Twins) -> Asked:
    before = question.compared_to or week_before(question.during, plan)

    def figure(history: History, period: Period) -> Figure:
        return history.figure(
            question.metric, during=period, where=question.where, known_at=question.known_at
        )

    after, usual = figure(twins.told, question.during), figure(twins.told, before)
    effects = tuple(after.value - figure(twin, question.during).value for twin in twins.without)
    whole = after.value - figure(twins.none, question.during).value
    delta, error = after.value - usual.value, float(np.hypot(after.error, usual.error))
    moved = abs(delta) * VISIBLE / _MOVED
    visible = min(abs(whole), moved) / error if whole * delta > 0 else 0.0
    return Asked(question, effects, float(visible))


def week_before(during: Period, plan: SimulationPlan) -> Period:
    """The same hours a week earlier; where the history does not reach, whole days earlier."""
    weeks = -(-(during.end - during.start) // _WEEK) * _WEEK
    if during.start - weeks >= _start(plan):
        return Period(during.start - weeks, during.end - weeks)
    return _days_before(during)


def _days_before(during: Period) -> Period:
    days = -(-(during.end - during.start) // _DAY) * _DAY
    return Period(during.start - days, during.end - days)


def _metric(kind: str, seed: int, planted: Sequence[PlantedFault]) -> Metric:
    # That more is asked is plain; that quality seems to fall is what a newcomer puzzles with.
    if kind == "new-tenant" and seed % 5 != 4:
        return Metric.QUALITY
    return Metric(planted[0].metric)


def _wheres(metric: Metric, planted: Sequence[PlantedFault], usual: History) -> list[Slice]:
    """The whole fleet, then narrower and narrower slices that the first fault acts in."""
    place = planted[0].slice
    if planted[0].kind == "failover":
        # Whoever lost these deployments is found elsewhere now, so it is asked by their work.
        lost = np.isin(usual.labels["deployment"], place["deployment"])
        tasks, counts = np.unique(usual.labels["task_type"][lost], return_counts=True)
        place = {"task_type": [str(tasks[counts.argmax()])]}
    narrow: list[Slice] = []
    if ids := place.get("task_type"):
        narrow.append(Slice(task_type=frozenset(ids)))
    if ids := place.get("backend"):
        narrow.append(Slice(backend=frozenset(ids)))
    if ids := place.get("model"):
        narrow.append(Slice(model=frozenset(ids)))
    if ids := place.get("deployment"):
        narrow.append(Slice(deployment=frozenset(ids)))
    # How much a backend serves is asked of that backend; a fleet's volume is the callers' own.
    return narrow if metric is Metric.VOLUME and "backend" in place else [Slice(), *narrow]


def _periods(
    kind: str, seed: int, plan: SimulationPlan, planted: Sequence[PlantedFault]
) -> list[Period]:
    """The seed's own kind of period, then the others."""
    starts = [_time(fault.start_ms) for fault in planted]
    ends = [_time(fault.end_ms) for fault in planted if fault.end_ms is not None]
    first, last = min(starts), max(starts)
    if kind == "slow-drift":
        spans = [(plan.end - days * _DAY, plan.end) for days in (1, 2, 3)]
    elif ends:
        over = max(ends)
        day, evening = _day(first), _day(over - _HOUR) + _DAY
        spans = [(_hour(first), _hour_after(over)), (day, evening), (day, day + 2 * _DAY)]
    else:
        if kind == "experiment-ramp":
            last = first + (plan.end - first) / 3
        day = _day(last)
        settled = _hour_after(last)
        spans = [(settled, settled + 2 * _DAY), (day + _DAY, day + 2 * _DAY), (day, day + 2 * _DAY)]
    own = seed % 3
    order = [own, *(place for place in range(3) if place != own)]
    return [Period(spans[place][0], min(spans[place][1], plan.end)) for place in order]


def _compared_to(
    seed: int, during: Period, plan: SimulationPlan, planted: Sequence[PlantedFault]
) -> Period | None:
    """Given by two seeds in five, where it lies before the fault; else the product's choice."""
    if seed % 5 < 3:
        return None
    given = week_before(during, plan) if seed % 5 == 3 else _days_before(during)
    return given if given.end <= min(_time(fault.start_ms) for fault in planted) else None


def quiet_questions(seed: int, plan: SimulationPlan) -> tuple[Asked, ...]:
    """Four questions about a fleet in which nothing happened."""
    draw = np.random.default_rng([7, seed])
    asked: list[Asked] = []
    metrics = (Metric.QUALITY, Metric.LATENCY_MEAN, Metric.ERROR_RATE, Metric.COST_PER_REQUEST)
    for place, metric in enumerate(metrics):
        day = _day(plan.end) - int(draw.integers(1, 3)) * _DAY
        spans = (
            Period(day, day + _DAY),
            Period(day - _DAY, day + _DAY),
            Period(day + 6 * _HOUR, day + 15 * _HOUR),
        )
        asked.append(Asked(Question(metric=metric, during=spans[(seed + place) % 3])))
    return tuple(asked)


def _start(plan: SimulationPlan) -> datetime:
    return plan.end - plan.days * _DAY


def _time(ms: int | None) -> datetime:
    if ms is None:
        raise ValueError("this fault has no end")
    return _EPOCH + timedelta(milliseconds=ms)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _hour_after(instant: datetime) -> datetime:
    """The first full hour that is not before it."""
    return _hour(instant + _HOUR - timedelta(microseconds=1))


def _day(instant: datetime) -> datetime:
    return _hour(instant).replace(hour=0)
