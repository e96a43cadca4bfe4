"""A pursuit finds the effects that were put into a fleet: where, when, of what shape, and whose."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from graph.causes.candidates import CandidateCause
from graph.causes.ledgers import Part
from graph.causes.panel import Array
from graph.causes.residuals import Effect
from tests.graph.causes.fleets import HOURS, decoys, fleet, pursued, ramp, since
from tests.graph.causes.worlds import HOUR_S, START_S, event

BROKE = 52
HEALTHY = fleet()


def rollout(at_hour: float, deployment: str = "big@aws") -> CandidateCause:
    change = event("change", f"chg-{deployment}", at_hour, ("deployment", deployment))
    return replace(change, kind="rollout")


def begun(effect: Effect) -> float:
    """The hour of an onset."""
    return (effect.begins - START_S) / HOUR_S


def only(effects: list[Effect]) -> Effect:
    assert len(effects) == 1, [(each.part, each.place, each.candidate) for each in effects]
    return effects[0]


def test_there_is_nothing_in_noise() -> None:
    found = [pursued(HEALTHY.drawn(seed), decoys()) for seed in range(12)]
    assert sum(map(len, found)) <= 1


@pytest.mark.parametrize(
    ("exposure", "shape"),
    [
        (since(BROKE), "step"),
        (since(BROKE, until_hour=BROKE + 12), "pulse"),
        (ramp(BROKE - 12), "ramp"),
    ],
)
def test_an_effect_that_no_event_explains_has_its_place_time_and_shape(
    exposure: Array, shape: str
) -> None:
    by = -0.35 if shape == "ramp" else -0.2
    hurt = HEALTHY.hurt(exposure, by=by, task_type="code", tier="gold")
    found = only(pursued(hurt.drawn(2), []))
    assert found.candidate is None
    assert found.part is Part.WITHIN
    assert dict(found.place) == {"task_type": "code", "tier": "gold"}
    assert found.shape == shape
    assert found.fit.effect == pytest.approx(by, abs=0.1)
    if shape != "ramp":
        assert abs(begun(found) - BROKE) <= 2


def test_an_event_gets_the_effect_that_begins_with_it() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.2, deployment="big@aws")
    found = only(pursued(hurt.drawn(1), [*decoys(), rollout(BROKE)]))
    assert found.candidate == len(decoys())
    assert begun(found) == BROKE
    assert found.lag == 0
    assert found.rivals == ()


def test_an_event_may_take_some_hours_to_be_felt() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.25, deployment="big@aws")
    found = only(pursued(hurt.drawn(1), [rollout(BROKE - 4)]))
    assert found.candidate == 0
    assert 3 <= found.lag <= 5
    assert abs(begun(found) - BROKE) <= 1


@pytest.mark.parametrize("hour", [BROKE - 30, BROKE + 10])
def test_an_event_of_another_time_gets_nothing(hour: float) -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.25, deployment="big@aws")
    assert only(pursued(hurt.drawn(1), [rollout(hour)])).candidate is None


def test_an_event_elsewhere_gets_nothing() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.25, deployment="big@aws")
    found = only(pursued(hurt.drawn(1), [rollout(BROKE, "small@k8s")]))
    assert found.candidate is None
    assert dict(found.place) in ({"deployment": "big@aws"}, {"backend": "aws"})


def test_children_that_moved_alike_are_named_by_their_parent() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.2, tier="gold")
    for seed in range(3):
        assert dict(only(pursued(hurt.drawn(seed), [])).place) == {"tier": "gold"}


def test_two_effects_are_found_apart_the_surer_first() -> None:
    both = HEALTHY.hurt(since(BROKE), by=-0.3, deployment="big@aws").hurt(
        since(66), by=-0.2, tier="free", task_type="math"
    )
    first, second = pursued(both.drawn(3), [rollout(BROKE)])
    assert (first.candidate, second.candidate) == (0, None)
    assert dict(second.place) == {"tier": "free", "task_type": "math"}
    assert first.score > second.score


def test_effects_that_cancel_out_are_both_seen() -> None:
    asked = (
        HEALTHY.hurt(since(BROKE), by=-0.2, task_type="code")
        .hurt(since(BROKE), by=0.2, task_type="math")
        .drawn(1)
    )
    found = {dict(each.place)["task_type"]: each.fit.effect for each in pursued(asked, [])}
    assert found == pytest.approx({"code": -0.2, "math": 0.2}, abs=0.06)


def test_what_is_too_small_to_matter_is_left() -> None:
    asked = HEALTHY.hurt(since(BROKE), by=-0.2, deployment="big@aws").drawn(1)
    amount = 0.2 * asked.panel.count[asked.during].sum() * 0.4
    assert len(pursued(asked, [rollout(BROKE)], smallest=0.5 * amount)) == 1
    assert pursued(asked, [rollout(BROKE)], smallest=1.5 * amount) == []


def test_an_incident_that_ended_lasts_about_as_long_as_it_did() -> None:
    asked = HEALTHY.hurt(since(60, until_hour=66), by=-0.3, backend="k8s").drawn(3)
    incident = event("incident", "inc-pass", 60, ("backend", "k8s"), ended=66)
    found = only(pursued(asked, [*decoys(), incident]))
    assert found.candidate == len(decoys())
    exposed = np.unique(asked.panel.hour[found.exposure > 0.5])
    assert 5 <= len(exposed) <= 9
    assert found.shape == "pulse"


def test_events_that_cannot_be_told_apart_are_rivals() -> None:
    asked = HEALTHY.hurt(since(BROKE), by=-0.2, deployment="big@aws").drawn(1)
    twins = [rollout(BROKE), replace(rollout(BROKE), id="chg-twin", at=rollout(BROKE + 0.05).at)]
    found = only(pursued(asked, [*decoys(), *twins]))
    names = {found.candidate, *found.rivals}
    assert names == {len(decoys()), len(decoys()) + 1}


@pytest.mark.parametrize(
    ("share", "carried"),
    [
        (lambda: since(BROKE), "policy_version"),
        (lambda: np.clip((np.arange(HOURS) - BROKE) / 30, 0.0, 1.0), "policy_version"),
    ],
)
def test_a_version_is_exposed_as_its_requests_are(share: Callable[[], Array], carried: str) -> None:
    versions = HEALTHY.split(share(), policy_version="main@v2")
    asked = versions.moved(1, to="small@k8s", policy_version="main@v2", tier="gold").drawn(4)
    version = event("policy_version", "main@v2", BROKE, ("policy", "main"), policy="main")
    found = only(pursued(asked, [*decoys(), version]))
    assert found.candidate == len(decoys())
    assert found.part is Part.ROUTING
    assert dict(found.place) == {"tier": "gold"}
    under = asked.panel.units.matching(carried, frozenset({"main@v2"}))[asked.panel.unit]
    inside = found.units[asked.panel.unit]
    assert (found.exposure[inside] == under[inside]).all()


def test_an_event_is_held_against_the_best_effect_of_another_time() -> None:
    hurt = fleet().hurt(since(60.0), by=-0.25, deployment="big@aws")
    early = event("change", "chg-early", 54.0, ("deployment", "big@aws"))
    effects = pursued(hurt.drawn(1), [early])
    blamed = [effect for effect in effects if effect.candidate is not None]
    assert blamed
    assert all(effect.alone > 0.0 for effect in blamed)
