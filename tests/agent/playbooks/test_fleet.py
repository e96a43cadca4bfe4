"""How the fleet is told: what is not known is not called healthy, and no slot is passed over."""

import pytest

from agent.playbooks.answering import CantTell
from agent.playbooks.fleet import fleet_health, status
from agent.toolbox import Toolbox
from graph.health import HealthStatus
from graph.slices import Dimension, Metric, Period
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, SmallFleet, question, told

NOON = "2020-08-13 12:00 UTC"
BEFORE = Period(NOW - 2 * DAY, NOW - DAY)


async def test_what_is_not_known_is_not_called_healthy(small_fleet: SmallFleet) -> None:
    lines = await told(fleet_health, question(), small_fleet.world())
    assert lines[:3] == (
        f"1 of 3 deployments are healthy, as of {NOON}.",
        f"  DOWN     {small_fleet.spared}: reported unavailable at 2020-08-13 11:59:40 UTC; "
        "breaker open: reported unavailable at 2020-08-13 11:59:40 UTC, until a sample or requests "
        "say otherwise",
        f"  UNKNOWN  {small_fleet.silent} (stale): maintenance under-way-{small_fleet.name} until "
        "2020-08-13 13:00:00 UTC: new disks; no health sample was ever reported",
    )
    assert not any(small_fleet.hit in line for line in lines)


async def test_a_status_is_counted_among_all(small_fleet: SmallFleet) -> None:
    asked = question(status=frozenset({HealthStatus.DOWN}), where={"backend": small_fleet.neo})
    lines = await told(fleet_health, asked, small_fleet.world())
    assert lines[0] == f"1 of 1 deployment of backend {small_fleet.neo} is DOWN, as of {NOON}."
    assert lines[2] == (
        f"Open incident {small_fleet.incident} (sev2, {small_fleet.neo}) since "
        f"2020-08-13 10:00 UTC: many molten switchgear {small_fleet.name}."
    )
    assert len(lines) == 3


async def test_a_metric_puts_the_worst_first_and_the_unknown_last(small_fleet: SmallFleet) -> None:
    asked = question(metric=Metric.LATENCY_P95, where={"backend": small_fleet.aws})
    lines = await told(fleet_health, asked, small_fleet.world())
    assert lines[1] == (
        f"  HEALTHY  {small_fleet.hit}: p95 latency 400 ms, from 50 samples, "
        "evidence of 2020-08-13 11:59 UTC"
    )
    assert lines[2].startswith(
        f"  UNKNOWN  {small_fleet.silent} (stale): p95 latency unknown, from 0 samples, no evidence"
    )
    assert lines[3] == "No incident is open that reaches it."


async def test_what_health_does_not_go_by_is_said(small_fleet: SmallFleet) -> None:
    asked = question(where={"tier": "gold"}, by=(Dimension.TIER,), metric=Metric.QUALITY)
    lines = await told(fleet_health, asked, small_fleet.world())
    assert lines[-1] == (
        "The fleet's health is not told by tier gold, groups of tier, quality: "
        "that is left out of this answer."
    )
    assert "gold" not in lines[0]


async def test_of_a_time_past_it_is_told_as_of_its_end(small_fleet: SmallFleet) -> None:
    asked = question(during=BEFORE, where={"model": small_fleet.sage})
    lines = await told(fleet_health, asked, small_fleet.world())
    assert lines[0] == (
        f"0 of 2 deployments of model {small_fleet.sage} are healthy, as of 2020-08-12 12:00 UTC."
    )
    assert "here of 2020-08-12 12:00 UTC, the end of that time" in lines[1]
    assert lines[-1] == "No incident is open that reaches it."


async def test_no_fleet_is_not_a_healthy_one(small_fleet: SmallFleet) -> None:
    long_ago = question(now=NOW - 400 * DAY, where={"backend": small_fleet.neo})
    with pytest.raises(CantTell, match="at 2019-07-10 12:00 UTC there was none of backend"):
        await told(fleet_health, long_ago, small_fleet.world())


async def test_a_model_is_told_by_its_deployments(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    answer = await status(question(where={"model": small_fleet.sage}), toolbox)
    assert answer.lines[0].startswith("1 of 2 deployments of model")
    assert answer.lines[1].startswith(
        f"  DOWN     {small_fleet.spared}: error rate unknown, p95 latency unknown, from 50 samples"
    )
    assert answer.lines[2] == (
        f"  HEALTHY  {small_fleet.hit}: error rate 0 %, p95 latency 400 ms, from 50 samples, "
        "evidence of 2020-08-13 11:59 UTC"
    )
    assert toolbox.figures["healthy"] == 1
    assert [call.tool for call in toolbox.calls] == ["fleet", "incidents", "maintenance"]


async def test_a_deployment_without_evidence_is_unknown(small_fleet: SmallFleet) -> None:
    asked = question(where={"deployment": small_fleet.silent}, metric=Metric.QUALITY)
    lines = await told(status, asked, small_fleet.world())
    assert f"Under maintenance until 2020-08-13 13:00 UTC: under-way-{small_fleet.name}" in lines[3]
    assert lines[-1] == (
        f"No request of deployment {small_fleet.silent} is recorded "
        f"from 2020-08-12 12:00 UTC to {NOON}."
    )


async def test_traffic_is_told_by_how_its_requests_went(small_fleet: SmallFleet) -> None:
    asked = question(where={"tier": small_fleet.tier})
    assert await told(status, asked, small_fleet.world()) == (
        f"Requests of tier {small_fleet.tier}, from 2020-08-12 12:00 UTC to {NOON}: "
        "192 requests; 192 requests from 2020-08-11 12:00 UTC to 2020-08-12 12:00 UTC.",
        "  error rate 12.5 % from 192 requests; before 0 % from 192 "
        "(+12.5 points, 95 %: +8.09 points to +17.9 points)",
        "  p95 latency 1,230 ms from 192 requests; before 1,230 ms from 192 "
        "(+0 ms, 95 %: +0 ms to +0 ms)",
        "  quality 0.729 from 168 scores; before 0.900 from 192 (-0.171, 95 %: -0.202 to -0.140)",
    )


async def test_no_traffic_can_not_be_told_of(small_fleet: SmallFleet) -> None:
    asked = question(where={"tier": small_fleet.tier}, during=Period(NOW - 9 * DAY, NOW - 8 * DAY))
    with pytest.raises(CantTell, match=f"no request of tier {small_fleet.tier} is recorded from"):
        await told(status, asked, small_fleet.world())


async def test_a_status_of_nothing_in_particular_is_the_fleet_s(small_fleet: SmallFleet) -> None:
    lines = await told(status, question(), small_fleet.world())
    assert lines[0] == f"1 of 3 deployments are healthy, as of {NOON}."


async def test_a_status_over_a_period_also_tells_its_traffic(small_fleet: SmallFleet) -> None:
    asked = question(where={"model": small_fleet.sage}, during=Period(NOW - 3 * HOUR, NOW))
    lines = await told(status, asked, small_fleet.world())
    assert any(line.startswith("  error rate 12.5 % from 24 requests") for line in lines)
