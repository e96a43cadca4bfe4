"""Faults of demand and of its price: dearer models, new tenants, longer prompts."""

from ingest.simulator.arrays import stamp
from ingest.simulator.catalogue import MODELS, TASKS
from ingest.simulator.effects import LongerPrompts, Newcomer, PriceChange
from ingest.simulator.envelope import Notice
from ingest.simulator.faults.planted import PlantedFault, Planting, Site, end_of
from ingest.simulator.fleet import MODEL_OF
from ingest.simulator.operations import change, registered_model
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
