"""The served schema, and what surrounds each operation: context, limits, cache, time, masking."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.graphql.ask import Mutation
from api.graphql.compiled import CompiledOperation, label
from api.graphql.context import Connection
from api.graphql.documents import Documents
from api.graphql.errors import presentable
from api.graphql.query import Query
from api.graphql.scalars import DATE_TIME
from api.graphql.settings import GraphqlSettings
from api.graphql.subscription import Subscription

Observe = Callable[[str, str, float], None]
"""Told of each operation when it ends: its root field, `ok` or `error`, and its seconds."""


class Schema(strawberry.Schema):
    """The schema, with errors masked on every way out."""

    def __init__(self, limits: GraphqlSettings, *, observe: Observe | None = None) -> None:
        self.documents = documents = Documents(limits=limits)
        self._observe = observe
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # directives are untyped there
            query=Query,
            mutation=Mutation,
            subscription=Subscription,
            config=StrawberryConfig(scalar_map={datetime: DATE_TIME}),
            extensions=[lambda: Operation(documents, limits=limits, observe=observe)],
        )
        documents.schema = self._schema

    def answer(
        self,
        operation: CompiledOperation,
        variables: Mapping[str, Any] | None,
        *,
        connection: Connection,
    ) -> ExecutionResult:
        """Answer a compiled operation, with what surrounds any other one. Raises Unauthenticated.

        It has no time limit, for it waits for nothing.
        """
        began_s = perf_counter()
        result = operation.answer(variables, context=connection.begin())
        if result.errors:
            self.process_errors(result.errors)
        if self._observe is not None:
            outcome = "error" if result.errors else "ok"
            self._observe(operation.label, outcome, perf_counter() - began_s)
        return result

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Mask in place: every result, of whatever transport, passes here before it is sent."""
        _ = execution_context
        errors[:] = [presentable(error) for error in errors]


class Operation(SchemaExtension):
    """What surrounds one operation."""

    def __init__(
        self, documents: Documents, *, limits: GraphqlSettings, observe: Observe | None
    ) -> None:
        super().__init__()
        self._documents = documents
        self._limits = limits
        self._observe = observe
        self._failed = False
        self._invalid = False

    def on_operation(self) -> Iterator[None]:
        """Give each operation a context of its own, also where a WebSocket carries many."""
        execution = self.execution_context
        execution.parse_options["max_tokens"] = self._limits.query_tokens
        if isinstance(execution.context, Connection):
            execution.context = execution.context.begin()
        began_s = perf_counter()
        yield
        if self._observe is not None:
            outcome = "error" if self._failed or execution.pre_execution_errors else "ok"
            self._observe(
                "invalid" if self._invalid else label(execution.graphql_document),
                outcome,
                perf_counter() - began_s,
            )

    def on_parse(self) -> Iterator[None]:
        """Take a known document, with what is wrong with it."""
        execution = self.execution_context
        if execution.query:
            try:
                known = self._documents.known(execution.query)
            except GraphQLError:
                # Strawberry parses again and turns the error into an answer.
                execution.graphql_document = None
                self._invalid = True
            else:
                execution.graphql_document = known.document
                execution.pre_execution_errors = list(known.errors)
                self._invalid = bool(known.errors)
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """End what takes too long. A subscription is only bounded in how long it takes to begin."""
        try:
            async with asyncio.timeout(self._limits.operation_timeout_s):
                yield
        except TimeoutError:
            self._failed = True
            raise GraphQLError(
                f"the operation took longer than {self._limits.operation_timeout_s:g} s; "
                "ask for less",
                extensions={"code": "TIMEOUT"},
            ) from None
