"""Policies that were refused, told to the hot view: the old one stays, and everyone sees why."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from graph.errors import Unavailable
from graph.hot.evidence import EvidenceWriter, Told
from ingest.events import InvalidEvent
from ingest.events.values import Identifier

_PUBLISHED = "routecause.policy.published"
_UNKNOWN_VERSION = "unknown"
_LONGEST_MESSAGE = 2_000
_NAME: TypeAdapter[str] = TypeAdapter(Identifier)


class RefusedPolicies:
    """Where the gateway tells of a policy that it refused."""

    def __init__(self, evidence: EvidenceWriter) -> None:
        self._evidence = evidence

    async def tell(self, event: Any, error: InvalidEvent, *, now: datetime) -> None:
        """Tell of an event that was refused, where it was to publish a policy that has a name.

        The dead letter holds it all the same, so a Redis that is away is no error here.
        """
        told = refusal(event, error, now=now)
        if told is not None:
            with suppress(Unavailable):
                await self._evidence.restore([told], now=now)


def refusal(event: Any, error: InvalidEvent, *, now: datetime) -> Told | None:
    """What there is to tell of a refused event; None where it was no named policy."""
    if not isinstance(event, dict):
        return None
    given = cast("Mapping[str, Any]", event)
    data = given.get("data")
    if given.get("type") != _PUBLISHED or not isinstance(data, dict):
        return None
    names = cast("Mapping[str, Any]", data)
    policy = _name(names.get("policy"))
    if policy is None:
        return None
    return Told(
        kind="policy.refused",
        id=policy,
        at=now,
        recorded_at=now,
        key=policy,
        data={
            "version": _name(names.get("version")) or _UNKNOWN_VERSION,
            "message": str(error)[:_LONGEST_MESSAGE],
        },
    )


def _name(value: Any) -> str | None:
    try:
        return _NAME.validate_python(value, strict=True)
    except ValidationError:
        return None
