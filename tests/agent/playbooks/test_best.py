"""Which is best, and where the data does not tell."""

from agent.playbooks import best
from graph.slices import Dimension, Metric, Period
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import HOUR, NOW, question

WEEK = "from 2020-08-06 12:00 UTC to 2020-08-13 12:00 UTC"


async def test_the_best_model_for_a_task_is_told_with_what_it_costs(shops: Shops) -> None:
    asked = question(where={"task_type": shops.chat})
    told = await answered(best.best_model, asked, shops.world())
    assert told.lines == (
        f"{shops.big} is the best model by quality for task type {shops.chat}, {WEEK}: "
        "0.846 (95 %: 0.839 to 0.853), from 399 scores.",
        f"  {shops.big}: quality 0.846 (95 %: 0.839 to 0.853), from 399 scores; "
        "p95 latency 1,091 ms, from 406 requests; cost per request $0.0100, from 406 requests",
        f"  {shops.small}: quality 0.644 (95 %: 0.630 to 0.657), from 120 scores; "
        "p95 latency 329 ms, from 123 requests; cost per request $0.00200, from 123 requests",
    )
    assert told.certain


async def test_overlapping_intervals_are_not_told_apart(shops: Shops) -> None:
    told = await answered(best.best_model, question(by=(Dimension.DEPLOYMENT,)), shops.world())
    east, west, _ = shops.deployments
    assert told.lines[0] == (
        f"{west} has the highest quality of all requests, {WEEK}: 0.846 (95 %: 0.838 to 0.854), "
        f"from 259 scores. Which deployment is best is not told, for the intervals of {east} "
        "overlap its own."
    )
    assert told.lines[-1] == "  All task types together: what each is asked differs."
    assert not told.certain


async def test_what_nothing_bounds_may_be_as_bad(shops: Shops) -> None:
    asked = question(
        metric=Metric.LATENCY_P95,
        worst=True,
        by=(Dimension.BACKEND,),
        during=Period(NOW - 12 * HOUR, NOW),
        where={"task_type": shops.chat},
    )
    told = await answered(best.best_model, asked, shops.world())
    assert f"{shops.west}: p95 latency 1,080 ms (95 %: at least 1,070 ms)" in told.lines[2]
    assert f"Which backend is worst is not told, for the intervals of {shops.west}" in told.lines[0]
    assert not told.certain


async def test_cheapest_and_slowest_are_asked_of_other_metrics(shops: Shops) -> None:
    cheapest = await answered(best.best_model, question(optimise_for="cost"), shops.world())
    assert cheapest.lines[0].startswith(f"{shops.small} is the best model by cost per request ")
    asked = question(metric=Metric.LATENCY_P95, worst=True)
    slowest = await answered(best.best_model, asked, shops.world())
    assert slowest.lines[0].startswith(f"{shops.big} is the worst model by p95 latency ")
    busiest = await answered(best.best_model, question(metric=Metric.VOLUME), shops.world())
    assert busiest.lines[0] == (
        f"{shops.big} has the highest number of requests of all requests, {WEEK}: 822 requests."
    )


async def test_below_ten_scores_nothing_is_called_best(shops: Shops) -> None:
    asked = question(during=Period(NOW - HOUR, NOW))
    assert await refused(best.best_model, asked, shops.world()) == (
        "no model has 10 scores of all requests from 2020-08-13 11:00 UTC to "
        f"2020-08-13 12:00 UTC; there are {shops.big} (5 scores)"
    )
    hours = question(during=Period(NOW - 6 * HOUR, NOW - 5.6 * HOUR))
    told = await answered(best.best_model, hours, shops.world())
    assert told.lines[0].startswith(f"Only {shops.big} can be judged by quality")
    assert told.lines[2] == f"  Too few to be told apart, below 10: {shops.small} (3 scores)."


async def test_nothing_and_nobody_is_said(shops: Shops) -> None:
    nothing = await refused(best.best_model, question(where={"task_type": "x"}), shops.world())
    assert nothing == f"no score of task type x was recorded {WEEK}"
    assert "'zork'" in await refused(best.best_model, question(unknown=("zork",)), shops.world())
