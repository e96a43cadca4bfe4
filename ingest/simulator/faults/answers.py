"""Faults of the answers and of their judging: builds, routes, drift, judges."""

from ingest.simulator.arrays import HOUR_MS
from ingest.simulator.catalogue import DEPLOYMENTS, JUDGE, POLICY, TASKS, TIERS
from ingest.simulator.effects import (
    JudgeChange,
    PolicySwitch,
    QualityShift,
    ScoreDelay,
    ScoreLoss,
    Trial,
)
from ingest.simulator.faults.planted import PlantedFault, Planting, Site, end_of, minutes
from ingest.simulator.fleet import (
    DEPLOYMENT_INDEX,
    MODEL_OF,
    TASK_SHARES,
    TIER_SHARES,
    mean_quality,
    route_weights,
)
from ingest.simulator.operations import (
    change,
    experiment,
    experiment_name,
    policy,
    rollout,
    version_label,
)

_ROLLOUTS = {
    "sage-r1@aws": "reasoning",
    "coder-34b@k8s": "coding",
    "quill-12b@aws": "extraction",
    "atlas-40b@aws": "chat",
}


def _main_task(deployment: int) -> str:
    """The task type that sends a deployment most of its requests."""
    cells = TIER_SHARES[:, None] * TASK_SHARES * route_weights()[:, :, deployment]
    return TASKS[int(cells.sum(axis=0).argmax())]


