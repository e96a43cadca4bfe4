"""What a view becomes, and the decision record that is made of it."""

import json
from typing import Any

import pytest
from routecause.choice import Choice, NoView, Request, choice_of

from ingest.events import parse_event

REQUEST = Request(user="ann", task_type="reasoning", prompt_tokens=1200)


def view(**more: Any) -> dict[str, Any]:
    return {
        "viewVersion": "9",
        "candidates": [
            {"deployment": "a@x", "rank": 1, "score": 0.7, "eligible": True, "reasons": ["good"]},
            {"deployment": "b@x", "eligible": False, "reasonCodes": ["budget", "down"]},
        ],
        **more,
    }


def chosen(**more: Any) -> Choice:
    return choice_of(json.dumps(view(**more)).encode(), request=REQUEST)


def test_the_first_that_may_serve() -> None:
    assert chosen().deployment == "a@x"
    out = [{"deployment": "b@x", "eligible": False, "reasons": ["down: gone"]}]
    none = chosen(candidates=out)
    assert (none.deployment, none.least_bad) == (None, "b@x")
    assert none.candidates[0].reason_codes == ("down",)
    assert (chosen(candidates=[]).deployment, chosen(candidates=[]).least_bad) == (None, None)


def test_the_record_names_every_candidate_and_why_it_was_rejected() -> None:
    decision = chosen(policy="main", policyVersion="v2", policyRule="r1", arm="b").decision()
    assert decision == {
        "deployment": "a@x",
        "policy": "main",
        "policy_version": "v2",
        "method": "rule",
        "arm": "b",
        "view_version": "9",
        "reasons": ["good"],
        "candidates": [
            {"deployment": "a@x", "score": 0.7},
            {"deployment": "b@x", "rejected": "budget,down"},
        ],
    }


def test_the_propensity_is_that_of_where_it_went() -> None:
    two = [
        {"deployment": "a@x", "eligible": True, "propensity": 0.75},
        {"deployment": "b@x", "eligible": True, "propensity": 0.25, "probe": True},
        {"deployment": "c@x", "eligible": True},
    ]
    choice = chosen(candidates=two, propensity=0.5)
    assert choice.decision()["propensity"] == 0.75
    probed = choice.decision("b@x")
    assert (probed["propensity"], probed["exploration"]) == (0.25, True)
    # Nothing is known of how likely the third place was.
    assert "propensity" not in choice.decision("c@x")
    assert chosen(propensity=0.5).decision()["propensity"] == 0.5


def test_fallbacks_and_the_routers_own_reasons() -> None:
    decision = chosen().decision(
        "a@x", fallback_from=["c@x", ("d@x", "Timeout")], rejected={"b@x": "cooldown"}
    )
    assert decision["method"] == "fallback"
    assert decision["fallback_from"] == [
        {"deployment": "c@x"},
        {"deployment": "d@x", "cause": "Timeout"},
    ]
    assert decision["candidates"][1]["rejected"] == "cooldown"


def test_no_view_needs_a_deployment_and_says_what_was_wrong() -> None:
    none = NoView(request=REQUEST, problem="no answer within 25 ms")
    with pytest.raises(ValueError, match="say which one"):
        none.decision()
    decision = none.decision("a@x")
    assert (decision["policy"], decision["method"]) == ("none", "learned")
    assert decision["reasons"] == ["no view of Routecause: no answer within 25 ms"]


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"<html>", b'{"error": {}}'])
def test_what_is_no_view_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"candidates|Expecting"):
        choice_of(body, request=REQUEST)


def test_the_request_says_only_what_was_asked() -> None:
    assert REQUEST.as_json() == {"user": "ann", "taskType": "reasoning", "promptTokens": 1200}
    full = Request(
        user="u",
        task_type="chat",
        prompt_tokens=0,
        tenant="t",
        tier="premium",
        max_cost_usd=0.0,
        capabilities=("vision",),
        labels={"region": "eu"},
        reserve=False,
    )
    assert full.as_json() == {
        "user": "u",
        "taskType": "chat",
        "promptTokens": 0,
        "tenant": "t",
        "tier": "premium",
        "labels": {"region": "eu"},
        "requirements": {"maxCostUsd": 0.0, "capabilities": ["vision"]},
        "reserve": False,
    }


def test_the_service_takes_the_record() -> None:
    from datetime import UTC, datetime

    from routecause.events import Envelope, Outcome, request_completed

    choice = chosen(experiment="e", arm="b", propensity=0.5)
    outcome = Outcome(latency_ms=12, cost_usd=0.01, status="timeout", error_type="Timeout")
    data = request_completed(
        choice.request,
        request_id="r-1",
        tier="premium",
        decision=choice.decision(fallback_from=[("b@x", "Timeout")]),
        outcome=outcome,
        labels={"model_group": "fast"},
    )
    now = datetime.now(UTC)
    event = Envelope(source="//s", id="1", type="request.completed", at=now, data=data)
    parsed: Any = parse_event({**event.as_json(), "recordedtime": now.isoformat()})
    assert parsed.data.decision.candidates[1].rejected == "budget,down"
    assert parsed.data.decision.fallback_from[0].cause == "Timeout"
    assert parsed.data.outcome.status == "timeout"
