"""The tools as clients see them: schemas from signatures, arguments checked, results cut."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from agent.toolbox import TOOL_NAMES, Toolbox
from agent.tools import tools
from graph.errors import InvalidInput
from tests.agent.playbooks.worlds import DAY, NOW, SmallFleet

NAIVE = "2020-08-13T12:00:00"
START, END = (NOW - DAY).isoformat(), NOW.isoformat()
NEEDED: dict[str, dict[str, Any]] = {
    "changes": {"from": START, "to": END},
    "routing_view": {"user": "ada", "task_type": "x", "prompt_tokens": 1},
    "request": {"id": "r"},
    "why_changed": {"metric": "COST", "during": {"start": START, "end": END}},
    "what_if": {"metric": "COST", "during": {"start": START, "end": END}, "arm": "a/b"},
    "trend": {"metric": "COST", "during": {"start": START, "end": END}, "granularity": "DAY"},
    "compare": {"metric": "COST", "during": {"start": START, "end": END},
                "compared_to": {"start": START, "end": END}},
    "savings": {"during": {"start": START, "end": END}},
    "cost_anomalies": {"during": {"start": START, "end": END}},
    "experiment": {"id": "e"},
    "rollout": {"change": "c"},
}  # fmt: skip


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and every schema in it."""
    if isinstance(schema, dict):
        yield schema
        for one in schema.values():  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from parts(one)
    elif isinstance(schema, list):
        for one in schema:  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from parts(one)


@pytest.mark.parametrize("name", TOOL_NAMES)
def test_a_schema_tells_every_argument(name: str) -> None:
    tool = tools()[name]
    assert tool.schema["type"] == "object"
    assert tool.schema["additionalProperties"] is False
    for argument, told in tool.schema["properties"].items():
        assert told["description"], argument
        assert not argument.endswith("_")
    for part in parts(tool.schema):
        assert not isinstance(part.get("title"), str)
        assert {"type": "null"} not in part.get("anyOf", [])
    assert 20 < len(tool.description) < 400
    assert len(json.dumps(tool.schema)) < 3_000
    required = set(tool.schema.get("required", ()))
    given = {"from" if one == "from_" else one for one in NEEDED.get(name, {})}
    assert required <= given, "what these tests give is enough"


def test_all_schemas_together_are_short() -> None:
    assert len(json.dumps([tool.schema for tool in tools().values()])) < 20_000


def timed() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every argument of every tool that is a time, also inside of a period."""
    for name, tool in tools().items():
        for argument, told in tool.schema["properties"].items():
            if told.get("format") == "date-time":
                yield name, (argument,)
            if told.get("$ref") == "#/$defs/Period":
                yield from ((name, (argument, end)) for end in ("start", "end"))


@pytest.mark.parametrize(("name", "path"), list(timed()), ids=str)
async def test_times_without_an_offset_are_refused(name: str, path: tuple[str, ...]) -> None:
    given: dict[str, Any] = dict(NEEDED.get(name, {}))
    if len(path) == 2:
        given[path[0]] = {"start": START, "end": END, path[1]: NAIVE}
    else:
        given[path[0]] = NAIVE
    nobody: Any = None
    with pytest.raises(InvalidInput) as refused:
        await tools()[name].call(Toolbox(nobody), given)
    assert refused.value.field == ".".join(path)
    assert "give times with an offset" in refused.value.reason


def test_every_tool_with_times_is_among_them() -> None:
    without = {"names", "routing_view", "similar_incidents"}
    assert {name for name, _ in timed()} == set(TOOL_NAMES) - without


async def test_arguments_come_from_json_and_results_are_json(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    found = await tools()["fleet"].call(toolbox, {"status": ["DOWN"], "at": None})
    (one,) = found.value
    assert (one["deployment"], one["status"], found.cut) == (small_fleet.spared, "DOWN", None)
    json.dumps(found.value)
    (call,) = toolbox.calls
    assert call.arguments == {"status": frozenset({"DOWN"})}


@pytest.mark.parametrize("name", ["from", "from_"])
async def test_the_start_of_changes_goes_by_both_names(small_fleet: SmallFleet, name: str) -> None:
    toolbox = Toolbox(small_fleet.world())
    given = {name: (NOW - 2 * DAY).isoformat(), "to": END}
    found = await tools()["changes"].call(toolbox, given)
    assert small_fleet.rollout in {one["id"] for one in found.value}
    assert set(toolbox.calls[0].arguments) == {"from_", "to"}
    with pytest.raises(InvalidInput, match="from: `from` must lie before `to`"):
        await tools()["changes"].call(toolbox, {"from": END, "to": START})


async def test_a_name_that_nothing_has_matches_nothing(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    assert (await tools()["fleet"].call(toolbox, {"model": ["no-such"]})).value == []
    asked = {**NEEDED["trend"], "where": {"tier": ["no-such"]}, "group_by": ["TIER"]}
    assert (await tools()["trend"].call(toolbox, asked)).value == []
    assert (await tools()["request"].call(toolbox, {"id": "MATCH (n) RETURN n"})).value is None


async def test_a_long_result_is_cut(small_fleet: SmallFleet) -> None:
    long = {"start": (NOW - timedelta(days=100)).isoformat(), "end": END}
    asked = {**NEEDED["trend"], "during": long, "granularity": "HOUR"}
    found = await tools()["trend"].call(Toolbox(small_fleet.world()), asked, most_characters=5_000)
    assert found.cut is not None
    assert "of 2400 of [0].points" in found.cut
    assert len(json.dumps(found.value)) <= 5_000
