"""Where requests go, in words: what the router told, what was known then, who comes first now."""

import pytest

from agent.playbooks.answering import CantTell
from agent.playbooks.routing import which_backend, why_routed
from agent.toolbox import Toolbox
from agent.understanding.question import Intent
from graph.slices import Period
from tests.agent.playbooks.worlds import DAY, NOW, SmallFleet, question, told

NOON = "2020-08-13 12:00 UTC"


async def test_a_journey_is_told_as_it_could_be_known_then(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    answer = await why_routed(question(request=small_fleet.request(380)), toolbox)
    assert answer.lines == (
        f"Request {small_fleet.request(380)}, {small_fleet.task} for ada ({small_fleet.tier}), at "
        f"2020-08-13 11:30 UTC went to {small_fleet.hit} by rule, under policy main v1: ok after "
        "1,234 ms, $0.00250.",
        "  The router said: cheapest that may.",
        f"  {small_fleet.hit}: chosen, score 0.80; known then as UNKNOWN (no health sample was "
        "ever reported; 0 requests in the last 15 min, too few to judge by (5 needed))",
        f"  {small_fleet.spared}: rejected: breaker_open, score 0.91; known then as UNKNOWN",
        f"  Known then: Open incident {small_fleet.incident} (sev2, {small_fleet.neo}) since "
        f"2020-08-13 10:00 UTC: many molten switchgear {small_fleet.name}.",
        "  Scored 0.54 by judge.",
    )
    assert [call.arguments.get("known_at") for call in toolbox.calls[1:]] == [
        toolbox.calls[0].result.at
    ] * 2


async def test_who_is_asked_about_comes_first_with_its_reasons(small_fleet: SmallFleet) -> None:
    asked = question(request=small_fleet.request(380), where={"backend": small_fleet.neo})
    lines = await told(why_routed, asked, small_fleet.world())
    assert lines[2].startswith(
        f"  {small_fleet.spared}: rejected: breaker_open, score 0.91; known then as UNKNOWN "
        f"(incident {small_fleet.incident} (sev2, backend"
    )
    other = question(request=small_fleet.request(380), where={"deployment": small_fleet.silent})
    lines = await told(why_routed, other, small_fleet.world())
    assert lines[2].startswith(f"  {small_fleet.silent}: not told as a candidate; known then as ")


async def test_a_failed_request_is_told_with_its_error(small_fleet: SmallFleet) -> None:
    lines = await told(why_routed, question(request=small_fleet.request(376)), small_fleet.world())
    assert "under policy main v1: error (http_500) after 1,234 ms" in lines[0]


@pytest.mark.parametrize("tenant", [None, "somebody-else"])
async def test_a_request_that_is_not_there_or_foreign_can_not_be_told_of(
    small_fleet: SmallFleet, tenant: str | None
) -> None:
    request = "nothing" if tenant is None else small_fleet.request(1)
    with pytest.raises(CantTell, match=f"there is no request {request}"):
        await told(why_routed, question(request=request), small_fleet.world(tenant=tenant))


async def test_a_request_must_be_named(small_fleet: SmallFleet) -> None:
    with pytest.raises(CantTell, match="names no request; give its id"):
        await told(why_routed, question(), small_fleet.world())
    asked = question(intent=Intent.WHY_ROUTED, unknown=("that one",))
    with pytest.raises(CantTell, match="called that one; name a request by its id"):
        await told(why_routed, asked, small_fleet.world())


async def test_a_pick_says_who_comes_first_and_who_is_ruled_out(small_fleet: SmallFleet) -> None:
    asked = question(where={"task_type": small_fleet.task})
    assert await told(which_backend, asked, small_fleet.world()) == (
        f"A {small_fleet.task} request of 500 tokens for anyone would go to {small_fleet.hit}, "
        f"as of {NOON}.",
        f"  1. {small_fleet.hit} (HEALTHY, score 0.50): 258 ms",
        f"  2. {small_fleet.silent} (UNKNOWN, stale, score 0.37): nothing is known of what to "
        "expect",
        f"  ruled out: {small_fleet.spared}, down: reported unavailable at "
        "2020-08-13 11:59:40 UTC; breaker_open: reported unavailable at 2020-08-13 11:59:40 UTC, "
        "until a sample or requests say otherwise",
        "No user is named: it is told for anyone, somebody without settings of their own.",
        "No length is named: a prompt of 500 tokens was taken.",
    )


async def test_a_pick_goes_by_all_that_is_named(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    where = {"task_type": small_fleet.task, "tier": "gold", "backend": small_fleet.aws}
    asked = question(
        where=where,
        user="ada",
        prompt_tokens=900,
        without=frozenset({small_fleet.hit}),
        optimise_for="latency",
        during=Period(NOW - DAY, NOW),
    )
    lines = (await which_backend(asked, toolbox)).lines
    assert lines[0] == (
        f"A {small_fleet.task} request of 900 tokens for ada (gold), of backend "
        f"{small_fleet.aws}, without {small_fleet.hit}, would go to {small_fleet.silent}, "
        f"as of {NOON}."
    )
    assert not any(small_fleet.spared in line for line in lines)
    assert "  By latency alone none comes first: none has a figure of it." in lines
    assert lines[-1] == "A route is not told by time: that is left out of this answer."
    (call,) = [call for call in toolbox.calls if call.tool == "routing_view"]
    assert call.arguments == {
        "user": "ada",
        "task_type": small_fleet.task,
        "prompt_tokens": 900,
        "tier": "gold",
    }


async def test_best_by_one_figure_is_told_beside_the_rank(small_fleet: SmallFleet) -> None:
    asked = question(where={"task_type": small_fleet.task}, optimise_for="latency")
    lines = await told(which_backend, asked, small_fleet.world())
    assert f"  By latency alone the first would be {small_fleet.hit}: 258 ms." in lines


async def test_the_only_task_type_is_taken_and_none_can_not_be(small_fleet: SmallFleet) -> None:
    lines = await told(which_backend, question(), small_fleet.world())
    assert lines[0].startswith(f"A {small_fleet.task} request")
    with pytest.raises(CantTell, match="the question names none; no task types are known"):
        await told(which_backend, question(), small_fleet.world(tenant="somebody-else"))


async def test_an_empty_view_can_not_route(small_fleet: SmallFleet) -> None:
    asked = question(where={"task_type": small_fleet.task})
    with pytest.raises(CantTell, match="the routing view knows no deployment yet"):
        await told(which_backend, asked, small_fleet.world(view=False))
