"""A connected store for the tests of what is read from and written to the graph."""

from collections.abc import AsyncGenerator

import pytest

from graph.columns import BucketColumns
from graph.settings import GraphSettings
from graph.store.door import GraphStore


@pytest.fixture(scope="session")
async def store(graph_settings: GraphSettings) -> AsyncGenerator[GraphStore]:
    """The store of the session's Neo4j, with its schema."""
    opened = await GraphStore.connect(graph_settings)
    yield opened
    await opened.close()


@pytest.fixture
def columns(store: GraphStore) -> BucketColumns:
    """Columns that hold nothing yet."""
    return BucketColumns(store)
