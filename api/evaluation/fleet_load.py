"""What a simulated fleet is asked and can carry, as columns, drawn without writing its events.

The truth is the offered load by minute; what an answer may rest on is what was known by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.evidence import DeploymentFacts, Observation
from graph.forecasting.history import History
from ingest.simulator import SimulationPlan
from ingest.simulator.arrays import HOUR_MS, MINUTE_MS, to_ms, to_time
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS, MODELS
from ingest.simulator.conditions import conditions
from ingest.simulator.fleet import BACKEND_OF, MODEL_OF
from ingest.simulator.load import loads
from ingest.simulator.observations import observations
from ingest.simulator.operations import registered_deployment
from ingest.simulator.outcomes import STATUSES, outcomes
from ingest.simulator.overrun import overrun
from ingest.simulator.routing import route
from ingest.simulator.stream import story
from ingest.simulator.traffic import arrivals

STEP = timedelta(minutes=10)
_STEP_MS = 10 * MINUTE_MS
_DELIVERY_MS = 320
_DAY = timedelta(days=1)
_UNSETTLED = 12
"""Steps that may still lack requests which are being answered."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Overload:
    """A time in which a deployment was offered more than it could carry; minutes of the plan.

    `sudden` where little told of it a quarter of an hour before.
    """

    deployment: str
    start: datetime
    end: datetime
    sudden: bool


@dataclass(frozen=True, slots=True)
class Requests:
    """Those of one deployment in order of arrival: tokens, and 1.0 for what was refused."""

    at_ms: Ints
    known_ms: Ints
    tokens: Floats
    refused: Floats

    def take(self, rows: Ints) -> "Requests":
        """Some of them."""
        return Requests(
            self.at_ms[rows], self.known_ms[rows], self.tokens[rows], self.refused[rows]
        )

    def by_step(self, start_ms: int, *, size: int) -> Floats:
        """Requests, tokens and refusals by step from `start_ms` on; shape (3, size)."""
        place = (self.at_ms - start_ms) // _STEP_MS
        inside = place < size
        rows = [np.ones(len(place)), self.tokens, self.refused]
        sums = [np.bincount(place[inside], row[inside], minlength=size) for row in rows]
        return np.stack(sums).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a deployment's requests, in steps of ten minutes."""

    requests: History
    tokens: History
    refused: History


@dataclass(frozen=True)
class Workload:
    """A fleet's history: `requests` by deployment, offered `load` by deployment and minute.

    Load is a share of capacity. `samples` are in the order in which they became known.
    """

    plan: SimulationPlan
    start_ms: int
    requests: tuple[Requests, ...]
    load: Floats
    samples: Mapping[str, Sequence[Observation]]

    @cached_property
    def facts(self) -> dict[str, DeploymentFacts]:
        """What was registered of each deployment."""
        found: dict[str, DeploymentFacts] = {}
        for place, name in enumerate(DEPLOYMENTS):
            model, backend = MODELS[int(MODEL_OF[place])], BACKENDS[int(BACKEND_OF[place])]
            found[name] = DeploymentFacts(
                deployment=name,
                model=model.name,
                backend=backend.name,
                max_rps=self._registered(place)["max_rps"],
                context_window=model.context_window,
                compliance=backend.compliance,
                spot=backend.spot,
            )
        return found

    def max_tokens_per_minute(self, place: int) -> float:
        """The declared limit of a deployment."""
        return float(self._registered(place)["max_tokens_per_minute"])

    def _registered(self, place: int) -> dict[str, Any]:
        told = registered_deployment(
            self.plan, place, version="1", at_ms=self.start_ms, delay_ms=2_000
        )
        return told.data

    def known(self, place: int, *, now: datetime) -> Known | None:
        """What came to a deployment up to the last whole step, as known then; None for nothing."""
        own, now_ms = self.requests[place], to_ms(now)
        steps = (now_ms - self.start_ms) // _STEP_MS
        settled = max(steps - _UNSETTLED, 0)
        first = int(np.searchsorted(own.at_ms, self.start_ms + settled * _STEP_MS))
        last = int(np.searchsorted(own.at_ms, self.start_ms + steps * _STEP_MS))
        recent = own.take(first + np.flatnonzero(own.known_ms[first:last] <= now_ms))
        tail = recent.by_step(self.start_ms + settled * _STEP_MS, size=steps - settled)
        values = np.concatenate([self._settled[place][:, :settled], tail], axis=1)
        begins = np.flatnonzero(values[0])
        if not len(begins):
            return None
        start = to_time(self.start_ms + int(begins[0]) * _STEP_MS)
        told = [History(start, STEP, row) for row in values[:, begins[0] :]]
        return Known(requests=told[0], tokens=told[1], refused=told[2])

    @cached_property
    def _settled(self) -> list[Floats]:
        size = self.load.shape[1] // 10
        return [own.by_step(self.start_ms, size=size) for own in self.requests]

    def observed(self, name: str, *, now: datetime) -> list[Observation]:
        """The samples of the last day known then, newest first."""
        return [
            one
            for one in reversed(self.samples[name])
            if one.recorded_at <= now and one.at > now - _DAY
        ]

    def overloads(
        self, *, start: datetime, end: datetime, above: float = 1.0, minutes: int = 10
    ) -> list[Overload]:
        """Those of so many minutes or more that begin in a time; less than an hour apart is one."""
        found: list[Overload] = []
        for place, name in enumerate(DEPLOYMENTS):
            runs = _runs(self.load[place] > above, shortest=minutes, apart=60)
            for first, last in runs:
                at = to_time(self.start_ms + first * MINUTE_MS)
                if start <= at < end:
                    before = float(self.load[place, max(first - 15, 0)])
                    until = to_time(self.start_ms + last * MINUTE_MS)
                    found.append(Overload(name, at, until, before < HARDLY_BUSY))
        return sorted(found, key=lambda one: (one.start, one.deployment))


