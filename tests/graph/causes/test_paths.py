"""The way from a cause to a slice: connected, of relationships that the graph has, or none."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, LiteralString
from uuid import uuid4

import pytest

from graph.causes.candidates import CandidateCause
from graph.causes.investigation import PathStep
from graph.causes.paths import Destination, trace
from graph.columns import BucketColumns
from graph.facts import Fact
from graph.scope import TenantScope
from graph.slices import EntityRef
from graph.store.door import GraphStore, Transaction, counting
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

T0 = datetime(2026, 4, 6, 9, tzinfo=UTC)
END = T0.replace(hour=10)


class World:
    """Two backends with a model each; what fails on the first falls back to the second."""

    def __init__(self, store: GraphStore, columns: BucketColumns) -> None:
        self.store, self.columns = store, columns
        self.name = uuid4().hex[:8]
        self.tenant = f"t-{self.name}"
        self.scope = TenantScope.of(self.tenant)
        self.strong = f"big-{self.name}@a-{self.name}"
        self.weak = f"small-{self.name}@b-{self.name}"
        self.facts: list[Fact] = []
        self.told = 0

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        self.told += 1
        event = {
            "specversion": "1.0",
            "id": f"{self.name}-{self.told}",
            "source": "test",
            "type": f"routecause.{kind}",
            "time": T0.isoformat(),
            "recordedtime": T0.isoformat(),
            "tenant": self.tenant,
            "data": data,
        }
        self.facts.append(fact_of(parse_event(event)))

    def request(self, deployment: str, task: str, **decided: Any) -> None:
        decision = {
            "deployment": deployment,
            "policy": f"p-{self.name}",
            "policy_version": "v1",
            "method": "rule",
            "router_version": f"r-{self.name}",
            **decided,
        }
        self.tell(
            "request.completed",
            {
                "request_id": f"{self.name}-{self.told}",
                "user": "u",
                "tier": f"gold-{self.name}",
                "task_type": f"{task}-{self.name}",
                "prompt_tokens": 9000 if task == "long" else 100,
                "completion_tokens": 10,
                "decision": decision,
                "outcome": {"status": "ok", "latency_ms": 100.0, "cost_usd": 0.001},
            },
        )

    def change(self, number: int, *targets: tuple[str, str], kind: str = "rollout") -> None:
        self.tell(
            "change.applied",
            {
                "change": f"c{number}-{self.name}",
                "kind": kind,
                "title": "x",
                "targets": [{"kind": of, "id": one} for of, one in targets],
            },
        )

    def cause(self, node: str, identity: str, *targets: tuple[str, str]) -> CandidateCause:
        refs = tuple(EntityRef(kind, one) for kind, one in targets)
        return CandidateCause(node, node, identity, "x", T0, T0, targets=refs)

    def ref(self, kind: str, name: str) -> EntityRef:
        return EntityRef(kind, f"{name}-{self.name}")

    async def trace(
        self, *wanted: Destination, scope: TenantScope | None = None
    ) -> list[tuple[PathStep, ...]]:
        await record(self.store, self.facts)
        traffic, _ = await self.columns.load(start=T0, end=END, scope=self.scope)
        found = await trace(
            self.store,
            wanted,
            cells=self.columns.cells,
            traffic=traffic,
            scope=scope or self.scope,
        )
        for path in found:
            await self.check(path)
        return found

    async def check(self, path: Sequence[PathStep]) -> None:
        """Every step follows the one before, and is there in the graph, pointing as it says."""
        for one, following in pairwise(path):
            assert one.end == following.start
        for step in path:
            start, end = (step.end, step.start) if step.reversed else (step.start, step.end)
            assert await self.related(start, step.relationship, end), step

    async def related(self, start: EntityRef, kind: str, end: EntityRef) -> bool:
        text: LiteralString = """
            MATCH (a)-[r]->(b) WHERE type(r) = $kind
              AND $start IN [a.id, a.policy + '@' + a.version, a.experiment + '/' + a.arm]
              AND $end IN [b.id, b.policy + '@' + b.version, b.experiment + '/' + b.arm]
            RETURN count(*) AS found
            """

        async def read(transaction: Transaction) -> bool:
            rows = await transaction.run(text, start=start.id, kind=kind, end=end.id)
            return bool(rows[0]["found"])

        return await self.store.write(read)


def drawn(path: Sequence[PathStep]) -> str:
    """A path as people draw it, the world's own name left out."""
    parts = [path[0].start.kind]
    for step in path:
        arrow = f"<-{step.relationship}-" if step.reversed else f"-{step.relationship}->"
        parts += [arrow, step.end.kind]
    return " ".join(parts)


