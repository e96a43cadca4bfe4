"""The data of events that tell the fleet: registered, published, changed, broken, planned."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from graph.policies.format import FORMAT, checked
from ingest.events.values import (
    ARRAY,
    AmountUsd,
    BackendId,
    BudgetUsd,
    DeploymentId,
    Flag,
    Identifier,
    Identifiers,
    Number,
    Object,
    Percent,
    Text,
    Texts,
    Time,
    Title,
    Told,
    Url,
    Whole,
    all_once,
)


def _well_named(kind: str, name: str) -> None:
    """Raise ValueError where the name of a deployment is not written model@backend."""
    model, at, backend = name.rpartition("@")
    if kind == "deployment" and not (model and at and backend):
        raise ValueError(
            'names a deployment by `id`, which must be written model@backend, e.g. "gpt-4o@aws"'
        )


class ModelRegistered(Told):
    """A language model, wherever it runs."""

    model: Identifier = Field(description="The model.")
    provider: Identifier = Field(description="Who makes it.")
    family: Identifier | None = Field(default=None, description="Its family.")
    capabilities: Identifiers = Field(description="What it can do.")
    context_window: Whole = Field(description="Tokens it can read.")
    limitations: Texts = Field(default=(), description="What it can't do.")
    input_usd_per_1k: AmountUsd | None = Field(
        default=None, description="Price of 1,000 prompt tokens, US dollars."
    )
    output_usd_per_1k: AmountUsd | None = Field(
        default=None, description="Price of 1,000 completion tokens, US dollars."
    )
    released_at: Time | None = Field(default=None, description="When it was released.")
    deprecated_at: Time | None = Field(default=None, description="To be avoided from then on.")


class BackendRegistered(Told):
    """A place where models run."""

    backend: BackendId = Field(description="The backend; no '@' in it.")
    kind: Literal["aws", "k8s", "neocloud", "other"] = Field(description="What kind of place.")
    region: Identifier = Field(description="Where it stands.")
    spot: Flag | None = Field(default=None, description="Capacity that can be taken away.")
    compliance: Identifiers = Field(default=(), description="What it is certified for.")


class DeploymentRegistered(Told):
    """A model on a backend."""

    deployment: DeploymentId = Field(description="The deployment, written model@backend.")
    model: Identifier = Field(description="Its model.")
    backend: BackendId = Field(description="Its backend.")
    version: Identifier | None = Field(default=None, description="Version running.")
    max_rps: Number | None = Field(
        default=None, description="Requests per second it is declared to carry."
    )
    max_tokens_per_minute: Number | None = Field(
        default=None, description="Tokens per minute it is declared to carry."
    )

    @model_validator(mode="after")
    def _named_by_its_parts(self) -> Self:
        expected = f"{self.model}@{self.backend}"
        if self.deployment != expected:
            raise ValueError(
                f"`deployment` is {self.deployment!r}, but model and backend make {expected!r}; "
                "send the same in both"
            )
        return self


class PolicyPublished(Told):
    """A version of a routing policy; its publication is a change."""

    policy: Identifier = Field(description="The policy.")
    version: Identifier = Field(description="The version published.")
    rules: Annotated[Object, AfterValidator(checked)] = Field(
        description=f'Rules in the format "{FORMAT}", which are checked and read, or any other '
        "JSON object, which is kept and shown as it is."
    )
    summary: Text | None = Field(default=None, description="What it does, in words.")
    task_types: Identifiers = Field(
        default=(),
        description="Task types it is published for. Of several policies one that names a "
        "request's task type comes first; requests that none names have the newest of all.",
    )
    tiers: Identifiers = Field(
        default=(), description="Tiers it is published for; they count as task types do."
    )
    tenants: Identifiers = Field(
        default=(), description="The only tenants that it holds for; none: all."
    )
    author: Identifier | None = Field(default=None, description="Who published it.")
    url: Url | None = Field(default=None, description="Where people read more.")


class ExperimentArm(Told):
    """One arm of an experiment."""

    arm: Identifier = Field(description="Its name.")
    percent: Percent = Field(description="Share of traffic it gets, 0 to 100.")
    deployment: DeploymentId | None = Field(
        default=None, description="Where its traffic goes, written model@backend."
    )
    policy_version: Identifier | None = Field(
        default=None, description="The policy version its traffic is routed by."
    )


class ExperimentConfigured(Told):
    """An experiment on a policy; its configuration is a change."""

    experiment: Identifier = Field(description="The experiment.")
    policy: Identifier = Field(description="The policy it runs on.")
    status: Literal["running", "stopped"] = Field(description="Whether it runs.")
    arms: Annotated[tuple[ExperimentArm, ...], ARRAY] = Field(
        description="Its arms; their percents add up to at most 100."
    )

    @model_validator(mode="after")
    def _arms_fit(self) -> Self:
        all_once([arm.arm for arm in self.arms], of="arm")
        total = sum(arm.percent for arm in self.arms)
        if total > 100.001:
            raise ValueError(f"its arms add up to {total:g} percent; at most 100 can be given")
        return self


class ChangeTarget(Told):
    """A thing that a change touches."""

    kind: Literal[
        "deployment",
        "model",
        "backend",
        "policy",
        "task_type",
        "tier",
        "tenant",
        "evaluator",
        "router",
    ] = Field(description="What kind of thing.")
    id: Identifier = Field(description="Which one.")

    @model_validator(mode="after")
    def _named_well(self) -> Self:
        _well_named(self.kind, self.id)
        return self


class ChangeApplied(Told):
    """Any other change to the fleet; `time` is when it began to apply."""

    change: Identifier = Field(description="The change.")
    kind: Literal[
        "rollout",
        "router",
        "flag",
        "price",
        "quota",
        "evaluator",
        "prompt",
        "infrastructure",
        "release",
        "deprecation",
        "other",
    ] = Field(description="What kind of change.")
    title: Title = Field(description="What people call it.")
    targets: Annotated[tuple[ChangeTarget, ...], ARRAY] = Field(description="What it touches.")
    before: Object | None = Field(default=None, description="How it was, any JSON object.")
    after: Object | None = Field(default=None, description="How it is now, any JSON object.")
    percent: Percent | None = Field(
        default=None, description="How much of the traffic it reaches, 0 to 100."
    )
    author: Identifier | None = Field(default=None, description="Who made it.")
    url: Url | None = Field(default=None, description="Where people read more.")
    ended_at: Time | None = Field(default=None, description="When it ceased to apply.")


class Scope(Told):
    """What an incident or a maintenance reaches."""

    kind: Literal["deployment", "model", "backend", "global"] = Field(
        description="What kind of thing; global is the whole fleet."
    )
    id: Identifier | None = Field(default=None, description="Which one; absent for global.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "global":
            return self
        if self.id is None:
            raise ValueError(f'needs `id`, the {self.kind}; only the kind "global" has none')
        _well_named(self.kind, self.id)
        return self


class IncidentReport(Told):
    """What is known of an incident; each report says all of it, the newest known one holds."""

    incident: Identifier = Field(description="The incident.")
    scope: Scope = Field(description="What it reaches.")
    severity: Literal["sev1", "sev2", "sev3", "sev4"] = Field(description="sev1 is the worst.")
    title: Title = Field(description="What people call it.")
    status_source: Literal["internal", "provider", "alert"] | None = Field(
        default=None, description="Who says so."
    )
    url: Url | None = Field(default=None, description="Where people read more.")
    root_cause: Text | None = Field(default=None, description="The cause that was found.")
    contributing_factors: Texts = Field(default=(), description="What made it worse.")
    postmortem: Text | None = Field(default=None, description="The post-mortem or its address.")
    cost_usd: BudgetUsd | None = Field(default=None, description="What it cost, US dollars.")


class IncidentOpened(IncidentReport):
    """An incident began; `time` is when."""


class IncidentUpdated(IncidentReport):
    """More is known of an incident."""


class IncidentResolved(IncidentReport):
    """An incident ended; `time` is when."""


class MaintenanceScheduled(Told):
    """Planned work on a part of the fleet."""

    maintenance: Identifier = Field(description="The maintenance.")
    scope: Scope = Field(description="What it reaches.")
    starts_at: Time = Field(description="When it starts.")
    ends_at: Time = Field(description="When it ends, after its start.")
    title: Title = Field(description="What people call it.")

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("`ends_at` is not after `starts_at`; swap or correct them")
        return self
