"""Investigations in Neo4j: kept once, tied to what they blame and locate, the oldest dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.store.door import GraphStore, Transaction

_PUT = """
MERGE (n:Investigation {id: $id})
SET n = $properties, n.id = $id
WITH n
OPTIONAL MATCH (n)-[old:BLAMES|LOCATES]->()
DELETE old
"""
# Ties to what the graph has and to nothing else: an answer makes no nodes.
_TIE = """
MATCH (n:Investigation {id: $id})
UNWIND $ties AS tie
CALL (tie) {
  MATCH (t:Change {id: tie.key[0]}) WHERE tie.label = 'Change' RETURN t
  UNION MATCH (t:PolicyVersion {policy: tie.key[0], version: tie.key[1]})
    WHERE tie.label = 'PolicyVersion' RETURN t
  UNION MATCH (t:Experiment {id: tie.key[0]}) WHERE tie.label = 'Experiment' RETURN t
  UNION MATCH (t:Incident {id: tie.key[0]}) WHERE tie.label = 'Incident' RETURN t
  UNION MATCH (t:Maintenance {id: tie.key[0]}) WHERE tie.label = 'Maintenance' RETURN t
  UNION MATCH (t:Deployment {id: tie.key[0]}) WHERE tie.label = 'Deployment' RETURN t
  UNION MATCH (t:Model {id: tie.key[0]}) WHERE tie.label = 'Model' RETURN t
  UNION MATCH (t:Backend {id: tie.key[0]}) WHERE tie.label = 'Backend' RETURN t
  UNION MATCH (t:TaskType {id: tie.key[0]}) WHERE tie.label = 'TaskType' RETURN t
  UNION MATCH (t:Tier {id: tie.key[0]}) WHERE tie.label = 'Tier' RETURN t
  UNION MATCH (t:Tenant {id: tie.key[0]}) WHERE tie.label = 'Tenant' RETURN t
  UNION MATCH (t:Arm {experiment: tie.key[0], arm: tie.key[1]}) WHERE tie.label = 'Arm' RETURN t
  UNION MATCH (t:Router {id: tie.key[0]}) WHERE tie.label = 'Router' RETURN t
  UNION MATCH (t:Evaluator {id: tie.key[0]}) WHERE tie.label = 'Evaluator' RETURN t
}
FOREACH (_ IN CASE WHEN tie.blamed THEN [1] ELSE [] END |
  CREATE (n)-[r:BLAMES]->(t) SET r = tie.properties)
FOREACH (_ IN CASE WHEN tie.blamed THEN [] ELSE [1] END |
  CREATE (n)-[r:LOCATES]->(t) SET r = tie.properties)
"""
_PRUNE = """
MATCH (n:Investigation) USING INDEX n:Investigation(owner, askedAt)
WHERE n.owner = $owner AND n.askedAt IS NOT NULL
WITH n ORDER BY n.askedAt DESC
WITH collect(n) AS newest
WITH newest[$keep..] + [n IN newest WHERE n.question = $question][$keepOfOne..] AS old
UNWIND old AS n
WITH DISTINCT n LIMIT 100
DETACH DELETE n
"""


@dataclass(frozen=True, slots=True)
class Tie:
    """What an investigation points to: a node by its label and key, with the tie's properties."""

    label: str
    key: tuple[str, ...]
    blamed: bool
    properties: Mapping[str, Any]


async def put(
    store: GraphStore,
    investigation_id: str,
    *,
    properties: Mapping[str, Any],
    ties: Sequence[Tie],
    keep: int,
    keep_of_one: int,
) -> None:
    """Keep an investigation, in place of what was kept under its id: one transaction.

    Of the same owner the newest `keep` stay, of one `question` the newest `keep_of_one`. Ties to
    nodes that are not there are left out.
    """
    rows = [
        {
            "label": tie.label,
            "key": list(tie.key),
            "blamed": tie.blamed,
            "properties": dict(tie.properties),
        }
        for tie in ties
    ]

    async def work(transaction: Transaction) -> None:
        await transaction.run(_PUT, id=investigation_id, properties=dict(properties))
        if rows:
            await transaction.run(_TIE, id=investigation_id, ties=rows)
        await transaction.run(
            _PRUNE,
            owner=properties["owner"],
            question=properties["question"],
            keep=keep,
            keepOfOne=keep_of_one,
        )

    await store.write(work)
