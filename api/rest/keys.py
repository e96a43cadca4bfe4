"""`/v1/keys`: make, list and revoke API keys. Needs `admin`."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.auth import CallerOf
from api.rest.state import RestState
from graph.errors import Unavailable
from graph.keys import ApiKey, create_key, list_keys, revoke_key

router = APIRouter(prefix="/v1/keys", tags=["keys"])


class KeyWanted(BaseModel):
    """What a new key shall be."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Whom it is for, 1 to 200 printable characters.")
    scopes: list[str] = Field(description="One or more of read, route, ingest, backfill, admin.")
    tenant: str | None = Field(
        default=None, description="The only tenant it may see and send for; absent: all."
    )


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "tenant": key.tenant,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


async def _refresh(state: RestState) -> None:
    # The change is made already; should this fail, the ring's own refresh follows in seconds.
    with suppress(Unavailable):
        await state.key_ring.refresh()


@router.get("")
async def get_keys(request: Request, caller: CallerOf) -> dict[str, Any]:
    """All keys in the caller's sight, revoked ones too, without their secrets."""
    state: RestState = request.app.state
    return {"keys": [_shown(key) for key in await list_keys(state.store, caller=caller)]}


@router.post("", status_code=201)
async def post_key(request: Request, wanted: KeyWanted, caller: CallerOf) -> dict[str, Any]:
    """Make a key; the answer's `key` is shown this once and kept nowhere."""
    state: RestState = request.app.state
    made = await create_key(
        state.store,
        name=wanted.name,
        scopes=wanted.scopes,
        tenant=wanted.tenant,
        creator=caller,
        now=datetime.now(UTC),
    )
    await _refresh(state)
    return {"key": made.secret, **_shown(made.key)}


@router.delete("/{key_id}")
async def delete_key(request: Request, key_id: str, caller: CallerOf) -> dict[str, Any]:
    """Revoke a key; other server processes follow within seconds."""
    state: RestState = request.app.state
    revoked = await revoke_key(state.store, key_id, caller=caller, now=datetime.now(UTC))
    await _refresh(state)
    return _shown(revoked)
