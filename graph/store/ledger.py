"""Facts into the graph, exactly once: whatever is replayed, reordered, retried or killed.

One batch is one transaction. Each request and each score locks its `Request` node first, so two
writers can't both think they are the first to tell it; what proved new is counted into buckets in
the same transaction that creates it. Rows are sorted by key, so that writers wait for each other
instead of deadlocking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.buckets import (
    Bucket,
    BucketKey,
    ScoreAmounts,
    ScoreBucketKey,
    bucket_key,
    score_amounts,
    score_difference,
)
from graph.facts import (
    EntityFact,
    Fact,
    ObservationFact,
    RequestFact,
    ScoreFact,
    hour_of,
)
from graph.model import NODES
from graph.model.declare import Entity, Link, link_text, merge_text
from graph.model.traffic import CellKey
from graph.model.world import THE_FLEET
from graph.store.door import GraphStore, Transaction, instant

_LOCK_REQUESTS = """
UNWIND $rows AS row
MERGE (r:Request {tenant: row.tenant, id: row.id})
ON CREATE SET r:Awaited
SET r.tenant = row.tenant
WITH r, row WHERE r.at IS NULL
WITH row.index AS index, elementId(r) AS request,
  [(q:QualityScore)-[:SCORES]->(r) |
    [q.key, q.at, q.recordedAt, q.evaluator, q.evaluatorVersion, q.score]] AS scores
RETURN collect(index) AS indexes, collect(request) AS requests,
  collect(CASE WHEN size(scores) > 0 THEN [index, scores] END) AS awaited
"""
_FILL_REQUESTS = """
UNWIND $rows AS row
MATCH (r) WHERE elementId(r) = row.request
MATCH (b) WHERE elementId(b) = row.bucket
SET r += row.properties, r.at = datetime(row.at), r.recordedAt = datetime(row.recordedAt)
REMOVE r:Awaited
CREATE (r)-[:IN_BUCKET]->(b)
CREATE (d:RoutingDecision)
SET d = row.decision
CREATE (r)-[:ROUTED_BY]->(d)
"""
_MISSING_CELLS = """
UNWIND $ids AS id
OPTIONAL MATCH (c:Cell {id: id}) USING INDEX SEEK c:Cell(id)
WITH id, c WHERE c IS NULL
RETURN collect(id) AS missing
"""
_MERGE_CELLS = """
UNWIND $rows AS row
MERGE (c:Cell {id: row.id})
ON CREATE SET c += row.properties
MERGE (d:Deployment {id: row.properties.deployment})
MERGE (m:Model {id: row.model})
MERGE (k:Backend {id: row.backend})
MERGE (d)-[:RUNS_MODEL]->(m)
MERGE (d)-[:RUNS_ON]->(k)
MERGE (fleet:Fleet {id: row.fleet})
MERGE (k)-[:PART_OF]->(fleet)
MERGE (c)-[:SERVED_BY]->(d)
MERGE (task:TaskType {id: row.properties.taskType})
MERGE (c)-[:OF_TASK]->(task)
MERGE (tier:Tier {id: row.properties.tier})
MERGE (c)-[:OF_TIER]->(tier)
MERGE (tenant:Tenant {id: row.properties.tenant})
MERGE (c)-[:OF_TENANT]->(tenant)
MERGE (p:Policy {id: row.properties.policy})
MERGE (v:PolicyVersion {policy: row.properties.policy, version: row.properties.policyVersion})
MERGE (v)-[:VERSION_OF]->(p)
MERGE (c)-[:UNDER]->(v)
FOREACH (arm IN CASE WHEN row.properties.arm IS NULL THEN [] ELSE [row.properties.arm] END |
  MERGE (a:Arm {experiment: coalesce(row.properties.experiment, ''), arm: arm})
  MERGE (c)-[:IN_ARM]->(a))
