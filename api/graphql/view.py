"""GraphQL over HTTP, over event streams and over WebSockets, all at one address.

Queries by POST or GET, by their text or its hash; subscriptions by `Accept: text/event-stream`
(graphql-sse, one connection each) or by the WebSocket protocol graphql-transport-ws. Who calls is
known before anything is read.
"""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

import orjson
from cross_web import HTTPException
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLRequestData
from strawberry.http.streaming import SSETransport
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    Message,
    SubscribeMessage,
)

from api.auth import caller_of, presented_key
from api.errors import headers_of, status_of
from api.graphql.compiled import CompiledOperation
from api.graphql.context import Connection, Services
from api.graphql.errors import INVALID_OPERATION, extensions_of
from api.graphql.limits import TOO_LARGE
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from api.graphql.trusted import UnknownDocument, hash_asked_for
from api.graphql.trusted import digest as sha256_of
from graph.errors import InvalidInput, RoutecauseError
from graph.key_ring import KeyRing
from graph.keys import Caller

_TRY_AGAIN_LATER: Final = 1013


class Handler(BaseGraphQLTransportWSHandler[Connection, None]):
    """A WebSocket, stricter with its messages than the base, which trusts their shapes."""

    async def handle_message(self, message: Message) -> None:
        """Close on what is no message."""
        complaint = _complaint(message)
        if complaint is not None:
            await self.handle_invalid_message(complaint)
            return
        await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation whose document is not too long."""
        query = message["payload"]["query"]
        error = self.view.too_long(query) if isinstance(self.view, GraphqlApp) else None
        if error is not None:
            await self.send_message(
                {"id": message["id"], "type": "error", "payload": [error.formatted]}
            )
            return
        await super().handle_subscribe(message)


def _complaint(message: object) -> str | None:
    """What is wrong with the shape of a message, None where nothing is."""
    told = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
    if not isinstance(told.get("type"), str):
        return "a message is an object with a type"
    if told["type"] != "subscribe":
        return None
    if not isinstance(told.get("id"), str) or not isinstance(told.get("payload"), dict):
        return "subscribe has an id and a payload"
    payload = cast("dict[str, Any]", told["payload"])
    if not isinstance(payload.get("query"), str):
        return "query is a string"
    if not isinstance(payload.get("variables"), dict | None):
        return "variables are an object"
    if not isinstance(payload.get("operationName"), str | None):
        return "operationName is a string"
    return None


class GraphqlApp(GraphQL[Connection, None]):
    """The ASGI application behind `/graphql`. Expects `key_ring` and `services` on `app.state`."""

    graphql_transport_ws_handler_class = Handler

    def __init__(self, schema: Schema, *, limits: GraphqlSettings) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=timedelta(seconds=limits.websocket_init_timeout_s),
            max_subscriptions_per_connection=limits.subscriptions_per_connection,
        )
        self._schema = schema
        self._limits = limits
        self._websockets = 0

        class Events(SSETransport):
            """An event stream with our heartbeat."""

            def __init__(self) -> None:
                super().__init__(heartbeat_interval=limits.subscription_heartbeat_s)

        self.stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: Events}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hold one WebSocket for as long as it is open."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        try:
            response = await self._answered(Request(scope, receive))
        except HTTPException as error:
            response = _refusal(error.reason, {"code": INVALID_OPERATION}, error.status_code)
        except UnknownDocument as error:
            # Clients look for this status: they then send the text too.
            response = _refusal(str(error), extensions_of(error), 200)
        except RoutecauseError as error:
            told = extensions_of(error)
            response = _refusal(str(error), told, status_of(error), headers_of(error))
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        """The answer to one request: of a compiled operation, or the ordinary way."""
        headers = request.headers
        if (
            request.method != "POST"
            or "application/json" not in headers.get("content-type", "")
            or "text/event-stream" in headers.get("accept", "")
        ):
            return await self.run(request)
        caller = caller_of(request)
        body = await request.body()
        asked = _asked(body)
        if asked is None:
            return await self.run(_again(request, body))
        digest = hash_asked_for(asked)
        if digest is not None and self._resolve(asked, digest):
            body = orjson.dumps(asked)
        operation = self._compiled(asked, digest)
        if operation is None:
            return await self.run(_again(request, body))
        services: Services = request.app.state.services
        result = self._schema.answer(
            operation,
            asked.get("variables"),
            connection=Connection(services, identify=lambda: caller),
        )
        told: dict[str, Any] = {"data": result.data}
        if result.errors:
            told["errors"] = [error.formatted for error in result.errors]
        return Response(self._encoded(told), media_type="application/json")

    def _resolve(self, asked: dict[str, Any], digest: str) -> bool:
        """Put in the text that a hash stands for; whether it had to be.

        Raises UnknownDocument, and InvalidInput where a text was given that has another hash.
        """
        given = asked.get("query")
        if given is None:
            asked["query"] = self._schema.documents.text(digest)
            if asked["query"] is None:
                raise UnknownDocument
            return True
        if isinstance(given, str) and sha256_of(given) != digest:
            raise InvalidInput("is the hash of another document than the one sent", field="query")
        return False

    def _compiled(self, asked: dict[str, Any], digest: str | None) -> CompiledOperation | None:
        """The compiled operation that is asked for, None where it goes the ordinary way."""
        query, name = asked.get("query"), asked.get("operationName")
        if (
            not isinstance(query, str)
            or len(query) > self._limits.query_characters
            or not isinstance(name, str | None)
            or not isinstance(asked.get("variables"), dict | None)
            or not isinstance(asked.get("extensions"), dict | None)
        ):
            return None
        try:
            return self._schema.documents.known(query, digest=digest).operations.get(name)
        except GraphQLError:
            return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._websockets >= self._limits.subscriptions:
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
            return
        self._websockets += 1
        try:
            await self.run(WebSocket(scope, receive, send))
        finally:
            self._websockets -= 1

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Connection:
        """Who calls; a WebSocket without a key in its headers may name it in its first message."""
        _ = response
        services: Services = request.app.state.services
        if isinstance(request, WebSocket):
            connection = Connection(services)
            connection.identify = partial(_caller, request, connection)
            return connection
        # Here already, so that who may not ask is told so by the status.
        caller_of(request)
        return Connection(services, identify=partial(caller_of, request))

    async def on_ws_connect(self, context: Connection) -> None:
        """Learn who calls, or refuse."""
        try:
            context.identify()
        except RoutecauseError as error:
            raise ConnectionRejectionError from error

    async def execute_operation(
        self,
        request: Request,
        request_adapter: Any,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Connection,
        root_value: None,
        sub_response: Response,
    ) -> Any:
        """As the base does, for a document that is not too long, or is asked for by its hash."""
        if not isinstance(request_data, list) and request_data.query is None:
            named = hash_asked_for({"extensions": request_data.extensions})
            if named is not None:
                request_data = replace(request_data, query=self._schema.documents.text(named))
                if request_data.query is None:
                    raise UnknownDocument
        query = None if isinstance(request_data, list) else request_data.query
        error = None if query is None else self.too_long(query)
        if error is not None:
            raise HTTPException(413, error.message)
        return await super().execute_operation(
            request, request_adapter, request_data, context, root_value, sub_response
        )

    def too_long(self, query: str) -> GraphQLError | None:
        """What to say of a document that is too long even to be parsed."""
        most = self._limits.query_characters
        if len(query) <= most:
            return None
        return GraphQLError(
            f"the document has {len(query)} characters, at most {most} are allowed; split it",
            extensions={"code": TOO_LARGE, "limit": most},
        )

    def decode_json(self, data: str | bytes) -> object:
        """Strict JSON: no NaN, no lone surrogates, no bottomless nesting."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """JSON as text, as WebSockets want it."""
        return self._encoded(data).decode()

    @staticmethod
    def _encoded(data: object) -> bytes:
        try:
            return orjson.dumps(data)
        except TypeError:
            # Some words of an error may quote what is no Unicode; the standard library escapes it.
            return json.dumps(data, separators=(",", ":")).encode()


def _caller(handshake: WebSocket, connection: Connection) -> Caller:
    """Who opened a WebSocket: by the key in its first message, else by those of the handshake."""
    named = {
        name.lower(): value
        for name, value in connection.connection_params.items()
        if isinstance(value, str)
    }
    presented = presented_key(Headers(named))
    if presented is None:
        return caller_of(handshake)
    ring: KeyRing = handshake.app.state.key_ring
    return ring.caller(presented)


def _asked(body: bytes) -> dict[str, Any] | None:
    """The body as an object, None where it is anything else."""
    try:
        found: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _again(request: Request, body: bytes) -> Request:
    """A request whose body was read, as if it was not."""

    async def receive() -> AsgiMessage:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _refusal(
    message: str, told: dict[str, Any], status: int, headers: dict[str, str] | None = None
) -> Response:
    body = orjson.dumps({"data": None, "errors": [{"message": message, "extensions": told}]})
    return Response(body, status_code=status, headers=headers, media_type="application/json")