HARDLY_BUSY = 0.7
"""An overload is sudden if the offered load was below this a quarter of an hour before."""


def _runs(over: npt.NDArray[np.bool_], *, shortest: int, apart: int) -> list[tuple[int, int]]:
    """Stretches of at least so many, joined where fewer than `apart` lie between them."""
    edge = np.diff(np.concatenate([[False], over, [False]]).astype(np.int8))
    pairs = zip(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1), strict=True)
    joined: list[tuple[int, int]] = []
    for first, last in ((int(a), int(b)) for a, b in pairs if b - a >= shortest):
        if joined and first - joined[-1][1] < apart:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def workload(plan: SimulationPlan, *, sampled_from: datetime) -> Workload:
    """Draw a history hour by hour; samples only from `sampled_from` on."""
    effects = story(plan).effects
    places: list[Ints] = []
    parts: list[Requests] = []
    offered: list[Floats] = []
    samples: dict[str, list[Observation]] = {name: [] for name in DEPLOYMENTS}
    for hour in plan.hours:
        batch = arrivals(plan, effects, hour=hour)
        state = conditions(plan, effects, hour=hour)
        load = loads(plan, effects, state, hour=hour)
        over = overrun(plan, effects, hour=hour)
        routed = route(plan, effects, batch, state)
        done = outcomes(plan, effects, batch, routed, state=state, load=load, over=over)
        known_ms = batch.at_ms + np.ceil(done.latency_ms).astype(np.int64) + _DELIVERY_MS
        tokens = (batch.prompt_tokens + done.completion_tokens).astype(np.float64)
        refused = (done.status == STATUSES.index("rate_limited")).astype(np.float64)
        places.append(done.deployment)
        parts.append(Requests(batch.at_ms, known_ms, tokens, refused))
        offered.append(load)
        if (hour + 1) * HOUR_MS > to_ms(sampled_from):
            told = observations(plan, effects, hour=hour, state=state, load=load, over=over)
            for known, event in sorted(told, key=lambda one: one[0]):
                one = _observation(event, recorded_at=to_time(known))
                samples[one.deployment].append(one)
    every = Requests(
        at_ms=np.concatenate([part.at_ms for part in parts]),
        known_ms=np.concatenate([part.known_ms for part in parts]),
        tokens=np.concatenate([part.tokens for part in parts]),
        refused=np.concatenate([part.refused for part in parts]),
    )
    of = np.concatenate(places)
    return Workload(
        plan=plan,
        start_ms=plan.hours.start * HOUR_MS,
        requests=tuple(every.take(np.flatnonzero(of == d)) for d in range(len(DEPLOYMENTS))),
        load=np.concatenate(offered, axis=1),
        samples=samples,
    )


def _observation(event: dict[str, Any], *, recorded_at: datetime) -> Observation:
    return Observation(
        at=datetime.fromisoformat(event["time"]),
        recorded_at=recorded_at,
        source=event["source"],
        **event["data"],
    )
