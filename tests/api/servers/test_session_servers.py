"""The servers that every other test stands on answer and keep what they are given."""

import urllib.request
from uuid import uuid4

from neo4j import AsyncGraphDatabase
from redis.asyncio import Redis

from api.servers import Neo4jAddress


async def test_neo4j_takes_a_statement(neo4j_address: Neo4jAddress) -> None:
    credentials = (neo4j_address.username, neo4j_address.password)
    driver = AsyncGraphDatabase.driver(neo4j_address.uri, auth=credentials)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    async with driver:
        result = await driver.execute_query("RETURN 1 AS one")
        assert [record["one"] for record in result.records] == [1]


async def test_redis_keeps_what_it_is_given(redis_url: str) -> None:
    client: Redis = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    async with client:
        name = f"test:{uuid4()}"
        await client.set(name, "kept")
        assert await client.get(name) == b"kept"
        await client.delete(name)


def test_neo4j_browser_is_served(neo4j_address: Neo4jAddress) -> None:
    assert neo4j_address.browser_url is not None
    with urllib.request.urlopen(neo4j_address.browser_url, timeout=10) as page:  # noqa: S310 - our own
        assert b"Neo4j Browser" in page.read()
