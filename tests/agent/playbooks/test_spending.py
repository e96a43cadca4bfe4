"""Costs, budgets and savings in words."""

from dataclasses import replace

import pytest

from agent.playbooks import spending
from agent.playbooks.slicing import sliced
from graph.causes.investigation import Cause, Mechanism
from graph.costing.surprise import CostDriver
from graph.costs import CostAnomaly
from graph.savings import Saving
from graph.slices import Dimension, EntityRef, Granularity, Metric, Period
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import DAY, NOW, question

WEEK = "from 2020-08-06 12:00 UTC to 2020-08-13 12:00 UTC"
MONTH = "the month from 2020-08-01 00:00 UTC to 2020-09-01 00:00 UTC"


async def test_cost_is_told_by_tenant_with_what_is_out_of_the_ordinary(shops: Shops) -> None:
    told = await answered(spending.cost, question(), shops.world())
    surge = "from 2020-08-13 06:00 UTC to 2020-08-13 09:00 UTC"
    assert told.lines == (
        f"Cost of all requests: $8.74, from 1,080 requests, {WEEK}.",
        "  In the same hours a week before: $1.90, from 240 requests, "
        "from 2020-07-30 12:00 UTC to 2020-08-06 12:00 UTC: +$6.83.",
        "  By tenant:",
        f"    tenant {shops.acme}: $4.61, from 578 requests, 52.8 % of all",
        f"    tenant {shops.beta}: $4.12, from 502 requests, 47.2 % of all",
        "  Out of the ordinary: 1 slice for some hours.",
        f"    tenant {shops.beta}, {surge}: $2.03 where $0.06 was expected (at most $0.27), "
        "245 requests, driver: volume",
        "      no cause is supported by the data",
    )
    assert told.follow_ups[0] == f"Why did volume change for tenant {shops.beta} {surge}?"


