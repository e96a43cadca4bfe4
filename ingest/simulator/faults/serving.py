"""Faults of what serves the models: slow or lost backends, quotas, spot capacity, probes."""

import numpy as np

from ingest.simulator.arrays import HOUR_MS
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS
from ingest.simulator.effects import (
    Effect,
    Failures,
    LatencyFactor,
    Outage,
    ProbeSilence,
    QuotaCut,
    Span,
    SpotShortage,
)
from ingest.simulator.faults.planted import PlantedFault, Planting, Site, end_of, minutes
from ingest.simulator.fleet import (
    BACKEND_NAMES,
    FALLBACK_ORDER,
    MODEL_NAMES,
    MODEL_OF,
    TASK_SHARES,
    TIER_SHARES,
    expected_shares,
    mean_quality,
    route_weights,
)
from ingest.simulator.operations import change, incident


def scope_of(target: str) -> tuple[str, str]:
    """The kind and id by which events name a deployment, model or backend."""
    if target in BACKEND_NAMES:
        return "backend", target
    return ("model", target) if target in MODEL_NAMES else ("deployment", target)


def backend_latency(site: Site) -> Planting:
    """All deployments of a backend answer `magnitude` times as slowly for some hours."""
    target = site.target("aws", "k8s", "neo")
    factor = site.magnitude(low=2.0, high=3.5)
    span = site.passing(shortest_h=5, longest_h=10)
    of = site.deployments(target)
    scope = scope_of(target)
    code = f"inc-{site.code()}"
    region = BACKENDS[BACKEND_NAMES.index(target)].region if scope[0] == "backend" else target
    return Planting(
        PlantedFault(
            kind="backend-latency", cause_kind="incident", cause_id=code,
            slice={scope[0]: [target]}, start_ms=span.start_ms, end_ms=end_of(span),
            metric="LATENCY_MEAN", measure="ratio", expected=factor, mechanism="WITHIN",
        ),
        (LatencyFactor(span, of, factor),),
        incident(
            site.draw, id=code, scope=scope, severity="sev2", span=span, source="provider",
            title=f"elevated latency in {region}", root_cause="congested network link",
        ),
    )  # fmt: skip


