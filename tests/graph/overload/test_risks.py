"""Load ahead against capacity: what is announced, what is not, and what is only unknown."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.overload.risks import CapacityRisk, Situation, overload_risks
from graph.settings import HealthSettings
from tests.graph.overload.loads import NOW, facts, growing, samples, situation, steady

BUDGETS = HealthSettings()
HOUR = timedelta(hours=1)


def risks(
    *situations: Situation,
    moves: Mapping[str, Mapping[str, float]] | None = None,
    sources: Mapping[str, str] | None = None,
) -> dict[str, CapacityRisk]:
    found = overload_risks(
        situations, horizon=HOUR, now=NOW, budgets=BUDGETS, moves=moves, sources=sources
    )
    return {risk.deployment: risk for risk in found}


def said(risk: CapacityRisk, words: str) -> bool:
    return any(words in reason for reason in risk.reasons)


def test_a_load_far_below_is_no_risk() -> None:
    risk = risks(situation(steady(0.5), carries=1.0))["m@b"]
    assert risk.probability_overload is not None
    assert risk.probability_overload < 0.02
    assert risk.expected_load == pytest.approx(0.5, rel=0.1)
    assert risk.capacity == pytest.approx(1.0, rel=0.05)
    assert risk.limited_by == "load samples"
    assert (risk.samples, risk.moved_load) == (288, 0.0)
    assert risk.requests > 50_000


def test_growth_that_will_pass_the_limit_is_announced() -> None:
    # At NOW it carries 0.85 of 1.0, and passes it in 22 minutes.
    rate = growing(0.45, by=0.4, since_h=-1)
    risk = risks(situation(rate, carries=1.0))["m@b"]
    assert risk.probability_overload is not None
    assert risk.probability_overload > 0.5
    assert risk.worst_at is not None
    assert risk.worst_at > NOW
    assert said(risk, "growing by")
    early = risks(situation(growing(0.45, by=0.1, since_h=-1), carries=1.0))["m@b"]
    assert early.probability_overload is not None
    assert early.probability_overload < 0.1


def test_a_load_above_the_limit_is_an_overload_now() -> None:
    risk = risks(situation(steady(1.2), carries=1.0))["m@b"]
    assert risk.probability_overload == pytest.approx(1.0, abs=0.05)
    assert risk.worst_at is not None
    assert risk.expected_load > 1.1


def test_unknown_capacity_is_not_no_risk() -> None:
    risk = risks(situation(steady(0.5)))["m@b"]
    assert (risk.capacity, risk.probability_overload, risk.limited_by) == (None, None, None)
    assert risk.expected_load == pytest.approx(0.5, rel=0.1)
    assert said(risk, "is not known")
    assert said(risk, "lower bound")
    assert said(risk, "no health sample")


def test_a_deployment_without_traffic_is_told_too() -> None:
    risk = risks(Situation(facts=facts(max_rps=2.0), requests=None))["m@b"]
    assert (risk.expected_load, risk.high_load, risk.capacity) == (0.0, 0.0, 2.0)
    assert risk.probability_overload == pytest.approx(0.0, abs=1e-6)
    assert risk.worst_at is None
    assert said(risk, "no requests are expected")


def test_the_least_limit_decides() -> None:
    told = situation(steady(0.5), carries=1.0, facts=facts(max_rps=0.6))
    # Nothing says that more than was declared would be refused, so it stands.
    assert risks(told)["m@b"].limited_by == "declared requests"


def test_stale_samples_are_called_so() -> None:
    old = [o for o in samples(steady(0.5), carries=1.0) if NOW - o.at > timedelta(minutes=12)]
    risk = risks(situation(steady(0.5), observations=old))["m@b"]
    assert said(risk, "stale")
    older = [o for o in old if NOW - o.at > HOUR]
    assert said(risks(situation(steady(0.5), observations=older))["m@b"], "too old")


def test_what_is_lost_moves() -> None:
    fleet = [
        situation(steady(0.5), name="a@x", carries=1.0, lost="imagined lost: without x"),
        situation(steady(0.6), name="b@y", carries=1.0),
        situation(steady(0.1), name="c@z", carries=1.0),
    ]
    found = risks(*fleet, moves={"a@x": {"b@y": 0.9, "c@z": 0.1}}, sources={"a@x": "as before"})
    assert list(found) == ["b@y", "c@z", "a@x"]
    gone = found["a@x"]
    assert (gone.expected_load, gone.high_load, gone.capacity) == (0.0, 0.0, 0.0)
    assert (gone.probability_overload, gone.worst_at, gone.lost) == (None, None, True)
    assert gone.reasons[0] == "imagined lost: without x"
    assert found["b@y"].moved_load == pytest.approx(0.45, rel=0.1)
    assert (found["b@y"].probability_overload or 0) > 0.5
    assert said(found["b@y"], "+0.4")
    assert said(found["b@y"], "requests/s from a@x: as before")
    assert (found["c@z"].probability_overload or 0) < 0.05
    assert (risks(*fleet[1:])["b@y"].probability_overload or 0) < 0.05


def test_nothing_is_left() -> None:
    found = risks(situation(steady(0.5), carries=1.0, lost="imagined lost: without b"))
    assert said(found["m@b"], "no deployment is left")
    assert risks() == {}


def test_maintenance_takes_it_out_when_it_begins() -> None:
    fleet = [
        situation(
            steady(0.5), name="a@x", carries=1.0, lost="maintenance",
            lost_from=NOW + timedelta(minutes=40), lost_until=NOW + timedelta(minutes=50),
        ),
        situation(steady(0.6), name="b@y", carries=1.0),
    ]  # fmt: skip
    found = risks(*fleet, moves={"a@x": {"b@y": 1.0}})
    assert found["b@y"].worst_at == NOW + timedelta(minutes=40)
    assert found["a@x"].probability_overload is not None
    assert not found["a@x"].lost


def test_spot_capacity_that_goes_is_a_risk() -> None:
    def told(now: float) -> Situation:
        of = samples(steady(0.5), carries=1.0)
        return situation(
            steady(0.5),
            observations=[
                replace(o, spot_availability=now if k < 4 else 0.9) for k, o in enumerate(of)
            ],
            facts=facts(spot=True),
        )

    usual, scarce = risks(told(0.9))["m@b"], risks(told(0.3))["m@b"]
    assert (usual.probability_overload or 0) < 0.05
    assert (scarce.probability_overload or 0) > 0.6
    assert scarce.capacity == pytest.approx(1 / 3, rel=0.1)
    assert said(scarce, "spot capacity")


def test_a_severe_incident_makes_a_limit_less_certain() -> None:
    fleet = [
        situation(steady(0.8), facts=facts(max_rps=1.0), weakened=words)
        for words in (None, "incident i is open")
    ]
    calm, ill = (risks(one)["m@b"] for one in fleet)
    assert (ill.probability_overload or 0) > (calm.probability_overload or 0)
    assert said(ill, "incident i is open")


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_what_is_known_never_matters(rng: random.Random) -> None:
    fleet = [situation(steady(0.2 + 0.2 * k), name=f"m{k}@b", carries=0.9) for k in range(3)]
    mixed = [
        replace(one, observations=rng.sample(list(one.observations), len(one.observations)))
        for one in rng.sample(fleet, len(fleet))
    ]
    assert risks(*mixed) == risks(*fleet)
