"""Each error has its status and a message that is safe; what is only ours is masked."""

import logging

import httpx
import pytest
from fastapi import FastAPI

from api.errors import install, status_of
from graph.errors import (
    Conflict,
    Forbidden,
    GraphUnavailable,
    InvalidInput,
    NotFound,
    Overloaded,
    RoutecauseError,
    StatementFailed,
    TooLarge,
    Unauthenticated,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("is wrong", field="f"), 422),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Unauthenticated("x"), 401),
        (Forbidden("x"), 403),
        (TooLarge("x"), 413),
        (Overloaded("x"), 429),
        (GraphUnavailable("x"), 503),
        (StatementFailed("x"), 500),
    ],
)
def test_statuses(error: RoutecauseError, status: int) -> None:
    assert status_of(error) == status


async def answer(error: Exception) -> httpx.Response:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def fail() -> None:  # pyright: ignore[reportUnusedFunction]  # called by route
        raise error

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return await client.get("/")


async def test_ours_are_told(caplog: pytest.LogCaptureFixture) -> None:
    response = await answer(GraphUnavailable("Neo4j is away", retry_after_s=3.4))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "3"
    assert response.json() == {"error": {"code": "GRAPH_UNAVAILABLE", "message": "Neo4j is away"}}
    assert not caplog.records


@pytest.mark.parametrize("error", [ValueError("secret"), StatementFailed("secret")])
async def test_others_are_masked_with_an_id(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await answer(error)
    assert response.status_code == 500
    told = response.json()["error"]
    assert told["code"] == "INTERNAL"
    assert "secret" not in told["message"]
    name = told["message"].split()[-1]
    assert any(name in record.getMessage() for record in caplog.records)


async def test_unknown_addresses_are_json_too() -> None:
    app = FastAPI()
    install(app)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        response = await client.get("/nothing")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")
