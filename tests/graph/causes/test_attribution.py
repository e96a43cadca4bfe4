"""Attribution: how much an event did, beside what it did not touch, with an interval that holds."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from graph.causes.attribution import Amount, Attribution, interval
from graph.causes.inquiry import Scene
from graph.causes.ledgers import Part
from graph.causes.panel import Array
from graph.causes.pursuit import Effect
from graph.causes.series import Fit
from graph.frame import Mask
from tests.graph.causes.fleets import MIDDLE, Fleet, fleet, ledgers, since, worth
from tests.graph.causes.worlds import HOUR_S, START_S

BROKE = 50.4
WORLDS = 80
"""Of each of three kinds."""
HEALTHY = fleet()
SMALL = fleet(tenants=("acme",), rate=2.0)


def units(scene: Scene, **labels: str) -> Mask:
    inside = np.ones(len(scene.panel.units.codes), dtype=np.bool_)
    for name, label in labels.items():
        inside &= scene.panel.units.matching(name, frozenset({label}))
    return inside


def by_hour(scene: Scene, exposure: Array) -> Array:
    """What each row is exposed to, from what each hour is."""
    return exposure[(scene.panel.hour - START_S) // HOUR_S]


def effect(
    scene: Scene,
    touched: Mask,
    exposure: Array,
    *,
    part: Part = Part.WITHIN,
    candidate: int = 0,
    size: float = 0.0,
) -> Effect:
    """An effect as the pursuit hands it over."""
    return Effect(
        part=part,
        place=(),
        units=touched,
        exposure=exposure,
        fit=Fit(0.0, size, 0.01, 50.0, 100.0, 1.0),
        score=40.0,
        begins=int(START_S + HOUR_S * BROKE),
        shape="step",
        candidate=candidate,
    )


def amount(
    scene: Scene,
    own: Effect,
    *others: Effect,
    reach: Mask | None = None,
) -> Amount:
    """The amount of the first effect's event."""
    told = Attribution(
        scene.panel,
        ledgers(scene),
        [own, *others],
        inside=scene.inside,
        before=scene.before,
        during=scene.during,
    )
    assert own.candidate is not None
    (found,) = told.amounts(own.candidate, {} if reach is None else {own.part: reach})
    return found


def share(scene: Scene, found: Amount) -> float:
    return found.amount / (scene.delta * scene.size)


# --- the interval --------------------------------------------------------------------------------


def of_rollout(seed: int) -> tuple[Amount, float]:
    """A deployment gets worse on one task, while all requests of an hour share their luck."""
    hurt = SMALL.hurt(since(BROKE), by=-0.1, deployment="big@aws", task_type="code")
    asked = hurt.drawn(seed, shared=0.02)
    touched = units(asked, deployment="big@aws", task_type="code")
    found = amount(asked, effect(asked, touched, by_hour(asked, since(BROKE))))
    return found, worth(asked, hurt, SMALL) * asked.delta * asked.size


def of_version(seed: int) -> tuple[Amount, float]:
    """Answers under a new version, which more and more requests get, are a little better."""
    versions = SMALL.split(0.5 * since(BROKE) + 0.2 * since(70), arm="exp/treat")
    better = versions.hurt(1, by=0.05, arm="exp/treat")
    asked = better.drawn(seed)
    own = effect(
        asked,
        np.ones(len(asked.panel.units.codes), dtype=np.bool_),
        units(asked, arm="exp/treat")[asked.panel.unit].astype(np.float64),
    )
    return amount(asked, own), worth(asked, better, versions) * asked.delta * asked.size


def of_outage(seed: int) -> tuple[Amount, float]:
    """A deployment's requests of one tier go to the small model."""
    down = SMALL.moved(since(BROKE), to="small@k8s", deployment="big@aws", tier="gold")
    asked = down.drawn(seed)
    exposure = by_hour(asked, since(BROKE))
    own = effect(asked, units(asked, tier="gold"), exposure, part=Part.ROUTING)
    return amount(asked, own), moved_worth(asked, down, SMALL)


