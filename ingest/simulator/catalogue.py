"""Ten models on three backends, and how the first policy routes to them: the invented fleet."""

from dataclasses import dataclass

TASKS = ("reasoning", "coding", "chat", "summarisation", "extraction")
TIERS = ("premium", "standard", "free")

POLICY = "main"
FIRST_POLICY_VERSION = "v1"
FIRST_ROUTER_VERSION = "r1"
JUDGE = "judge"
FIRST_JUDGE_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model. Prices in US dollars per 1,000 tokens; `profile` is its row of measured quality."""

    name: str
    provider: str
    family: str
    profile: str
    input_usd_per_1k: float
    output_usd_per_1k: float
    context_window: int
    first_token_ms: float
    per_token_ms: float
    capabilities: tuple[str, ...]
    limitations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A place to run models; `slowness` multiplies every latency there."""

    name: str
    kind: str
    region: str
    compliance: tuple[str, ...]
    slowness: float
    spot: bool = False


MODELS = (
    Model(
        name="lumen-xl",
        provider="lumen",
        family="lumen",
        profile="gpt-4-1106",
        input_usd_per_1k=0.005,
        output_usd_per_1k=0.015,
        context_window=200_000,
        first_token_ms=420,
        per_token_ms=11,
        capabilities=("text", "vision", "tools", "json"),
    ),
    Model(
        name="apex-70b",
        provider="acme-ai",
        family="apex",
        profile="llama-3.1-nemotron-51b-instruct",
        input_usd_per_1k=0.0009,
        output_usd_per_1k=0.0027,
        context_window=128_000,
        first_token_ms=300,
        per_token_ms=9,
        capabilities=("text", "tools", "json"),
    ),
    Model(
        name="sage-r1",
        provider="acme-ai",
        family="sage",
        profile="llama-3.3-nemotron-super-49b-v1",
        input_usd_per_1k=0.0022,
        output_usd_per_1k=0.0088,
        context_window=128_000,
        first_token_ms=380,
        per_token_ms=10,
        capabilities=("text", "reasoning", "tools"),
    ),
    Model(
        name="atlas-40b",
        provider="atlas",
        family="atlas",
        profile="mixtral-8x7b",
        input_usd_per_1k=0.0006,
        output_usd_per_1k=0.0018,
        context_window=64_000,
        first_token_ms=240,
        per_token_ms=7,
        capabilities=("text", "tools"),
    ),
    Model(
        name="coder-34b",
        provider="forge",
        family="coder",
        profile="qwen2.5-7b-instruct",
        input_usd_per_1k=0.0005,
        output_usd_per_1k=0.0015,
        context_window=64_000,
        first_token_ms=220,
        per_token_ms=6.5,
        capabilities=("text", "code", "json"),
    ),
    Model(
        name="prism-24b",
        provider="atlas",
        family="prism",
        profile="llama-3.1-8b-instruct",
        input_usd_per_1k=0.0004,
        output_usd_per_1k=0.0012,
        context_window=32_000,
        first_token_ms=200,
        per_token_ms=6,
        capabilities=("text", "json"),
    ),
    Model(
        name="nova-13b",
        provider="nova",
        family="nova",
        profile="gemma-2-9b-it",
        input_usd_per_1k=0.0002,
        output_usd_per_1k=0.0006,
        context_window=32_000,
        first_token_ms=170,
        per_token_ms=5,
        capabilities=("text", "json"),
        limitations=("weak at code",),
    ),
    Model(
        name="quill-12b",
        provider="quill",
        family="quill",
        profile="llama3-chatqa-1.5-70b",
        input_usd_per_1k=0.0002,
        output_usd_per_1k=0.0005,
        context_window=64_000,
        first_token_ms=160,
        per_token_ms=5,
        capabilities=("text", "json"),
        limitations=("ignores answer formats in chat",),
    ),
    Model(
        name="swift-8b",
        provider="swift",
        family="swift",
        profile="mistral-7b-instruct-v0.3",
        input_usd_per_1k=0.0001,
        output_usd_per_1k=0.0002,
        context_window=16_000,
        first_token_ms=120,
        per_token_ms=3.5,
        capabilities=("text",),
        limitations=("weak at code",),
    ),
    Model(
        name="mini-3b",
        provider="swift",
        family="swift",
        profile="codegemma-7b",
        input_usd_per_1k=0.00004,
        output_usd_per_1k=0.0001,
        context_window=8000,
        first_token_ms=90,
        per_token_ms=2.5,
        capabilities=("text",),
        limitations=("short prompts only",),
    ),
)

