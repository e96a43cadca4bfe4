"""What an operation selects below a field, so that what nobody reads is not worked out."""

from collections.abc import Iterable

from strawberry.types.nodes import SelectedField, Selection

from api.graphql.context import Info


def selects(info: Info, name: str) -> bool:
    """Whether a field of that name is selected somewhere below the one that is resolved.

    One that a directive leaves out counts: it only costs time.
    """
    return any(_holds(field.selections, name) for field in info.selected_fields)


def _holds(selections: Iterable[Selection], name: str) -> bool:
    return any(
        (isinstance(each, SelectedField) and each.name == name) or _holds(each.selections, name)
        for each in selections
    )
