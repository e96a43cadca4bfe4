"""Trends and comparisons in words, over a small recorded fleet."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agent.playbooks import trends
from agent.understanding.question import Question
from graph.health import HealthStatus
from graph.slices import Demand, Dimension, EntityRef, Granularity, Metric, Period, Slice
from graph.trends import Comparison
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, question

TODAY = "from 2020-08-12 12:00 UTC to 2020-08-13 12:00 UTC"
BEFORE = "from 2020-08-05 12:00 UTC to 2020-08-06 12:00 UTC"


def both_models(shops: Shops, metric: Metric) -> Question:
    asked = question(metric=metric)
    where = Slice(model=frozenset({shops.big, shops.small}))
    return replace(asked, slots=replace(asked.slots, where=where))


def stepped(asked: Question, granularity: Granularity) -> Question:
    return replace(asked, times=replace(asked.times, granularity=granularity))


async def test_without_words_it_is_the_requests_of_a_day_by_the_hour(shops: Shops) -> None:
    told = await answered(trends.trend, question(), shops.world())
    assert told.lines == (
        f"Traffic of all requests: 360 requests, {TODAY}.",
        f"  In the same hours a week before: 120 requests, {BEFORE}.",
        "  By hour:",
        "    highest: 2020-08-13 06:00 UTC: 85 requests",
        "    lowest: 2020-08-13 11:00 UTC: 5 requests",
        "    last: 2020-08-13 11:00 UTC: 5 requests",
    )
    assert told.follow_ups[0] == "Why did volume change in the last 24 hours?"


async def test_a_ragged_period_is_told_exactly_and_step_by_step(shops: Shops) -> None:
    during = Period(NOW - 2.5 * HOUR, NOW)
    asked = question(metric=Metric.LATENCY_P95, during=during)
    told = await answered(trends.trend, asked, shops.world())
    assert told.lines[0] == (
        "P95 latency of all requests: 1,102 ms (95 %: at least 1,048 ms), from 12 requests, "
        "from 2020-08-13 09:30 UTC to 2020-08-13 12:00 UTC."
    )
    assert [line.split(", from ")[-1] for line in told.lines[3:6]] == [
        "2 requests",
        "5 requests",
        "5 requests",
    ]
    assert told.lines[6] == "    The first or the last hour lies only partly in the period."


async def test_scores_are_told_with_the_requests_they_stand_beside(shops: Shops) -> None:
    asked = question(metric=Metric.QUALITY, where={"model": shops.big})
    told = await answered(trends.trend, asked, shops.world())
    assert told.lines[0].startswith(f"Quality of model {shops.big}: 0.840 (95 %: 0.832 to 0.849), ")
    assert told.lines[-1] == (
        "  These are the scores known by now, of 284 requests; late ones may still change it."
    )


async def test_groups_are_told_for_the_whole_period_with_their_shares(shops: Shops) -> None:
    asked = question(by=(Dimension.TIER,), during=Period(NOW - 3.5 * DAY, NOW))
    told = await answered(trends.trend, asked, shops.world())
    assert told.lines == (
        "Traffic of all requests: 660 requests, from 2020-08-10 00:00 UTC to 2020-08-13 12:00 UTC.",
        "  By tier, beside the same hours a week before:",
        f"    tier {shops.free}: 340 requests, 51.5 % of all; before: 115 requests",
        f"    tier {shops.gold}: 320 requests, 48.5 % of all; before: 125 requests",
    )
    daily = await answered(trends.trend, stepped(asked, Granularity.DAY), shops.world())
    assert daily.lines[:4] == told.lines
    assert daily.lines[4:6] == (
        "  By day:",
        f"    tier {shops.free}: 2020-08-10 00:00 UTC 60 requests; "
        "2020-08-11 00:00 UTC 61 requests; 2020-08-12 00:00 UTC 71 requests; "
        "2020-08-13 00:00 UTC 148 requests",
    )


async def test_many_groups_are_cut_and_the_rest_counted(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def many(*_: object, group_by: Sequence[Dimension], **__: object) -> list[Comparison]:
        keys = [(EntityRef("user", f"u{n}"),) for n in range(15)] if group_by else [()]
        counts = [10 + n for n in range(15)] if group_by else [255]
        return [
            Comparison(key, None, float(n), None, None, None, 0, n, None, None, None, None)
            for key, n in zip(keys, counts, strict=True)
        ]

    monkeypatch.setattr("graph.trends.compare", many)
    asked = question(by=(Dimension.TIER,))
    told = await answered(trends.trend, asked, shops.world())
    assert told.lines[2] == "    user u14: 24 requests, 9.41 % of all; before: nothing recorded"
    assert told.lines[14] == "    … and 3 more"


async def test_hours_without_data_are_counted_and_are_no_low(shops: Shops) -> None:
    status = frozenset({HealthStatus.DOWN})
    asked = question(where={"user": "u1"}, status=status)
    told = await answered(trends.trend, asked, shops.world())
    assert told.lines[-2] == "    18 of 24 hours hold no request."
    assert "    lowest: 2020-08-13 03:00 UTC: 1 request" in told.lines
    assert "status DOWN" in told.lines[-1]


async def test_what_no_trend_tells_is_said(shops: Shops) -> None:
    world = shops.world()
    nothing = await refused(trends.trend, question(where={"tier": "nope"}), world)
    assert nothing == f"no request of tier nope was recorded {TODAY}"
    assert shops.big in await refused(trends.trend, question(unknown=("zork",)), world)
    tokens = await refused(trends.trend, question(demand=Demand.TOKENS), world)
    assert "ask for requests or for cost" in tokens
    judges = question(metric=Metric.LATENCY_P95, by=(Dimension.EVALUATOR,))
    assert "only quality" in await refused(trends.trend, judges, world)


async def test_a_comparison_is_with_the_same_hours_a_week_before(shops: Shops) -> None:
    told = await answered(trends.compare, question(metric=Metric.LATENCY_P95), shops.world())
    assert told.lines == (
        f"All requests, {TODAY}, against the same hours a week before, {BEFORE}:",
        "  P95 latency: 1,080 ms → 1,080 ms, +0 ms (95 %: -21.8 ms to +15.3 ms), within chance; "
        "before from 120 requests, after from 360 requests",
    )
    assert told.certain


async def test_without_a_metric_the_usual_ones_are_compared(shops: Shops) -> None:
    asked = question(during=Period(NOW - DAY, NOW), compared_to=Period(NOW - 2 * DAY, NOW - DAY))
    told = await answered(trends.compare, asked, shops.world())
    assert told.lines[1] == "  Traffic: 120 requests → 360 requests, +240 requests (+200 %); " + (
        "an exact count"
    )
    names = [line.strip().partition(":")[0] for line in told.lines[1:]]
    assert names == ["Traffic", "P95 latency", "Error rate", "Quality", "Cost per request"]


async def test_totals_of_unequal_periods_are_told_by_the_hour(shops: Shops) -> None:
    asked = question(metric=Metric.VOLUME, compared_to=Period(NOW - 8 * DAY, NOW - DAY))
    told = await answered(trends.compare, asked, shops.world())
    assert told.lines[1] == (
        "  Traffic: 840 requests → 360 requests, -480 requests; "
        "the periods are not equally long: 5 requests → 15 requests per hour"
    )


async def test_groups_are_compared_the_greatest_difference_first(shops: Shops) -> None:
    asked = question(metric=Metric.QUALITY, by=(Dimension.MODEL,))
    told = await answered(trends.compare, asked, shops.world())
    assert told.lines[1:] == (
        "  Quality:",
        f"    model {shops.big}: 0.829 → 0.840, +0.012 (95 %: -0.005 to +0.029), within chance; "
        "before from 85 scores, after from 282 scores",
        f"    model {shops.small}: 0.635 → 0.640, +0.005 (95 %: -0.021 to +0.031), within chance; "
        "before from 32 scores, after from 76 scores",
    )


async def test_names_without_another_time_are_held_against_each_other(shops: Shops) -> None:
    asked = both_models(shops, Metric.QUALITY)
    told = await answered(trends.compare, asked, shops.world())
    assert told.lines == (
        f"Quality by model, {TODAY}:",
        f"  model {shops.big}: 0.840 (95 %: 0.832 to 0.849), from 282 scores",
        f"  model {shops.small}: 0.640 (95 %: 0.623 to 0.656), from 76 scores",
        f"  model {shops.big} is surely higher: the intervals do not overlap.",
    )
    errors = await answered(trends.compare, both_models(shops, Metric.ERROR_RATE), shops.world())
    assert errors.lines[-1] == "  They are not told apart: the intervals overlap."


async def test_one_side_without_data_is_no_comparison(shops: Shops) -> None:
    asked = question(
        metric=Metric.QUALITY,
        during=Period(NOW - 9 * DAY, NOW - 8 * DAY),
        compared_to=Period(NOW - 19 * DAY, NOW - 18 * DAY),
    )
    told = await answered(trends.compare, asked, shops.world())
    assert "before: nothing recorded; after: 0." in told.lines[1]
    assert not told.certain
    first = replace(asked, times=replace(asked.times, compared_to=None))
    assert "nothing recorded" in (await answered(trends.compare, first, shops.world())).lines[1]
    none = question(metric=Metric.COST, where={"tier": "x"})
    assert (await refused(trends.compare, none, shops.world())).startswith("no cost of tier x")
