"""What is configured and what happens to the fleet: entities told in revisions, and links."""

from graph.model.declare import Entity, Kind, Link, Node, Property, Relationship, entity

_ID = Property("id", Kind.TEXT, "the identifier that events use")
_TENANT = Property("tenant", Kind.TEXT, "the tenant it belongs to")
_TITLE = Property("title", Kind.TEXT, "what people call it")
_URL = Property("url", Kind.TEXT, "where people read more")
_SCOPE = (
    Property("scopeKind", Kind.TEXT, "deployment, model, backend or global"),
    Property("scopeId", Kind.TEXT, "which one; absent for global"),
)


def _text(name: str, meaning: str) -> Property:
    return Property(name, Kind.TEXT, meaning)


def _number(name: str, meaning: str) -> Property:
    return Property(name, Kind.NUMBER, meaning)


MODEL = entity(
    "Model",
    "A language model, wherever it runs.",
    key=(_ID,),
    told=(
        _text("provider", "who makes it"),
        _text("family", "its family"),
        Property("capabilities", Kind.TEXTS, "what it can do"),
        Property("contextWindow", Kind.WHOLE, "tokens it can read"),
        Property("limitations", Kind.TEXTS, "what it can't do"),
        _number("inputUsdPer1k", "price of 1,000 prompt tokens, US dollars"),
        _number("outputUsdPer1k", "price of 1,000 completion tokens, US dollars"),
        Property("releasedAt", Kind.INSTANT, "released"),
        Property("deprecatedAt", Kind.INSTANT, "to be avoided from then on"),
    ),
)
BACKEND = entity(
    "Backend",
    "A place where models run.",
    key=(_ID,),
    told=(
        _text("kind", "aws, k8s, neocloud or other"),
        _text("region", "where it stands"),
        Property("spot", Kind.FLAG, "capacity that can be taken away"),
        Property("compliance", Kind.TEXTS, "what it is certified for"),
    ),
)
DEPLOYMENT = entity(
    "Deployment",
    "A model on a backend, written model@backend.",
    key=(_ID,),
    told=(
        _text("version", "version running"),
        _number("maxRps", "requests per second it is declared to carry"),
        _number("maxTokensPerMinute", "tokens per minute it is declared to carry"),
    ),
    links=(Link("RUNS_MODEL", "Model"), Link("RUNS_ON", "Backend")),
)
TIER = entity(
    "Tier",
    "A class of users with its service levels.",
    key=(_ID,),
    told=(
        _number("weight", "importance beside other tiers"),
        _number("latencyP95Ms", "promised 95th percentile of latency, ms"),
        _number("availability", "promised share of good answers"),
        _number("qualityFloor", "lowest acceptable expected score"),
        _number("maxCostPerRequestUsd", "highest acceptable cost, US dollars"),
    ),
)
TENANT = entity(
    "Tenant",
    "A customer; requests, scores, users, budgets and SLOs belong to one.",
    key=(_ID,),
    told=(
        _number("dailyBudgetUsd", "budget per day, US dollars"),
        _number("monthlyBudgetUsd", "budget per month, US dollars"),
        _number("costCeilingPerRequestUsd", "highest cost of one request, US dollars"),
        _number("qualityFloor", "lowest acceptable expected score"),
        Property("allowedBackends", Kind.TEXTS, "only these backends may serve it"),
        Property("requiredCompliance", Kind.TEXTS, "certificates a backend must have"),
        _number("requestsPerSecond", "quota"),
        _number("tokensPerMinute", "quota"),
    ),
)
USER = entity(
    "User",
    "A user of a tenant whose preferences or limits were configured.",
    key=(_TENANT, _ID),
    told=(
        _text("tier", "the user's tier"),
        Property("requestsPerDay", Kind.WHOLE, "quota"),
        _number("dailyBudgetUsd", "budget per day, US dollars"),
        Property("preferences", Kind.JSON, "optimise_for, prefer, avoid"),
        Property("rules", Kind.JSON, "when, use, avoid"),
    ),
)
SLO = entity(
    "Slo",
    "A service level objective of a tenant.",
    key=(_TENANT, _ID),
    told=(
        _text("objective", "availability, latency or quality"),
        _number("target", "share that must be good"),
        _number("threshold", "what counts as good"),
        _number("windowDays", "days it is judged over"),
        Property("where", Kind.JSON, "the slice it holds for"),
    ),
)
BUDGET = entity(
    "Budget",
    "A budget of a tenant that is watched and not enforced, such as for a tier or a model.",
    key=(_TENANT, _ID),
    told=(
        _number("limitUsd", "what a period may cost, US dollars"),
        _text("period", "day or month"),
        Property("where", Kind.JSON, "the slice it is for"),
    ),
)
POLICY = Node("Policy", "A named routing policy.", (_ID,))
POLICY_VERSION = entity(
    "PolicyVersion",
    "One published version of a policy; its publication is a change.",
    key=(
        Property("policy", Kind.TEXT, "the policy"),
        Property("version", Kind.TEXT, "its version"),
    ),
    told=(
        Property("rules", Kind.JSON, "the rules as published"),
        _text("summary", "what it does, in words"),
        Property("taskTypes", Kind.TEXTS, "task types it is for"),
        Property("tiers", Kind.TEXTS, "tiers it is for"),
        Property("tenants", Kind.TEXTS, "tenants it is for"),
        _text("author", "who published it"),
        _URL,
    ),
    links=(Link("VERSION_OF", "Policy"),),
)
EXPERIMENT = entity(
    "Experiment",
    "An experiment on a policy; its configuration is a change.",
    key=(_ID,),
    told=(
        _text("policy", "the policy it runs on"),
        _text("status", "running or stopped"),
        Property("arms", Kind.JSON, "arm, percent, deployment, policy_version of each"),
    ),
    links=(Link("TESTS", "Policy"), Link("HAS_ARM", "Arm")),
)
ARM = Node(
    "Arm",
    "One arm of an experiment.",
    (Property("experiment", Kind.TEXT, "the experiment"), Property("arm", Kind.TEXT, "its name")),
)
CHANGE_TARGETS = {
    "deployment": "Deployment",
    "model": "Model",
    "backend": "Backend",
    "policy": "Policy",
    "task_type": "TaskType",
    "tier": "Tier",
    "tenant": "Tenant",
    "evaluator": "Evaluator",
    "router": "Router",
}
"""The label of each kind of thing that a change can target."""
CHANGE = entity(
    "Change",
    "Something that was changed in the fleet.",
    key=(_ID,),
    told=(
        _text("kind", "rollout, router, flag, price, quota, evaluator, prompt, …"),
        _TITLE,
        Property("targets", Kind.JSON, "kind and id of each thing changed"),
        Property("before", Kind.JSON, "what it was"),
        Property("after", Kind.JSON, "what it became"),
        _number("percent", "share of traffic it reached"),
        _text("author", "who did it"),
        _URL,
        Property("endedAt", Kind.INSTANT, "when it was taken back"),
    ),
    links=tuple(Link("TARGETS", label) for label in dict.fromkeys(CHANGE_TARGETS.values())),
    indexes=(("endedAt",),),
)
AFFECTABLE = {
    "deployment": "Deployment",
    "model": "Model",
    "backend": "Backend",
    "global": "Fleet",
}
"""The label of each kind of thing that an incident or a maintenance can affect."""
INCIDENT = entity(
    "Incident",
    "Something went wrong, as people or providers reported it.",
    key=(_ID,),
    told=(
        _text("phase", "opened, updated or resolved"),
        *_SCOPE,
        _text("severity", "sev1 (worst) to sev4"),
        _TITLE,
        _text("statusSource", "internal, provider or alert"),
        _URL,
        _text("rootCause", "the cause people found"),
        Property("contributingFactors", Kind.TEXTS, "what made it worse"),
        _text("postmortem", "where it is written up"),
        _number("costUsd", "what it cost, US dollars"),
    ),
    links=tuple(Link("AFFECTS", label) for label in AFFECTABLE.values()),
    words=("title", "rootCause", "contributingFactors", "postmortem", "scopeId"),
)
MAINTENANCE = entity(
    "Maintenance",
    "Planned work.",
    key=(_ID,),
    told=(
        *_SCOPE,
        _TITLE,
        Property("startsAt", Kind.INSTANT, "planned start"),
        Property("endsAt", Kind.INSTANT, "planned end"),
    ),
    links=tuple(Link("AFFECTS", label) for label in AFFECTABLE.values()),
    indexes=(("endsAt",),),
)
THE_FLEET = "fleet"
"""The id of the one Fleet."""
FLEET = Node("Fleet", "All backends together: what something global affects.", (_ID,))
TASK_TYPE = Node("TaskType", "A kind of work, such as reasoning.", (_ID,))
EVALUATOR = Node("Evaluator", "Something that scores answers.", (_ID,))
ROUTER = Node("Router", "A version of the router's own software.", (_ID,))

