"""What callers may give: input types, and their checks, each with a field and a remedy."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Protocol, TypeAlias

import strawberry

from graph.errors import Forbidden, InvalidInput
from graph.hot.routing.ranking import Requirements, RoutingRequest
from graph.keys import Caller
from graph.slices import Period, Slice

ID_LENGTH: Final = 200
IDS_AT_MOST: Final = 200
LABELS_AT_MOST: Final = 50
TOKENS_AT_MOST: Final = 100_000_000
_DEFAULT_TENANT: Final = "default"


def identifier(value: str, *, field: str) -> str:
    """The value itself. Raises InvalidInput where it can't be an identifier."""
    if not 1 <= len(value) <= ID_LENGTH or not value.isprintable():
        raise InvalidInput(f"must be 1 to {ID_LENGTH} printable characters", field=field)
    return value


def identifiers(values: Sequence[str] | None, *, field: str) -> frozenset[str] | None:
    """The values as a set; None stays None. Raises InvalidInput."""
    if values is None:
        return None
    if len(values) > IDS_AT_MOST:
        raise InvalidInput(f"name at most {IDS_AT_MOST}", field=field)
    return frozenset(identifier(value, field=f"{field}[{i}]") for i, value in enumerate(values))


Ids: TypeAlias = list[strawberry.ID] | None


@strawberry.input(description="A period of time.")
class PeriodInput:
    """From `from`, included, to `to`, excluded."""

    from_: datetime = strawberry.field(name="from", description="Where it begins, included.")
    to: datetime = strawberry.field(description="Where it ends, excluded; after `from`.")

    def period(self, *, field: str, limit_days: float) -> Period:
        """The period. Raises InvalidInput where it is empty or too long."""
        return period(self.from_, self.to, field=field, limit_days=limit_days)


def period(start: datetime, end: datetime, *, field: str, limit_days: float) -> Period:
    """A period. Raises InvalidInput where it is empty or too long."""
    if start >= end:
        raise InvalidInput("`from` must lie before `to`", field=field)
    if end - start > timedelta(days=limit_days):
        days = (end - start) / timedelta(days=1)
        raise InvalidInput(
            f"{days:.0f} days are too long (at most {limit_days:g}); ask for a shorter period",
            field=field,
        )
    return Period(start, end)


@strawberry.input(
    description="A slice keeps the requests that match every given field; the values of a field "
    "are alternatives."
)
class SliceInput:
    """The twin of graph.slices.Slice."""

    deployment: Ids = strawberry.field(default=None, description="Deployments, `model@backend`.")
    model: Ids = strawberry.field(default=None, description="Models.")
    backend: Ids = strawberry.field(default=None, description="Backends.")
    task_type: Ids = strawberry.field(default=None, description="Kinds of task.")
    tier: Ids = strawberry.field(default=None, description="Tiers.")
    tenant: Ids = strawberry.field(
        default=None, description="Tenants; one that the caller may not see matches nothing."
    )
    user: Ids = strawberry.field(default=None, description="Users.")
    policy: Ids = strawberry.field(
        default=None, description="Policies, as `policy` or `policy@version`."
    )
    experiment: Ids = strawberry.field(default=None, description="Experiments.")
    arm: Ids = strawberry.field(default=None, description="Arms of experiments.")


def slice_of(where: SliceInput | None) -> Slice:
    """The slice. Raises InvalidInput for a value that can't be an identifier."""
    if where is None:
        return Slice()
    return Slice(
        deployment=identifiers(where.deployment, field="where.deployment"),
        model=identifiers(where.model, field="where.model"),
        backend=identifiers(where.backend, field="where.backend"),
        task_type=identifiers(where.task_type, field="where.taskType"),
        tier=identifiers(where.tier, field="where.tier"),
        tenant=identifiers(where.tenant, field="where.tenant"),
        user=identifiers(where.user, field="where.user"),
        policy=identifiers(where.policy, field="where.policy"),
        experiment=identifiers(where.experiment, field="where.experiment"),
        arm=identifiers(where.arm, field="where.arm"),
    )


KnownAt = Annotated[
    datetime | None,
    strawberry.argument(
        description="As it could have been known then: what was recorded later is left out."
    ),
]
Where = Annotated[
    SliceInput | None, strawberry.argument(description="Only the requests in this slice.")
]
During = Annotated[
    PeriodInput, strawberry.argument(description="The period, by when requests arrived.")
]


@strawberry.input(description="What a request itself demands of the deployment that serves it.")
class RequirementsInput:
    """The twin of graph.hot.routing.ranking.Requirements."""

    max_latency_ms: float | None = strawberry.field(
        default=None, description="Longest expected latency in ms."
    )
    max_cost_usd: float | None = strawberry.field(
        default=None, description="Highest expected cost in US dollars."
    )
    min_quality: float | None = strawberry.field(
        default=None, description="Lowest expected score, in [0, 1]."
    )
    capabilities: list[str] | None = strawberry.field(
        default=None, description="What the model must be able to do."
    )


