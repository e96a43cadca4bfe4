"""The course of a metric over a period: step by step, of all together and of groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent.playbooks.answering import CALLED, clock
from agent.playbooks.slicing import (
    ROWS,
    TOTALS,
    asking,
    behind,
    in_period,
    limits,
    many,
    things,
    valued,
)
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.slices import STEP, Dimension, Granularity, Metric, Period, Slice
from graph.trends import Comparison, Point, Series

_HOURLY: Final = timedelta(days=2)
_DAILY: Final = timedelta(days=30)
_POINTS: Final = 14
"""Points told one by one where nobody asked for steps of that length."""
_POINTS_ASKED: Final = 31
_POINTS_OF_A_GROUP: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric of a slice in a period, by groups or not, and who asks for it."""

    question: Question
    toolbox: Toolbox
    metric: Metric
    period: Period
    where: Slice
    by: tuple[Dimension, ...]

    async def against(self, earlier: Period, *, by: Sequence[Dimension] = ()) -> list[Comparison]:
        """The metric in the period, exactly, and in an earlier one."""
        return await self.toolbox.compare(
            metric=self.metric,
            during=self.period,
            compared_to=earlier,
            group_by=tuple(by),
            where=self.where if self.where.given() else None,
        )

    async def steps(self, granularity: Granularity) -> list[Series]:
        """The metric step by step, a series per group."""
        return await self.toolbox.trend(
            metric=self.metric,
            during=self.period,
            granularity=granularity,
            group_by=self.by,
            where=self.where if self.where.given() else None,
        )

    @property
    def follow_ups(self) -> tuple[str, ...]:
        """What could be asked next."""
        about = asking(self.where)
        time = in_period(self.question, self.period, default="in the last 24 hours")
        name = "volume" if self.metric is Metric.VOLUME else CALLED[self.metric]
        return (
            f"Why did {name} change{about} {time}?",
            f"Compare {name}{about} {time} with the same time last week",
        )


async def course(asked: Asked) -> list[str]:
    """The points, or where they are too many the highest, the lowest and the last of them.

    Steps are as long as is asked, else hours up to two days, days up to thirty, then weeks.
    """
    told = asked.question.times.granularity
    granularity = told or _granularity(asked.period)
    (series,) = await asked.steps(granularity)
    points, most = series.points, _POINTS_ASKED if told else _POINTS
    if len(points) <= 1:
        return []
    metric, unit = asked.metric, granularity.value.lower()
    some = [point for point in points if point.count]
    lines = [f"  By {unit}:"]
    if len(points) <= most:
        lines += [f"    {_point(point, metric)}" for point in points]
    else:
        # A total of a part of a step is no low.
        whole = [p for p in some if metric not in TOTALS or _is_whole(p, asked.period, granularity)]
        ranked = sorted(whole or some, key=lambda point: (-(point.value or 0.0), point.at))
        ends = {"highest": ranked[0], "lowest": ranked[-1], "last": some[-1]}
        lines += [f"    {which}: {_point(point, metric)}" for which, point in ends.items()]
    silent = len(points) - len(some)
    if silent:
        asked.toolbox.figures |= {"steps": len(points), "steps_without_data": silent}
        noun = "score" if metric is Metric.QUALITY else "request"
        lines.append(f"    {silent} of {many(len(points), unit)} hold no {noun}.")
    if not all(_is_whole(point, asked.period, granularity) for point in (points[0], points[-1])):
        lines.append(f"    The first or the last {unit} lies only partly in the period.")
    return lines


def _is_whole(point: Point, period: Period, granularity: Granularity) -> bool:
    return point.at >= period.start and point.at + STEP[granularity] <= period.end


def _point(point: Point, metric: Metric) -> str:
    if not point.count:
        return f"{clock(point.at)}: nothing recorded"
    interval = limits(point.low, point.high, metric=metric)
    count = behind(point.count, metric=metric)
    return f"{clock(point.at)}: {valued(point.value, metric=metric)}{interval}{count}"


def _granularity(period: Period) -> Granularity:
    length = period.end - period.start
    if length <= _HOURLY:
        return Granularity.HOUR
    return Granularity.DAY if length <= _DAILY else Granularity.WEEK


async def of_groups(asked: Asked, some: Sequence[Comparison]) -> list[str]:
    """The course of each group, where steps are asked for; only its end where it is long."""
    granularity = asked.question.times.granularity
    if granularity is None:
        return []
    found = {series.key: series.points for series in await asked.steps(granularity)}
    unit = granularity.value.lower()
    lines = [f"  By {unit}:"]
    for row in some[:ROWS]:
        points = found.get(row.key, ())
        told = points if len(points) <= _POINTS else points[-_POINTS_OF_A_GROUP:]
        cut = "" if len(told) == len(points) else "the last: "
        brief = "; ".join(_brief(point, asked.metric) for point in told)
        lines.append(f"    {things(row.key)}: {cut}{brief}")
    return lines


def _brief(point: Point, metric: Metric) -> str:
    value = valued(point.value, metric=metric) if point.count else "nothing recorded"
    return f"{clock(point.at)} {value}"
