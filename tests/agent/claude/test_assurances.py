"""`All is well` only where it was looked at, and is so."""

from datetime import timedelta

import pytest

from agent.claude.assurances import unsupported
from agent.results import Call
from agent.toolbox import Toolbox
from graph.evidence import Incident
from graph.health import DeploymentHealth, HealthStatus
from graph.names import Names

NAMES = Names(deployments=("gpt-4o@aws",), backends=("aws",), tiers=("gold",))


def wrong(text: str, *calls: Call) -> list[str]:
    """The sentences that assure too much."""
    return [one.sentence for one in unsupported(text, calls=calls, names=NAMES)]


@pytest.fixture
def health(toolbox: Toolbox) -> list[DeploymentHealth]:
    """One that is healthy, and one of which nothing is known."""
    return list(toolbox.world.view.deployments)


@pytest.fixture
def incident(toolbox: Toolbox) -> Incident:
    return toolbox.world.view.incidents[0]


@pytest.mark.parametrize(
    "text",
    [
        "All is well.",
        "all's fine",
        "Everything is healthy.",
        "Everything in the fleet looks perfectly normal right now.",
        "The whole fleet is healthy.",
        "All deployments are healthy.",
        "Nothing is wrong.",
        "There are no problems.",
        "No incidents are open.",
        "There are no known active incidents.",
    ],
)
def test_nothing_may_be_assured_unseen(text: str) -> None:
    assert wrong(text, Call("trend", {}, [])) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Not everything is healthy.",
        "I can't tell whether all is well.",
        "gpt-4o@aws is healthy.",
        "All deployments on aws are healthy.",
        "No cause is supported.",
        "The change was small.",
        "",
    ],
)
def test_what_assures_nothing_sweeping_is_left_alone(text: str) -> None:
    assert wrong(text) == []


def test_what_was_looked_at_may_be_said(health: list[DeploymentHealth]) -> None:
    well = [one for one in health if one.status is HealthStatus.HEALTHY]
    assert well
    looked = (Call("fleet", {}, well), Call("incidents", {}, []))
    assert wrong("All is well. No incidents are open.", *looked) == []


def test_what_a_result_contradicts_may_not(
    health: list[DeploymentHealth], incident: Incident
) -> None:
    assert wrong("All is well.", Call("fleet", {}, health)) == ["All is well."]
    well = [one for one in health if one.status is HealthStatus.HEALTHY]
    looked = (Call("fleet", {}, well), Call("incidents", {}, [incident]))
    assert wrong("All is well. No outages are open.", *looked) == [
        "All is well.",
        "No outages are open.",
    ]


def test_a_look_at_the_healthy_alone_assures_nothing(health: list[DeploymentHealth]) -> None:
    well = [one for one in health if one.status is HealthStatus.HEALTHY]
    asked = {"status": frozenset({HealthStatus.HEALTHY})}
    assert wrong("All is well.", Call("fleet", asked, well)) == ["All is well."]


def test_a_closed_incident_is_not_open(incident: Incident) -> None:
    closed = Incident(
        id=incident.id,
        title=incident.title,
        severity=incident.severity,
        scope_kind=incident.scope_kind,
        scope_id=incident.scope_id,
        opened_at=incident.opened_at,
        resolved_at=incident.opened_at + timedelta(hours=1),
    )
    assert wrong("No incidents are open.", Call("incidents", {}, [closed])) == []
