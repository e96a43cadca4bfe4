"""How the arguments of tools are read from JSON: stricter than Python's types, and told in words.

A time without an offset could be anywhere on Earth, a number as a time is a mistake, and a name of
a million characters is none. Whatever is wrong, the argument is named and the remedy said.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    create_model,
)

from graph import slices
from graph.errors import InvalidInput

TEXT_AT_MOST: Final = 1_000
"""Characters of a name or of words."""
NAMES_AT_MOST: Final = 200
"""Names in one list."""
_YEARS: Final = range(1970, 3000)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?"
)
_EXAMPLE: Final = "2026-09-01T14:00:00Z"
_LINES: Final = "\n\t"
T = TypeVar("T")


def _written(value: Any) -> Any:
    """A time as it is written, before it is read."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"give times with an offset, such as {_EXAMPLE}")
        return value
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"give a time such as {_EXAMPLE}")
    if found["offset"] is None:
        raise ValueError(f"give times with an offset, such as {_EXAMPLE}")
    return value


def _recorded(value: datetime) -> datetime:
    """A time that something can be recorded of."""
    if value.year not in _YEARS:
        raise ValueError(f"must be from {_YEARS.start} to {_YEARS.stop - 1}")
    return value


def _text(value: str) -> str:
    """A name or words."""
    if not 1 <= len(value) <= TEXT_AT_MOST:
        raise ValueError(f"must have 1 to {TEXT_AT_MOST} characters")
    if not all(one.isprintable() or one in _LINES for one in value):
        raise ValueError("must have no control characters")
    return value


def _few(value: frozenset[T]) -> frozenset[T]:
    """A list that is not too long."""
    if len(value) > NAMES_AT_MOST:
        raise ValueError(f"name at most {NAMES_AT_MOST}")
    return value


Instant = Annotated[datetime, BeforeValidator(_written), AfterValidator(_recorded)]
"""A time with an offset."""


class Period(BaseModel):
    """From `start`, included, to `end`, excluded; times with an offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Instant
    end: Instant


def _period(given: Period) -> slices.Period:
    try:
        return slices.Period(given.start, given.end)
    except InvalidInput:
        raise ValueError("`start` must lie before `end`") from None


def strict(hint: Any) -> Any:
    """A type as arguments of it are read."""
    if hint is datetime:
        return Instant
    if hint is slices.Period:
        return Annotated[Period, AfterValidator(_period)]
    if hint is slices.Slice:
        return Annotated[_slice(), AfterValidator(lambda one: slices.Slice(**dict(one)))]
    if hint is str:
        return Annotated[str, AfterValidator(_text)]
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(strict(inside[0]), *inside[1:])]  # pyright: ignore[reportReturnType]  # made while it runs
    if origin in (Union, UnionType):
        return Union[tuple(one if one is NoneType else strict(one) for one in inside)]  # noqa: UP007
    if origin is frozenset:
        one = strict(inside[0])
        return Annotated[frozenset[one], AfterValidator(_few)]
    return hint


@cache
def _slice() -> type[BaseModel]:
    """A slice's fields as they are read."""
    told: dict[str, Any] = {
        name: (strict(hint), None) for name, hint in get_type_hints(slices.Slice).items()
    }
    config = ConfigDict(extra="forbid", frozen=True)
    return create_model("Slice", __config__=config, __doc__=slices.Slice.__doc__, **told)


_SAID: Final[Mapping[str, str]] = {
    "missing": "is needed",
    "extra_forbidden": "there is no such argument",
    "frozen_set_type": "give a list",
    "tuple_type": "give a list",
    "model_type": "give an object",
}
"""What is said of mistakes whose own words speak of Python."""


def refusal(error: ValidationError) -> InvalidInput:
    """What is wrong with arguments, in words: the first mistake, and where it is."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"]) or "arguments"
    told = _SAID.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return InvalidInput(told, field=path)


def compact(schema: Any) -> Any:
    """A JSON schema without what tells a model nothing: titles, and that null is a default.

    What may be null may as well be left out, so it is only told as what else it may be.
    """
    if isinstance(schema, list):
        return [compact(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    told = dict(cast("Mapping[str, Any]", schema))
    options = told.get("anyOf")
    if isinstance(options, list):
        rest = [one for one in cast("list[Any]", options) if one != {"type": "null"}]
        if len(rest) == 1 and isinstance(rest[0], Mapping):
            told.pop("anyOf")
            told = {**cast("Mapping[str, Any]", rest[0]), **told}
    if isinstance(told.get("title"), str):
        told.pop("title")
    if "default" in told and told["default"] is None:
        told.pop("default")
    return {
        name: {key: compact(one) for key, one in cast("dict[str, Any]", value).items()}
        if name in {"properties", "$defs"}
        else compact(value)
        for name, value in told.items()
    }
