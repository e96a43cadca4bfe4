"""Names that nobody knows are said to be so, and what happens reaches only whom it does."""

import pytest

from agent.playbooks import changes, fleet, incidents, routing, why
from agent.playbooks.answering import CantTell
from agent.playbooks.places import Place
from graph.slices import Slice
from tests.agent.playbooks.worlds import Ask, SmallFleet, question, told

PLAYBOOKS = (
    fleet.fleet_health,
    fleet.status,
    incidents.incidents,
    incidents.maintenance,
    incidents.similar_incidents,
    routing.which_backend,
    why.why_changed,
    why.error_causes,
    why.what_if,
    changes.changes,
)
DEPLOYMENTS = ("a@x", "a@y", "b@x")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
async def test_no_name_is_passed_over(small_fleet: SmallFleet, playbook: Ask) -> None:
    asked = question("and what of the wumpus tier", unknown=("wumpus",))
    with pytest.raises(CantTell) as reason:
        await told(playbook, asked, small_fleet.world())
    assert reason.value.reason.startswith(
        "nothing that is known is called 'wumpus'; known tiers are "
    )


@pytest.mark.parametrize(
    ("text", "unknown", "kind"),
    [
        ("how is gpt-9 doing", "gpt-9", "known models are "),
        ("is backend mars up", "mars", "known backends are "),
        ("status of x@y", "x@y", "known deployments are "),
        ("cost of tenant zork", "zork", "known tenants are "),
    ],
)
async def test_the_known_names_of_its_kind_are_told(
    small_fleet: SmallFleet, text: str, unknown: str, kind: str
) -> None:
    with pytest.raises(CantTell, match=kind):
        await told(fleet.status, question(text, unknown=(unknown,)), small_fleet.world())


async def test_a_misspelt_name_gets_its_own_kind(small_fleet: SmallFleet) -> None:
    misspelt = small_fleet.tier.replace("gold", "gild")
    with pytest.raises(CantTell, match="known tiers are "):
        await told(fleet.status, question("?", unknown=(misspelt,)), small_fleet.world())


@pytest.mark.parametrize(
    ("where", "kind", "name", "reached"),
    [
        (Slice(), "backend", "z", True),
        (Slice(model=frozenset({"a"})), "global", None, True),
        (Slice(model=frozenset({"a"})), "backend", "y", True),
        (Slice(model=frozenset({"b"})), "backend", "y", False),
        (Slice(backend=frozenset({"y"})), "model", "a", True),
        (Slice(backend=frozenset({"y"})), "model", "b", False),
        (Slice(deployment=frozenset({"a@x"})), "deployment", "a@y", False),
        (Slice(backend=frozenset({"new"})), "backend", "new", True),
        (Slice(model=frozenset({"a"}), backend=frozenset({"x"})), "backend", "y", False),
    ],
)
def test_a_scope_reaches_what_it_is_of(
    where: Slice, kind: str, name: str | None, reached: bool
) -> None:
    assert Place.of(where, DEPLOYMENTS).reached(kind, name) is reached


def test_what_it_affected_counts_too() -> None:
    place = Place.of(Slice(model=frozenset({"b"})), DEPLOYMENTS)
    assert place.reached("deployment", "a@y", affected=["b@x"])
    assert place.words == "model b"


def test_traffic_names_no_place() -> None:
    place = Place.of(Slice(tier=frozenset({"gold"})), DEPLOYMENTS)
    assert not place.named
    assert place.deployments == DEPLOYMENTS
