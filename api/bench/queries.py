"""Does an answer cost the same after ten times the traffic? The same questions on two graphs.

Both hold the newest part of the same kind of fleet: one of 30,000 requests in three days, one of
300,000 in thirty. Rounds are interleaved, so that whatever else the machine does hits both.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from api.bench.measures import Table, percentile
from api.servers import ServerSettings, neo4j_server
from graph import budgets, capacity, costs, fleet, forecast, requests, slos, trends
from graph.causes import why
from graph.columns import BucketColumns
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Demand, Dimension, Granularity, Metric, Period, Slice
from graph.store import ledger
from graph.store.door import GraphStore, counting
from ingest.events import parse_event
from ingest.facts import fact_of
from ingest.simulator import DEFAULT_END, FaultRequest, SimulationPlan, simulate

_BATCH = 2_000
_ROUNDS = 60
_WARM_UP = 8
_SCOPE = TenantScope.all()
Ask = Callable[[], Awaitable[object]]


class Loaded:
    """A graph with a fleet's history, and the questions put to it."""

    def __init__(self, store: GraphStore, *, days: float, per_day: int) -> None:
        self.store = store
        self.columns = BucketColumns(store)
        begun = FaultRequest(
            kind="rollout-hurts-task", at=DEFAULT_END - timedelta(days=min(days / 2, 0.8))
        )
        self.plan = SimulationPlan(days=days, per_day=per_day, seed=3, faults=(begun,))
        self.now = self.plan.end
        self.request_ids: list[str] = []
        self.requests = 0

    async def load(self, report: Callable[[str], None]) -> None:
        """Write the whole history."""
        events = simulate(self.plan)
        written = 0
        while batch := list(islice(events, _BATCH)):
            facts = [fact_of(parse_event(event)) for event in batch]
            done = await ledger.record(self.store, facts)
            self.requests += done.requests
            ids = [e["data"]["request_id"] for e in batch if e["type"].endswith("completed")]
            self.request_ids = (self.request_ids + ids)[-500:]
            written += len(batch)
            if written % (50 * _BATCH) == 0:
                report(f"  {written:,} events, {self.requests:,} requests")

    def questions(self) -> dict[str, Ask]:
        """Each question by name, over the newest three days."""
        during = Period(self.now - timedelta(days=2, hours=12), self.now)
        halves = [Period(during.start, _middle(during)), Period(_middle(during), during.end)]
        told = iter(range(10**9))

        async def trend(metric: Metric, *, known_at: datetime | None = None) -> object:
            return await trends.trend(
                self.store,
                self.columns,
                metric=metric,
                during=during,
                granularity=Granularity.HOUR,
                group_by=(Dimension.TIER, Dimension.TASK_TYPE),
                where=Slice(),
                scope=_SCOPE,
                now=self.now,
                known_at=known_at,
            )

        async def cold() -> object:
            self.columns = BucketColumns(self.store)
            return await trend(Metric.QUALITY)

        return {
            "fleet(at)": lambda: fleet.fleet(
                self.store,
                at=self.now - timedelta(hours=1),
                known_at=self.now - timedelta(hours=1),
                budgets=HealthSettings(),
            ),
            "trend QUALITY by tier and task": lambda: trend(Metric.QUALITY),
            "trend LATENCY_P95 by tier and task": lambda: trend(Metric.LATENCY_P95),
            "trend QUALITY, knownAt": lambda: trend(
                Metric.QUALITY, known_at=self.now - timedelta(hours=5, minutes=20)
            ),
            "trend QUALITY, nothing in memory": cold,
            "compare COST by deployment": lambda: trends.compare(
                self.store,
                self.columns,
                metric=Metric.COST_PER_REQUEST,
                during=halves[1],
                compared_to=halves[0],
                group_by=(Dimension.DEPLOYMENT,),
                where=Slice(),
                scope=_SCOPE,
            ),
            "whyChanged QUALITY": lambda: self.why(Metric.QUALITY),
            "whyChanged LATENCY_MEAN": lambda: self.why(Metric.LATENCY_MEAN),
            "whyChanged COST_PER_REQUEST": lambda: self.why(Metric.COST_PER_REQUEST),
            "request": lambda: requests.requests(
                self.store,
                [self.request_ids[next(told) % len(self.request_ids)]],
                scope=_SCOPE,
            ),
        }

    async def why(self, metric: Metric, *, by_default: bool = False) -> object:
        """Why a metric differs in the newest day from the day before (by default: a week before).

        The fault begins in that day, so that there is a cause to be found.
        """
        day = timedelta(days=1)
        return await why.why_changed(
            self.store,
            self.columns,
            metric=metric,
            during=Period(self.now - day, self.now),
            compared_to=None if by_default else Period(self.now - 2 * day, self.now - day),
            where=Slice(),
            scope=_SCOPE,
            now=self.now,
        )

    def ahead(self) -> dict[str, Ask]:
        """What looks ahead and at what is spent, by name; each asked as of another minute."""
        hour, minute = timedelta(hours=1), timedelta(minutes=1)
        store, columns, back = self.store, self.columns, iter(range(10**9))

        def earlier() -> datetime:
            # What was foretold is kept for as long as nothing changes; here it never is.
            return self.now - (1 + next(back) % 360) * 10 * minute

        async def coming(*group_by: Dimension) -> object:
            return await forecast.forecast(
                store, columns, of=Demand.REQUESTS, horizon=hour, step=hour, group_by=group_by,
                where=Slice(), scope=_SCOPE, as_of=earlier(), now=self.now,
            )  # fmt: skip

        async def risk(*lost: str) -> object:
            return await capacity.capacity_risk(
                store, columns, horizon=hour, without=frozenset(lost) or None, as_of=earlier(),
                budgets=HealthSettings(), now=self.now,
            )  # fmt: skip

        async def anomalies() -> object:
            end = earlier()
            return await costs.cost_anomalies(
                store, columns, during=Period(end - 24 * hour, end), scope=_SCOPE, now=self.now
            )

        return {
            "forecast": coming,
            "forecast by deployment": lambda: coming(Dimension.DEPLOYMENT),
            "capacityRisk": risk,
            "capacityRisk without a backend": lambda: risk("aws"),
            "budgets": lambda: budgets.budgets(
                store, columns, tenant=None, at=earlier(), scope=_SCOPE, now=self.now
            ),
            "slos": lambda: slos.slos(store, columns, at=earlier(), scope=_SCOPE, now=self.now),
            "costAnomalies of a day": anomalies,
        }


