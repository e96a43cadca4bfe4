"""Are dear hours found within the hour, in the right place, and are quiet weeks left in peace?

Simulated fleets are asked at some minutes after a fault began, offline, through the pure function
behind `costAnomalies`, with what was known by then; a few questions go through the API too, where
the cause must be named as well. Nothing was tuned on these seeds: whoever develops uses smaller
ones.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from api.bench.measures import Table, percentile
from api.cli.client import Client
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.evaluation.service import fresh_service
from graph.buckets import MEASURE_NAMES, measures_of
from graph.costs import CostAnomaly, anomalies_in
from graph.errors import Unavailable
from graph.frame import CellTable, Traffic
from graph.model.traffic import CellKey
from graph.slices import Granularity, Period, floor
from ingest.simulator import (
    DEFAULT_END,
    FaultRequest,
    PlantedFault,
    SimulationPlan,
    simulate,
    truth,
)
from ingest.simulator.arrays import to_time

FIRST_SEED = 95_001
"""Where the seeds of the evaluation begin; those used in development end at 2,000."""
KINDS = ("price-rise", "runaway-tenant", "cache-outage")
PER_DAY = 10_000
_DAYS = 12
_QUIET_DAYS = 21
_APART = timedelta(days=60)
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_ASKED_MINUTES = (20, 40, 60)
_REQUEST = "routecause.request.completed"
_UNASKED = frozenset({"routecause.quality.scored", "routecause.deployment.observed"})
_SERVICE_PER_DAY = 6_000
_SERVICE_DAYS = 9
_LATER = timedelta(hours=3)
_ANOMALIES = """
query Dear($during: PeriodInput!, $knownAt: DateTime) {
  costAnomalies(during: $during, knownAt: $knownAt) {
    at until where { kind id } spentUsd expectedUsd highUsd requests investigation causes { id }
  }
}
"""

_PLACES = {name: place for place, name in enumerate(MEASURE_NAMES)}

Report = Callable[[str], None]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many fleets of each kind of fault, and how many quiet ones."""

    fleets: int = 8
    quiet: int = 8
    first_seed: int = FIRST_SEED
    per_day: int = PER_DAY


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one fault: minutes until it was told of, and until with the right slice (NaN:
    never), whether both came by the end of the first full hour, anomalies of other places.
    """

    kind: str
    told_after_min: float
    right_after_min: float
    in_time: bool
    others: int


def plan_of(kind: str, *, seed: int, per_day: int, days: int = _DAYS) -> SimulationPlan:
    """A fleet whose fault begins at any minute from 7 to 20 o'clock of the last day but one."""
    draw = np.random.default_rng([KINDS.index(kind), seed])
    end = DEFAULT_END + int(draw.integers(0, 7)) * _DAY
    at = end - 2 * _DAY + int(draw.integers(7 * 60, 20 * 60)) * _MINUTE
    return SimulationPlan(
        days=days,
        per_day=per_day,
        seed=seed,
        end=end,
        decoys=8,
        probe_interval_s=3600,
        faults=(FaultRequest(kind=kind, at=at),),
    )


def known_by(
    events: Iterator[Event], *, asked: Sequence[datetime]
) -> Iterator[tuple[datetime, Traffic, CellTable]]:
    """What buckets hold at each of some instants, in their order; the last may lie at the end."""
    cells, counts = CellTable(), dict[tuple[int, int], list[int]]()
    waiting = list(asked)
    for event in events:
        while waiting and datetime.fromisoformat(event["recordedtime"]) > waiting[0]:
            yield waiting.pop(0), _columns(counts), cells
        if event["type"] == _REQUEST:
            _count(event, cells, counts)
    for instant in waiting:
        yield instant, _columns(counts), cells


def _count(event: Event, cells: CellTable, counts: dict[tuple[int, int], list[int]]) -> None:
    data, decision, outcome = event["data"], event["data"]["decision"], event["data"]["outcome"]
    names = (event["tenant"], decision["deployment"], data["task_type"], data["tier"])
    row = cells.rows.get("|".join(names))
    if row is None:
        key = CellKey(*names, "main", "v1", None, None, None, "rule", None)
        row = cells.add("|".join(names), key)
    at_s = int(datetime.fromisoformat(event["time"]).timestamp())
    amounts = measures_of(
        minute=at_s % 3600 // 60,
        status=outcome["status"],
        latency_ms=outcome["latency_ms"],
        ttft_ms=None,
        cost_usd=outcome.get("cost_usd"),
        prompt_tokens=data["prompt_tokens"],
        completion_tokens=data["completion_tokens"],
        retries=0,
        cache_hit=bool(outcome.get("cache_hit")),
    )
    held = counts.setdefault((row, at_s - at_s % 3600), [0] * len(MEASURE_NAMES))
    for name, amount in amounts.items():
        held[_PLACES[name]] += amount


