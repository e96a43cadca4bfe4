"""The events of a fleet in the order in which they become known, hour by hour.

Every hour is drawn on its own from the seed, so that a history of any length needs the memory of
its busiest hours and of the scores still to come, and live events go on where a history ends.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from ingest.simulator.arrays import HOUR_MS, to_ms, to_time
from ingest.simulator.conditions import conditions
from ingest.simulator.decoys import decoys
from ingest.simulator.effects import Effects
from ingest.simulator.envelope import Event, Notice
from ingest.simulator.faults import plantings
from ingest.simulator.load import loads
from ingest.simulator.observations import observations
from ingest.simulator.outcomes import outcomes
from ingest.simulator.overrun import overrun
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.quality import LONGEST_DELAY_MS, scores
from ingest.simulator.registrations import registrations
from ingest.simulator.requests import request_events, score_events
from ingest.simulator.routing import route
from ingest.simulator.traffic import arrivals

Timed = tuple[int, Event]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about a plan that is not drawn hour by hour."""

    effects: Effects
    notices: tuple[Notice, ...]


@lru_cache(maxsize=8)
def story(plan: SimulationPlan) -> Story:
    """Effects and notices of a plan: muted faults keep notices and setting, not their effects."""
    planted, harmless = plantings(plan), decoys(plan)
    effects = Effects.gather(
        [
            *(
                planting.effects
                for place, planting in enumerate(planted)
                if place not in plan.muted
            ),
            *(planting.setting for planting in planted),
            *(decoy.effects for decoy in harmless),
        ]
    )
    notices = [
        *registrations(plan, effects),
        *(notice for planting in planted for notice in planting.notices),
        *(notice for decoy in harmless for notice in decoy.notices),
    ]
    return Story(effects, tuple(sorted(notices, key=lambda notice: notice.recorded_ms)))


def simulate(plan: SimulationPlan) -> Iterator[Event]:
    """The history of a plan: every event known by its end, in recordedtime order.

    The same plan always gives the same events. Raises InvalidInput for a fault that is not known.
    """
    for recorded_ms, event in _events(plan, first_hour=plan.hours.start):
        if recorded_ms > plan.end_ms:
            return
        yield event


def live(
    plan: SimulationPlan, *, start: datetime | None = None
) -> Iterator[tuple[datetime, Event]]:
    """What the same fleet goes on to report, for ever: when each event is due, and the event.

    From what becomes known after `start` on (by default the end of the history), so that history
    and live events together hold each event once. Events are due at their recordedtime; those that
    are due already are to be sent at once.
    """
    start_ms = plan.end_ms if start is None else to_ms(start)
    earliest = (start_ms - LONGEST_DELAY_MS) // HOUR_MS
    for recorded_ms, event in _events(plan, first_hour=max(plan.hours.start, earliest)):
        if recorded_ms > start_ms:
            yield to_time(recorded_ms), event


def _events(plan: SimulationPlan, *, first_hour: int) -> Iterator[Timed]:
    """All events from an hour on, without end, ordered by recorded time in ms."""
    waiting: defaultdict[int, list[Timed]] = defaultdict(list)
    for notice in story(plan).notices:
        event = notice.to_event(fleet_id=plan.fleet_id)
        waiting[notice.recorded_ms // HOUR_MS].append((notice.recorded_ms, event))
    for early in [hour for hour in waiting if hour < first_hour]:
        waiting[first_hour] += waiting.pop(early)
    hour = first_hour
    while True:
        for timed in _drawn(plan, story(plan).effects, hour=hour):
            waiting[timed[0] // HOUR_MS].append(timed)
        yield from sorted(waiting.pop(hour, ()), key=_recorded)
        hour += 1


def _recorded(timed: tuple[int, Any]) -> int:
    return timed[0]


def _drawn(plan: SimulationPlan, effects: Effects, *, hour: int) -> Iterator[Timed]:
    """What an hour brings: its probes, its requests and all scores that these will ever get."""
    batch = arrivals(plan, effects, hour=hour)
    state = conditions(plan, effects, hour=hour)
    routed = route(plan, effects, batch, state)
    load = loads(plan, effects, state, hour=hour)
    over = overrun(plan, effects, hour=hour)
    done = outcomes(plan, effects, batch, routed, state=state, load=load, over=over)
    for timed in observations(plan, effects, hour=hour, state=state, load=load, over=over):
        if timed[0] > plan.start_ms:
            yield timed
    told = request_events(plan, effects, batch, routed, done)
    yield from told.events
    for judged in scores(plan, effects, batch, done, routed):
        yield from score_events(plan, told, batch, judged)