FOREACH (id IN CASE WHEN row.properties.routerVersion IS NULL THEN []
         ELSE [row.properties.routerVersion] END |
  MERGE (router:Router {id: id})
  MERGE (c)-[:ROUTED_WITH]->(router))
FOREACH (known IN CASE WHEN row.lost IS NULL THEN [] ELSE [row.lost] END |
  MERGE (lost:Deployment {id: row.properties.displacedFrom})
  MERGE (lostModel:Model {id: known.model})
  MERGE (lostBackend:Backend {id: known.backend})
  MERGE (lost)-[:RUNS_MODEL]->(lostModel)
  MERGE (lost)-[:RUNS_ON]->(lostBackend)
  MERGE (c)-[:DISPLACED_FROM]->(lost))
"""
_LOCK_BUCKETS = """
UNWIND $rows AS row
MATCH (c:Cell {id: row.cell}) USING INDEX SEEK c:Cell(id)
MERGE (b:Bucket {cell: row.cell, hour: datetime({epochSeconds: row.hour}),
  recordedHour: datetime({epochSeconds: row.recordedHour})})
SET b.tenant = c.tenant
FOREACH (_ IN CASE WHEN b.count IS NULL THEN [1] ELSE [] END | CREATE (b)-[:OF_CELL]->(c))
WITH row.index AS index, elementId(b) AS bucket,
  CASE WHEN b.count IS NULL THEN null ELSE b {.*, hour: null, recordedHour: null} END AS state
RETURN collect(index) AS indexes, collect(bucket) AS buckets,
  collect(CASE WHEN state IS NOT NULL THEN [index, state] END) AS states
"""
_FILL_BUCKETS = """
UNWIND $rows AS row
MATCH (b) WHERE elementId(b) = row.bucket
SET b += row.properties
"""
_BUMP_HOURS = """
UNWIND $rows AS row
MERGE (h:Hour {tenant: row.tenant, hour: datetime({epochSeconds: row.hour})})
SET h.version = coalesce(h.version, 0) + 1
"""
_LOCK_SCORED = """
UNWIND $rows AS row
MERGE (r:Request {tenant: row.tenant, id: row.id})
ON CREATE SET r:Awaited
SET r.tenant = row.tenant
WITH row.index AS index, elementId(r) AS request,
  [(r)-[:IN_BUCKET]->(b:Bucket) | [b.cell, b.hour.epochSeconds]] AS buckets,
  [(q:QualityScore)-[:SCORES]->(r) |
    [q.key, q.at, q.recordedAt, q.evaluator, q.evaluatorVersion, q.score]] AS scores
RETURN collect([index, request, buckets, scores]) AS locked
"""
_CREATE_SCORES = """
UNWIND $rows AS row
MATCH (r) WHERE elementId(r) = row.request
CREATE (q:QualityScore)
SET q = row.properties, q.at = datetime(row.at), q.recordedAt = datetime(row.recordedAt)
CREATE (q)-[:SCORES]->(r)
"""
_ADD_SCORES = """
UNWIND $rows AS row
MATCH (c:Cell {id: row.cell}) USING INDEX SEEK c:Cell(id)
MERGE (s:ScoreBucket {cell: row.cell, hour: datetime({epochSeconds: row.hour}),
  recordedHour: datetime({epochSeconds: row.recordedHour}),
  evaluator: row.evaluator, evaluatorVersion: row.evaluatorVersion})
FOREACH (_ IN CASE WHEN s.count IS NULL THEN [1] ELSE [] END |
  MERGE (e:Evaluator {id: row.evaluator})
  MERGE (c)-[:SCORED_BY]->(e)
  CREATE (s)-[:SCORED_IN]->(c))
SET s.tenant = row.tenant,
  s.count = coalesce(s.count, 0) + row.count,
  s.sumNano = coalesce(s.sumNano, 0) + row.sumNano,
  s.squaresNano = coalesce(s.squaresNano, 0) + row.squaresNano