@strawberry.input(description="A label of a request.")
class LabelInput:
    """One of the sender's own labels."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.input(description="A request that is to be routed.")
class RoutingRequestInput:
    """The twin of graph.hot.routing.ranking.RoutingRequest."""

    user: strawberry.ID = strawberry.field(description="Who asks.")
    task_type: strawberry.ID = strawberry.field(description="The kind of task.")
    tier: strawberry.ID | None = strawberry.field(
        default=None, description="The tier; without it the user's configured one."
    )
    tenant: strawberry.ID | None = strawberry.field(
        default=None, description="The tenant; without it the key's own, else `default`."
    )
    prompt_tokens: int = strawberry.field(description="Tokens going in.")
    max_completion_tokens: int | None = strawberry.field(
        default=None, description="Most tokens coming out."
    )
    requirements: RequirementsInput | None = strawberry.field(
        default=None, description="What the request itself demands."
    )
    labels: list[LabelInput] | None = strawberry.field(
        default=None, description="The sender's own labels, which rules may look at."
    )
    reserve: bool = strawberry.field(
        default=True,
        description="Whether it will be sent: books its cost and quota until it is recorded. "
        "False only looks.",
    )


class _Demands(Protocol):
    """Requirements, however they came in."""

    @property
    def max_latency_ms(self) -> float | None: ...
    @property
    def max_cost_usd(self) -> float | None: ...
    @property
    def min_quality(self) -> float | None: ...
    @property
    def capabilities(self) -> list[str] | None: ...


class _ToBeRouted(Protocol):
    """A request, however it came in."""

    @property
    def user(self) -> str: ...
    @property
    def task_type(self) -> str: ...
    @property
    def tier(self) -> str | None: ...
    @property
    def tenant(self) -> str | None: ...
    @property
    def prompt_tokens(self) -> int: ...
    @property
    def max_completion_tokens(self) -> int | None: ...
    @property
    def requirements(self) -> _Demands | None: ...
    @property
    def labels(self) -> Mapping[str, str] | Sequence[LabelInput] | None: ...
    @property
    def reserve(self) -> bool: ...


def routing_request(given: _ToBeRouted, *, caller: Caller) -> RoutingRequest:
    """The request to be ranked. Raises InvalidInput, and Forbidden for a foreign tenant."""
    demands: _Demands = given.requirements or RequirementsInput()
    capabilities = identifiers(demands.capabilities, field="request.requirements.capabilities")
    return RoutingRequest(
        user=identifier(given.user, field="request.user"),
        task_type=identifier(given.task_type, field="request.taskType"),
        tier=None if given.tier is None else identifier(given.tier, field="request.tier"),
        tenant=_tenant(given.tenant, caller=caller),
        prompt_tokens=_tokens(given.prompt_tokens, field="request.promptTokens"),
        max_completion_tokens=None
        if given.max_completion_tokens is None
        else _tokens(given.max_completion_tokens, field="request.maxCompletionTokens"),
        requirements=Requirements(
            max_latency_ms=_amount(demands.max_latency_ms, field="maxLatencyMs"),
            max_cost_usd=_amount(demands.max_cost_usd, field="maxCostUsd"),
            min_quality=_amount(demands.min_quality, field="minQuality"),
            capabilities=tuple(sorted(capabilities or ())),
        ),
        labels=_labels(given.labels),
        reserve=given.reserve,
    )


def _labels(given: Mapping[str, str] | Sequence[LabelInput] | None) -> dict[str, str]:
    if not given:
        return {}
    pairs = (
        given.items()
        if isinstance(given, Mapping)
        else ((label.name, label.value) for label in given)
    )
    labels = {
        identifier(name, field="request.labels"): identifier(value, field=f"request.labels.{name}")
        for name, value in pairs
    }
    if len(labels) > LABELS_AT_MOST:
        raise InvalidInput(f"give at most {LABELS_AT_MOST}", field="request.labels")
    return labels


def _tenant(given: str | None, *, caller: Caller) -> str:
    own = caller.scope.tenants
    if given is None:
        return next(iter(own)) if own is not None and len(own) == 1 else _DEFAULT_TENANT
    tenant = identifier(given, field="request.tenant")
    if tenant not in caller.scope:
        raise Forbidden("this key may not route for that tenant; leave `tenant` out")
    return tenant


def _tokens(value: int, *, field: str) -> int:
    if not 0 <= value <= TOKENS_AT_MOST:
        raise InvalidInput(f"must be from 0 to {TOKENS_AT_MOST}", field=field)
    return value


def _amount(value: float | None, *, field: str) -> float | None:
    if value is not None and value < 0:
        raise InvalidInput("must not be negative", field=f"request.requirements.{field}")
    return value
