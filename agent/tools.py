"""The tools as a model or an MCP client sees them: name, description, JSON schema, JSON in and out.

All of it comes from the methods of `Toolbox`: their docstrings, their signatures, their results.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from agent.arguments import compact, refusal, strict
from agent.results import bounded, plain
from agent.toolbox import TOOL_NAMES, Toolbox

CHARACTERS_AT_MOST = 24_000
"""Longest result, as JSON, that is given to a model."""


@dataclass(frozen=True, slots=True)
class Given:
    """A tool's result as plain JSON, cut to size; `cut` says what was left out."""

    value: Any
    cut: str | None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    arguments: type[BaseModel]
    schema: dict[str, Any]

    async def call(
        self,
        toolbox: Toolbox,
        given: Mapping[str, Any],
        *,
        most_characters: int = CHARACTERS_AT_MOST,
    ) -> Given:
        """Call it. Raises InvalidInput, which names the argument, and what the tool raises."""
        try:
            checked = self.arguments.model_validate(given)
        except ValidationError as error:
            raise refusal(error) from None
        told = {name: getattr(checked, name) for name in checked.model_fields_set}
        result = await getattr(toolbox, self.name)(**told)
        value, cut = bounded(plain(result), most_characters=most_characters)
        return Given(value, cut)


@cache
def tools() -> Mapping[str, Tool]:
    """Every tool by its name, in the order of the toolbox."""
    return {name: _tool(name) for name in TOOL_NAMES}


def _tool(name: str) -> Tool:
    method = getattr(Toolbox, name)
    hints = get_type_hints(method, include_extras=True)
    fields: dict[str, Any] = {
        parameter.name: (
            strict(hints[parameter.name]),
            # `from` is a word of Python's own, so the parameter is called `from_`; both are taken.
            Field(
                default=... if parameter.default is parameter.empty else parameter.default,
                alias=parameter.name.rstrip("_"),
            ),
        )
        for parameter in inspect.signature(method).parameters.values()
        if parameter.name != "self"
    }
    arguments = create_model(
        f"{name}_arguments",
        __config__=ConfigDict(extra="forbid", frozen=True, populate_by_name=True),
        **fields,
    )
    schema = compact(arguments.model_json_schema())
    return Tool(name, inspect.getdoc(method) or name, arguments, schema)
