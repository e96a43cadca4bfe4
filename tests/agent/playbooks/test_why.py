"""Why in words: only what an investigation blames is a cause; calm and ignorance are answers."""

from datetime import timedelta

import pytest

from agent.playbooks.answering import CantTell
from agent.playbooks.why import error_causes, what_if, why_changed
from agent.toolbox import Toolbox
from graph.slices import Metric, Period
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, SmallFleet, question, told

NOON = "2020-08-13 12:00 UTC"
DURING = Period(NOW - DAY, NOW)
BEFORE = Period(NOW - 2 * DAY, NOW - DAY)
SPAN = f"from 2020-08-12 12:00 UTC to {NOON}"


async def test_a_change_is_told_with_its_cause(small_fleet: SmallFleet) -> None:
    asked = question(
        metric=Metric.QUALITY,
        during=DURING,
        compared_to=BEFORE,
        where={"tier": small_fleet.tier},
        change=small_fleet.rollout,
    )
    lines = await told(why_changed, asked, small_fleet.world())
    assert lines[0].startswith("Quality fell from 0.900 to 0.729, ")
    assert lines[1] == f"  Asked of tier {small_fleet.tier}."
    assert lines[2].startswith("  QUALITY 0.900 → 0.729, -0.171 (95 %: -0.202 to -0.140), from ")
    assert any(
        line.startswith(f"  1. rollout {small_fleet.rollout} (build 7) at 2020-08-12 12:00 UTC: ")
        for line in lines
    )
    assert f"     path: change {small_fleet.rollout} → deployment {small_fleet.hit}" in lines
    assert not any(small_fleet.spared in line for line in lines)
    assert lines[-1] == (
        f"{small_fleet.rollout} is among the causes that the data supports for quality."
    )


