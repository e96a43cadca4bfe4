"""What Claude asks the tools for: checked, carried out one after the other, and told as data.

Nothing but the tools is ever called, and only with arguments that fit their schemas and names that
are known; whatever else is asked for is refused with the reason, so that Claude can do better.
"""

import asyncio
import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from logging import getLogger
from typing import Any, Final, cast

from agent.claude.prompt import envelope
from agent.toolbox import Toolbox
from agent.tools import CHARACTERS_AT_MOST, tools
from graph.errors import RoutecauseError
from graph.names import Names

log = getLogger(__name__)

CALL_LIMIT_S: Final = 10.0
ARGUMENTS_AT_MOST: Final = 4_000
"""Longest arguments of a call, in characters of JSON."""
_LEAST_CHARACTERS: Final = 4_000

_KNOWN_AS: Final = {
    "deployment": "deployments",
    "model": "models",
    "backend": "backends",
    "task_type": "task_types",
    "tier": "tiers",
    "tenant": "tenants",
}
"""Arguments whose values are names, and where those are listed."""
_TIMES: Final = frozenset(
    {"at", "active_at", "known_at", "as_of", "from_", "to", "start", "end", "from"}
)
_ZONED: Final = re.compile(r"(?:[zZ]|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call as Claude wants it; without `arguments` they were no JSON object."""

    id: str
    tool: str
    arguments: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Result:
    """What goes back: JSON text, and whether it is an error; `refused` is then the reason."""

    content: str
    refused: str | None = None


async def carry_out(
    wanted: list[Wanted], toolbox: Toolbox, *, names: Names, most_calls: int
) -> list[Result]:
    """The result of each call, in order. One at a time, for the toolbox keeps their order.

    What several results may be long together is shared among them.
    """
    share = max(CHARACTERS_AT_MOST // max(min(len(wanted), most_calls), 1), _LEAST_CHARACTERS)
    told: list[Result] = []
    for place, call in enumerate(wanted):
        if place >= most_calls:
            told.append(_refused(call.tool, f"at most {most_calls} calls in a turn; ask again"))
        else:
            told.append(await _one(call, toolbox, names=names, most_characters=share))
    return told


async def _one(call: Wanted, toolbox: Toolbox, *, names: Names, most_characters: int) -> Result:
    tool = tools().get(call.tool)
    if tool is None:
        return _refused(call.tool, f"no such tool; there are: {', '.join(tools())}")
    if call.arguments is None:
        return _refused(call.tool, "the arguments are not a JSON object")
    if len(json.dumps(call.arguments)) > ARGUMENTS_AT_MOST:
        return _refused(call.tool, f"more than {ARGUMENTS_AT_MOST} characters of arguments")
    wrong = unknown_name(call.arguments, names=names) or time_without_zone(call.arguments)
    if wrong is not None:
        return _refused(call.tool, wrong)
    try:
        async with asyncio.timeout(CALL_LIMIT_S):
            given = await tool.call(toolbox, call.arguments, most_characters=most_characters)
    except TimeoutError:
        return _refused(call.tool, "it took too long; ask for less")
    except RoutecauseError as error:
        return _refused(call.tool, str(error))
    except Exception:
        # Whatever it is, the question can still be answered with the other tools.
        log.exception("the tool %s failed", call.tool)
        return _refused(call.tool, "it failed; do without it")
    return Result(envelope(call.tool, data=given.value, cut=given.cut))


def unknown_name(arguments: Mapping[str, Any], *, names: Names) -> str | None:
    """What is wrong with a name that nothing has; None where all are known.

    A filter on such a name matches nothing, and would be read as `there was no traffic`. Kinds of
    which no names are known are not checked.
    """
    told = dict(arguments)
    where = told.get("where")
    if isinstance(where, Mapping):
        told |= cast("Mapping[str, Any]", where)
    for name, value in told.items():
        known: tuple[str, ...] = getattr(names, _KNOWN_AS[name]) if name in _KNOWN_AS else ()
        if name == "without":
            known = names.deployments + names.backends
        values: list[Any] = [value]
        if isinstance(value, list):
            values = cast("list[Any]", value)
        for one in values if known else ():
            if isinstance(one, str) and one not in known:
                near = difflib.get_close_matches(one, known, n=3) or list(known[:10])
                return f"{name}: there is no {one[:100]!r}; there are: {', '.join(near)}"
    return None


def time_without_zone(arguments: Mapping[str, Any]) -> str | None:
    """What is wrong with a time that does not say where on Earth; None where all do.

    The graph would compare it with nothing, and give an empty result that reads as `nothing was`.
    """
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            inner = time_without_zone(cast("Mapping[str, Any]", value))
            if inner is not None:
                return f"{name}.{inner}"
        elif name in _TIMES and isinstance(value, str) and not _ZONED.search(value):
            return f"{name}: give times with an offset, such as 2026-09-01T14:00:00Z"
    return None


def _refused(tool: str, why: str) -> Result:
    return Result(envelope(tool[:100], error=why), refused=why)
