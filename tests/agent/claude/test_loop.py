"""Investigations with a scripted Claude: tools, limits, and what of its answer is shown."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from agent.answer import Step, StepKind
from agent.claude.loop import ClaudeFailed
from agent.claude.prompt import LAST_TURN
from agent.toolbox import Toolbox
from agent.tools import tools
from agent.understanding.question import Question

if TYPE_CHECKING:
    from tests.agent.claude.conftest import MakeClaude, MessagesApi

Ask = Callable[..., Question]
FLEET = ("fleet", {"status": ["HEALTHY"]})
NAMES: tuple[str, dict[str, Any]] = ("names", {})


def data(result: dict[str, Any]) -> Any:
    """What a result's envelope holds."""
    return json.loads(result["content"])


async def test_several_tools_in_one_turn_are_answered_in_order(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET, NAMES, ("fleet", {"backend": ["neocloud"]}), text="Let me look."),
        api.says("The p95 latency of gpt-4o@aws is 431 ms."),
    )
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "The p95 latency of gpt-4o@aws is 431 ms."
    assert [call.tool for call in toolbox.calls] == ["fleet", "fleet"]
    first, second, third = api.asked[1].results
    assert [one["tool_use_id"] for one in (first, second, third)] == [
        "toolu_1",
        "toolu_2",
        "toolu_3",
    ]
    assert not first["is_error"]
    assert data(first)["tool"] == "fleet"
    assert [one["deployment"] for one in data(first)["data"]] == ["gpt-4o@aws"]
    assert [one["deployment"] for one in data(third)["data"]] == ["llama-3-70b@neocloud"]
    assert data(second)["data"]["tenants"] == ["acme"]
    # What Claude said goes back as it was, with its calls.
    said = api.asked[1].body["messages"][1]
    assert [one["type"] for one in said["content"]] == ["text", "tool_use", "tool_use", "tool_use"]
    assert said["content"][1]["input"] == {"status": ["HEALTHY"]}


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("run_cypher", {"query": "MATCH (n) DETACH DELETE n"}, "no such tool"),
        ("__class__", {}, "no such tool"),
        ("check", {"arguments": {}}, "no such tool"),
        ("fleet", {"cypher": "MATCH (n) RETURN n"}, "cypher: there is no such argument"),
        ("fleet", {"status": ["MATCH (n) RETURN n"]}, "status"),
        ("fleet", {"model": ["x'}) MATCH (n) DETACH DELETE n //"]}, "model: there is no"),
        ("fleet", {"model": ["gpt-4"]}, "there are: gpt-4o"),
        ("fleet", {"at": "yesterdayZ"}, "at: give a time such as"),
        ("fleet", {"at": "2026-09-03T10:00:00"}, "at: give times with an offset"),
        ("savings", {"during": {"start": "2026-09-01", "end": "x"}}, "during.start: give times"),
        ("fleet", "[1, 2]", "not a JSON object"),
        ("fleet", '{"status": ["HEAL', "not a JSON object"),
        ("fleet", {"backend": ["x" * 5000]}, "characters of arguments"),
        ("budgets", {"tenant": "globex"}, "tenant: there is no 'globex'"),
        ("trend", {"metric": "LATENCY_P95"}, "during: is needed"),
        ("incidents", {}, "Neo4j"),
    ],
)
async def test_what_is_refused_is_told_and_never_carried_out(
    api: "MessagesApi",
    claude: "MakeClaude",
    ask: Ask,
    toolbox: Toolbox,
    name: str,
    arguments: Any,
    says: str,
) -> None:
    api.then(api.calls((name, arguments)), api.says("I can't tell: it was refused."))
    steps: list[Step] = []
    found = await claude().investigate(ask(), toolbox, told=steps.append)
    (result,) = api.asked[1].results
    assert result["is_error"]
    assert says in data(result)["error"]
    assert toolbox.calls == []
    assert found.text == "I can't tell: it was refused."
    assert [step.kind for step in steps] == [StepKind.CHECKED]


async def test_another_tenant_is_not_found_even_where_no_names_are_known(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    toolbox.known = type(toolbox.known)() if toolbox.known else None
    api.then(
        api.calls(("budgets", {"tenant": "globex"})), api.says("I can't tell: no such tenant.")
    )
    await claude().investigate(ask(), toolbox)
    (result,) = api.asked[1].results
    assert result["is_error"]
    assert data(result)["error"].startswith("no tenant 'globex'")


async def test_too_many_calls_in_a_turn(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.calls(*[FLEET] * 4), api.says("The p95 latency of gpt-4o@aws is 431 ms."))
    await claude(claude_calls=3).investigate(ask(), toolbox)
    assert [one["is_error"] for one in api.asked[1].results] == [False, False, False, True]
    assert len(toolbox.calls) == 3


async def test_a_wrong_number_goes_back_once_and_is_then_dropped(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    wrong = "The p95 latency of gpt-4o@aws is 431 ms. Its error rate is 7.7 %."
    api.then(api.calls(FLEET), api.says(wrong))
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "The p95 latency of gpt-4o@aws is 431 ms."
    assert [problem.sentence for problem in found.dropped] == ["Its error rate is 7.7 %."]
    assert len(api.asked) == 3
    assert "Its error rate is 7.7 %." in api.asked[2].said
    assert "full corrected text" in api.asked[2].said
    assert found.confidence < 0.6


async def test_a_sentence_that_is_corrected_is_shown(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET),
        api.says("The p95 latency of gpt-4o@aws is 341 ms."),
        api.says("The p95 latency of gpt-4o@aws is 431 ms."),
    )
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "The p95 latency of gpt-4o@aws is 431 ms."
    assert (found.dropped, found.sent_back) == ((), True)


async def test_an_invented_incident_is_dropped(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET),
        api.says("The p95 latency of gpt-4o@aws is 431 ms. The incident inc-404 is open."),
    )
    found = await claude().investigate(ask(), toolbox)
    assert found.text == "The p95 latency of gpt-4o@aws is 431 ms."


