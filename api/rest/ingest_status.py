"""`GET /v1/ingest/status`: what waits in the log, so that a loader knows when all is visible."""

from typing import Any, Protocol

from fastapi import APIRouter
from starlette.requests import Request

from api.auth import CallerOf
from ingest.log import EventLog

router = APIRouter(tags=["events"])


class _State(Protocol):
    log: EventLog


@router.get("/v1/ingest/status")
async def get_ingest_status(request: Request, caller: CallerOf) -> dict[str, Any]:
    """Entries in the log, entries each consumer has not applied, and the age of the oldest."""
    caller.require("ingest", "backfill", "read", "admin")
    state: _State = request.app.state
    backlog = await state.log.backlog()
    oldest_s = backlog.oldest_age_s
    return {
        "length": backlog.length,
        "writer_waiting": backlog.waiting["writer"],
        "projector_waiting": backlog.waiting["projector"],
        "oldest_age_ms": None if oldest_s is None else round(oldest_s * 1e3, 1),
    }