ENTITIES: tuple[Entity, ...] = (
    MODEL,
    BACKEND,
    DEPLOYMENT,
    TIER,
    TENANT,
    USER,
    SLO,
    BUDGET,
    POLICY_VERSION,
    EXPERIMENT,
    CHANGE,
    INCIDENT,
    MAINTENANCE,
)
PLACES: tuple[Node, ...] = (POLICY, ARM, FLEET, TASK_TYPE, EVALUATOR, ROUTER)
"""Nodes that carry only their key: made when first named."""

_CHANGES = "one for each thing named"
RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("HAS_REVISION", "(any entity)", "(its revision)", "it was told so", "changes"),
    Relationship("RUNS_MODEL", "Deployment", "Model", "the model it runs", "one"),
    Relationship("RUNS_ON", "Deployment", "Backend", "the backend it runs on", "one"),
    Relationship("PART_OF", "Backend", "Fleet", "the whole that it is a part of", "backends"),
    Relationship("VERSION_OF", "PolicyVersion", "Policy", "the policy it is a version of", "one"),
    Relationship("TESTS", "Experiment", "Policy", "the policy it runs on", _CHANGES),
    Relationship("HAS_ARM", "Experiment", "Arm", "its arms", _CHANGES),
    Relationship("TARGETS", "Change", "(what was changed)", "what it changed", _CHANGES),
    Relationship(
        "AFFECTS", "Incident or Maintenance", "(scope)", "what it says it affects", _CHANGES
    ),
)
