"""Objectives in words: what each calls for, and why."""

from agent.playbooks import objectives
from graph.slices import Metric
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import question


async def test_the_most_urgent_objective_goes_first(shops: Shops) -> None:
    told = await answered(objectives.slos, question(), shops.world())
    assert told.lines == (
        "2 objectives, as of 2020-08-13 12:00 UTC: 1 lockdown, 1 continue.",
        f"  up-{shops.name} of tenant {shops.acme} (availability, all requests): "
        "lockdown, only what restores service",
        "    burned 156 % of the budget in 3 days (burn rate 3.64, 9 of 247 requests bad), and "
        "still burns: ticket from a burn rate of 1",
        "    96 % of 578 requests in 7 days were good; 99 % are promised",
        "    398 % of the error budget is spent",
        "    burn rate: 0 over 1 hour from 3, 4.76 over 6 hours from 21",
        f"  good-{shops.name} of tenant {shops.beta} (quality at least 0.4, all requests): "
        "continue, the error budget lasts",
        "    100 % of 502 scores in 7 days were good; 90 % are promised",
        "    100 % of the error budget is left",
        "    burn rate: 0 over 1 hour from 2, 0 over 6 hours from 249",
    )
    assert told.follow_ups == (
        f"Why did error rate change for tenant {shops.acme} in the last 24 hours?",
    )


async def test_an_objective_is_found_by_name_tenant_and_metric(shops: Shops) -> None:
    world = shops.world()
    for asked in (
        question(slo=f"good-{shops.name}"),
        question(where={"tenant": shops.beta}),
        question(metric=Metric.QUALITY),
    ):
        told = await answered(objectives.slos, asked, world)
        assert told.lines[0].startswith("1 objective, as of ")
        assert told.lines[1].startswith(f"  good-{shops.name} of tenant {shops.beta} ")
    # An error budget is what all have: the word narrows nothing.
    everything = await answered(objectives.slos, question(metric=Metric.ERROR_RATE), world)
    assert everything.lines[0].startswith("2 objectives")


async def test_no_objective_is_said_with_those_there_are(shops: Shops) -> None:
    asked = question(metric=Metric.LATENCY_P95)
    assert await refused(objectives.slos, asked, shops.world()) == (
        "no objective that fits the question is defined; "
        f"known slos are good-{shops.name}, up-{shops.name}"
    )
    nobody = await refused(objectives.slos, question(), shops.world("nobody"))
    assert nobody == "no objective is defined; no slos are known"
    assert "'zork'" in await refused(objectives.slos, question(unknown=("zork",)), shops.world())
