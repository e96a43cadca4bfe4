"""The served schema keeps the contract's names and types, describes everything, and is exported."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
)

from agent import answer as answers
from agent import memory
from api.graphql import export
from api.graphql.types import answers as answer_types
from api.graphql.types import causes as cause_types
from api.graphql.types import experiments as experiment_types
from api.graphql.types import fleet as fleet_types
from api.graphql.types import impact as impact_types
from api.graphql.types import objectives as objective_types
from api.graphql.types import outlook as outlook_types
from api.graphql.types import requests as request_types
from api.graphql.types import review as review_types
from api.graphql.types import routing as routing_types
from api.graphql.types import spending as spending_types
from api.graphql.types import trends as trend_types
from graph import (
    budgets,
    capacity,
    costs,
    evidence,
    experiments,
    fleet,
    forecast,
    health,
    impact,
    names,
    postmortem,
    requests,
    rollouts,
    savings,
    similar,
    slices,
    slos,
    states,
    trends,
    whatif,
)
from graph.causes import investigation
from graph.hot.routing import ranking

CONTRACT = build_schema(
    (Path(__file__).parents[2] / "data" / "core.graphql").read_text(encoding="utf-8")
)
SERVED = build_schema(export.schema_text())

SERVED_ROOTS = {
    "Query": {
        *("fleet", "incidents", "changes", "routingView", "request", "trend", "compare"),
        *("whyChanged", "similarIncidents", "whatIf"),
        *("forecast", "capacityRisk", "budgets", "costAnomalies", "slos", "experiment"),
    },
    "Mutation": {"ask"},
    "Subscription": {"fleetChanged", "answer"},
}
"""What of the contract is served; all that is not is left out whole."""
MORE_ROOTS = {
    "Query": {
        *("stateHistory", "requests", "impact", "savings", "rollout", "names"),
        *("maintenance", "questions", "investigation", "postmortem"),
    }
}
"""What is served beside the contract."""

TWINS = [
    (fleet_types.EntityRef, slices.EntityRef),
    (fleet_types.DeploymentHealth, health.DeploymentHealth),
    (fleet_types.Incident, health.Incident),
    (fleet_types.Change, fleet.Change),
    (fleet_types.PolicyInForce, fleet.PolicyInForce),
    (request_types.DecisionCandidate, requests.DecisionCandidate),
    (request_types.Fallback, requests.Fallback),
    (request_types.Decision, requests.Decision),
    (request_types.QualityScore, requests.QualityScore),
    (request_types.Request, requests.Request),
    (trend_types.Point, trends.Point),
    (trend_types.Series, trends.Series),
    (trend_types.Comparison, trends.Comparison),
    (cause_types.Period, slices.Period),
    (cause_types.Coverage, investigation.Coverage),
    (cause_types.SliceContribution, investigation.SliceContribution),
    (cause_types.PathStep, investigation.PathStep),
    (cause_types.Cause, investigation.Cause),
    (cause_types.Investigation, investigation.Investigation),
    (cause_types.WhatIf, whatif.WhatIf),
    (cause_types.SimilarIncident, similar.SimilarIncident),
    (outlook_types.ForecastPoint, forecast.ForecastPoint),
    (outlook_types.ForecastSeries, forecast.ForecastSeries),
    (outlook_types.CapacityRisk, capacity.CapacityRisk),
    (spending_types.Budget, budgets.Budget),
    (spending_types.CostAnomaly, costs.CostAnomaly),
    (spending_types.Saving, savings.Saving),
    (objective_types.Burn, slos.Burn),
    (objective_types.SloAlert, slos.SloAlert),
    (objective_types.BudgetShare, slos.BudgetShare),
    (objective_types.SloStatus, slos.SloStatus),
    (experiment_types.ArmResult, experiments.ArmResult),
    (experiment_types.ArmDifference, experiments.ArmDifference),
    (experiment_types.Experiment, experiments.Experiment),
    (experiment_types.RolloutEffect, rollouts.RolloutEffect),
    (experiment_types.Rollout, rollouts.Rollout),
    (routing_types.Candidate, ranking.Candidate),
    (fleet_types.Maintenance, evidence.Maintenance),
    (fleet_types.StateAt, states.StateAt),
    (answer_types.Answer, answers.Answer),
    (answer_types.AskedQuestion, memory.AskedQuestion),
    (answer_types.Happening, names.Happening),
    (answer_types.Names, names.Names),
    (routing_types.RoutingView, ranking.RoutingView),
    (impact_types.Impact, impact.Impact),
    (impact_types.TierImpact, impact.TierImpact),
    (review_types.Postmortem, postmortem.Postmortem),
]


def own(types: dict[str, GraphQLNamedType]) -> Iterator[tuple[str, GraphQLNamedType]]:
    """The types that are not GraphQL's own."""
    builtin = {"String", "Int", "Float", "Boolean", "ID"}
    return ((n, t) for n, t in types.items() if not n.startswith("__") and n not in builtin)


