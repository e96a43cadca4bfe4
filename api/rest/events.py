"""`POST /v1/events`: the contract's way in."""

from datetime import UTC, datetime

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import CallerOf
from api.errors import headers_of
from api.rest.bodies import read_body
from api.rest.state import RestState
from graph.errors import TooLarge
from ingest.events import FieldError
from ingest.gateway import Receipt, Rejection

router = APIRouter(tags=["events"])


def receipt_response(receipt: Receipt) -> Response:
    """A receipt as the contract has it."""
    return Response(
        orjson.dumps(receipt.as_json()),
        status_code=receipt.status,
        media_type="application/json",
        headers=headers_of(receipt.error) if receipt.error else None,
    )


@router.post("/v1/events")
async def post_events(request: Request, caller: CallerOf) -> Response:
    """Take events: one, a JSON array, or a line each; gzip allowed. Needs `ingest`.

    202 where anything was accepted or known already, 422 where all was rejected, 413 too large, 429
    and 503 with Retry-After. The same body can always be sent again.
    """
    caller.require("ingest", "backfill")
    state: RestState = request.app.state
    try:
        body = await read_body(request, limit_bytes=state.ingest_settings.body_limit_bytes)
    except TooLarge as error:
        rejection = Rejection(0, None, (FieldError("body", str(error)),))
        return receipt_response(Receipt(rejected=[rejection], error=error))
    receipt = await state.gateway.receive(
        body,
        content_type=request.headers.get("content-type"),
        content_encoding=request.headers.get("content-encoding"),
        caller=caller,
        now=datetime.now(UTC),
    )
    return receipt_response(receipt)
