"""The first look at all slices: the promising ones, as one by one would find them."""

import math
from itertools import combinations

import numpy as np
import pytest

from graph.causes.panel import Array, Panel
from graph.causes.screen import FEWEST_COUNT, FEWEST_EXPOSED, Place, Screen, Sums
from graph.frame import Mask
from graph.slices import Metric
from tests.graph.causes.worlds import filled, unit

WHERE = ("tenant", "task_type", "deployment")
UNITS = [
    unit(tenant=tenant, task_type=task, deployment=deployment)
    for tenant in ("acme", "globex")
    for task in ("chat", "code", "search")
    for deployment in ("big@aws", "big@k8s", "small@k8s")
]


def panel_of(units: list[dict[str, str]]) -> Panel:
    return filled(Metric.QUALITY, units, hours=2, count=10.0)


def sums(
    count: Array, effect: Array, *, share: float = 0.5, spread: float = 1.0, seed: int | None = None
) -> Sums:
    """What units measure that have an effect on this share of their requests."""
    noise = np.zeros(len(count))
    if seed is not None:
        noise = np.random.default_rng(seed).standard_normal(len(count))
    exposed = share * count
    amount = effect * exposed + spread * np.sqrt(count) * noise
    return Sums(
        units=np.arange(len(count), dtype=np.int64),
        count=count,
        exposed=exposed,
        squared=exposed,
        amount=amount,
        cross=effect * exposed + spread * np.sqrt(count) * noise * share,
        spread=spread**2 * count,
    )


def sizes() -> Array:
    return np.linspace(100, 270, len(UNITS))


def at(**labels: str) -> Mask:
    return np.array([labels.items() <= each.items() for each in UNITS], dtype=np.bool_)


def found(screen: Screen, told: Sums, *, deepest: int = 3, most: int = 8) -> list[Place]:
    """The places that promise most."""
    return [
        screen.place(number)[0] for number, _ in screen.promising(told, deepest=deepest, most=most)
    ]


def test_the_slice_with_the_effect_comes_first() -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    for labels in (
        {"task_type": "code"},
        {"tenant": "globex", "task_type": "chat"},
        {"tenant": "acme", "task_type": "search", "deployment": "big@k8s"},
    ):
        told = sums(sizes(), np.where(at(**labels), 0.8, 0.0), seed=3)
        assert found(screen, told)[0] == tuple(labels.items())


def test_an_effect_on_all_is_everywhere() -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    assert found(screen, sums(sizes(), np.full(len(UNITS), 0.5), seed=1))[0] == ()


def test_a_place_is_told_by_its_labels_and_holds_its_units() -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    told = sums(sizes(), np.ones(len(UNITS)))
    numbers = [number for number, _ in screen.promising(told, deepest=3, most=200)]
    places = [screen.place(number) for number in numbers]
    assert len({place for place, _ in places}) == len(numbers)
    for place, inside in places:
        assert inside.tolist() == at(**dict(place)).tolist()
        assert [name for name, _ in place] == [name for name in WHERE if name in dict(place)]


def gain(told: Sums, inside: Mask) -> float:
    """The gain of one slice by the formula of a regression on the exposure."""
    n, e, r = (float(values[inside].sum()) for values in (told.count, told.exposed, told.amount))
    if n < FEWEST_COUNT or e < FEWEST_EXPOSED:
        return 0.0
    contrast = float(told.squared[inside].sum()) - e**2 / n
    effect = (float(told.cross[inside].sum()) - e * r / n) / contrast
    noise = float(told.spread[inside].sum()) / n
    return 100 * math.log1p(effect**2 * contrast / noise / 200)


@pytest.mark.parametrize("seed", range(5))
def test_no_slice_left_out_is_better_than_those_chosen(seed: int) -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    effect = np.random.default_rng(seed).normal(0, 0.3, len(UNITS))
    told = sums(sizes(), effect, seed=seed)
    scores: dict[Place, float] = {(): gain(told, at())}
    for depth in (1, 2, 3):
        for names in combinations(WHERE, depth):
            for one in UNITS:
                place = tuple((name, one[name]) for name in names)
                scores[place] = gain(told, at(**dict(place))) - 0.5 * depth
    best = sorted(scores, key=lambda place: -scores[place])
    assert found(screen, told, most=6) == best[:6]


