"""Two servers that know the answer already: what HTTP alone, and GraphQL alone, cost beside ours.

`/constant` is a Starlette endpoint that sends the bytes of an answer; `/graphql` a stock Strawberry
server whose resolver returns that answer, made once. Run as `python -m api.bench.peers FILE PORT`,
with the JSON of an answer of `POST /v1/route` in the file.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

from api.graphql.enums import HealthStatus
from api.graphql.inputs import RoutingRequestInput
from api.graphql.types.routing import Candidate, Flag, RoutingView


def application(body: bytes) -> Starlette:
    """Both peers for one answer."""
    view = _view(orjson.loads(body))

    @strawberry.type
    class Query:
        """The one question."""

        @strawberry.field
        def routing_view(self, request: RoutingRequestInput) -> RoutingView:
            """The same answer to whatever is asked."""
            _ = request
            return view

    async def constant(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    graphql: Any = GraphQL(strawberry.Schema(Query))
    return Starlette(
        routes=[Route("/constant", constant, methods=["POST"]), Route("/graphql", graphql)]
    )


def _view(told: dict[str, Any]) -> RoutingView:
    """The answer as a stock server would hold it."""
    given = {_snake(name): value for name, value in told.items()}
    given["as_of"] = datetime.fromisoformat(given["as_of"])
    given["flags"] = [Flag(**flag) for flag in told["flags"]]
    given["candidates"] = [_candidate(each) for each in told["candidates"]]
    return RoutingView(**given)


def _candidate(told: dict[str, Any]) -> Candidate:
    given = {_snake(name): value for name, value in told.items()}
    given["status"] = HealthStatus(given["status"])
    return Candidate(**given)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def main() -> None:
    """Serve until told to end."""
    file, port = sys.argv[1:]
    # As the service itself is served: one worker, without a line for each request.
    uvicorn.run(
        application(Path(file).read_bytes()),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