async def test_what_made_it_dear_is_told_with_its_share(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = Cause(
        rank=1,
        kind="change",
        id="chg-9",
        title="longer prompts",
        at=NOW - DAY,
        contribution=0.8,
        contribution_low=0.6,
        contribution_high=0.95,
        counterfactual=1.0,
        mechanism=Mechanism.TOKENS,
        indistinguishable_from=(),
        path=(),
        evidence=(),
        evidence_against=("only its time speaks for it",),
        confidence=0.7,
    )
    found = [
        CostAnomaly(
            at=NOW - DAY,
            until=NOW,
            where=(EntityRef("model", name),),
            spent_usd=3.0,
            expected_usd=1.0,
            high_usd=1.5,
            requests=50,
            causes=(cause,),
            investigation="inv-1",
            driver=CostDriver.TOKENS,
        )
        for name in (shops.big, shops.small)
    ]

    async def dear(*_: object, **__: object) -> list[CostAnomaly]:
        return found

    monkeypatch.setattr("graph.costs.cost_anomalies", dear)
    told = await answered(spending.cost, question(where={"model": shops.big}), shops.world())
    day = "from 2020-08-12 12:00 UTC to 2020-08-13 12:00 UTC"
    assert told.lines[-4:] == (
        "  Out of the ordinary: 1 slice for some hours.",
        f"    model {shops.big}, {day}: $3.00 where $1.00 was expected (at most $1.50), "
        "50 requests, driver: tokens",
        "      cause found: change chg-9 (longer prompts) at 2020-08-12 12:00 UTC: 80 % of it "
        "(95 %: 60 % to 95 %)",
        "        - only its time speaks for it",
    )
    assert told.follow_ups[0] == f"Why did cost per request change for model {shops.big} {day}?"


async def test_a_tenant_alone_is_told_by_model_and_its_own_surprises(shops: Shops) -> None:
    told = await answered(spending.cost, question(where={"tenant": shops.acme}), shops.world())
    assert told.lines[2:] == (
        "  By model:",
        f"    model {shops.big}: $4.32, from 432 requests, 93.7 % of all",
        f"    model {shops.small}: $0.29, from 146 requests, 6.33 % of all",
        "  No hour of it cost more than was to be expected.",
    )


async def test_cost_by_day_is_told_day_by_day(shops: Shops) -> None:
    asked = question(during=Period(NOW - 2 * DAY, NOW), where={"tenant": shops.acme})
    asked = replace(asked, times=replace(asked.times, granularity=Granularity.DAY))
    told = await answered(spending.cost, asked, shops.world())
    steps = told.lines[told.lines.index("  By day:") + 1 :]
    assert [line.strip().partition(": ")[0] for line in steps[:3]] == [
        "2020-08-11 00:00 UTC",
        "2020-08-12 00:00 UTC",
        "2020-08-13 00:00 UTC",
    ]


async def test_another_metric_than_money_is_not_passed_over(shops: Shops) -> None:
    asked = question(metric=Metric.QUALITY, by=(Dimension.TIER,))
    told = await answered(spending.cost, asked, shops.world())
    assert told.lines[-1].startswith("Cost is not told by quality")
    per_request = await answered(
        spending.cost, question(metric=Metric.COST_PER_REQUEST), shops.world()
    )
    assert per_request.lines[0].startswith("Cost per request of all requests: $0.00809 (95 %: ")


async def test_budgets_are_told_with_what_is_left_and_until_when(shops: Shops) -> None:
    told = await answered(spending.budget, question(), shops.world())
    assert told.lines == (
        "3 budgets, 1 used up, as of 2020-08-13 12:00 UTC.",
        f"  tenant {shops.beta}, tenant/day, the day from 2020-08-13 00:00 UTC to "
        "2020-08-14 00:00 UTC: nothing left, $1.15 overspent, $2.15 of $1.00 spent by "
        "260 requests, burn rate 4.3; used up since 2020-08-13 07:17 UTC",
        f"  tenant {shops.acme}, golden-{shops.name} for tier {shops.gold}, {MONTH}: $6.27 left "
        "(69.6 %), $2.73 of $9.00 spent by 351 requests, burn rate 0.753; $8.48 are expected by "
        "the end (80 %: $7.16 to $10.19), so it lasts",
        f"  tenant {shops.acme}, tenant/month, {MONTH}: $14.18 left (70.9 %), $5.82 of $20.00 "
        "spent by 731 requests, burn rate 0.722; $18.01 are expected by the end (80 %: $15.22 to "
        "$21.64), so it lasts",
    )


async def test_a_budget_is_found_by_its_slice_its_user_and_its_time(shops: Shops) -> None:
    world = shops.world()
    gold = question(where={"tenant": shops.acme, "tier": shops.gold})
    told = await answered(spending.budget, gold, world)
    assert [line.split(",")[1] for line in told.lines[1:]] == [
        f" golden-{shops.name} for tier {shops.gold}"
    ]
    user = await answered(spending.budget, question(user="u1"), world)
    assert user.lines[1].startswith(f"  tenant {shops.acme}, user/u1/day for user u1, the day ")
    then = question(during=Period(NOW - 2 * DAY, NOW - DAY), where={"tenant": shops.acme})
    past = await answered(spending.budget, then, world)
    assert past.lines[0] == "2 budgets, 0 used up, as of 2020-08-12 12:00 UTC."
    other = await answered(spending.budget, question(where={"backend": shops.east}), world)
    assert f"backend {shops.east}" in other.lines[-1]


async def test_no_budget_is_no_zero(shops: Shops) -> None:
    assert await refused(spending.budget, question(user="u7"), shops.world()) == (
        f"no budget of user u7 is known; known tenants are {shops.acme}, {shops.beta}"
    )
    stranger = await refused(spending.budget, question(), shops.world("nobody"))
    assert stranger == "no budget of anybody is known; no tenants are known"


async def test_nothing_cheaper_is_said_with_what_was_spent(shops: Shops) -> None:
    told = await answered(spending.savings, question(), shops.world())
    assert told.lines == (
        "No cheaper route is surely as good; $8.74 was spent on all requests by 1,080 requests, "
        f"{WEEK}.",
    )
    nothing = await refused(spending.savings, question(where={"tier": "x"}), shops.world())
    assert nothing == f"no cost of tier x was recorded {WEEK}"


async def test_savings_are_told_with_their_intervals(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Saving(
        where=(EntityRef("tier", shops.gold),),
        route=shops.deployments[2],
        spent_usd=4.0,
        saved_usd=3.0,
        saved_low_usd=2.5,
        saved_high_usd=3.5,
        quality_delta=0.01,
        quality_low=-0.002,
        quality_high=0.022,
        requests=400,
        samples=120.4,
    )

    async def several(*_: object, **__: object) -> list[Saving]:
        return [found] * 7

    monkeypatch.setattr("graph.savings.savings", several)
    told = await answered(spending.savings, question(), shops.world())
    assert told.lines[1] == (
        f"  tier {shops.gold} on {shops.deployments[2]}: $3.00 of $4.00 saved (95 %: $2.50 to "
        "$3.50), quality +0.010 (95 %: -0.002 to +0.022), from 400 requests and "
        "120 effective scores"
    )
    assert told.lines[-1] == "  … and 2 more"


async def test_unknown_names_are_not_passed_over(shops: Shops) -> None:
    asked = question(unknown=("zork",))
    for playbook in (spending.cost, spending.budget, spending.savings):
        assert "'zork'" in await refused(playbook, asked, shops.world())
    assert sliced(asked).given() == {}