@pytest.fixture
def world(store: GraphStore, columns: BucketColumns) -> World:
    return World(store, columns)


async def test_a_change_reaches_a_task_through_its_deployment(world: World) -> None:
    world.request(world.strong, "reasoning")
    world.request(world.strong, "chat")
    world.change(1, ("deployment", world.strong))
    cause = world.cause("change", f"c1-{world.name}", ("deployment", world.strong))
    strong, task = EntityRef("deployment", world.strong), world.ref("task_type", "reasoning")
    with counting() as count:
        narrow, whole, everything = await world.trace(
            Destination(cause, (strong, task)),
            Destination(cause, (strong,)),
            Destination(cause, ()),
        )
    assert count.statements.count("cause_paths") == 1
    assert drawn(narrow) == "change -TARGETS-> deployment <-SERVED_BY- cell -OF_TASK-> task_type"
    assert narrow[-1].end == task
    assert drawn(whole) == drawn(everything) == "change -TARGETS-> deployment"
    assert narrow[0].start == EntityRef("change", f"c1-{world.name}")


async def test_models_and_backends_are_reached_through_what_runs_there(world: World) -> None:
    world.request(world.strong, "reasoning")
    model, backend = world.strong.split("@")
    world.change(1, ("model", model), kind="price")
    world.change(2, ("backend", backend))
    task = (world.ref("task_type", "reasoning"),)
    price = world.cause("change", f"c1-{world.name}", ("model", model))
    image = world.cause("change", f"c2-{world.name}", ("backend", backend))
    found = await world.trace(
        Destination(price, task),
        Destination(image, task),
        Destination(price, (EntityRef("deployment", world.strong),)),
        Destination(price, (EntityRef("model", model),)),
        Destination(image, (EntityRef("model", model),)),
    )
    assert [drawn(path) for path in found] == [
        "change -TARGETS-> model <-RUNS_MODEL- deployment <-SERVED_BY- cell -OF_TASK-> task_type",
        "change -TARGETS-> backend <-RUNS_ON- deployment <-SERVED_BY- cell -OF_TASK-> task_type",
        "change -TARGETS-> model <-RUNS_MODEL- deployment",
        "change -TARGETS-> model",
        "change -TARGETS-> backend <-RUNS_ON- deployment -RUNS_MODEL-> model",
    ]


async def test_an_incident_reaches_the_stand_in_through_what_it_displaced(world: World) -> None:
    world.request(world.weak, "reasoning", method="fallback", fallback_from=[world.strong])
    world.request(world.weak, "chat")
    backend = world.strong.split("@")[1]
    scope = {"kind": "backend", "id": backend}
    told = {"incident": f"i-{world.name}", "scope": scope, "severity": "sev1", "title": "down"}
    world.tell("incident.opened", told)
    cause = world.cause("incident", f"i-{world.name}", ("backend", backend))
    weak = EntityRef("deployment", world.weak)
    taken, crowded = await world.trace(
        Destination(cause, (weak, world.ref("task_type", "reasoning")), mix=True),
        Destination(cause, (weak, world.ref("task_type", "chat"))),
    )
    start = (
        "incident -AFFECTS-> backend <-RUNS_ON- deployment <-DISPLACED_FROM- cell "
        "-SERVED_BY-> deployment"
    )
    assert drawn(taken) == start
    assert taken[-1].end == weak
    # Those that were there already share the stand-in with those that came.
    assert drawn(crowded) == f"{start} <-SERVED_BY- cell -OF_TASK-> task_type"


async def test_what_is_global_reaches_everything_through_the_fleet(world: World) -> None:
    world.request(world.strong, "reasoning")
    told = {"incident": f"i-{world.name}", "scope": {"kind": "global"}, "severity": "sev1"}
    # Over at once, so that no other test's deployments suffer from it.
    world.tell("incident.resolved", {**told, "title": "dark"})
    cause = world.cause("incident", f"i-{world.name}")
    task, whole = await world.trace(
        Destination(cause, (world.ref("task_type", "reasoning"),)), Destination(cause, ())
    )
    start = "incident -AFFECTS-> fleet <-PART_OF- backend <-RUNS_ON- deployment"
    assert drawn(task) == f"{start} <-SERVED_BY- cell -OF_TASK-> task_type"
    assert drawn(whole) == start