def rollout_hurts_task(site: Site) -> Planting:
    """A new build of a deployment answers one task type worse by `magnitude`."""
    (of,) = site.deployments(site.target(*_ROLLOUTS))[:1]
    drop = site.magnitude(low=0.14, high=0.24)
    span = site.lasting()
    name = DEPLOYMENTS[of]
    task = _ROLLOUTS.get(name) or _main_task(of)
    code = f"chg-{site.code()}"
    return Planting(
        PlantedFault(
            kind="rollout-hurts-task", cause_kind="change", cause_id=code,
            slice={"deployment": [name], "task_type": [task]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="QUALITY", measure="difference", expected=-drop,
            mechanism="WITHIN",
        ),
        (QualityShift(span, -drop, deployments=(of,), tasks=(TASKS.index(task),)),),
        rollout(site.plan, id=code, deployment=of, at_ms=span.start_ms, author=site.person()),
    )  # fmt: skip


def indistinguishable_changes(site: Site) -> Planting:
    """As rollout-hurts-task, with an infrastructure change on the same deployment that minute."""
    planting = rollout_hurts_task(site)
    truth = planting.truth
    code = f"chg-{site.code()}"
    (name,) = truth.slice["deployment"]
    twin = change(
        id=code, kind="infrastructure", title=f"{name} to the next node image",
        targets=[("deployment", name)], at_ms=truth.start_ms + 20_000, author=site.person(),
    )  # fmt: skip
    both = PlantedFault(
        kind="indistinguishable-changes", cause_kind=truth.cause_kind, cause_id=truth.cause_id,
        slice=truth.slice, start_ms=truth.start_ms, end_ms=truth.end_ms, metric=truth.metric,
        measure=truth.measure, expected=truth.expected, mechanism=truth.mechanism,
        indistinguishable_from=(code,),
    )  # fmt: skip
    return Planting(both, planting.effects, (*planting.notices, twin))


_WEAKER = {
    "standard/reasoning": (("nova-13b@k8s", 0.45), ("swift-8b@k8s", 0.3)),
    "premium/coding": (("prism-24b@aws", 0.4), ("nova-13b@k8s", 0.3)),
    "standard/coding": (("nova-13b@k8s", 0.5), ("prism-24b@aws", 0.2)),
    "standard/summarisation": (("swift-8b@aws", 0.7),),
}


def weaker_policy(site: Site) -> Planting:
    """A new policy version moves `magnitude` of one tier's requests of a task to weaker models."""
    cell = site.target(*_WEAKER)
    weaker = _WEAKER.get(cell, (("nova-13b@k8s", 1.0),))
    moved = site.magnitude(low=0.6, high=0.75)
    span = site.lasting()
    tier, _, name = cell.partition("/")
    c, t = TIERS.index(tier) if tier in TIERS else 1, site.task(name)
    total = sum(weight for _, weight in weaker)
    before = route_weights()[c, t]
    after = before * (1 - moved)
    for deployment, weight in weaker:
        after[DEPLOYMENT_INDEX[deployment]] += moved * weight / total
    after = (after / after.sum()).round(4)
    quality = mean_quality(site.plan)[MODEL_OF][:, t]
    version = version_label("v", span.start_ms)
    weights = tuple((d, float(w)) for d, w in enumerate(after.tolist()) if w > 0)
    route = {DEPLOYMENTS[d]: w for d, w in weights}
    return Planting(
        PlantedFault(
            kind="weaker-policy", cause_kind="policy", cause_id=f"{POLICY}@{version}",
            slice={"tier": [TIERS[c]], "task_type": [name]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="QUALITY", measure="difference",
            expected=float(((after - before) * quality).sum()), mechanism="MIX",
            details={"moved": moved},
        ),
        (PolicySwitch(span.start_ms, version, ((c, t, weights),)),),
        (
            policy(
                version=version, at_ms=span.start_ms,
                rules={"routes": {f"{TIERS[c]}/{name}": route}},
                summary=f"new weights for {TIERS[c]} {name}", author=site.person(), tasks=(name,),
                tiers=(TIERS[c],),
            ),
        ),
    )  # fmt: skip


def experiment_ramp(site: Site) -> Planting:
    """An experiment sends a growing share of a task's users to a weaker deployment."""
    task = site.task(site.target("chat", "coding", "reasoning"))
    final = site.magnitude(low=45, high=60)
    span = site.lasting()
    to = DEPLOYMENT_INDEX["mini-3b@k8s" if TASKS[task] == "chat" else "swift-8b@k8s"]
    left_ms = min(site.plan.end_ms - span.start_ms, 10 * 24 * HOUR_MS)
    step_ms = max(left_ms // 6, minutes(10))
    steps = tuple(
        (span.start_ms + place * step_ms, round(final * share))
        for place, share in enumerate((0.1, 0.5, 1.0))
    )
    code = experiment_name(task, code=site.code())
    trial = Trial(code, task, steps, span.end_ms, to)
    quality = mean_quality(site.plan)[MODEL_OF][:, task]
    usual = (TIER_SHARES * TASK_SHARES[:, task]) @ route_weights()[:, task]
    usual = usual / usual.sum()
    return Planting(
        PlantedFault(
            kind="experiment-ramp", cause_kind="experiment", cause_id=code,
            slice={"task_type": [TASKS[task]], "arm": ["B"]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="QUALITY", measure="difference",
            expected=float(quality[to] - (usual * quality).sum()), mechanism="MIX",
            details={"percent": [percent for _, percent in steps]},
        ),
        (trial,),
        experiment(trial),
    )  # fmt: skip


def slow_drift(site: Site) -> Planting:
    """A deployment's answers to its main task grow worse day by day; no event tells of it."""
    (of,) = site.deployments(site.target("atlas-40b@neo", "apex-70b@neo", "coder-34b@k8s"))[:1]
    drop = site.magnitude(low=0.14, high=0.22)
    span = site.lasting()
    task = _main_task(of)
    ramp_ms = max(site.plan.end_ms - span.start_ms, HOUR_MS)
    return Planting(
        PlantedFault(
            kind="slow-drift", cause_kind=None, cause_id=None,
            slice={"deployment": [DEPLOYMENTS[of]], "task_type": [task]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="QUALITY",
            measure="difference", expected=-drop, mechanism="WITHIN",
            details={"reached_after_hours": round(ramp_ms / HOUR_MS, 1)},
        ),
        (QualityShift(span, -drop, (of,), (TASKS.index(task),), ramp_ms=ramp_ms),),
    )  # fmt: skip


def harsher_judge(site: Site) -> Planting:
    """A new version of the judge scores lower by `magnitude`; the answers are as before."""
    drop = site.magnitude(low=0.06, high=0.12)
    span = site.lasting()
    code = f"chg-{site.code()}"
    version = version_label("", span.start_ms)
    return Planting(
        PlantedFault(
            kind="harsher-judge", cause_kind="change", cause_id=code,
            slice={"evaluator": [JUDGE]}, start_ms=span.start_ms, end_ms=end_of(span),
            metric="QUALITY", measure="difference", expected=-drop, mechanism="EVALUATOR",
        ),
        (JudgeChange(span.start_ms, JUDGE, version, -drop),),
        (
            change(
                id=code, kind="evaluator", title=f"{JUDGE} to version {version}",
                targets=[("evaluator", JUDGE)], at_ms=span.start_ms, author=site.person(),
                before={"version": "1"}, after={"version": version},
            ),
        ),
    )  # fmt: skip


def scores_missing(site: Site) -> Planting:
    """The judge's low scores stop arriving, so that quality seems to rise; no event tells of it."""
    kept = site.magnitude(low=0.1, high=0.25)
    span = site.lasting()
    return Planting(
        PlantedFault(
            kind="scores-missing", cause_kind=None, cause_id=None, slice={"evaluator": [JUDGE]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="QUALITY",
            measure="difference", expected=0.035, mechanism="COVERAGE",
            details={"under": 0.75, "kept": kept},
        ),
        (ScoreLoss(span, JUDGE, 0.75, kept),),
    )  # fmt: skip


def arm_delayed_scores(site: Site) -> Planting:
    """An experiment between equals: scores of its second arm come `magnitude` hours later."""
    task = site.task(site.target("chat", "coding", "reasoning"))
    hours = site.magnitude(low=20, high=26)
    span = site.lasting()
    code = experiment_name(task, code=site.code())
    trial = Trial(code, task, ((span.start_ms, 50.0),), span.end_ms)
    return Planting(
        PlantedFault(
            kind="arm-delayed-scores", cause_kind="experiment", cause_id=code,
            slice={"task_type": [TASKS[task]], "arm": ["B"]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="QUALITY", measure="difference", expected=0.0,
            mechanism="COVERAGE", details={"hours_late": hours},
        ),
        (trial, ScoreDelay(span, code, 1, int(hours * HOUR_MS))),
        experiment(trial),
    )  # fmt: skip