def backend_incident(site: Site) -> Planting:
    """A backend turns slow by `magnitude` and what premium users rely on there drops out."""
    target = site.target("aws", "neo")
    factor = site.magnitude(low=2.5, high=3.5)
    span = site.passing(shortest_h=3, longest_h=6)
    of = site.deployments(target)
    premium = np.einsum("t,td->d", TASK_SHARES[0], route_weights()[0])
    lost = tuple(sorted(of, key=lambda deployment: -premium[deployment])[:2])
    third = (min(span.end_ms, span.start_ms + 12 * HOUR_MS) - span.start_ms) // 6
    out = Span(span.start_ms + third, span.end_ms - third)
    code = f"inc-{site.code()}"
    region = BACKENDS[BACKEND_NAMES.index(target)].region
    return Planting(
        PlantedFault(
            kind="backend-incident", cause_kind="incident", cause_id=code,
            slice={"backend": [target], "tier": ["premium"]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="LATENCY_MEAN", measure="ratio", expected=factor,
            mechanism="WITHIN", details={"failed_over": [DEPLOYMENTS[d] for d in lost]},
        ),
        (
            LatencyFactor(span, of, factor),
            Failures(span, of, 0.03),
            Outage(out, lost, minutes(4)),
        ),
        incident(
            site.draw, id=code, scope=("backend", target), severity="sev1", span=span,
            source="provider", title=f"network degradation in {region}",
            root_cause="packet loss in a core switch", late_minutes=(22, 35),
        ),
    )  # fmt: skip


def failover(site: Site) -> Planting:
    """Deployments drop out for hours; their requests fall back to weaker models."""
    target = site.target("sage-r1", "coder-34b", "apex-70b")
    span = site.passing(shortest_h=7, longest_h=12)
    of = site.deployments(target)
    code = f"inc-{site.code()}"
    return Planting(
        PlantedFault(
            kind="failover", cause_kind="incident", cause_id=code,
            slice={"deployment": [DEPLOYMENTS[d] for d in of]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="QUALITY", measure="difference",
            expected=_fallback_loss(site, of), mechanism="MIX",
        ),
        (Outage(span, of, minutes(3)),),
        incident(
            site.draw, id=code, scope=scope_of(target), severity="sev1", span=span,
            source="internal", title=f"{target} not answering",
            root_cause="certificate of the inference gateway expired",
        ),
    )  # fmt: skip


def _fallback_loss(site: Site, lost: tuple[int, ...]) -> float:
    """Change in mean quality of the requests that lose their deployment."""
    quality = mean_quality(site.plan)[MODEL_OF]
    weights, cells = route_weights(), TIER_SHARES[:, None] * TASK_SHARES
    moved = 0.0
    loss = 0.0
    for tier in range(weights.shape[0]):
        stand_in = next((d for d in FALLBACK_ORDER[tier].tolist() if d not in lost), lost[0])
        for task in range(weights.shape[1]):
            for deployment in lost:
                share = cells[tier, task] * weights[tier, task, deployment]
                moved += share
                loss += share * (quality[stand_in, task] - quality[deployment, task])
    return float(loss / moved) if moved else 0.0


def quota_cut(site: Site) -> Planting:
    """A deployment's quota falls to `magnitude` of its mean traffic; the rest is refused."""
    target = site.target("coder-34b@k8s", "quill-12b@aws", "atlas-40b@aws", "sage-r1@aws")
    share = site.magnitude(low=0.35, high=0.55)
    span = site.lasting()
    (of,) = site.deployments(target)[:1]
    mean_per_s = site.plan.per_day / 86_400 * float(expected_shares()[of])
    code = f"chg-{site.code()}"
    before, after = round(mean_per_s * 60 * 4, 2), round(mean_per_s * 60 * share, 2)
    name = DEPLOYMENTS[of]
    return Planting(
        PlantedFault(
            kind="quota-cut", cause_kind="change", cause_id=code, slice={"deployment": [name]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="ERROR_RATE",
            measure="difference", expected=0.15 * (1 - share), mechanism="WITHIN",
            details={"refused_share_about": round(1 - share, 3)},
        ),
        (QuotaCut(span, of, mean_per_s * share),),
        (
            change(
                id=code, kind="quota", title=f"requests per minute on {name}",
                targets=[("deployment", name)], at_ms=span.start_ms, author=site.person(),
                before={"requests_per_minute": before}, after={"requests_per_minute": after},
            ),
        ),
    )  # fmt: skip


def spot_preemption(site: Site) -> Planting:
    """Spot capacity is taken back in waves for some hours; requests go to what is left."""
    span = site.passing(shortest_h=6, longest_h=10)
    of = site.deployments(site.target("neo"))
    availability = site.magnitude(low=0.05, high=0.2)
    effects: list[Effect] = [SpotShortage(span, of, availability)]
    at_ms = span.start_ms + minutes(5)
    last_ms = min(span.end_ms, at_ms + 24 * HOUR_MS)
    while at_ms < last_ms - minutes(20):
        share = len(of) if site.draw.random() < 0.3 else max(2, len(of) * 2 // 3)
        taken = tuple(int(d) for d in site.draw.choice(of, size=share, replace=False))
        length_ms = minutes(25 + 50 * float(site.draw.random()))
        wave = Span(at_ms, min(at_ms + length_ms, last_ms))
        effects.append(Outage(wave, taken, minutes(2), "spot_unavailable", reclaimed=True))
        at_ms = wave.end_ms + minutes(5 + 10 * float(site.draw.random()))
    code = f"inc-{site.code()}"
    return Planting(
        PlantedFault(
            kind="spot-preemption", cause_kind="incident", cause_id=code,
            slice={"backend": ["neo"]}, start_ms=span.start_ms, end_ms=end_of(span),
            metric="VOLUME", measure="ratio", expected=0.35, mechanism="MIX",
            details={"spot_availability": availability},
        ),
        tuple(effects),
        incident(
            site.draw, id=code, scope=("backend", "neo"), severity="sev2", span=span,
            source="provider", title="spot capacity reclaimed in us-central-2",
            root_cause="reserved customers took the capacity back",
        ),
    )  # fmt: skip


def silent_probe(site: Site) -> Planting:
    """The probe of a deployment stops reporting; the deployment itself is as before."""
    target = site.target("mini-3b@k8s", "prism-24b@aws", "nova-13b@neo", "lumen-xl@neo")
    span = site.passing(shortest_h=3, longest_h=8)
    of = site.deployments(target)
    return Planting(
        PlantedFault(
            kind="silent-probe", cause_kind=None, cause_id=None,
            slice={"deployment": [DEPLOYMENTS[d] for d in of]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="HEALTH", measure="ratio", expected=0.0,
            mechanism="FRESHNESS",
        ),
        (ProbeSilence(span, of),),
    )  # fmt: skip


def degraded_deployment(site: Site) -> Planting:
    """A deployment fails `magnitude` of its attempts and is slow, with its incident open."""
    target = site.target("coder-34b@neo", "nova-13b@k8s", "atlas-40b@neo")
    share = site.magnitude(low=0.15, high=0.35)
    span = site.passing(shortest_h=2, longest_h=5)
    of = site.deployments(target)
    code = f"inc-{site.code()}"
    return Planting(
        PlantedFault(
            kind="degraded-deployment", cause_kind="incident", cause_id=code,
            slice={"deployment": [DEPLOYMENTS[d] for d in of]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="LATENCY_MEAN", measure="ratio", expected=1.8,
            mechanism="WITHIN", details={"failing_share": share},
        ),
        (LatencyFactor(span, of, 1.8), Failures(span, of, share)),
        incident(
            site.draw, id=code, scope=scope_of(target), severity="sev2", span=span,
            source="alert", title=f"error rate of {target} above its limit",
            root_cause="a node with failing memory", late_minutes=(8, 15),
        ),
    )  # fmt: skip