def _columns(counts: dict[tuple[int, int], list[int]]) -> Traffic:
    keys = np.array(list(counts), dtype=np.int64).reshape(-1, 2)
    measures = np.array(list(counts.values()), dtype=np.int64).reshape(-1, len(MEASURE_NAMES))
    return Traffic(cell=keys[:, 0], hour=keys[:, 1], recorded_hour=keys[:, 1], measures=measures)


def examined(plan: SimulationPlan) -> Found:
    """Ask about one fleet as an operator on call would, and mark the answers."""
    (fault,) = truth(plan)
    began = to_time(fault.start_ms)
    full = floor(began, Granularity.HOUR) + 2 * _HOUR
    asked = sorted({*(began + minutes * _MINUTE for minutes in _ASKED_MINUTES), full})
    told_after = right_after = math.nan
    others = 0
    for instant, traffic, cells in known_by(simulate(plan), asked=asked):
        during = Period(floor(began, Granularity.HOUR) - 6 * _HOUR, instant)
        found = anomalies_in(traffic, cells, during=during)
        minutes = (instant - began) / _MINUTE
        near = [one for one in found if one.until > began]
        if near and math.isnan(told_after):
            told_after = minutes
        if any(_names(one, fault) for one in near) and math.isnan(right_after):
            right_after = minutes
        others = sum(not _names(one, fault) for one in found)
    return Found(plan.requested[0].kind, told_after, right_after, right_after > 0, others)


def _names(one: CostAnomaly, fault: PlantedFault) -> bool:
    """Whether the slice is the fault's, or within it."""
    refs = {ref.kind: ref.id for ref in one.where}
    return all(refs.get(kind) in ids for kind, ids in fault.slice.items())


def evaluated(extent: Extent, *, report: Report) -> list[Table]:
    """The tables of all fleets, asked offline."""
    marks: list[Found] = []
    seeds = range(extent.first_seed, extent.first_seed + extent.fleets)
    for kind in KINDS:
        for seed in seeds:
            one = examined(plan_of(kind, seed=seed, per_day=extent.per_day))
            marks.append(one)
            report(
                f"{kind}-{seed}: told after {one.told_after_min:.0f} min, "
                f"rightly after {one.right_after_min:.0f} min, others {one.others}"
            )
    return [*([_faults_table(marks)] if marks else []), *_quiet_tables(extent, report)]


def _faults_table(marks: Sequence[Found]) -> Table:
    table = Table(
        "Cost anomalies: faults found (right: the fault's slice is named)",
        ("fault", "fleets", "told in 60 min", "right in 60 min", "right by the next full hour",
         "median min", "others"),
    )  # fmt: skip
    for kind in KINDS:
        own = [one for one in marks if one.kind == kind]
        if not own:
            continue
        times = [one.right_after_min for one in own if one.in_time]
        table.rows.append(
            (
                kind,
                len(own),
                sum(one.told_after_min <= 60 for one in own) / len(own),
                sum(one.right_after_min <= 60 for one in own) / len(own),
                sum(one.in_time for one in own) / len(own),
                percentile(times, 0.5),
                sum(one.others for one in own),
            )
        )
    return table


