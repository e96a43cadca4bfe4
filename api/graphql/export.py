"""Writes `schema.graphql`, the schema as it is served: `python -m api.graphql.export`."""

from pathlib import Path
from typing import Final

from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings

FILE: Final = Path(__file__).with_name("schema.graphql")


def schema_text() -> str:
    """The schema in GraphQL's own language; no setting changes it."""
    return Schema(GraphqlSettings.model_construct()).as_str() + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
