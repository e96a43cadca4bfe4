"""What to simulate: length, traffic, seed and planted faults, as one frozen value."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from graph.errors import InvalidInput
from ingest.simulator.arrays import DAY_MS, HOUR_MS, to_ms

DEFAULT_END = datetime(2026, 3, 30, tzinfo=UTC)
"""Where a history ends that is not told to; fixed, so that a seed always gives the same bytes."""

TENANTS = ("acme", "globex", "initech")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRequest:
    """A fault to plant. What is None is chosen from the seed.

    `magnitude` and `target` mean what the fault's own description says; `until` None lets a
    lasting fault last and an incident take its usual hours.
    """

    kind: str
    at: datetime | None = None
    until: datetime | None = None
    magnitude: float | None = None
    target: str | None = None


@dataclass(frozen=True, kw_only=True)
class SimulationPlan:
    """A fleet's history of `days` days up to `end`, at `per_day` requests a day on average.

    `faults` are names or FaultRequests, planted in order; `muted` holds places in `faults` whose
    events are told but whose effects are left out: the same history had they not happened.
    `data` is a folder of the public data sets to distil from instead of the shipped tables.
    Raises InvalidInput for values out of range.
    """

    days: float = 14.0
    per_day: int = 10_000
    seed: int = 1
    faults: Sequence[str | FaultRequest] = ()
    end: datetime = DEFAULT_END
    tenants: tuple[str, ...] = TENANTS
    users: int = 200
    probe_interval_s: int = 300
    decoys: int = 11
    muted: frozenset[int] = frozenset()
    data: Path | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "faults", tuple(self.faults))
        self._check("days", low=0.05, high=3650)
        self._check("per_day", low=1, high=10_000_000)
        self._check("seed", low=0, high=2**63 - 1)
        self._check("users", low=len(self.tenants) * 3, high=100_000)
        self._check("probe_interval_s", low=10, high=3600)
        self._check("decoys", low=0, high=200)
        if self.end.tzinfo is None:
            raise InvalidInput("needs an offset, such as Z", field="end")
        if not self.tenants or len(set(self.tenants)) < len(self.tenants):
            raise InvalidInput("needs at least one tenant, each once", field="tenants")

    def _check(self, name: str, *, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise InvalidInput(f"must lie between {low:g} and {high:g}, not {value}", field=name)

    @cached_property
    def end_ms(self) -> int:
        """End of the history, in milliseconds since 1970."""
        return to_ms(self.end)

    @cached_property
    def start_ms(self) -> int:
        """Start of the history, in milliseconds since 1970."""
        return self.end_ms - round(self.days * DAY_MS)

    @property
    def hours(self) -> range:
        """The UTC hours that the history touches, counted since 1970."""
        return range(self.start_ms // HOUR_MS, -(-self.end_ms // HOUR_MS))

    @property
    def requested(self) -> tuple[FaultRequest, ...]:
        """The faults to plant, names made into requests."""
        return tuple(
            fault if isinstance(fault, FaultRequest) else FaultRequest(kind=fault)
            for fault in self.faults
        )

    @cached_property
    def fleet_id(self) -> str:
        """Eight hex digits that tell this plan's identifiers from any other plan's.

        Muted faults do not count, so that a history and its twin name their requests alike.
        """
        told: list[Any] = [
            self.days, self.per_day, self.seed, self.end_ms, self.tenants, self.users,
            self.probe_interval_s, self.decoys, str(self.data or ""), self.requested,
        ]  # fmt: skip
        return blake2b(repr(told).encode(), digest_size=4).hexdigest()

    def without(self, *places: int) -> "SimulationPlan":
        """The same history had the faults at these places not happened."""
        return replace(self, muted=self.muted | set(places))


def demo_plan(
    now: datetime, *, days: float = 14.0, per_day: int = 10_000, seed: int = 7
) -> SimulationPlan:
    """The demo's fleet, up to now, with something to find for each question.

    A rollout that hurts reasoning on the last Tuesday before today (a day after the start where
    the history is too short for that), a backend incident a day and a half ago, and, still going
    on, a probe gone silent and a degraded deployment with its incident open.
    """
    start = now - timedelta(days=days)
    rollout = max(
        _last_tuesday(now) + timedelta(hours=7, minutes=40), start + timedelta(days=days / 14)
    )
    outage = max(now - timedelta(hours=36), start + timedelta(days=days / 3))
    minutes = timedelta(minutes=1)
    return SimulationPlan(
        days=days,
        per_day=per_day,
        seed=seed,
        end=now,
        probe_interval_s=600,
        faults=(
            FaultRequest(
                kind="rollout-hurts-task", at=rollout, target="sage-r1@aws", magnitude=0.2
            ),
            FaultRequest(
                kind="backend-incident",
                at=outage,
                until=min(outage + timedelta(hours=4), now),
                target="aws",
                magnitude=3.0,
            ),
            FaultRequest(
                kind="silent-probe",
                at=now - 47 * minutes,
                until=now + timedelta(hours=6),
                target="mini-3b@k8s",
            ),
            FaultRequest(
                kind="degraded-deployment",
                at=now - 52 * minutes,
                until=now + timedelta(hours=3),
                target="coder-34b@neo",
                magnitude=0.3,
            ),
        ),
    )


def _last_tuesday(now: datetime) -> datetime:
    """Midnight UTC of the last Tuesday before today."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=(today.weekday() - 1) % 7 or 7)