def moved_worth(asked: Scene, moved: Fleet, usual: Fleet) -> float:
    """What it costs the requests of the period, stratum by stratum, to be served elsewhere."""
    panel = asked.panel
    whole = np.zeros((len(moved.units), moved.rate.shape[1]))
    np.add.at(whole, (panel.unit, (panel.hour - START_S) // HOUR_S), panel.count)
    strata = [(each["tenant"], each["tier"], each["task_type"]) for each in moved.units]
    total = 0.0
    for stratum in dict.fromkeys(strata):
        rows = np.array([each == stratum for each in strata])
        count = whole[rows, MIDDLE:].sum(axis=0)
        levels = [
            (each.rate[rows] * each.mean[rows]).sum(axis=0) / each.rate[rows].sum(axis=0)
            for each in (moved, usual)
        ]
        total += float((count * (levels[0] - levels[1])[MIDDLE:]).sum())
    return total


World = Callable[[int], tuple[Amount, float]]
KINDS: tuple[World, ...] = (of_rollout, of_version, of_outage)


@cache
def simulated(world: World) -> tuple[tuple[Amount, float], ...]:
    """Worlds of one kind: what was found, and what is true."""
    return tuple(world(seed) for seed in range(WORLDS))


def holds(found: Amount, true: float) -> bool:
    low, high = interval(found.amount, found.deviation)
    return low <= true <= high


def test_the_interval_holds_the_truth_in_95_of_100_worlds() -> None:
    held = [holds(*one) for world in KINDS for one in simulated(world)]
    assert len(held) >= 200
    assert 0.90 <= np.mean(held) <= 0.99


@pytest.mark.parametrize("world", KINDS)
def test_no_kind_of_world_is_misjudged(world: World) -> None:
    told = simulated(world)
    assert np.mean([holds(*one) for one in told]) >= 0.88
    # Neither too high nor too low on average: the errors are chance.
    errors = np.array([(found.amount - true) / found.deviation for found, true in told])
    assert abs(errors.mean()) < 0.4


def test_an_interval_is_as_wide_as_chance_in_one_of_twenty() -> None:
    low, high = interval(3.0, 0.5)
    assert (low, high) == pytest.approx((2.02, 3.98), abs=0.001)


# --- what stands behind it -----------------------------------------------------------------------


def test_what_befell_the_untouched_as_well_is_not_the_events() -> None:
    both = HEALTHY.hurt(since(BROKE), by=-0.1)
    worse = both.hurt(since(BROKE), by=-0.15, deployment="big@aws")
    asked = worse.drawn(3)
    own = effect(asked, units(asked, deployment="big@aws"), by_hour(asked, since(BROKE)))
    found = amount(asked, own)
    assert found.control == pytest.approx(-0.1, abs=0.04)
    assert found.effect == pytest.approx(-0.15, abs=0.05)
    assert share(asked, found) == pytest.approx(worth(asked, worse, both), abs=0.15)


def test_untouched_rows_that_stood_still_are_told_but_add_no_noise() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.15, deployment="big@aws")
    asked = hurt.drawn(3)
    own = effect(asked, units(asked, deployment="big@aws"), by_hour(asked, since(BROKE)))
    found = amount(asked, own)
    assert abs(found.control) < 2.6 * found.control_deviation
    assert found.effect == pytest.approx(-0.15, abs=0.04)


def test_an_event_that_touched_everything_has_nothing_to_be_held_against() -> None:
    hurt = HEALTHY.hurt(since(BROKE), by=-0.15)
    asked = hurt.drawn(3)
    everything = np.ones(len(asked.panel.units.codes), dtype=np.bool_)
    found = amount(asked, effect(asked, everything, by_hour(asked, since(BROKE))))
    assert found.control_deviation == np.inf
    assert share(asked, found) == pytest.approx(worth(asked, hurt, HEALTHY), abs=0.15)


def test_what_another_event_did_in_the_same_rows_is_taken_out_first() -> None:
    first = HEALTHY.hurt(since(BROKE), by=-0.2, deployment="big@aws")
    both = first.hurt(since(64), by=-0.1, task_type="chat")
    asked = both.drawn(5)
    own = effect(asked, units(asked, deployment="big@aws"), by_hour(asked, since(BROKE)))
    other = effect(
        asked,
        units(asked, task_type="chat"),
        by_hour(asked, since(64)),
        candidate=1,
        size=-0.1,
    )
    assert share(asked, amount(asked, own, other)) == pytest.approx(
        worth(asked, first, HEALTHY), abs=0.12
    )


def test_all_that_an_event_reaches_counts_where_all_of_it_moved() -> None:
    # The pursuit saw it in one task; the others of the deployment moved as well.
    hurt = HEALTHY.hurt(since(BROKE), by=-0.15, deployment="big@aws")
    asked = hurt.drawn(6)
    reach = units(asked, deployment="big@aws")
    seen = effect(
        asked, units(asked, deployment="big@aws", task_type="code"), by_hour(asked, since(BROKE))
    )
    whole = amount(asked, seen, reach=reach)
    assert (whole.units == reach).all()
    assert share(asked, whole) == pytest.approx(worth(asked, hurt, HEALTHY), abs=0.2)


def test_twice_the_requests_make_a_tighter_interval() -> None:
    def deviation(of: Fleet) -> float:
        hurt = of.hurt(since(BROKE), by=-0.15, deployment="big@aws")
        asked = hurt.drawn(1)
        own = effect(asked, units(asked, deployment="big@aws"), by_hour(asked, since(BROKE)))
        found = amount(asked, own)
        return found.deviation / abs(found.amount)

    busier = replace(HEALTHY, rate=4 * HEALTHY.rate)
    assert deviation(busier) < 0.7 * deviation(HEALTHY)


def test_only_the_period_counts() -> None:
    # It began a day before the period: those hours are no baseline, and not counted either.
    hurt = HEALTHY.hurt(since(30), by=-0.15, deployment="big@aws")
    asked = hurt.drawn(2)
    own = effect(asked, units(asked, deployment="big@aws"), by_hour(asked, since(30)))
    found = amount(asked, own)
    inside = own.units[asked.panel.unit] & asked.during
    assert found.exposed == pytest.approx(asked.panel.count[inside].sum())
