"""The events themselves: the CloudEvents envelope around each type's data, and their union."""

from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter

from ingest.events.fleet import (
    BackendRegistered,
    ChangeApplied,
    DeploymentRegistered,
    ExperimentConfigured,
    IncidentOpened,
    IncidentResolved,
    IncidentUpdated,
    MaintenanceScheduled,
    ModelRegistered,
    PolicyPublished,
)
from ingest.events.service import (
    BudgetDefined,
    SloDefined,
    TenantConfigured,
    TierConfigured,
    UserConfigured,
)
from ingest.events.traffic import DeploymentObserved, QualityScored, RequestCompleted
from ingest.events.values import Identifier, Tenant, Time, Told

DEFAULT_TENANT = "default"


class Envelope(Told):
    """CloudEvents 1.0: what every event has besides its type and data.

    `id` and `source` together are the idempotency key. Other attributes are ignored.
    """

    specversion: Literal["1.0"] = Field(description="Version of CloudEvents.")
    id: Identifier = Field(description="Names the event within its source.")
    source: Identifier = Field(description="Names the sender.")
    time: Time = Field(description="When it happened (valid time), aware UTC.")
    tenant: Tenant = Field(default=DEFAULT_TENANT, description="Whose fact it is.")
    recordedtime: Time = Field(description="When it became known, aware UTC.")


class RequestCompletedEvent(Envelope):
    """A request was answered or failed."""

    type: Literal["routecause.request.completed"] = Field(description="The type.")
    data: RequestCompleted = Field(description="What happened.")


class QualityScoredEvent(Envelope):
    """A request was judged."""

    type: Literal["routecause.quality.scored"] = Field(description="The type.")
    data: QualityScored = Field(description="What happened.")


class DeploymentObservedEvent(Envelope):
    """A deployment's health was sampled."""

    type: Literal["routecause.deployment.observed"] = Field(description="The type.")
    data: DeploymentObserved = Field(description="What happened.")


class ModelRegisteredEvent(Envelope):
    """A model was registered or its facts changed."""

    type: Literal["routecause.model.registered"] = Field(description="The type.")
    data: ModelRegistered = Field(description="What happened.")


class BackendRegisteredEvent(Envelope):
    """A backend was registered or its facts changed."""

    type: Literal["routecause.backend.registered"] = Field(description="The type.")
    data: BackendRegistered = Field(description="What happened.")


class DeploymentRegisteredEvent(Envelope):
    """A deployment was registered or its facts changed."""

    type: Literal["routecause.deployment.registered"] = Field(description="The type.")
    data: DeploymentRegistered = Field(description="What happened.")


class PolicyPublishedEvent(Envelope):
    """A version of a policy was published."""

    type: Literal["routecause.policy.published"] = Field(description="The type.")
    data: PolicyPublished = Field(description="What happened.")


class ExperimentConfiguredEvent(Envelope):
    """An experiment was started, changed or stopped."""

    type: Literal["routecause.experiment.configured"] = Field(description="The type.")
    data: ExperimentConfigured = Field(description="What happened.")


class ChangeAppliedEvent(Envelope):
    """The fleet was changed."""

    type: Literal["routecause.change.applied"] = Field(description="The type.")
    data: ChangeApplied = Field(description="What happened.")


class IncidentOpenedEvent(Envelope):
    """An incident began."""

    type: Literal["routecause.incident.opened"] = Field(description="The type.")
    data: IncidentOpened = Field(description="What happened.")


class IncidentUpdatedEvent(Envelope):
    """More is known of an incident."""

    type: Literal["routecause.incident.updated"] = Field(description="The type.")
    data: IncidentUpdated = Field(description="What happened.")


class IncidentResolvedEvent(Envelope):
    """An incident ended."""

    type: Literal["routecause.incident.resolved"] = Field(description="The type.")
    data: IncidentResolved = Field(description="What happened.")


class MaintenanceScheduledEvent(Envelope):
    """Work on the fleet was planned."""

    type: Literal["routecause.maintenance.scheduled"] = Field(description="The type.")
    data: MaintenanceScheduled = Field(description="What happened.")


class TierConfiguredEvent(Envelope):
    """A tier was configured."""

    type: Literal["routecause.tier.configured"] = Field(description="The type.")
    data: TierConfigured = Field(description="What happened.")


class TenantConfiguredEvent(Envelope):
    """The envelope's tenant was configured."""

    type: Literal["routecause.tenant.configured"] = Field(description="The type.")
    data: TenantConfigured = Field(description="What happened.")


class UserConfiguredEvent(Envelope):
    """A user of the envelope's tenant was configured."""

    type: Literal["routecause.user.configured"] = Field(description="The type.")
    data: UserConfigured = Field(description="What happened.")


class SloDefinedEvent(Envelope):
    """An objective of the envelope's tenant was defined."""

    type: Literal["routecause.slo.defined"] = Field(description="The type.")
    data: SloDefined = Field(description="What happened.")


class BudgetDefinedEvent(Envelope):
    """A budget of the envelope's tenant was defined."""

    type: Literal["routecause.budget.defined"] = Field(description="The type.")
    data: BudgetDefined = Field(description="What happened.")


Event = (
    RequestCompletedEvent
    | QualityScoredEvent
    | DeploymentObservedEvent
    | ModelRegisteredEvent
    | BackendRegisteredEvent
    | DeploymentRegisteredEvent
    | PolicyPublishedEvent
    | ExperimentConfiguredEvent
    | ChangeAppliedEvent
    | IncidentOpenedEvent
    | IncidentUpdatedEvent
    | IncidentResolvedEvent
    | MaintenanceScheduledEvent
    | TierConfiguredEvent
    | TenantConfiguredEvent
    | UserConfiguredEvent
    | SloDefinedEvent
    | BudgetDefinedEvent
)
EVENT_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])

_CLASSES: tuple[type[Event], ...] = (
    RequestCompletedEvent,
    QualityScoredEvent,
    DeploymentObservedEvent,
    ModelRegisteredEvent,
    BackendRegisteredEvent,
    DeploymentRegisteredEvent,
    PolicyPublishedEvent,
    ExperimentConfiguredEvent,
    ChangeAppliedEvent,
    IncidentOpenedEvent,
    IncidentUpdatedEvent,
    IncidentResolvedEvent,
    MaintenanceScheduledEvent,
    TierConfiguredEvent,
    TenantConfiguredEvent,
    UserConfiguredEvent,
    SloDefinedEvent,
    BudgetDefinedEvent,
)
EVENT_CLASSES: dict[str, type[Event]] = {
    get_args(one.model_fields["type"].annotation)[0]: one for one in _CLASSES
}
"""Each event type of the contract and its class."""

TENANT_TYPES = frozenset(
    {
        "routecause.request.completed",
        "routecause.quality.scored",
        "routecause.user.configured",
        "routecause.tenant.configured",
        "routecause.slo.defined",
        "routecause.budget.defined",
    }
)
"""The types whose facts belong to the envelope's tenant; all others are the operator's."""
