"""Faults of demand and of its price: dearer models, new tenants, longer prompts, lost caches."""

import numpy as np

from ingest.simulator.arrays import stamp
from ingest.simulator.catalogue import DEPLOYMENTS, MODELS, TASKS
from ingest.simulator.effects import (
    CacheLoss,
    LongerPrompts,
    Newcomer,
    PriceChange,
    PromptCache,
    Span,
)
from ingest.simulator.envelope import Notice
from ingest.simulator.faults.planted import PlantedFault, Planting, Site, end_of
from ingest.simulator.faults.serving import scope_of
from ingest.simulator.fleet import MODEL_OF, TASK_SHARES, TIER_SHARES, route_weights
from ingest.simulator.operations import change, incident, registered_model
from ingest.simulator.outcomes import CACHE_PRICE, MEAN_CACHED_PROMPT
from ingest.simulator.shapes import shapes
from ingest.simulator.traffic import mean_tokens


def price_rise(site: Site) -> Planting:
    """A model's prices become `magnitude` times what they were, a step as providers take them."""
    target = site.target("lumen-xl", "sage-r1", "apex-70b")
    ratios = shapes(site.plan.data).price_ratios
    rises = ratios[(ratios > 1.1) & (ratios < 2)]
    ratio = float(rises[int(site.draw.integers(0, rises.size))])
    ratio = site.request.magnitude or max(ratio, 1.25)
    span = site.lasting()
    model = int(MODEL_OF[site.deployments(target)[0]])
    m = MODELS[model]
    after = (round(m.input_usd_per_1k * ratio, 8), round(m.output_usd_per_1k * ratio, 8))
    code = f"chg-{site.code()}"
    registered = registered_model(
        model, at_ms=span.start_ms, delay_ms=6_000, input_usd_per_1k=after[0],
        output_usd_per_1k=after[1], released_at=stamp(site.plan.start_ms),
    )  # fmt: skip
    return Planting(
        PlantedFault(
            kind="price-rise", cause_kind="change", cause_id=code, slice={"model": [m.name]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="COST_PER_REQUEST",
            measure="ratio", expected=ratio, mechanism="PRICE",
        ),
        (PriceChange(span.start_ms, model, *after),),
        (
            change(
                id=code, kind="price", title=f"list price of {m.name}",
                targets=[("model", m.name)], at_ms=span.start_ms, author=site.person(),
                before={
                    "input_usd_per_1k": m.input_usd_per_1k,
                    "output_usd_per_1k": m.output_usd_per_1k,
                },
                after={"input_usd_per_1k": after[0], "output_usd_per_1k": after[1]},
            ),
            registered,
        ),
    )  # fmt: skip


def new_tenant(site: Site) -> Planting:
    """A tenant comes on board with `magnitude` of the usual traffic on top, and harder work."""
    share = site.magnitude(low=0.25, high=0.45)
    span = site.lasting()
    task = TASKS.index("reasoning")
    name = site.target("umbra", "hooli", "soylent")
    notice = Notice(
        type="tenant.configured", key=f"tenant-{name}", at_ms=span.start_ms,
        recorded_ms=span.start_ms + 2_000, tenant=name,
        data={"monthly_budget_usd": 3000.0, "requests_per_second": 20},
    )  # fmt: skip
    return Planting(
        PlantedFault(
            kind="new-tenant", cause_kind=None, cause_id=None, slice={"tenant": [name]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="VOLUME", measure="ratio",
            expected=1 + share, mechanism="MIX",
            details={"task_type": TASKS[task], "quality_of_its_work": -0.12},
        ),
        (Newcomer(span, name, share, task, -0.12),),
        (notice,),
    )  # fmt: skip


_COMPLETION_TOKEN_PRICE = 3.0
"""A completion token costs about three times a prompt token, whatever the model."""


def longer_prompts(site: Site) -> Planting:
    """Prompts of one task type become `magnitude` times as long; no event tells of it."""
    task = site.task(site.target("coding", "chat", "reasoning"))
    factor = site.magnitude(low=2.0, high=3.0)
    span = site.lasting()
    return Planting(
        PlantedFault(
            kind="longer-prompts", cause_kind=None, cause_id=None,
            slice={"task_type": [TASKS[task]]}, start_ms=span.start_ms, end_ms=end_of(span),
            metric="COST_PER_REQUEST", measure="ratio",
            expected=1 + _prompt_share(site, task) * (factor - 1),
            mechanism="MIX", details={"prompt_tokens": factor},
        ),
        (LongerPrompts(span, task, factor),),
    )  # fmt: skip


def _prompt_share(site: Site, task: int) -> float:
    """Share of a task type's cost that its prompts make."""
    prompts, completions = mean_tokens(site.plan, task=task)
    return prompts / (prompts + _COMPLETION_TOKEN_PRICE * completions)


def cache_outage(site: Site) -> Planting:
    """The prompt caches of a model or backend hold nothing for hours; prompts cost full price.

    With this fault every deployment has a prompt cache from the start of the history on.
    """
    target = site.target("lumen-xl", "sage-r1", "apex-70b", "aws")
    span = site.passing(shortest_h=4, longest_h=9)
    of = site.deployments(target)
    scope = scope_of(target)
    by_incident = site.draw.random() < 0.5
    code = f"inc-{site.code()}" if by_incident else f"chg-{site.code()}"
    if by_incident:
        told = incident(
            site.draw, id=code, scope=scope, severity="sev3", span=span, source="provider",
            title=f"prompt caching of {target} unavailable",
            root_cause="cache nodes evicted their entries", late_minutes=(10, 30),
        )  # fmt: skip
    else:
        moved = change(
            id=code, kind="infrastructure", title=f"{target} to other cache nodes",
            targets=[scope], at_ms=span.start_ms, author=site.person(),
        )  # fmt: skip
        told = (moved,)
    return Planting(
        PlantedFault(
            kind="cache-outage", cause_kind="incident" if by_incident else "change",
            cause_id=code, slice={scope[0]: [target]}, start_ms=span.start_ms,
            end_ms=end_of(span), metric="COST_PER_REQUEST", measure="ratio",
            expected=_full_price(site, of), mechanism="PRICE",
            details={"cached_share_before": round(float(MEAN_CACHED_PROMPT.mean()), 3)},
        ),
        (CacheLoss(span, of),),
        told,
        (PromptCache(Span(0), tuple(range(len(DEPLOYMENTS)))),),
    )  # fmt: skip


def _full_price(site: Site, of: tuple[int, ...]) -> float:
    """Cost of these deployments' requests without a cache over that with one."""
    asked = np.einsum("ct,ctd->td", TIER_SHARES[:, None] * TASK_SHARES, route_weights())
    dear = cheap = 0.0
    for task in range(len(TASKS)):
        prompts, completions = mean_tokens(site.plan, task=task)
        for deployment in of:
            model = MODELS[int(MODEL_OF[deployment])]
            asking = float(asked[task, deployment]) * prompts * model.input_usd_per_1k
            answering = float(asked[task, deployment]) * completions * model.output_usd_per_1k
            dear += asking + answering
            saved = (1 - CACHE_PRICE) * float(MEAN_CACHED_PROMPT[task])
            cheap += asking * (1 - saved) + answering
    return dear / cheap if cheap else 1.0