def test_the_exported_file_is_the_served_schema() -> None:
    assert export.FILE.read_text(encoding="utf-8") == export.schema_text(), (
        "run `python -m api.graphql.export`"
    )


@pytest.mark.parametrize("root", sorted(SERVED_ROOTS))
def test_exactly_the_fields_that_work_are_served(root: str) -> None:
    served = SERVED.type_map[root]
    assert isinstance(served, GraphQLObjectType)
    assert set(served.fields) == SERVED_ROOTS[root] | MORE_ROOTS.get(root, set())


def test_every_served_type_holds_what_the_contract_says() -> None:
    for name, served in own(SERVED.type_map):
        agreed = CONTRACT.type_map.get(name)
        if agreed is None:
            continue
        assert type(served) is type(agreed), name
        if isinstance(agreed, GraphQLEnumType) and isinstance(served, GraphQLEnumType):
            assert set(agreed.values) <= set(served.values), name
        if isinstance(agreed, GraphQLObjectType | GraphQLInputObjectType):
            assert isinstance(served, GraphQLObjectType | GraphQLInputObjectType)
            wanted = SERVED_ROOTS.get(name, set(agreed.fields))
            for field in wanted:
                check_field(f"{name}.{field}", agreed.fields[field], served.fields[field])


def check_field(where: str, agreed: Any, served: Any) -> None:
    """The same type and nullability, and at least the same arguments."""
    assert str(served.type) == str(agreed.type), where
    for name, argument in getattr(agreed, "args", {}).items():
        assert str(served.args[name].type) == str(argument.type), f"{where}({name})"
    for name, argument in getattr(served, "args", {}).items():
        optional = not str(argument.type).endswith("!")
        assert name in agreed.args or optional, f"{where}({name}) is new and must be optional"


def test_every_type_that_a_served_field_needs_is_served() -> None:
    for name in ("Metric", "HealthStatus", "BreakerState", "Dimension", "Granularity", "DateTime",
                 "PeriodInput", "SliceInput", "RequirementsInput", "RoutingRequestInput",
                 "DeploymentHealth", "Incident", "Change", "EntityRef", "RoutingView", "Candidate",
                 "Request", "Decision", "DecisionCandidate", "QualityScore", "RequestContext",
                 "Series", "Point", "Comparison", "Verdict", "Investigation", "Period", "Coverage",
                 "SliceContribution", "Cause", "PathStep", "WhatIf",
                 "SimilarIncident"):  # fmt: skip
        assert name in SERVED.type_map


def test_everything_is_described() -> None:
    bare: list[str] = []
    for name, kind in own(SERVED.type_map):
        if not kind.description:
            bare.append(name)
        if isinstance(kind, GraphQLEnumType):
            bare += [f"{name}.{v}" for v, value in kind.values.items() if not value.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    bare.append(f"{name}.{field_name}")
                arguments: dict[str, Any] = getattr(field, "args", {})
                bare += [
                    f"{name}.{field_name}({a})"
                    for a, argument in arguments.items()
                    if not argument.description
                ]
        assert not isinstance(kind, GraphQLScalarType) or name == "DateTime"
    assert bare == []


@pytest.mark.parametrize(("shown", "value"), TWINS, ids=[s.__name__ for s, _ in TWINS])
def test_a_type_shows_attributes_that_its_value_has(shown: Any, value: Any) -> None:
    # What makes its words only when they are read lists its fields itself.
    told: Any = getattr(value, "FIELDS", None) or [f.name for f in fields(value)]
    has = {*told, *(n for n in dir(value) if isinstance(getattr(value, n), property))}
    plain = {
        field.python_name
        for field in shown.__strawberry_definition__.fields
        if field.base_resolver is None
    }
    assert plain <= has
