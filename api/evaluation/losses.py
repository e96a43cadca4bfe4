"""What `capacityRisk` says through the API: the same as offline, and what breaks if one is lost.

One fleet is sent to a running service. Each answer to `without` is held against a twin: the same
fleet in which that backend really drops out at that moment and its requests go where the simulated
router sends them.
"""

import asyncio
import math
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from api.bench.measures import Table
from api.cli.client import Client
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.evaluation.alarms import HORIZON, Lost, without_table
from api.evaluation.capacity import LIKELY, Report, risks, situations
from api.evaluation.fleet_load import workload
from api.evaluation.service import fresh_service
from graph.errors import Unavailable
from ingest.simulator import DEFAULT_END, FaultRequest, SimulationPlan, simulate, truth
from ingest.simulator.arrays import MINUTE_MS, to_ms, to_time
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS
from ingest.simulator.effects import Effects, Outage, Span
from ingest.simulator.fleet import deployments_of
from ingest.simulator.overrun import overloads
from ingest.simulator.stream import story

_RISK = """
query Risk($without: [ID!], $asOf: DateTime) {
  capacityRisk(horizonMinutes: 60, without: $without, asOf: $asOf) {
    deployment probabilityOverload reasons
  }
}
"""
PER_DAY = 6_000
_NOT_ASKED_OF = "routecause.quality.scored"
_NOTICED_AFTER_MS = 3 * MINUTE_MS
_HOUR = timedelta(hours=1)
_INSTANTS = 6

Said = Mapping[str, float | None]
"""Deployment -> probability of overload."""


def plan_of(*, seed: int, per_day: int) -> SimulationPlan:
    """Three working days: each backend is lost for a while on the first, demand grows on the last.

    So the service has seen once where the router sends what it cannot serve there; the policy of
    the simulated fleet is not written in the product's own rules.
    """
    end = DEFAULT_END + timedelta(days=3 + seed % 3)
    first = end - timedelta(days=3)
    losses = [
        FaultRequest(kind="failover", target=backend.name, at=at, until=at + 1.5 * _HOUR)
        for number, backend in enumerate(BACKENDS)
        for at in [first + (9 + 3 * number) * _HOUR]
    ]
    growth = FaultRequest(kind="growing-demand", at=end - 7 * _HOUR, until=end - 2 * _HOUR)
    return SimulationPlan(
        days=3, per_day=per_day, seed=seed, end=end, decoys=0, users=60, faults=(growth, *losses)
    )


def on_fresh_service(*, seed: int, report: Report) -> list[Table]:
    """The same on servers started for it."""
    with (
        tempfile.TemporaryDirectory(prefix="routecause-evaluate-") as folder,
        fresh_service(Path(folder), report=report) as url,
    ):
        return ask_service(seed=seed, per_day=PER_DAY, url=url, key=None, report=report)


def ask_service(
    *, seed: int, per_day: int, url: str, key: str | None, report: Report
) -> list[Table]:
    """Send a fleet, ask about it, and mark the answers."""
    plan = plan_of(seed=seed, per_day=per_day)
    _load(plan, url=url, key=key)
    with Client(url=url, key=key) as client:
        return [_agreement(plan, client, report), _losses(plan, client, report)]


def _load(plan: SimulationPlan, *, url: str, key: str | None) -> None:
    """Send a history, scores left out, and wait until the graph has it."""

    def lines() -> Iterator[Line]:
        told = (event for event in simulate(plan) if event["type"] != _NOT_ASKED_OF)
        for number, event in enumerate(told, start=1):
            yield Line(Path("growing-demand"), number, orjson.dumps(event))

    with progress() as shown:
        shown.add_task("sending a fleet", total=None)
        tally = asyncio.run(send(lines(), url=url, key=key, shown=shown))
    if tally.rejected or tally.duplicates:
        raise Unavailable("some events were rejected or known; it takes a service without any data")


def _asked(client: Client, *, at: datetime, without: tuple[str, ...] = ()) -> Said:
    told = client.query(_RISK, {"without": list(without) or None, "asOf": at.isoformat()})
    return {one["deployment"]: one["probabilityOverload"] for one in told["capacityRisk"]}


def _named(said: Said) -> frozenset[str]:
    return frozenset(name for name, odds in said.items() if odds is not None and odds >= LIKELY)


def _agreement(plan: SimulationPlan, client: Client, report: Report) -> Table:
    """The same instants asked through the API and of the pure function, while nothing is lost.

    Once a deployment is DOWN the API lets its requests move; offline nothing judges health.
    """
    fault, *_ = truth(plan)
    start, end = to_time(fault.start_ms), to_time(fault.end_ms or plan.end_ms)
    fleet = workload(plan, sampled_from=start - timedelta(days=1))
    compared = alike = 0
    furthest = 0.0
    instants = 0
    for number in range(_INSTANTS):
        now = start + (end - start) * (0.8 * number / _INSTANTS) + timedelta(minutes=2)
        said = _asked(client, at=now)
        report(f"asked through the API at {now:%H:%M}: {', '.join(sorted(_named(said))) or 'none'}")
        if None in said.values():
            continue
        instants += 1
        for risk in risks(situations(fleet, now=now), now=now):
            here, there = risk.probability_overload or 0.0, said[risk.deployment] or 0.0
            compared += 1
            alike += (here >= LIKELY) == (there >= LIKELY)
            furthest = max(furthest, abs(here - there))
    columns = ("instants", "answers compared", "on the same side of 0.5", "furthest apart")
    table = Table("The API against the pure function, while nothing is lost", columns)
    table.rows.append((instants, compared, alike / compared if compared else math.nan, furthest))
    return table


def _losses(plan: SimulationPlan, client: Client, report: Report) -> Table:
    """Every backend imagined lost at several hours of the last day, quiet ones and busy ones."""
    answers: list[Lost] = []
    for hours in (22, 16, 10, 8, 5):
        at = plan.end - hours * _HOUR + timedelta(minutes=2)
        for backend in BACKENDS:
            named = _named(_asked(client, at=at, without=(backend.name,)))
            one = Lost(backend.name, at, named, broken(plan, lost=backend.name, at=at))
            answers.append(one)
            report(
                f"without {one.lost} at {at:%d. %H:%M}: named {', '.join(sorted(named)) or 'none'};"
                f" broke {', '.join(sorted(one.broke)) or 'none'}"
            )
    return without_table(answers)


def broken(plan: SimulationPlan, *, lost: str, at: datetime) -> frozenset[str]:
    """The other deployments offered too much within the hour, had this one dropped out then."""
    gone = deployments_of(lost)
    out = Outage(Span(to_ms(at), to_ms(at + 3 * _HOUR)), gone, _NOTICED_AFTER_MS)
    effects = Effects.gather([story(plan).effects.all, (out,)])
    found = overloads(
        plan,
        effects,
        start_ms=to_ms(at - 3 * _HOUR),
        end_ms=to_ms(at + 2 * _HOUR),
        sustained_minutes=10,
    )
    return frozenset(
        DEPLOYMENTS[one.deployment]
        for one in found
        if one.end_ms > to_ms(at)
        and one.start_ms < to_ms(at + HORIZON)
        and one.deployment not in gone
    )
