"""The declared graph: every label, relationship and property, in one place.

Constraints, indexes, the MERGE of entities and the model page are made from these declarations.
"""

from graph.model import access, answers, traffic, world
from graph.model.declare import Node, Relationship, constraint_texts

NODES: dict[str, Node] = {
    node.label: node
    for node in (
        *(part for declared in world.ENTITIES for part in (declared.node, declared.revision)),
        *world.PLACES,
        *traffic.NODES,
        *answers.NODES,
        access.API_KEY,
    )
}
"""Every declared label."""

RELATIONSHIPS: tuple[Relationship, ...] = (
    *world.RELATIONSHIPS,
    *traffic.RELATIONSHIPS,
    *answers.RELATIONSHIPS,
)
"""Every declared relationship type."""


EXTRA_LABELS = ("Awaited",)
"""Labels that a node carries beside its declared one."""


def names() -> tuple[list[str], list[str], list[str]]:
    """All labels, relationship types and property names that the graph may come to use."""
    properties = {part.name for node in NODES.values() for part in (*node.key, *node.properties)}
    properties |= {part.name for related in RELATIONSHIPS for part in related.properties}
    types = {relationship.type for relationship in RELATIONSHIPS}
    return sorted({*NODES, *EXTRA_LABELS}), sorted(types), sorted(properties)


def schema_texts() -> list[str]:
    """All constraints and indexes as Cypher, safe to run at every start."""
    return [text for node in NODES.values() for text in constraint_texts(node)]
