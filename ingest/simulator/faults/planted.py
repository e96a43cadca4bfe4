"""What a planted fault is: effects, the events that tell of them, and the truth kept apart."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from graph.errors import InvalidInput
from ingest.simulator.arrays import DAY_MS, HOUR_MS, MINUTE_MS, Draw, generator, stamp, to_ms
from ingest.simulator.catalogue import TASKS
from ingest.simulator.effects import Effect, Span
from ingest.simulator.envelope import Notice
from ingest.simulator.fleet import deployments_of
from ingest.simulator.plan import FaultRequest, SimulationPlan

Mechanism = Literal["WITHIN", "MIX", "EVALUATOR", "COVERAGE", "PRICE", "FRESHNESS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """The truth about one fault.

    `cause_kind` and `cause_id` name the event to blame as the API names it (`policy@version` for a
    policy); None where no event tells of it. `slice` holds the values of each dimension where it
    acts; for requests that it sends elsewhere (MIX), where they would have gone. `metric` is a
    metric of the API, or HEALTH; within the slice it moves by `expected` (`difference`) or becomes
    `expected` times what it was (`ratio`).
    """

    kind: str
    cause_kind: Literal["change", "policy", "experiment", "incident"] | None
    cause_id: str | None
    slice: dict[str, list[str]]
    start_ms: int
    end_ms: int | None
    metric: str
    measure: Literal["difference", "ratio"]
    expected: float
    mechanism: Mechanism
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    indistinguishable_from: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As written to the truth file; times in RFC 3339."""
        return {
            "kind": self.kind,
            "cause": None
            if self.cause_id is None
            else {"kind": self.cause_kind, "id": self.cause_id},
            "slice": self.slice,
            "from": stamp(self.start_ms),
            "to": None if self.end_ms is None else stamp(self.end_ms),
            "effect": {
                "metric": self.metric,
                "measure": self.measure,
                "expected": round(self.expected, 4),
                "mechanism": self.mechanism,
            },
            "details": self.details,
            "indistinguishable_from": list(self.indistinguishable_from),
        }


@dataclass(frozen=True, slots=True)
class Planting:
    """A fault with all that it brings; `setting` is what holds with or without it."""

    truth: PlantedFault
    effects: tuple[Effect, ...]
    notices: tuple[Notice, ...] = ()
    setting: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fault is to be planted: the plan, what was asked for, and its own random numbers."""

    plan: SimulationPlan
    request: FaultRequest
    draw: np.random.Generator

    @classmethod
    def of(cls, plan: SimulationPlan, place: int) -> "Site":
        """The site of the fault at a place in the plan's list."""
        return cls(plan, plan.requested[place], generator(plan.seed, Draw.FAULTS, place))

    def lasting(self) -> Span:
        """From a working hour in the second half of the history on, for good unless told."""
        return self._span(low=0.55, high=0.72, hours=None)

    def passing(self, *, shortest_h: float, longest_h: float) -> Span:
        """Some hours in the later part of the history."""
        return self._span(low=0.6, high=0.85, hours=(shortest_h, longest_h))

    def _span(self, *, low: float, high: float, hours: tuple[float, float] | None) -> Span:
        plan, request = self.plan, self.request
        u, hour_of_day, u_length = self.draw.random(3)
        start_ms = int(plan.start_ms + plan.days * DAY_MS * (low + u * (high - low)))
        if plan.days >= 4:
            start_ms = start_ms // DAY_MS * DAY_MS + int((7 + 8 * hour_of_day) * HOUR_MS)
        if request.at is not None:
            start_ms = to_ms(request.at)
        length_ms = None
        if hours is not None:
            length_ms = int((hours[0] + u_length * (hours[1] - hours[0])) * HOUR_MS)
            length_ms = min(length_ms, int(plan.days * DAY_MS * 0.12))
        if request.until is not None:
            end_ms = to_ms(request.until)
            if end_ms <= start_ms:
                raise InvalidInput("must come after at", field=f"faults.{request.kind}.until")
            return Span(start_ms, end_ms)
        return Span(start_ms) if length_ms is None else Span(start_ms, start_ms + length_ms)

    def magnitude(self, *, low: float, high: float) -> float:
        """What was asked for, or something between the limits."""
        drawn = round(float(low + self.draw.random() * (high - low)), 3)
        return drawn if self.request.magnitude is None else self.request.magnitude

    def target(self, *choices: str) -> str:
        """What was asked for, or one of the choices."""
        drawn = choices[int(self.draw.integers(0, len(choices)))]
        return drawn if self.request.target is None else self.request.target

    def deployments(self, target: str) -> tuple[int, ...]:
        """The deployments of a deployment, model or backend; InvalidInput where there are none."""
        found = deployments_of(target)
        if not found:
            raise InvalidInput(
                f"{target} is no deployment, model or backend of the simulated fleet",
                field=f"faults.{self.request.kind}.target",
            )
        return found

    def task(self, target: str) -> int:
        """A task type by name; InvalidInput where there is none such."""
        if target not in TASKS:
            raise InvalidInput(
                f"{target} is none of {', '.join(TASKS)}",
                field=f"faults.{self.request.kind}.target",
            )
        return TASKS.index(target)

    def code(self) -> str:
        """Five hex digits for an identifier."""
        return f"{int(self.draw.integers(0x10000, 0xFFFFF)):x}"

    def person(self) -> str:
        """Who made a change."""
        return PEOPLE[int(self.draw.integers(0, len(PEOPLE)))]


PEOPLE = ("platform", "ml-infra", "cost-team", "routing-team", "sre", "data-science")

Planter = Callable[[Site], Planting]


def end_of(span: Span) -> int | None:
    """The end of a span as the truth tells it."""
    return None if span.end_ms >= 2**62 else span.end_ms


def minutes(count: float) -> int:
    """Milliseconds of so many minutes."""
    return int(count * MINUTE_MS)