def _middle(period: Period) -> datetime:
    return period.start + (period.end - period.start) / 2


async def run(folder: Path, *, report: Callable[[str], None]) -> list[Table]:
    """Load both graphs below `folder`, ask in turns, and tell the figures."""
    with ExitStack() as stack:
        sizes = {"30,000 requests": 3.0, "300,000 requests": 30.0}
        graphs: dict[str, Loaded] = {}
        for name, days in sizes.items():
            settings = ServerSettings(neo4j_bolt_port=0, neo4j_http_port=0)
            server = neo4j_server(folder / f"days-{days:g}", settings=settings, report=report)
            store = await GraphStore.connect(stack.enter_context(server).settings())
            graphs[name] = Loaded(store, days=days, per_day=10_000)
            report(f"loading {name}")
            await graphs[name].load(report)
        timed = await _timed(graphs)
        investigated = await _investigated(graphs["300,000 requests"])
        ahead = await _ahead(graphs["300,000 requests"])
        longer = await _degrees("Largest degree by label: the same traffic for longer", graphs)
        for loaded in graphs.values():
            await loaded.store.close()
    denser = await _denser(folder, report=report)
    return [timed, investigated, ahead, longer, denser]


async def _timed(graphs: dict[str, Loaded]) -> Table:
    small, large = graphs.values()
    table = Table(
        "Time of an answer, ms",
        ("question", "p50 at 30k", "p50 at 300k", "p95 at 30k", "p95 at 300k", "ratio of the p95s"),
    )
    asked = {name: (small.questions()[name], large.questions()[name]) for name in small.questions()}
    for name, pair in asked.items():
        took: tuple[list[float], list[float]] = ([], [])
        for turn in range(_ROUNDS + _WARM_UP):
            for one, ask in enumerate(pair):
                started = time.perf_counter()
                await ask()
                if turn >= _WARM_UP:
                    took[one].append(1e3 * (time.perf_counter() - started))
        p50, p95 = ([percentile(values, q) for values in took] for q in (0.5, 0.95))
        table.rows.append((name, *p50, *p95, p95[1] / p95[0]))
    return table


