"""`/v1/dead-letters`: what was rejected, to be looked at, corrected, replayed or removed."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.auth import CallerOf
from api.rest.bodies import read_body
from api.rest.events import receipt_response
from api.rest.state import RestState
from ingest.dead_letters import PAGE_LIMIT, DeadLetter

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])


def _shown(letter: DeadLetter, *, whole: bool) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "id": letter.id,
        "tenant": letter.tenant,
        "received_at": letter.received_at,
        "origin": letter.origin,
        "event_id": letter.event_id,
        "errors": [{"field": e.field, "message": e.message} for e in letter.errors],
        "size_bytes": letter.size_bytes,
        "truncated": letter.truncated,
    }
    return {**summary, "body": letter.text} if whole else summary


@router.get("")
async def get_dead_letters(
    request: Request,
    caller: CallerOf,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
    before: str | None = None,
) -> dict[str, Any]:
    """The newest letters of the caller's tenants; `before` continues after the id given."""
    caller.require("ingest", "backfill", "admin")
    state: RestState = request.app.state
    found = await state.dead_letters.newest(scope=caller.scope, limit=limit, before=before)
    answer: dict[str, Any] = {"dead_letters": [_shown(letter, whole=False) for letter in found]}
    if caller.scope.tenants is None:
        count = await state.dead_letters.count()
        answer |= {"kept": count.kept, "dropped": count.dropped}
    return answer


@router.get("/{letter_id}")
async def get_dead_letter(request: Request, letter_id: str, caller: CallerOf) -> dict[str, Any]:
    """One letter with its body; bytes that are not UTF-8 are shown as \\x escapes."""
    caller.require("ingest", "backfill", "admin")
    state: RestState = request.app.state
    return _shown(await state.dead_letters.show(letter_id, scope=caller.scope), whole=True)


@router.post("/{letter_id}/replay")
async def replay_dead_letter(request: Request, letter_id: str, caller: CallerOf) -> Response:
    """Send a letter again, or the corrected event in the request's body; answers as /v1/events."""
    state: RestState = request.app.state
    body = await read_body(request, limit_bytes=state.ingest_settings.event_limit_bytes)
    receipt = await state.gateway.replay(
        letter_id, body=body or None, caller=caller, now=datetime.now(UTC)
    )
    return receipt_response(receipt)


@router.delete("/{letter_id}", status_code=204)
async def delete_dead_letter(request: Request, letter_id: str, caller: CallerOf) -> None:
    """Forget a letter."""
    caller.require("ingest", "backfill", "admin")
    state: RestState = request.app.state
    await state.dead_letters.remove(letter_id, scope=caller.scope)