def test_choosing_among_more_slices_costs_more() -> None:
    told = sums(sizes(), np.where(at(tenant="acme"), 1.0, 0.0))
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    for deepest, slices in ((1, 1 + 2 + 3 + 3), (2, 9 + 6 + 6 + 9), (3, 30 + 18)):
        offered = screen.promising(told, deepest=deepest, most=50)
        penalties = {screen.place(number)[0]: penalty for number, penalty in offered}
        assert penalties.pop(()) == pytest.approx(math.log(2))
        told_of = list(penalties.values())
        assert told_of == pytest.approx([math.log(2 * slices)] * len(told_of))


def test_no_deeper_than_was_asked() -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    told = sums(sizes(), np.where(at(tenant="acme", task_type="chat"), 1.0, 0.0))
    assert max(map(len, found(screen, told, deepest=1, most=50))) == 1
    assert max(map(len, found(screen, told, deepest=2, most=50))) == 2


def test_the_same_rows_under_two_names_count_once_under_the_shorter() -> None:
    # What big serves is all that is on aws: model, backend and deployment say the same.
    units = [
        unit(tenant=tenant, deployment=deployment)
        for tenant in ("acme", "globex")
        for deployment in ("big@aws", "small@k8s")
    ]
    screen = Screen(panel_of(units), ("tenant", "deployment", "model", "backend"), deepest=3)
    told = sums(np.array([100.0, 120.0, 140.0, 160.0]), np.array([1.0, 0.0, 1.0, 0.0]), seed=2)
    places = found(screen, told, most=20)
    assert places[0] == (("deployment", "big@aws"),)
    assert len(places) == 1 + 2 + 2 + 4


def test_slices_of_equal_sums_but_other_rows_are_both_there() -> None:
    units = [unit(tenant=name) for name in ("a", "b", "c")]
    screen = Screen(panel_of(units), ("tenant",), deepest=1)
    count = np.full(3, 100.0)
    exposed = np.array([50.0, 20.0, 50.0])
    cross = np.array([40.0, 30.0, 0.0])
    told = Sums(np.arange(3), count, exposed, exposed, np.zeros(3), cross, count)
    assert {(("tenant", "a"),), (("tenant", "b"),)} <= set(found(screen, told))


@pytest.mark.parametrize(
    ("count", "share", "named"),
    [
        (FEWEST_COUNT, 0.5, True),
        (FEWEST_COUNT - 1, 0.5, False),
        (100.0, FEWEST_EXPOSED / 100, True),
        (100.0, (FEWEST_EXPOSED - 1) / 100, False),
        (100.0, 1.0, False),
    ],
)
def test_little_is_made_of_nothing(count: float, share: float, named: bool) -> None:
    screen = Screen(panel_of([unit()]), WHERE, deepest=3)
    told = sums(np.array([count]), np.array([2.0]), share=share)
    assert found(screen, told) == ([()] if named else [])


def test_only_the_units_that_are_given_are_looked_at() -> None:
    screen = Screen(panel_of(UNITS), WHERE, deepest=3)
    told = sums(sizes(), np.where(at(tenant="acme"), 1.0, 0.0))
    kept = np.flatnonzero(at(tenant="globex"))
    some = Sums(
        kept,
        told.count[kept],
        told.exposed[kept],
        told.squared[kept],
        told.amount[kept],
        told.cross[kept],
        told.spread[kept],
    )
    places = found(screen, some, most=50)
    assert all(dict(place).get("tenant") != "acme" for place in places)
    # The other tenant is everything here, so its name says no more than none.
    assert () in places
    assert (("tenant", "globex"),) not in places


def test_order_of_the_units_changes_nothing() -> None:
    order = np.random.default_rng(5).permutation(len(UNITS))
    effect = np.random.default_rng(6).normal(0, 0.3, len(UNITS))
    one = found(Screen(panel_of(UNITS), WHERE, deepest=3), sums(sizes(), effect))
    panel = panel_of([UNITS[place] for place in order])
    other = found(Screen(panel, WHERE, deepest=3), sums(sizes()[order], effect[order]))
    assert one == other
