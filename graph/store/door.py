"""The one door to Neo4j: the only place where text becomes Cypher, tenants are scoped, driver
errors are translated, and every wait has a limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString, Self, TypeVar, cast

import neo4j
from neo4j.exceptions import ClientError, DriverError, Neo4jError
from neo4j.time import DateTime

from graph.errors import GraphUnavailable, StatementFailed
from graph.model import names, schema_texts
from graph.scope import TenantScope
from graph.settings import GraphSettings
from graph.store.questions import question

Record = dict[str, Any]
T = TypeVar("T")

_CONNECT_TIMEOUT_S = 5.0
_INDEX_TIMEOUT_S = 60.0
_CREATE_NAMES: tuple[LiteralString, ...] = (
    "UNWIND $names AS name CALL db.createLabel(name)",
    "UNWIND $names AS name CALL db.createRelationshipType(name)",
    "UNWIND $names AS name CALL db.createProperty(name)",
)


@dataclass
class StatementCount:
    """How many statements were sent while counting, and which."""

    statements: list[str] = field(default_factory=list[str])


_counting: ContextVar[StatementCount | None] = ContextVar("counting", default=None)


@contextmanager
def counting() -> Generator[StatementCount]:
    """Count the statements sent inside the block (by this task and those it starts)."""
    counter = StatementCount()
    token = _counting.set(counter)
    try:
        yield counter
    finally:
        _counting.reset(token)


def _count(name: str) -> None:
    counter = _counting.get()
    if counter is not None:
        counter.statements.append(name)


def instant(value: Any) -> datetime:
    """A Neo4j datetime as an aware UTC datetime."""
    native = value.to_native() if isinstance(value, DateTime) else value
    return native.astimezone(UTC)


def maybe_instant(value: Any) -> datetime | None:
    """Like `instant`, None for null."""
    return None if value is None else instant(value)


async def _create(session: neo4j.AsyncSession, text: str) -> None:
    """Create one index or constraint; another process may be doing the same at this moment."""
    try:
        await (await session.run(cast("LiteralString", text))).consume()
    except ClientError as error:
        if "AlreadyExists" not in (error.code or ""):
            raise


class Transaction:
    """A write transaction: statements of the store's own modules, with parameters."""

    def __init__(self, transaction: neo4j.AsyncManagedTransaction) -> None:
        self._transaction = transaction

    async def run(self, text: str, **parameters: Any) -> list[Record]:
        """Run one statement and return its rows."""
        _count(text)
        # The only texts that arrive are constants of graph.store and those made by graph.model
        # from declarations; values travel as parameters.
        result = await self._transaction.run(cast("LiteralString", text), parameters)
        keys = list(result.keys())
        return [dict(zip(keys, row, strict=True)) for row in [r.values() async for r in result]]


class GraphStore:
    """Reads and writes of the graph. One per process; safe to share between tasks."""

    def __init__(self, driver: neo4j.AsyncDriver, *, settings: GraphSettings) -> None:
        self._driver = driver
        self._settings = settings

    @classmethod
    def open(cls, settings: GraphSettings) -> Self:
        """A store for the address in the settings; nothing is sent yet."""
        if settings.neo4j_uri is None:
            raise GraphUnavailable("NEO4J_URI is not set, so there is no graph to connect to")
        # The driver's signature is **config, which a strict checker can't see through.
        database: Any = neo4j.AsyncGraphDatabase
        driver = database.driver(
            settings.neo4j_uri,
            auth=(settings.neo4j_username, settings.neo4j_password.get_secret_value()),
            max_connection_pool_size=settings.graph_pool_size,
            connection_timeout=_CONNECT_TIMEOUT_S,
            connection_acquisition_timeout=settings.graph_timeout_s,
            max_transaction_retry_time=settings.graph_timeout_s,
            telemetry_disabled=True,
            notifications_min_severity="OFF",
        )
        return cls(driver, settings=settings)

    @classmethod
    async def connect(cls, settings: GraphSettings) -> Self:
        """A store that has answered once and has its schema; GraphUnavailable if it can't."""
        store = cls.open(settings)
        try:
            await store.prepare()
        except BaseException:
            await store.close()
            raise
        return store

    async def prepare(self) -> None:
        """Create the declared names, constraints and indexes; wait until they are online.

        With every name known beforehand, no read is warned of a property nobody has told yet.
        """

        async def work() -> None:
            async with self._session(neo4j.WRITE_ACCESS) as session:
                for procedure, wanted in zip(_CREATE_NAMES, names(), strict=True):
                    await (await session.run(procedure, names=wanted)).consume()
                for text in schema_texts():
                    await _create(session, text)
                await (
                    await session.run("CALL db.awaitIndexes($limit)", limit=int(_INDEX_TIMEOUT_S))
                ).consume()

        await self._translated(work(), limit_s=_INDEX_TIMEOUT_S + self._settings.graph_timeout_s)

    async def ask(
        self, name: str, *, scope: TenantScope | None = None, **parameters: Any
    ) -> list[Record]:
        """Run the question `graph/cypher/<name>.cypher` and return its rows.

        `scope` becomes `$tenants`; a question that reads a tenant's facts can't be asked without.
        """
        asked = question(name)
        if ("$tenants" in asked.text) != (scope is not None):
            raise TypeError(f"question {name} and the scope given to it do not fit")
        if scope is not None:
            parameters["tenants"] = scope.parameter
        _count(name)

        @neo4j.unit_of_work(timeout=self._settings.graph_timeout_s)
        async def read(transaction: neo4j.AsyncManagedTransaction) -> list[Record]:
            result = await transaction.run(cast("LiteralString", asked.text), parameters)
            keys = list(result.keys())
            return [dict(zip(keys, row, strict=True)) for row in [r.values() async for r in result]]

        async def work() -> list[Record]:
            async with self._session(neo4j.READ_ACCESS) as session:
                return await session.execute_read(read)

        return await self._translated(work(), limit_s=2 * self._settings.graph_timeout_s)

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in one transaction: all of it happens, or nothing. It may run again."""

        @neo4j.unit_of_work(timeout=self._settings.graph_timeout_s)
        async def run(transaction: neo4j.AsyncManagedTransaction) -> T:
            return await work(Transaction(transaction))

        async def whole() -> T:
            async with self._session(neo4j.WRITE_ACCESS) as session:
                return await session.execute_write(run)

        return await self._translated(whole(), limit_s=4 * self._settings.graph_timeout_s)

    async def close(self) -> None:
        """Give all connections back."""
        await self._driver.close()

    def _session(self, access: str) -> neo4j.AsyncSession:
        driver: Any = self._driver
        return driver.session(database=self._settings.neo4j_database, default_access_mode=access)

    async def _translated(self, work: Awaitable[T], *, limit_s: float) -> T:
        try:
            return await asyncio.wait_for(work, timeout=limit_s)
        except ClientError as error:
            if "TransactionTimedOut" in (error.code or "") or "Security" in (error.code or ""):
                raise GraphUnavailable(f"Neo4j refused: {error.message}") from error
            raise StatementFailed(error.message or str(error)) from error
        except (Neo4jError, DriverError, OSError, TimeoutError) as error:
            raise GraphUnavailable("Neo4j does not answer; it is tried again") from error