async def test_without_a_metric_those_that_changed_are_told(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    asked = question(during=DURING, compared_to=BEFORE, incident=small_fleet.incident)
    answer = await why_changed(asked, toolbox)
    assert [line for line in answer.lines if line.startswith(("  QUALITY", "  ERROR_RATE"))] != []
    assert answer.lines[-3] == f"The p95 latency of all requests did not change, {SPAN}."
    assert answer.lines[-2].startswith("  No change beyond the usual variation: 1,230 ms before")
    assert answer.lines[-1] == (
        f"{small_fleet.incident} is not among the causes that the data supports."
    )
    assert answer.follow_ups == (
        "What changed since 2020-08-12 12:00 UTC?",
        f"What would the quality have been without {small_fleet.hit}?",
    )
    assert [call.tool for call in toolbox.calls] == ["why_changed"] * 3


async def test_without_a_time_the_last_day_is_looked_at_first(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    answer = await why_changed(question(metric=Metric.ERROR_RATE), toolbox)
    assert answer.lines[0].startswith("The error rate rose from 0 % to 12.5 %")
    assert answer.lines[-1] == f"Looked at the last 24 hours ({SPAN}): ERROR_RATE changed."
    assert len(toolbox.calls) == 1


async def test_where_nothing_changed_other_times_are_looked_at_too(
    small_fleet: SmallFleet,
) -> None:
    toolbox = Toolbox(small_fleet.world())
    asked = question(metric=Metric.ERROR_RATE, where={"deployment": small_fleet.spared})
    answer = await why_changed(asked, toolbox)
    assert answer.lines[0] == (
        f"The error rate of deployment {small_fleet.spared} did not change, {SPAN}."
    )
    assert not any(small_fleet.rollout in line for line in answer.lines)
    assert answer.lines[-1] == (
        f"Looked at the last 24 hours ({SPAN}): no change; "
        f"the last 3 hours (from 2020-08-13 09:00 UTC to {NOON}): too little data; "
        f"the last 7 days (from 2020-08-06 12:00 UTC to {NOON}): too little data."
    )
    lengths = [
        call.arguments["during"].end - call.arguments["during"].start for call in toolbox.calls
    ]
    assert lengths == [DAY, 3 * HOUR, 7 * DAY]


async def test_a_named_change_gives_the_time_where_there_is_none(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    asked = question(metric=Metric.QUALITY, change=small_fleet.rollout)
    await why_changed(asked, toolbox)
    (call,) = [call for call in toolbox.calls if call.tool == "why_changed"]
    assert call.arguments["during"] == DURING


async def test_too_little_data_is_no_answer(small_fleet: SmallFleet) -> None:
    nothing = question(where={"deployment": small_fleet.silent})
    with pytest.raises(CantTell) as none:
        await told(why_changed, nothing, small_fleet.world())
    assert none.value.reason == (
        f"no request of deployment {small_fleet.silent} is recorded "
        f"from 2020-08-06 12:00 UTC to {NOON}"
    )
    first = Period(NOW - 2 * DAY, NOW - 2 * DAY + HOUR)
    early = question(metric=Metric.QUALITY, during=first)
    with pytest.raises(CantTell, match="too little data of all requests from 2020-08-11") as few:
        await told(why_changed, early, small_fleet.world())
    assert "; quality: " in few.value.reason


async def test_errors_are_told_by_where_they_are_and_what_changed(small_fleet: SmallFleet) -> None:
    asked = question(during=DURING, compared_to=BEFORE, where={"model": small_fleet.sage})
    lines = await told(error_causes, asked, small_fleet.world())
    assert lines[:2] == (
        f"The error rate of model {small_fleet.sage} is 12.5 % of 192 requests, {SPAN}; "
        "before it was 0 % of 192 requests.",
        f"  {small_fleet.hit}: 25 % of 96 requests; before 0 % of 96",
    )
    assert lines[2].startswith(f"  DOWN {small_fleet.spared}: reported unavailable")
    assert lines[3].startswith("The error rate rose from 0 % to 12.5 %")
    assert any(line.startswith(f"  1. rollout {small_fleet.rollout}") for line in lines)


async def test_no_errors_need_no_cause(small_fleet: SmallFleet) -> None:
    asked = question(where={"deployment": small_fleet.spared}, metric=Metric.QUALITY)
    lines = await told(error_causes, asked, small_fleet.world())
    assert lines[0].startswith(f"The error rate of deployment {small_fleet.spared} is 0 % of 96 ")
    assert lines[1] == "None of them failed, so there is nothing to explain."
    assert lines[-1] == "A cause of errors is not told by quality: that is left out of this answer."


async def test_errors_without_requests_can_not_be_told_of(small_fleet: SmallFleet) -> None:
    asked = question(where={"deployment": small_fleet.silent})
    with pytest.raises(CantTell, match=f"no request of deployment {small_fleet.silent} is"):
        await told(error_causes, asked, small_fleet.world())


async def test_errors_without_a_past_are_told_without_a_cause(small_fleet: SmallFleet) -> None:
    first = question(during=Period(NOW - 2 * DAY, NOW - DAY))
    lines = await told(error_causes, first, small_fleet.world())
    assert lines[0].startswith("The error rate of all requests is 0 % of 192 requests")
    assert lines[-1].startswith("No cause can be told: ")


async def test_what_would_have_been_is_told_with_its_interval(small_fleet: SmallFleet) -> None:
    asked = question(without=frozenset({small_fleet.hit}), during=DURING)
    lines = await told(what_if, asked, small_fleet.world())
    assert lines[:3] == (
        f"Of all requests, {SPAN}, without {small_fleet.hit}:",
        "  quality would have been 0.901 (95 %: 0.896 to 0.905), where 0.729 was observed",
        "     42.9 % of it would have gone elsewhere, from 96 effective samples",
    )
    assert lines[-1].startswith(
        "  not told: cost per request, $0.00250 observed: only 24 effective"
    )


async def test_what_the_data_refuses_is_not_told(small_fleet: SmallFleet) -> None:
    asked = question(
        metric=Metric.COST_PER_REQUEST, without=frozenset({small_fleet.hit}), during=DURING
    )
    with pytest.raises(CantTell, match=r"cost per request, .* observed: only 24 effective samples"):
        await told(what_if, asked, small_fleet.world())


async def test_what_is_imagined_must_be_said(small_fleet: SmallFleet) -> None:
    with pytest.raises(CantTell, match="does not say what would have been otherwise"):
        await told(what_if, question(), small_fleet.world())
    with pytest.raises(CantTell, match="no version v9 of a policy main"):
        await told(what_if, question(policy_version="main@v9"), small_fleet.world())


async def test_only_one_thing_at_a_time_is_imagined(small_fleet: SmallFleet) -> None:
    asked = question(
        metric=Metric.QUALITY,
        without=frozenset({small_fleet.hit}),
        policy_version="main@v1",
        during=Period(NOW - timedelta(hours=24), NOW),
    )
    lines = await told(what_if, asked, small_fleet.world())
    assert lines[-1] == (
        "What would have been is not told by policy version main@v1: "
        "that is left out of this answer."
    )
