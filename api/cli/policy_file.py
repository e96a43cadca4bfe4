"""Policy files: YAML, or JSON as YAML holds it, read without surprises."""

from pathlib import Path
from typing import Any, cast

import yaml

from graph.errors import InvalidInput

LARGEST_FILE_BYTES = 1_000_000


class _Loader(yaml.SafeLoader):
    """Plain values only: a version such as 2026-11-01 stays text, a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"{twice!r} is given twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_policy(path: Path) -> dict[str, Any]:
    """The document that a file holds. Raises InvalidInput with the line where it is no YAML."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error}", field=str(path)) from error
    if len(raw) > LARGEST_FILE_BYTES:
        raise InvalidInput(f"has more than {LARGEST_FILE_BYTES} bytes", field=str(path))
    try:
        document: object = yaml.load(raw, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"is not YAML: {_told(error)}", field=str(path)) from error
    if not isinstance(document, dict):
        raise InvalidInput(
            "must hold one policy: format, policy, version and rules", field=str(path)
        )
    return cast("dict[str, Any]", document)


def _told(error: Exception) -> str:
    """What is wrong and where, in one line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        return f"{error.problem or error.context or 'unreadable'}{where}"
    return str(error).replace("\n", " ")
