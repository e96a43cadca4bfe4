"""A connected store and what is recorded once for all tests of the agent."""

from collections.abc import AsyncGenerator

import pytest

from graph.settings import GraphSettings
from graph.store.door import GraphStore
from tests.agent.playbooks.shops import Shops
from tests.agent.playbooks.worlds import SmallFleet


@pytest.fixture(scope="session")
async def store(graph_settings: GraphSettings) -> AsyncGenerator[GraphStore]:
    """The store of the session's Neo4j, with its schema."""
    opened = await GraphStore.connect(graph_settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def small_fleet(store: GraphStore) -> SmallFleet:
    """Recorded once; no test changes it."""
    told = SmallFleet(store)
    await told.tell()
    return told


@pytest.fixture(scope="session")
async def shops(store: GraphStore) -> Shops:
    """Recorded once; no test changes them."""
    told = Shops(store)
    await told.tell()
    return told
