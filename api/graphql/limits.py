"""How much one document may ask for: depth, aliases and complexity, told before anything runs.

A document is walked once with its fragments unfolded, so that a small text which unfolds into a
large operation is refused like a large one. Introspection is free; graphql-core bounds its depth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.graphql.settings import GraphqlSettings

TOO_LARGE: Final = "TOO_LARGE"
_DIGITS: Final = 9
"""A number of more digits counts as the most that a list gives."""

COMPLEXITY: Final[Mapping[str, int]] = {
    # By how many statements a field takes, and how much they read.
    "fleet": 50,
    "stateHistory": 200,
    "incidents": 20,
    "changes": 20,
    "recentChanges": 20,
    "policy": 10,
    "request": 10,
    "trend": 100,
    "compare": 100,
    "whyChanged": 300,
    "whatIf": 200,
    "similarIncidents": 50,
    "routingView": 10,
    "forecast": 100,
    "capacityRisk": 200,
    "budgets": 100,
    "savings": 200,
    "costAnomalies": 300,
    "slos": 200,
    "experiment": 100,
    "rollout": 100,
    "names": 50,
    "maintenance": 20,
    "questions": 10,
    "investigation": 10,
    "postmortem": 700,
    "ask": 500,
    "requests": 50,
    "impact": 200,
}
"""Complexity of the fields that do more than give out what is there already (1)."""
LISTS: Final[Mapping[str, tuple[int, int]]] = {"requests": (20, 100)}
"""Fields that give as many things as `first` says: so many without it, and so many at most.

What lies below them is read for each.
"""


@dataclass(slots=True)
class _Size:
    """What was counted so far."""

    fields: int = 0
    aliases: int = 0
    complexity: int = 0
    depth: int = 0


def oversize(document: DocumentNode, *, limits: GraphqlSettings) -> list[GraphQLError]:
    """An error for each limit that a document is over, each with what it asks and what it may."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    errors: list[GraphQLError] = []
    for operation in operations:
        size = _size(operation, fragments=fragments, limits=limits)
        told = (
            ("levels of fields", size.depth, limits.query_depth),
            ("aliases", size.aliases, limits.query_aliases),
            ("units of complexity", size.complexity, limits.query_complexity),
        )
        errors += [
            GraphQLError(
                f"the operation has more {what} than the {most} allowed; split it",
                nodes=[operation],
                extensions={"code": TOO_LARGE, "limit": most},
            )
            for what, found, most in told
            if found > most
        ]
    return errors


def _size(
    operation: OperationDefinitionNode,
    *,
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: GraphqlSettings,
) -> _Size:
    """Count an operation; stops as soon as any limit is passed, so a bomb takes no time either."""
    size = _Size()
    # What is left to visit: a selection, the fields above it, for how many things it is asked,
    # the fragments it lies in.
    waiting: list[tuple[SelectionNode, int, int, frozenset[str]]] = [
        (selection, 0, 1, frozenset[str]()) for selection in operation.selection_set.selections
    ]
    while waiting and (
        size.depth <= limits.query_depth
        and size.aliases <= limits.query_aliases
        and size.complexity <= limits.query_complexity
    ):
        selection, above, times, inside = waiting.pop()
        below = times * _things(selection)
        for within, deeper, fragment in _enter(selection, size, fragments, above, times, inside):
            lies_in = inside if fragment is None else inside | {fragment}
            waiting.extend((child, deeper, below, lies_in) for child in within.selections)
    return size


def _things(selection: SelectionNode) -> int:
    """How many things a field gives whose own fields are read for each; 1 for any other."""
    if not isinstance(selection, FieldNode) or selection.selection_set is None:
        return 1
    usual, most = LISTS.get(selection.name.value, (1, 1))
    given = next((a.value for a in selection.arguments or () if a.name.value == "first"), None)
    if given is None or isinstance(given, NullValueNode):
        return usual
    # What a variable holds is told after this; it may be anything up to the most. No list is
    # as long as a number of many digits, and Python refuses to read one of thousands.
    if not isinstance(given, IntValueNode) or len(given.value) > _DIGITS:
        return most
    return min(max(int(given.value), 1), most)


def _cost(field: FieldNode, *, times: int) -> int:
    """The complexity of a field that is asked for so many things: for each, where it reads.

    What reads gives objects; a figure or an identifier of the same name is there already.
    """
    name = field.name.value
    if name not in COMPLEXITY or field.selection_set is None:
        return 1
    return times * (COMPLEXITY[name] + (_things(field) if name in LISTS else 0))


def _enter(
    selection: SelectionNode,
    size: _Size,
    fragments: Mapping[str, FragmentDefinitionNode],
    above: int,
    times: int,
    inside: frozenset[str],
) -> Iterator[tuple[SelectionSetNode, int, str | None]]:
    """Count one selection and give what is in it."""
    if isinstance(selection, FieldNode):
        name = selection.name.value
        if name in {"__schema", "__type"}:
            return
        size.complexity += _cost(selection, times=times)
        size.aliases += selection.alias is not None
        size.depth = max(size.depth, above + 1)
        if selection.selection_set is not None:
            yield selection.selection_set, above + 1, None
    elif isinstance(selection, FragmentSpreadNode):
        # An empty fragment costs nothing by its fields, so each spread counts too.
        size.complexity += 1
        name = selection.name.value
        # A cycle is refused by a rule of its own.
        if name in fragments and name not in inside:
            yield fragments[name].selection_set, above, name
    else:
        inline = getattr(selection, "selection_set", None)
        if isinstance(inline, SelectionSetNode):
            yield inline, above, None