def _quiet_tables(extent: Extent, report: Report) -> list[Table]:
    """Fleets in which nothing happens, from their first hour on; sizes and weekdays differ."""
    if not extent.quiet:
        return []
    weeks, told, mondays, dear_mondays, first_week = 0.0, 0, 0, 0, 0
    for number in range(extent.quiet):
        plan = SimulationPlan(
            days=_QUIET_DAYS,
            per_day=max(extent.per_day // (1, 2, 4)[number % 3], 500),
            seed=extent.first_seed + number,
            end=DEFAULT_END + number % 7 * _DAY,
            decoys=8,
            probe_interval_s=3600,
        )
        during = Period(datetime.fromtimestamp(plan.start_ms / 1000, UTC), plan.end)
        for _, traffic, cells in known_by(simulate(plan), asked=[plan.end]):
            found = anomalies_in(traffic, cells, during=during)
            weeks += _QUIET_DAYS / 7
            told += len(found)
            days = [during.start + day * _DAY for day in range(_QUIET_DAYS)]
            mondays += sum(day.weekday() == 0 for day in days)
            dear_mondays += len({one.at.date() for one in found if one.at.weekday() == 0})
            first_week += sum(one.at < during.start + 7 * _DAY for one in found)
            report(f"quiet-{plan.seed}: {len(found)} anomalies in {_QUIET_DAYS} days")
    columns = ("fleets", "weeks", "anomalies a week", "Mondays", "with an anomaly", "in first week")
    row = (extent.quiet, weeks, told / weeks, mondays, dear_mondays, first_week)
    return [Table("Cost anomalies where nothing happened", columns, [row])]


def on_fresh_service(*, seed: int, report: Report, per_day: int = _SERVICE_PER_DAY) -> list[Table]:
    """One fleet of each kind asked through the API, on servers started for it, with its cause."""
    with (
        tempfile.TemporaryDirectory(prefix="routecause-evaluate-") as folder,
        fresh_service(Path(folder), report=report) as url,
    ):
        return ask_service(seed=seed, per_day=per_day, url=url, key=None, report=report)


def ask_service(
    *, seed: int, per_day: int, url: str, key: str | None, report: Report
) -> list[Table]:
    """Send a fleet of each kind, ask three hours after its fault began, and mark the answers."""
    table = Table(
        "Cost anomalies through the API, three hours after the fault began",
        ("fault", "right slice", "right cause first", "anomalies", "seconds"),
    )
    with Client(url=url, key=key) as client:
        for number, kind in enumerate(KINDS):
            plan = _told_of(kind, seed=seed, per_day=per_day, before=number * _APART)
            (fault,) = truth(plan)
            _load(plan, url=url, key=key)
            began = to_time(fault.start_ms)
            asked = {
                "during": {
                    "from": floor(began - _HOUR, Granularity.HOUR).isoformat(),
                    "to": (began + _LATER).isoformat(),
                },
                "knownAt": (began + _LATER).isoformat(),
            }
            started = time.perf_counter()
            found = client.query(_ANOMALIES, asked)["costAnomalies"]
            seconds = time.perf_counter() - started
            right = [one for one in found if _says(one, fault)]
            first = [one["causes"][0]["id"] if one["causes"] else None for one in right]
            blamed = "yes" if fault.cause_id in first else "no"
            table.rows.append((kind, "yes" if right else "no", blamed, len(found), seconds))
            report(f"{kind}-{plan.seed} through the API: {found}")
    return [table]


def _told_of(kind: str, *, seed: int, per_day: int, before: timedelta) -> SimulationPlan:
    """A fleet in a stretch of time of its own, whose fault an event tells of."""
    for attempt in range(50):
        plan = plan_of(kind, seed=seed + 1_000 * attempt, per_day=per_day, days=_SERVICE_DAYS)
        end = plan.end - before
        (asked,) = plan.requested
        at = None if asked.at is None else asked.at - before
        moved = SimulationPlan(
            days=plan.days, per_day=per_day, seed=plan.seed, end=end, decoys=8,
            probe_interval_s=3600, faults=(FaultRequest(kind=kind, at=at),),
        )  # fmt: skip
        if truth(moved)[0].cause_id is not None:
            return moved
    raise Unavailable(f"no event tells of any {kind} that was drawn")


def _says(one: Event, fault: PlantedFault) -> bool:
    refs = {ref["kind"]: ref["id"] for ref in one["where"]}
    return all(refs.get(kind) in ids for kind, ids in fault.slice.items())


def _load(plan: SimulationPlan, *, url: str, key: str | None) -> None:
    """Send a history without scores and samples, and wait until the graph has it."""

    def lines() -> Iterator[Line]:
        told = (event for event in simulate(plan) if event["type"] not in _UNASKED)
        for number, event in enumerate(told, start=1):
            yield Line(Path(f"costs-{plan.seed}"), number, orjson.dumps(event))

    with progress() as shown:
        shown.add_task("sending a fleet", total=None)
        tally = asyncio.run(send(lines(), url=url, key=key, shown=shown))
    if tally.rejected or tally.duplicates:
        raise Unavailable("some events were rejected or known; it takes a service without any data")
