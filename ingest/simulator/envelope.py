"""Events as plain dicts in the envelope of the event contract."""

from dataclasses import dataclass, field
from typing import Any

from ingest.simulator.arrays import stamp

Event = dict[str, Any]

OPERATOR = "//operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An event of the operator's about the fleet, with both its times."""

    type: str
    key: str
    at_ms: int
    recorded_ms: int
    data: dict[str, Any] = field(repr=False)
    tenant: str | None = None

    def to_event(self, *, fleet_id: str) -> Event:
        """The notice in its envelope."""
        return envelope(
            self.type,
            id=f"{fleet_id}-{self.key}",
            source=OPERATOR,
            time=stamp(self.at_ms),
            recorded=stamp(self.recorded_ms),
            data=self.data,
            tenant=self.tenant,
        )


def envelope(
    kind: str,
    *,
    id: str,  # noqa: A002 - the attribute's name in the contract
    source: str,
    time: str,
    recorded: str,
    data: dict[str, Any],
    tenant: str | None = None,
) -> Event:
    """An event; `kind` is its type without the leading `routecause.`."""
    event: Event = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": "routecause." + kind,
        "time": time,
        "recordedtime": recorded,
    }
    if tenant is not None:
        event["tenant"] = tenant
    event["data"] = data
    return event