async def test_traffic_moved_without_a_fallback_is_tied_by_its_task(world: World) -> None:
    world.request(world.strong, "reasoning")
    world.request(world.weak, "reasoning")
    world.change(1, ("deployment", world.strong), kind="quota")
    cause = world.cause("change", f"c1-{world.name}", ("deployment", world.strong))
    weak = (EntityRef("deployment", world.weak),)
    (path,) = await world.trace(Destination(cause, weak, mix=True))
    assert drawn(path) == (
        "change -TARGETS-> deployment <-SERVED_BY- cell -OF_TASK-> task_type <-OF_TASK- cell "
        "-SERVED_BY-> deployment"
    )


async def test_policies_experiments_routers_and_evaluators_reach_their_cells(world: World) -> None:
    arms = [{"arm": "A", "percent": 50}, {"arm": "B", "percent": 50}]
    experiment = f"e-{world.name}"
    world.request(world.weak, "reasoning", experiment=experiment, arm="B")
    request_id = f"{world.name}-0"
    configured = {"experiment": experiment, "policy": "main", "status": "running", "arms": arms}
    world.tell("experiment.configured", configured)
    world.change(1, ("router", f"r-{world.name}"), kind="router")
    world.change(2, ("evaluator", f"judge-{world.name}"), kind="evaluator")
    scored = {"request_id": request_id, "evaluator": f"judge-{world.name}", "score": 0.5}
    world.tell("quality.scored", {**scored, "evaluator_version": "2"})
    version = f"p-{world.name}@v1"
    judge = world.cause("change", f"c2-{world.name}", ("evaluator", f"judge-{world.name}"))
    router = world.cause("change", f"c1-{world.name}", ("router", f"r-{world.name}"))
    policy = world.cause("policy_version", version)
    trial = world.cause("experiment", experiment)
    tier = (world.ref("tier", "gold"),)
    found = await world.trace(
        Destination(policy, ()),
        Destination(policy, (EntityRef("policy_version", version),)),
        Destination(trial, (EntityRef("arm", f"{experiment}/B"), *tier)),
        Destination(trial, (EntityRef("arm", f"{experiment}/B"),)),
        Destination(router, tier),
        Destination(judge, (EntityRef("evaluator_version", f"judge-{world.name}@2"),)),
        Destination(judge, (EntityRef("tenant", world.tenant),)),
    )
    assert [drawn(path) for path in found] == [
        "policy_version <-UNDER- cell -SERVED_BY-> deployment",
        "policy_version <-UNDER- cell -SERVED_BY-> deployment",
        "experiment -HAS_ARM-> arm <-IN_ARM- cell -OF_TIER-> tier",
        "experiment -HAS_ARM-> arm",
        "change -TARGETS-> router <-ROUTED_WITH- cell -OF_TIER-> tier",
        "change -TARGETS-> evaluator",
        "change -TARGETS-> evaluator <-SCORED_BY- cell -OF_TENANT-> tenant",
    ]


async def test_a_slice_without_a_node_ends_at_its_cell(world: World) -> None:
    world.request(world.strong, "long")
    world.request(world.strong, "chat")
    world.change(1, ("deployment", world.strong))
    cause = world.cause("change", f"c1-{world.name}", ("deployment", world.strong))
    (path,) = await world.trace(Destination(cause, (EntityRef("prompt_band", "8192+"),)))
    assert drawn(path) == "change -TARGETS-> deployment <-SERVED_BY- cell"
    rows = world.columns.cells
    assert rows.keys[rows.rows[path[-1].end.id]].task_type == f"long-{world.name}"


async def test_there_is_no_path_where_nothing_ties_them(world: World) -> None:
    world.request(world.strong, "reasoning")
    world.change(1, ("deployment", world.weak))
    aside = world.cause("change", f"c1-{world.name}", ("deployment", world.weak))
    rumour = world.cause("change", f"c9-{world.name}", ("deployment", world.strong))
    unheard_of = world.cause("incident", f"i-{world.name}")
    task = (world.ref("task_type", "reasoning"),)
    found = await world.trace(*(Destination(one, task) for one in (aside, rumour, unheard_of)))
    assert found == [(), (), ()]
    assert await world.trace() == []


async def test_a_foreign_tenants_cells_are_no_path(world: World) -> None:
    world.request(world.strong, "reasoning")
    world.change(1, ("deployment", world.strong))
    cause = world.cause("change", f"c1-{world.name}", ("deployment", world.strong))
    wanted = Destination(cause, (world.ref("task_type", "reasoning"),))
    assert await world.trace(wanted, scope=TenantScope.of("somebody-else")) == [()]
