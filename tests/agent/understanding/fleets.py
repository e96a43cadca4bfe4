"""Names of three fleets that have nothing in common, to read questions against."""

from datetime import UTC, datetime
from typing import Final

from graph.names import Happening, Names

_AT: Final = datetime(2026, 3, 1, tzinfo=UTC)

CLOUD: Final = Names(
    deployments=(
        *("claude-sonnet-4@aws", "claude-sonnet-4@k8s", "gpt-4o-mini@aws", "gpt-4o@aws"),
        *("gpt-4o@k8s", "llama-3-70b@k8s", "llama-3-70b@neocloud"),
    ),
    models=("claude-sonnet-4", "gpt-4o", "gpt-4o-mini", "llama-3-70b"),
    backends=("aws", "k8s", "neocloud"),
    task_types=("chat", "coding", "extraction", "reasoning", "summarisation"),
    tiers=("free", "premium", "standard"),
    tenants=("acme", "globex", "initech"),
    policies=("main",),
    policy_versions=("main@v11", "main@v12"),
    experiments=("exp-7", "exp-reasoning-3fa2b"),
    arms=("exp-7/control", "exp-7/treatment", "exp-reasoning-3fa2b/control"),
    slos=("availability", "premium-latency"),
    evaluators=("judge",),
    incidents=(
        Happening("inc-3fa2b", "incident", "spot capacity reclaimed", _AT),
        Happening("inc-42", "incident", "network degradation in us-east-1", _AT),
    ),
    changes=(
        Happening("chg-77", "rollout", "gpt-4o@aws to build 12", _AT, targets=("gpt-4o@aws",)),
        Happening("main@v12", "policy", "policy main v12 published", _AT),
        Happening("exp-7", "experiment", "experiment exp-7: shorter system prompt", _AT),
    ),
)
"""Names as companies have them."""

PLAIN: Final = Names(
    deployments=("a@x", "big@onprem", "small@onprem", "standard-7b@gcp"),
    models=("a", "big", "small", "standard-7b"),
    backends=("gcp", "onprem", "x"),
    task_types=("chat", "code_review", "qa", "translate"),
    tiers=("basic", "chat", "default", "pro"),
    tenants=("chat", "default", "free", "standard"),
    policies=("cheap-first", "default"),
    policy_versions=("cheap-first@2", "default@2026-01"),
    experiments=("latency", "prompt-length"),
    arms=("latency/a", "latency/b"),
    slos=("latency",),
    evaluators=("quality",),
)
"""Names that are words, letters, or the same for different things."""

REGIONS: Final = Names(
    deployments=(
        *("deepseek-r1@azure-eu", "mistral-large-2411@azure-eu", "mistral-large-2411@azure-us"),
        *("mistral-small@azure-us", "nova.pro.v1@bedrock-us-west-2"),
    ),
    models=("deepseek-r1", "mistral-large-2411", "mistral-small", "nova.pro.v1"),
    backends=("azure-eu", "azure-us", "bedrock-us-west-2"),
    task_types=("classification", "entity-extraction", "summarization"),
    tiers=("bronze", "gold", "silver"),
    tenants=("contoso-labs", "contoso-retail", "tenant-1", "tenant-2", "umbrella-corp"),
)
"""Several backends of one cloud, models of one family, names of several parts."""

FLEETS: Final = (CLOUD, PLAIN, REGIONS)
