"""What tools give, as plain JSON: dataclasses as objects, times in UTC, lengths of time in
seconds, sets in order, cut short.

Also as GraphQL: the document that asks the API the same, for whoever wants to run it.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, cast

from agent.selections import SELECTIONS, as_asked
from graph.slices import Period, Slice


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: the tool's name, its arguments (those given), what it gave, in ms."""

    tool: str
    arguments: Mapping[str, Any]
    result: Any
    took_ms: float = field(default=0.0, compare=False)


_FIELDS_AT_MOST: Final = 4
_HEAVY: Final = ("whyChanged", "whatIf", "costAnomalies")
_HEAVY_AT_MOST: Final = 2


def stamp(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A result as JSON has it; field names stay as they are."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    names = getattr(value, "FIELDS", None)
    if names is None and is_dataclass(value):
        names = [field.name for field in fields(value)]
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        told = cast("Mapping[Any, Any]", value)
        return {str(key): plain(one) for key, one in told.items()}
    if isinstance(value, Set):
        return [plain(one) for one in sorted(cast("Set[Any]", value))]
    if isinstance(value, list | tuple):
        return [plain(one) for one in cast("list[Any]", value)]
    return value


def bounded(value: Any, *, most_characters: int) -> tuple[Any, str | None]:
    """A plain result cut so that its JSON is short enough, and what was left out, in words.

    The longest lists lose their ends first; where that is not enough, all is left out.
    """
    whole = json.dumps(value)
    if len(whole) <= most_characters:
        return value, None
    value = json.loads(whole)
    cut: dict[str, tuple[int, int]] = {}
    while len(json.dumps(value)) > most_characters:
        # A list of one may hold the long one: what can be cut lies further in.
        lists = [found for found in _lists(value) if len(found[1]) > 1]
        path, longest = max(lists, key=_length, default=_NONE)
        if not longest:
            return None, "the result was left out, for it is too long; ask for less"
        kept = max(len(longest) // 2, 1)
        cut[path] = (kept, cut.get(path, (0, len(longest)))[1])
        del longest[kept:]
    told = [f"{kept} of {all_of} of {path or 'all'}" for path, (kept, all_of) in cut.items()]
    return value, f"cut to the first {'; '.join(told)}: ask for less to see the rest"


_NONE: tuple[str, list[Any]] = ("", [])


def _length(found: tuple[str, list[Any]]) -> int:
    return len(json.dumps(found[1]))


def document(calls: list[Call]) -> str | None:
    """One GraphQL query that asks the same as the calls; None where there are none.

    Of many only the last: no more than one operation may ask for.
    """
    newest = list(dict.fromkeys(_field(call) for call in reversed(calls)))
    heavy = [field for field in newest if field.startswith(_HEAVY)]
    asked = [field for field in newest if field not in heavy[_HEAVY_AT_MOST:]]
    asked = asked[:_FIELDS_AT_MOST][::-1]
    if not asked:
        return None
    roots = [field.partition("(")[0].partition(" ")[0] for field in asked]
    told = [
        f"{root}{roots[:place].count(root) + 1}: {field}" if roots.count(root) > 1 else field
        for place, (root, field) in enumerate(zip(roots, asked, strict=True))
    ]
    return f"{{ {' '.join(told)} }}"


def _field(call: Call) -> str:
    given = as_asked(call.tool, call.arguments)
    told = [f"{camel(name)}: {literal(value)}" for name, value in given.items()]
    arguments = f"({', '.join(told)})" if told else ""
    return f"{camel(call.tool)}{arguments} {SELECTIONS[call.tool]}"


def literal(value: Any) -> str:
    """A value as it is written in a GraphQL document."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return json.dumps(stamp(value))
    if isinstance(value, Period):
        return f"{{from: {literal(value.start)}, to: {literal(value.end)}}}"
    if isinstance(value, Slice):
        return literal({name: sorted(values) for name, values in value.given().items()})
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value).items()
        return f"{{{', '.join(f'{camel(name)}: {literal(one)}' for name, one in told)}}}"
    if isinstance(value, Set):
        value = sorted(cast("Set[Any]", value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(one) for one in cast('list[Any]', value))}]"
    return json.dumps(value)


def camel(name: str) -> str:
    """A name as GraphQL has it."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _lists(value: Any, path: str = "") -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    if isinstance(value, dict):
        for name, one in cast("dict[str, Any]", value).items():
            found += _lists(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        told = cast("list[Any]", value)
        found.append((path, told))
        for place, one in enumerate(told):
            found += _lists(one, f"{path}[{place}]")
    return found
