"""`/v1/policies`: what is in force, what was refused, and what a new policy would change."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.auth import CallerOf
from graph.errors import InvalidInput
from graph.hot.reader import HotView
from graph.keys import Caller
from graph.policies.facts import FORMAT, PolicyFacts, in_force
from graph.policies.format import read
from graph.policies.preview import preview
from graph.store.door import GraphStore
from ingest.events import InvalidEvent, PolicyPublishedEvent, parse_event

router = APIRouter(prefix="/v1/policies", tags=["policies"])


class DryRun(BaseModel):
    """A policy to try, and the day to try it on."""

    model_config = ConfigDict(extra="forbid")

    policy: dict[str, Any] = Field(
        description="The data of a `routecause.policy.published` event, rules in our format."
    )
    day: date | None = Field(default=None, description="A day, UTC; by default yesterday.")


class _State(Protocol):
    view: HotView
    store: GraphStore


@router.get("")
async def get_policies(request: Request, caller: CallerOf) -> dict[str, Any]:
    """The policies in force, the versions that experiments use, what was refused. Needs `read`."""
    caller.require("read")
    state: _State = request.app.state
    view = state.view.current(datetime.now(UTC))
    newest = in_force(view.policies)
    return {
        "policies": [
            _shown(each, in_force=newest[each.policy] is each, caller=caller)
            for each in view.policies
            if not each.tenants or any(tenant in caller.scope for tenant in each.tenants)
        ],
        "refused": [asdict(each) for each in view.refused_policies],
    }


@router.post("/dry-run")
async def post_dry_run(request: Request, wanted: DryRun, caller: CallerOf) -> dict[str, Any]:
    """What a policy would change over a day's requests of the caller's tenants. Needs `read`."""
    caller.require("read")
    state: _State = request.app.state
    now = datetime.now(UTC)
    found = await preview(
        state.store,
        _given(wanted.policy, now=now),
        view=state.view.current(now),
        stale=state.view.stale(now),
        day=wanted.day or (now - timedelta(days=1)).date(),
        scope=caller.scope,
        now=now,
    )
    return asdict(found)


def _given(data: dict[str, Any], *, now: datetime) -> PolicyFacts:
    """The policy to try. Raises InvalidInput with the field of the policy."""
    event = {
        "specversion": "1.0",
        "id": "dry-run",
        "source": "dry-run",
        "type": "routecause.policy.published",
        "time": now,
        "data": data,
    }
    try:
        told = parse_event(event, received_at=now)
    except InvalidEvent as error:
        first = error.errors[0]
        raise InvalidInput(first.message, field=first.field.replace("data", "policy", 1)) from None
    if not isinstance(told, PolicyPublishedEvent) or read(told.data.rules) is None:
        raise InvalidInput(
            f'must be "{FORMAT}"; rules of another format are not read, so nothing can be tried',
            field="policy.rules.format",
        )
    return PolicyFacts(
        policy=told.data.policy,
        version=told.data.version,
        published_at=now,
        task_types=told.data.task_types,
        tiers=told.data.tiers,
        tenants=told.data.tenants,
        rules=told.data.rules,
    )


def _shown(policy: PolicyFacts, *, in_force: bool, caller: Caller) -> dict[str, Any]:
    """One version; a bound key sees of the tenants only its own."""
    rules = read(policy.rules)
    return {
        "policy": policy.policy,
        "version": policy.version,
        "published_at": policy.published_at,
        "in_force": in_force,
        "task_types": policy.task_types,
        "tiers": policy.tiers,
        "tenants": [tenant for tenant in policy.tenants if tenant in caller.scope],
        "rules": None if rules is None else len(rules),
    }
