"""What was asked and answered: investigations, and what they blame and locate."""

from graph.model.declare import Kind, Node, Property, Relationship

_RANK = Property("rank", Kind.WHOLE, "1 for the largest share")
_SHARE = Property("share", Kind.NUMBER, "share of the delta, 1 for all of it")

INVESTIGATION = Node(
    "Investigation",
    "Why a metric changed, as it was answered; the same question of the same data is one node.",
    key=(Property("id", Kind.TEXT, "made from the question, the answer and who may see it"),),
    properties=(
        Property("owner", Kind.TEXT, "whose it is: the tenants, sorted, or * for all"),
        Property("tenants", Kind.TEXTS, "the only tenants it tells of; absent for all"),
        Property("question", Kind.TEXT, "what was asked; its answers, as the data move, share it"),
        Property("askedAt", Kind.INSTANT, "when it was asked last"),
        Property("knownAt", Kind.INSTANT, "what was recorded later is left out; absent for none"),
        Property("metric", Kind.TEXT, "what changed"),
        Property("verdict", Kind.TEXT, "EXPLAINED, PARTLY_EXPLAINED, UNEXPLAINED, …"),
        Property("summary", Kind.TEXT, "the answer in words"),
        Property("where", Kind.JSON, "the slice that was asked about"),
        Property("duringStart", Kind.INSTANT, "from when it was asked about"),
        Property("duringEnd", Kind.INSTANT, "until when"),
        Property("comparedToStart", Kind.INSTANT, "from when it was compared with"),
        Property("comparedToEnd", Kind.INSTANT, "until when"),
        Property("before", Kind.NUMBER, "the metric then"),
        Property("after", Kind.NUMBER, "the metric in the period asked about"),
        Property("delta", Kind.NUMBER, "after less before"),
        Property("deltaLow", Kind.NUMBER, "lower 95 % limit of it"),
        Property("deltaHigh", Kind.NUMBER, "upper 95 % limit of it"),
        Property("onset", Kind.INSTANT, "when it began"),
        Property("unexplained", Kind.NUMBER, "share of the delta that nothing accounts for"),
        Property("slices", Kind.JSON, "where it changed, as answered"),
        Property("causes", Kind.JSON, "what did it, as answered, with paths and evidence"),
        Property("answer", Kind.JSON, "the whole answer; absent where it is too long"),
    ),
    indexes=(("askedAt",), ("owner", "askedAt")),
    grows="with questions, up to a limit for each owner",
)
NODES: tuple[Node, ...] = (INVESTIGATION,)

BLAMABLE = {
    "change": "Change",
    "policy_version": "PolicyVersion",
    "experiment": "Experiment",
    "incident": "Incident",
    "maintenance": "Maintenance",
}
"""The label of each kind of thing that can be a cause."""
LOCATABLE = {
    "deployment": "Deployment",
    "model": "Model",
    "backend": "Backend",
    "task_type": "TaskType",
    "tier": "Tier",
    "tenant": "Tenant",
    "policy_version": "PolicyVersion",
    "experiment": "Experiment",
    "arm": "Arm",
    "router": "Router",
    "router_version": "Router",
    "evaluator": "Evaluator",
    "evaluator_version": "Evaluator",
    "displaced_from": "Deployment",
}
"""The label of each dimension whose values are nodes."""

_KEPT = "investigations kept"
RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship(
        "BLAMES",
        "Investigation",
        "Change, PolicyVersion, Experiment, Incident or Maintenance",
        "a cause that it found",
        _KEPT,
        properties=(
            _RANK,
            Property("contribution", Kind.NUMBER, "share of the delta"),
            Property("contributionLow", Kind.NUMBER, "lower 95 % limit of it"),
            Property("contributionHigh", Kind.NUMBER, "upper 95 % limit of it"),
            Property("mechanism", Kind.TEXT, "WITHIN, MIX, PRICE, TOKENS or EVALUATOR"),
            Property("cells", Kind.TEXTS, "cells on the way from the cause to the slice"),
        ),
    ),
    Relationship(
        "LOCATES",
        "Investigation",
        "(what names a slice)",
        "a part of the name of a slice that carries the change",
        _KEPT,
        properties=(_RANK, _SHARE),
    ),
)