async def test_nothing_left_is_a_failure(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.calls(FLEET), api.says("The p95 latency of gpt-4o@aws is 999 ms."))
    with pytest.raises(ClaudeFailed, match="nothing that Claude said") as caught:
        await claude().investigate(ask(), toolbox)
    assert (caught.value.kind, caught.value.spent.turns) == ("ungrounded", 3)


async def test_what_is_said_without_any_tool_is_not_shown(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.says("All is well."))
    with pytest.raises(ClaudeFailed) as caught:
        await claude().investigate(ask(), toolbox)
    assert (caught.value.kind, len(api.asked)) == ("ungrounded", 2)
    assert "You called no tool" in api.asked[1].said


async def test_the_turns_are_limited(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.calls(FLEET))
    with pytest.raises(ClaudeFailed) as caught:
        await claude(claude_turns=3).investigate(ask(), toolbox)
    assert (caught.value.kind, len(api.asked)) == ("turns", 3)
    assert [LAST_TURN in one.said for one in api.asked] == [False, False, True]
    assert len(toolbox.calls) == 2


async def test_tries_count_as_turns(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.fails(529, "overloaded_error", retry_after="0"))
    with pytest.raises(ClaudeFailed, match="overloaded"):
        await claude(claude_turns=1).investigate(ask(), toolbox)
    assert len(api.asked) == 1


@pytest.mark.parametrize("cached", [True, False])
async def test_the_dollars_are_limited(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox, cached: bool
) -> None:
    read, new = (40_000, 100) if cached else (0, 12_000)
    api.then(api.calls(FLEET, output_tokens=256, cache_read_input_tokens=read, input_tokens=new))
    with pytest.raises(ClaudeFailed) as caught:
        await claude(claude_turns=30).investigate(ask(), toolbox)
    assert caught.value.kind == "dollars"
    assert 0.02 < caught.value.cost_usd <= 0.05
    assert LAST_TURN in api.asked[-1].said


async def test_a_question_that_cannot_be_paid_is_not_asked(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    with pytest.raises(ClaudeFailed) as caught:
        await claude(claude_question_usd=0.001).investigate(ask(), toolbox)
    assert (caught.value.kind, api.asked) == ("dollars", [])


async def test_the_answer_is_made_short_enough_to_be_paid(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.says("I can't tell: there is nothing."))
    await claude(claude_question_usd=0.014, claude_output_tokens=4000).investigate(ask(), toolbox)
    assert 200 <= api.asked[0].body["max_tokens"] < 2000


async def test_what_it_cost_is_what_the_usage_says(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(
        api.calls(FLEET, input_tokens=300, cache_creation_input_tokens=6000, output_tokens=80),
        api.says("I can't tell.", input_tokens=20, cache_read_input_tokens=6300, output_tokens=30),
    )
    found = await claude().investigate(ask(), toolbox)
    assert found.cost_usd == pytest.approx(
        (300 + 1.25 * 6000 + 5 * 80 + 20 + 0.1 * 6300 + 5 * 30) / 1e6
    )
    assert found.spent.usage.cache_read_tokens == 6300
    assert found.spent.turns == 2


async def test_a_request_is_made_to_be_cached(
    api: "MessagesApi", claude: "MakeClaude", ask: Ask, toolbox: Toolbox
) -> None:
    api.then(api.calls(FLEET), api.says("I can't tell."))
    await claude().investigate(ask("How about now?"), toolbox)
    first, second = (one.body for one in api.asked)
    assert first["stream"] is True
    assert first["model"] == "claude-haiku-4-5"
    marked = {"type": "ephemeral"}
    assert [tool["name"] for tool in first["tools"]] == list(tools())
    assert [tool.get("cache_control") for tool in first["tools"]][-2:] == [None, marked]
    assert first["system"][-1]["cache_control"] == marked
    assert first["messages"][0]["content"][-1] == {
        "type": "text",
        "text": "Question: How about now?",
        "cache_control": marked,
    }
    assert (second["system"], second["tools"]) == (first["system"], first["tools"])
    # The mark moves on; what stood before it stays the same, or nothing would be found cached.
    assert second["messages"][-1]["content"][-1]["cache_control"] == marked
    assert "cache_control" not in second["messages"][0]["content"][-1]
    assert [one["text"] for one in second["messages"][0]["content"]] == [
        one["text"] for one in first["messages"][0]["content"]
    ]
    assert api.asked[0].headers["authorization"] == "bearer not-a-key"