BACKENDS = (
    Backend(
        name="aws",
        kind="aws",
        region="eu-west-1",
        compliance=("soc2", "hipaa", "eu"),
        slowness=1.0,
    ),
    Backend(
        name="k8s",
        kind="k8s",
        region="fra-1",
        compliance=("soc2", "eu"),
        slowness=1.12,
    ),
    Backend(
        name="neo",
        kind="neocloud",
        region="us-central-2",
        compliance=("soc2",),
        slowness=0.92,
        spot=True,
    ),
)

DEPLOYMENTS = (
    "lumen-xl@aws", "lumen-xl@neo", "apex-70b@aws", "apex-70b@neo", "sage-r1@aws", "sage-r1@neo",
    "atlas-40b@aws", "atlas-40b@k8s", "atlas-40b@neo", "coder-34b@k8s", "coder-34b@neo",
    "prism-24b@aws", "nova-13b@k8s", "nova-13b@neo", "quill-12b@aws", "swift-8b@aws",
    "swift-8b@k8s", "mini-3b@k8s",
)  # fmt: skip

Route = tuple[tuple[str, float], ...]

ROUTES: dict[tuple[str, str], Route] = {
    ("premium", "reasoning"): (
        ("sage-r1@aws", 0.4),
        ("lumen-xl@aws", 0.25),
        ("sage-r1@neo", 0.2),
        ("apex-70b@aws", 0.15),
    ),
    ("premium", "coding"): (
        ("coder-34b@k8s", 0.35),
        ("lumen-xl@aws", 0.25),
        ("coder-34b@neo", 0.2),
        ("apex-70b@neo", 0.2),
    ),
    ("premium", "chat"): (
        ("apex-70b@aws", 0.35),
        ("atlas-40b@aws", 0.25),
        ("lumen-xl@neo", 0.2),
        ("apex-70b@neo", 0.2),
    ),
    ("premium", "summarisation"): (
        ("apex-70b@neo", 0.35),
        ("atlas-40b@aws", 0.35),
        ("lumen-xl@neo", 0.3),
    ),
    ("premium", "extraction"): (
        ("quill-12b@aws", 0.5),
        ("atlas-40b@aws", 0.3),
        ("apex-70b@neo", 0.2),
    ),
    ("standard", "reasoning"): (
        ("sage-r1@aws", 0.35),
        ("apex-70b@neo", 0.3),
        ("sage-r1@neo", 0.15),
        ("atlas-40b@k8s", 0.2),
    ),
    ("standard", "coding"): (
        ("coder-34b@k8s", 0.4),
        ("coder-34b@neo", 0.35),
        ("atlas-40b@k8s", 0.25),
    ),
    ("standard", "chat"): (
        ("atlas-40b@aws", 0.3),
        ("atlas-40b@neo", 0.25),
        ("nova-13b@k8s", 0.25),
        ("prism-24b@aws", 0.2),
    ),
    ("standard", "summarisation"): (
        ("atlas-40b@neo", 0.4),
        ("prism-24b@aws", 0.3),
        ("nova-13b@k8s", 0.3),
    ),
    ("standard", "extraction"): (
        ("quill-12b@aws", 0.45),
        ("nova-13b@neo", 0.3),
        ("prism-24b@aws", 0.25),
    ),
    ("free", "reasoning"): (
        ("nova-13b@k8s", 0.4),
        ("atlas-40b@k8s", 0.3),
        ("nova-13b@neo", 0.3),
    ),
    ("free", "coding"): (
        ("nova-13b@k8s", 0.4),
        ("coder-34b@neo", 0.3),
        ("swift-8b@k8s", 0.3),
    ),
    ("free", "chat"): (
        ("swift-8b@k8s", 0.4),
        ("swift-8b@aws", 0.3),
        ("mini-3b@k8s", 0.3),
    ),
    ("free", "summarisation"): (
        ("swift-8b@k8s", 0.4),
        ("nova-13b@neo", 0.3),
        ("mini-3b@k8s", 0.3),
    ),
    ("free", "extraction"): (
        ("nova-13b@neo", 0.4),
        ("swift-8b@aws", 0.35),
        ("mini-3b@k8s", 0.25),
    ),
}
"""Weights of the first policy by tier and task type; each sums to 1."""

FALLBACKS = {
    "premium": ("atlas-40b@k8s", "atlas-40b@aws", "atlas-40b@neo", "apex-70b@aws", "lumen-xl@aws"),
    "standard": ("nova-13b@k8s", "atlas-40b@k8s", "prism-24b@aws", "nova-13b@neo", "apex-70b@aws"),
    "free": ("mini-3b@k8s", "swift-8b@aws", "nova-13b@k8s", "atlas-40b@k8s", "apex-70b@aws"),
}
"""Where a tier's requests go, in order, when their deployment cannot take them."""

REQUIRED_COMPLIANCE = {"initech": ("eu",)}
"""What a tenant demands of a backend."""
