"""How nodes and relationships are declared; constraints, indexes and MERGE texts follow from it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a property holds, as the model page names it."""

    TEXT = "text"
    TEXTS = "list of texts"
    JSON = "text (JSON)"
    WHOLE = "integer"
    NUMBER = "float"
    FLAG = "boolean"
    INSTANT = "zoned datetime, UTC"
    BYTES = "byte array"


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a node: its name in the graph (camelCase), kind and meaning."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True)
class Node:
    """A label with its key and properties.

    `key` are the properties that identify a node, together unique; a node without key is found
    through its one relationship. `indexes` are further
    property tuples that reads look up by, `words` the properties that a full-text index holds.
    `grows` says with what the number of nodes grows.
    """

    label: str
    meaning: str
    key: tuple[Property, ...]
    properties: tuple[Property, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    grows: str = "with the fleet"
    words: tuple[str, ...] = ()

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key properties, in order."""
        return tuple(part.name for part in self.key)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship type between two labels, and what bounds how many a node can have."""

    type: str
    start: str
    end: str
    meaning: str
    bound: str
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship that an entity's facts ask for: `type` to the node `label` with key `to`."""

    type: str
    label: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Something configured, told again whenever it changes.

    The node itself carries only its key; each telling is a `revision` node with both times, so
    that nothing is overwritten and any past state can be read. `links` are made on the entity.
    """

    node: Node
    revision: Node
    links: tuple[Link, ...] = field(default=())


AT = Property("at", Kind.INSTANT, "when it was so (valid time)")
RECORDED_AT = Property("recordedAt", Kind.INSTANT, "when it became known")
KEY = Property("key", Kind.TEXT, "source and id of the event that told it")


def entity(
    label: str,
    meaning: str,
    *,
    key: tuple[Property, ...],
    told: tuple[Property, ...],
    links: tuple[Link, ...] = (),
    indexes: tuple[tuple[str, ...], ...] = (),
    words: tuple[str, ...] = (),
) -> Entity:
    """Declare an entity and its revision node from the properties that its events tell.

    `indexes` and `words` are the revision's, beside its index on `at`.
    """
    revision = Node(
        label=f"{label}Revision",
        meaning=f"What was told of a {label} at one time; the newest known one holds.",
        key=(KEY,),
        properties=(AT, RECORDED_AT, *told),
        indexes=(("at",), *indexes),
        grows="with each change",
        words=words,
    )
    return Entity(node=Node(label, meaning, key), revision=revision, links=links)


def constraint_texts(node: Node) -> list[str]:
    """The Cypher that makes the key unique and the look-ups indexed; safe to run again."""
    stem = "".join(f"_{c.lower()}" if c.isupper() else c for c in node.label).lstrip("_")
    keys = ", ".join(f"n.{name}" for name in node.key_names)
    texts: list[str] = []
    if node.key:
        unique = f"FOR (n:{node.label}) REQUIRE ({keys}) IS UNIQUE"
        name = "_".join((stem, *node.key_names))
        texts.append(f"CREATE CONSTRAINT {name} IF NOT EXISTS {unique}")
    for names in node.indexes:
        columns = ", ".join(f"n.{name}" for name in names)
        suffix = "_".join(names)
        texts.append(
            f"CREATE INDEX {stem}_{suffix} IF NOT EXISTS FOR (n:{node.label}) ON ({columns})"
        )
    if node.words:
        columns = ", ".join(f"n.{name}" for name in node.words)
        texts.append(
            f"CREATE FULLTEXT INDEX {stem}_words IF NOT EXISTS FOR (n:{node.label}) "
            f"ON EACH [{columns}] OPTIONS {{indexConfig: {{`fulltext.analyzer`: 'english'}}}}"
        )
    return texts


def merge_text(declared: Entity) -> str:
    """The Cypher that adds revisions: `$rows` of {id: {key…}, key, properties: {…}}."""
    node, revision = declared.node, declared.revision
    keys = ", ".join(f"{name}: row.id.{name}" for name in node.key_names)
    return (
        "UNWIND $rows AS row\n"
        f"MERGE (e:{node.label} {{{keys}}})\n"
        f"MERGE (v:{revision.label} {{key: row.key}})\n"
        "ON CREATE SET v += row.properties\n"
        "MERGE (e)-[:HAS_REVISION]->(v)"
    )


def link_text(declared: Entity, link: Link, target: Node) -> str:
    """The Cypher that links entities: `$rows` of {id: {key…}, to: {key…}}."""
    keys = ", ".join(f"{name}: row.id.{name}" for name in declared.node.key_names)
    to = ", ".join(f"{name}: row.to.{name}" for name in target.key_names)
    return (
        "UNWIND $rows AS row\n"
        f"MATCH (e:{declared.node.label} {{{keys}}})\n"
        f"MERGE (t:{target.label} {{{to}}})\n"
        f"MERGE (e)-[:{link.type}]->(t)"
    )