WITH s WHERE s.count = 0 AND s.sumNano = 0 AND s.squaresNano = 0
DETACH DELETE s
"""
_ADD_OBSERVATIONS = """
UNWIND $rows AS row
MERGE (d:Deployment {id: row.deployment})
MERGE (m:Model {id: row.model})
MERGE (k:Backend {id: row.backend})
MERGE (d)-[:RUNS_MODEL]->(m)
MERGE (d)-[:RUNS_ON]->(k)
MERGE (h:HealthHour {deployment: row.deployment, hour: datetime({epochSeconds: row.hour})})
MERGE (d)-[:SAMPLED_IN]->(h)
MERGE (o:Observation {key: row.key})
ON CREATE SET o += row.properties, o.at = datetime(row.at),
  o.recordedAt = datetime(row.recordedAt)
MERGE (h)-[:HOLDS]->(o)
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch changed: how many requests and scores were new to the graph."""

    requests: int
    scores: int


def model_and_backend(deployment: str) -> tuple[str, str]:
    """The two halves of `model@backend`."""
    model, _, backend = deployment.rpartition("@")
    return model, backend


async def record(store: GraphStore, facts: Sequence[Fact]) -> Written:
    """Write a batch in one transaction; facts already there change nothing."""

    async def work(transaction: Transaction) -> Written:
        await _record_entities(transaction, [f for f in facts if isinstance(f, EntityFact)])
        samples = [f for f in facts if isinstance(f, ObservationFact)]
        await _record_observations(transaction, samples)
        requests = await _record_requests(
            transaction, [f for f in facts if isinstance(f, RequestFact)]
        )
        scores = await _record_scores(transaction, [f for f in facts if isinstance(f, ScoreFact)])
        return Written(requests=requests, scores=scores)

    return await store.write(work)


async def _record_entities(transaction: Transaction, facts: Sequence[EntityFact]) -> None:
    by_entity: dict[str, list[EntityFact]] = {}
    for fact in sorted(facts, key=lambda f: (f.entity.node.label, f.id, f.key)):
        by_entity.setdefault(fact.entity.node.label, []).append(fact)
    for told in by_entity.values():
        declared = told[0].entity
        rows = [
            {"id": _key_of(declared, f.id), "key": f.key, "properties": _revision(f)} for f in told
        ]
        await transaction.run(merge_text(declared), rows=rows)
        await _link(transaction, declared, told)


def _key_of(declared: Entity, values: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(declared.node.key_names, values, strict=True))


def _revision(fact: EntityFact) -> dict[str, Any]:
    return {**fact.properties, "at": fact.at, "recordedAt": fact.recorded_at}


async def _link(transaction: Transaction, declared: Entity, told: Sequence[EntityFact]) -> None:
    rows: dict[Link, list[dict[str, Any]]] = {}
    for fact in told:
        for link in fact.links:
            target = NODES[link.label]
            row = {
                "id": _key_of(declared, fact.id),
                "to": dict(zip(target.key_names, link.key, strict=True)),
            }
            rows.setdefault(Link(link.type, link.label), []).append(row)
    for link, linked in rows.items():
        await transaction.run(link_text(declared, link, NODES[link.label]), rows=linked)


async def _record_observations(transaction: Transaction, facts: Sequence[ObservationFact]) -> None:
    if not facts:
        return
    rows: list[dict[str, Any]] = []
    for fact in sorted(facts, key=lambda f: (f.deployment, f.at, f.key)):
        model, backend = model_and_backend(fact.deployment)
        rows.append(
            {
                "key": fact.key,
                "deployment": fact.deployment,
                "model": model,
                "backend": backend,
                "hour": int(hour_of(fact.at).timestamp()),
                "at": fact.at.isoformat(),
                "recordedAt": fact.recorded_at.isoformat(),
                "properties": fact.properties,
            }
        )
    await transaction.run(_ADD_OBSERVATIONS, rows=rows)


async def _record_requests(transaction: Transaction, facts: Sequence[RequestFact]) -> int:
    told = _first_of_each(facts)
    if not told:
        return 0
    rows = [{"index": i, "tenant": f.tenant, "id": f.id} for i, f in enumerate(told)]
    (locked,) = await transaction.run(_LOCK_REQUESTS, rows=rows)
    created = [told[int(index)] for index in locked["indexes"]]
    if not created:
        return 0
    buckets = await _count_requests(transaction, created)
    await transaction.run(
        _FILL_REQUESTS,
        rows=[
            {
                "request": request,
                "bucket": buckets[bucket_key(fact)],
                "at": fact.at.isoformat(),
                "recordedAt": fact.recorded_at.isoformat(),
                "properties": fact.properties,
                "decision": fact.decision,
            }
            for request, fact in zip(locked["requests"], created, strict=True)
        ],
    )
    additions: dict[ScoreBucketKey, ScoreAmounts] = {}
    for index, scores in locked["awaited"]:
        fact = told[int(index)]
        amounts = score_amounts(_scores_of(scores, fact.tenant, fact.id))
        _collect(additions, amounts, fact.tenant, fact.cell.id, hour_of(fact.at))
    await _add_to_score_buckets(transaction, additions)
    await _bump(transaction, {(f.tenant, hour_of(f.at)) for f in created})
    return len(created)


def _first_of_each(facts: Iterable[RequestFact]) -> list[RequestFact]:
    first: dict[tuple[str, str], RequestFact] = {}
    for fact in facts:
        first.setdefault((fact.tenant, fact.id), fact)
    return [first[key] for key in sorted(first)]


async def _count_requests(
    transaction: Transaction, facts: Sequence[RequestFact]
) -> dict[BucketKey, str]:
    """Add requests to their buckets; the element id of each bucket by key."""
    added: dict[BucketKey, Bucket] = {}
    for fact in facts:
        added.setdefault(bucket_key(fact), Bucket()).add(fact)
    await _ensure_cells(transaction, {key.cell.id: key.cell for key in added})
    keys = sorted(added, key=lambda key: (key.cell.id, key.hour, key.recorded_hour))
    (locked,) = await transaction.run(
        _LOCK_BUCKETS,
        rows=[
            {
                "index": i,
                "cell": key.cell.id,
                "hour": int(key.hour.timestamp()),
                "recordedHour": int(key.recorded_hour.timestamp()),
            }
            for i, key in enumerate(keys)
        ],
    )
    for index, state in locked["states"]:
        added[keys[int(index)]].merge(Bucket.from_properties(state))
    ids = {keys[int(i)]: str(b) for i, b in zip(locked["indexes"], locked["buckets"], strict=True)}
    await transaction.run(
        _FILL_BUCKETS,
        rows=[{"bucket": ids[key], "properties": added[key].to_properties()} for key in keys],
    )
    return ids


async def _ensure_cells(transaction: Transaction, cells: dict[str, CellKey]) -> None:
    (row,) = await transaction.run(_MISSING_CELLS, ids=sorted(cells))
    if row["missing"]:
        rows = [_cell_row(cells[cell]) for cell in row["missing"]]
        await transaction.run(_MERGE_CELLS, rows=rows)


def _cell_row(cell: CellKey) -> dict[str, Any]:
    model, backend = model_and_backend(cell.deployment)
    lost: dict[str, str] | None = None
    if cell.displaced_from is not None:
        lost_model, lost_backend = model_and_backend(cell.displaced_from)
        lost = {"model": lost_model, "backend": lost_backend}
    properties = {
        "tenant": cell.tenant,
        "deployment": cell.deployment,
        "taskType": cell.task_type,
        "tier": cell.tier,
        "policy": cell.policy,
        "policyVersion": cell.policy_version,
        "experiment": cell.experiment,
        "arm": cell.arm,
        "routerVersion": cell.router_version,
        "method": cell.method,
        "displacedFrom": cell.displaced_from,
        "promptBand": cell.prompt_band,
    }
    return {
        "id": cell.id,
        "properties": properties,
        "model": model,
        "backend": backend,
        "lost": lost,
        "fleet": THE_FLEET,
    }


def _scores_of(told: Sequence[Any], tenant: str, request_id: str) -> list[ScoreFact]:
    return [
        ScoreFact(
            key=key,
            tenant=tenant,
            request_id=request_id,
            at=instant(at),
            recorded_at=instant(recorded_at),
            evaluator=evaluator,
            evaluator_version=version,
            score=score,
        )
        for key, at, recorded_at, evaluator, version, score in told
    ]


async def _record_scores(transaction: Transaction, facts: Sequence[ScoreFact]) -> int:
    by_request: dict[tuple[str, str], dict[str, ScoreFact]] = {}
    for fact in facts:
        by_request.setdefault((fact.tenant, fact.request_id), {})[fact.key] = fact
    if not by_request:
        return 0
    requests = sorted(by_request)
    (locked,) = await transaction.run(
        _LOCK_SCORED,
        rows=[{"index": i, "tenant": t, "id": r} for i, (t, r) in enumerate(requests)],
    )
    created: list[dict[str, Any]] = []
    additions: dict[ScoreBucketKey, ScoreAmounts] = {}
    hours: set[tuple[str, datetime]] = set()
    for index, request, buckets, scores in locked["locked"]:
        tenant, request_id = requests[int(index)]
        known = _scores_of(scores, tenant, request_id)
        known_keys = {score.key for score in known}
        new = [f for k, f in by_request[tenant, request_id].items() if k not in known_keys]
        created += [_score_row(request, fact) for fact in new]
        for cell, epoch_s in buckets if new else ():
            hour = datetime.fromtimestamp(epoch_s, UTC)
            difference = score_difference(known, [*known, *new])
            _collect(additions, difference, tenant, cell, hour)
            hours.add((tenant, hour))
    if created:
        await transaction.run(_CREATE_SCORES, rows=created)
    await _add_to_score_buckets(transaction, additions)
    await _bump(transaction, hours)
    return len(created)


def _score_row(request: str, fact: ScoreFact) -> dict[str, Any]:
    return {
        "request": request,
        "at": fact.at.isoformat(),
        "recordedAt": fact.recorded_at.isoformat(),
        "properties": fact.properties,
    }


def _collect(
    additions: dict[ScoreBucketKey, ScoreAmounts],
    amounts: dict[tuple[datetime, str, str], ScoreAmounts],
    tenant: str,
    cell: str,
    hour: datetime,
) -> None:
    for (recorded_hour, evaluator, version), amount in amounts.items():
        key = ScoreBucketKey(cell, tenant, hour, recorded_hour, evaluator, version)
        known = additions.get(key)
        additions[key] = amount if known is None else known.plus(amount)


async def _add_to_score_buckets(
    transaction: Transaction, additions: dict[ScoreBucketKey, ScoreAmounts]
) -> None:
    if not additions:
        return
    await transaction.run(
        _ADD_SCORES,
        rows=[
            {
                "cell": key.cell,
                "tenant": key.tenant,
                "hour": int(key.hour.timestamp()),
                "recordedHour": int(key.recorded_hour.timestamp()),
                "evaluator": key.evaluator,
                "evaluatorVersion": key.evaluator_version,
                "count": amount.count,
                "sumNano": amount.sum_nano,
                "squaresNano": amount.squares_nano,
            }
            for key, amount in sorted(additions.items())
        ],
    )


async def _bump(transaction: Transaction, hours: set[tuple[str, datetime]]) -> None:
    if hours:
        rows = [{"tenant": t, "hour": int(hour.timestamp())} for t, hour in sorted(hours)]
        await transaction.run(_BUMP_HOURS, rows=rows)