async def _investigated(loaded: Loaded) -> Table:
    """`whyChanged` against the same hours a week earlier, with the statements that it takes."""
    table = Table(
        "whyChanged at 300k: the newest day against the same a week earlier, ms",
        ("metric", "p50", "p95", "statements, nothing in memory", "statements"),
    )
    for metric in (Metric.QUALITY, Metric.LATENCY_MEAN, Metric.LATENCY_P95, Metric.COST):
        loaded.columns = BucketColumns(loaded.store)
        with counting() as cold:
            await loaded.why(metric, by_default=True)
        took: list[float] = []
        with counting() as warm:
            for _ in range(_ROUNDS):
                started = time.perf_counter()
                await loaded.why(metric, by_default=True)
                took.append(1e3 * (time.perf_counter() - started))
        p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
        table.rows.append(
            (metric.value, p50, p95, len(cold.statements), len(warm.statements) / _ROUNDS)
        )
    return table


async def _ahead(loaded: Loaded) -> Table:
    """What comes next and what is spent, with the statements that it takes."""
    table = Table(
        "What comes next, and what is spent, at 300k: ms",
        ("question", "p50", "p95", "statements"),
    )
    for name, ask in loaded.ahead().items():
        took: list[float] = []
        with counting() as sent:
            for _ in range(_ROUNDS // 2):
                started = time.perf_counter()
                await ask()
                took.append(1e3 * (time.perf_counter() - started))
        statements = len(sent.statements) / (_ROUNDS // 2)
        table.rows.append((name, percentile(took, 0.5), percentile(took, 0.95), statements))
    return table


async def _denser(folder: Path, *, report: Callable[[str], None]) -> Table:
    """Seven hours at 10,000 requests a day and at 100,000."""
    with ExitStack() as stack:
        graphs: dict[str, Loaded] = {}
        for name, per_day in {"10,000 a day": 10_000, "100,000 a day": 100_000}.items():
            settings = ServerSettings(neo4j_bolt_port=0, neo4j_http_port=0)
            server = neo4j_server(folder / f"rate-{per_day}", settings=settings, report=report)
            store = await GraphStore.connect(stack.enter_context(server).settings())
            graphs[name] = Loaded(store, days=0.3, per_day=per_day)
            report(f"loading seven hours at {name}")
            await graphs[name].load(report)
        table = await _degrees("Largest degree by label: ten times the traffic in 7 h", graphs)
        for loaded in graphs.values():
            await loaded.store.close()
    return table


async def _degrees(title: str, graphs: dict[str, Loaded]) -> Table:
    """The largest number of relationships by label: only buckets may grow with traffic."""
    found: dict[str, list[tuple[int, int]]] = {}
    for loaded in graphs.values():
        for row in await loaded.store.ask("largest_degrees", start="1970-01-01T00:00:00Z"):
            found.setdefault(row["label"], []).append((row["nodes"], row["largest"]))
    columns = ("label", *(f"{what}, {name}" for name in graphs for what in ("nodes", "degree")))
    rows = [
        (label, small[0], small[1], large[0], large[1])
        for label, (small, large) in sorted(found.items(), key=lambda item: -item[1][1][1])
        if len(found[label]) == len(graphs)
    ]
    return Table(title, columns, rows)
