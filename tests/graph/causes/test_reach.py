"""What events can have touched: units by name and by way, exposure by traffic and by clock."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.candidates import CandidateCause
from graph.causes.ledgers import Part
from graph.causes.panel import Array, Panel
from graph.causes.reach import Reach, clock_shapes, reaches, seconds, share_after
from graph.frame import Mask
from graph.slices import Metric
from tests.graph.causes.worlds import HOUR_S, START_S, at, event, filled, unit, until

TIMED = (Part.DEMAND, Part.ROUTING, Part.WITHIN)
JUDGED = (Part.DEMAND, Part.ROUTING, Part.JUDGES, Part.WITHIN)
SPENT = (Part.DEMAND, Part.ROUTING, Part.TOKENS, Part.PRICE)
HOURS = 10
CHANGED = 6

UNITS = [
    unit(deployment="big@aws"),
    unit(deployment="big@k8s"),
    unit(deployment="small@k8s"),
    unit(deployment="small@k8s", displaced_from="big@aws", method="fallback"),
    unit(deployment="small@k8s", task_type="code"),
    unit(deployment="small@k8s", task_type="code", tenant="globex", tier="free"),
    unit(deployment="tiny@neo", task_type="search"),
]


def panel(units: Sequence[dict[str, str]] = UNITS, count: Array | None = None) -> Panel:
    n = np.full((len(units), HOURS), 10.0) if count is None else count
    return filled(Metric.LATENCY_MEAN, units, hours=HOURS, count=n)


def reach(
    candidates: Sequence[CandidateCause],
    told: Panel,
    parts: Sequence[Part] = TIMED,
    *,
    changed: int = CHANGED,
) -> list[Reach]:
    """What follows the baseline is the period."""
    before = until(told, changed)
    return reaches(candidates, told, parts, before=before, during=~before)


def ways(
    candidate: CandidateCause, told: Panel | None = None, *, parts: Sequence[Part] = TIMED
) -> list[Reach]:
    told = panel() if told is None else told
    return reach([candidate], told, parts)


def units(found: Sequence[Reach], part: Part, *, direct: bool) -> set[int]:
    """The units that are reached in a ledger, one way or another."""
    masks: list[Mask] = [way.units for way in found if way.part is part and way.direct is direct]
    return {int(place) for mask in masks for place in np.flatnonzero(mask)}


def test_a_rollout_reaches_what_runs_there_and_may_move_those_it_served() -> None:
    found = ways(event("change", "c", CHANGED, ("deployment", "big@aws"), kind="rollout"))
    assert units(found, Part.WITHIN, direct=True) == {0}
    # The stratum that it served before, wherever its requests go.
    assert units(found, Part.ROUTING, direct=False) == {0, 1, 2, 3}
    assert units(found, Part.ROUTING, direct=True) == set()
    # What was displaced from it, and those who work beside them.
    assert units(found, Part.WITHIN, direct=False) >= {3}
    assert units(found, Part.WITHIN, direct=False).isdisjoint({0, 1, 6})
    assert (
        units(found, Part.DEMAND, direct=True) == units(found, Part.DEMAND, direct=False) == set()
    )
    assert all(way.carried is None for way in found)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (("deployment", "big@k8s"), {1}),
        (("model", "big"), {0, 1}),
        (("backend", "k8s"), {1, 2, 3, 4, 5}),
        (("task_type", "code"), {4, 5}),
        (("tier", "free"), {5}),
        (("tenant", "acme"), {0, 1, 2, 3, 4, 6}),
    ],
)
def test_what_is_named_is_reached(target: tuple[str, str], expected: set[int]) -> None:
    found = ways(event("change", "c", CHANGED, target))
    assert units(found, Part.WITHIN, direct=True) == expected


def test_several_targets_of_a_kind_are_one_way() -> None:
    found = ways(
        event("change", "c", CHANGED, ("deployment", "big@aws"), ("deployment", "tiny@neo"))
    )
    assert [way.units.tolist() for way in found if way.part is Part.WITHIN and way.direct] == [
        [True, False, False, False, False, False, True]
    ]


@pytest.mark.parametrize("node", ["incident", "maintenance"])
def test_what_takes_a_deployment_down_moves_its_requests_by_its_nature(node: str) -> None:
    found = ways(event(node, "i", CHANGED, ("deployment", "big@aws"), ended=8))
    assert units(found, Part.ROUTING, direct=True) == {0, 1, 2, 3}
    assert units(found, Part.WITHIN, direct=True) == {0}


def test_those_who_stand_in_for_a_lost_backend_are_reached_and_those_far_off_not() -> None:
    found = ways(event("incident", "i", CHANGED, ("backend", "aws")))
    indirect = units(found, Part.WITHIN, direct=False)
    assert 3 in indirect
    assert indirect.isdisjoint({1, 6})
    elsewhere = ways(event("incident", "i", CHANGED, ("backend", "neo")))
    assert units(elsewhere, Part.WITHIN, direct=False) == set()


def test_who_works_where_far_more_is_served_than_before_may_suffer_too() -> None:
    incident = event("incident", "i", CHANGED, ("backend", "aws"))
    count = np.full((len(UNITS), HOURS), 10.0)
    count[3] = [0.0] * CHANGED + [60.0] * (HOURS - CHANGED)
    found = ways(incident, panel(count=count))
    assert units(found, Part.WITHIN, direct=False) == {2, 3, 4, 5}
    count[3] = [0.0] * CHANGED + [1.0] * (HOURS - CHANGED)
    few = ways(incident, panel(count=count))
    assert units(few, Part.WITHIN, direct=False) == {3}


def test_a_stratum_hardly_served_is_not_reached() -> None:
    count = np.full((len(UNITS), HOURS), 100.0)
    count[0] = 1.0
    rare = ways(event("incident", "i", CHANGED, ("deployment", "big@aws")), panel(count=count))
    assert units(rare, Part.ROUTING, direct=True) == set()
    # It is the hours before that count: what it gets later does not make it theirs.
    count[0] = [0.0] * CHANGED + [100.0] * (HOURS - CHANGED)
    late = ways(event("incident", "i", CHANGED, ("deployment", "big@aws")), panel(count=count))
    assert units(late, Part.ROUTING, direct=True) == set()


def test_an_incident_without_targets_is_everywhere_and_a_change_nowhere() -> None:
    everywhere = ways(event("incident", "i", CHANGED))
    assert units(everywhere, Part.WITHIN, direct=True) == set(range(len(UNITS)))
    assert ways(event("change", "c", CHANGED)) == []


def test_what_nobody_has_is_not_reached() -> None:
    assert ways(event("change", "c", CHANGED, ("deployment", "unheard@of"))) == []
    assert ways(event("experiment", "e", CHANGED, arms=("A", "B"))) == []


def test_prices_move_prices_and_rollouts_do_not() -> None:
    target = ("model", "big")
    dearer = ways(event("change", "c", CHANGED, target, kind="price"), parts=SPENT)
    assert units(dearer, Part.PRICE, direct=True) == {0, 1}
    assert units(dearer, Part.TOKENS, direct=True) == set()
    rollout = ways(event("change", "c", CHANGED, target, kind="rollout"), parts=SPENT)
    assert units(rollout, Part.TOKENS, direct=True) == {0, 1}
    assert units(rollout, Part.PRICE, direct=True) == set()


def versions(*labels: str, **where: str) -> list[dict[str, str]]:
    return [unit(policy_version=label, **where) for label in labels]


def in_turn(size: int) -> Array:
    """Units that follow one another, each for its share of the hours."""
    hours = np.arange(HOURS) * size // HOURS
    return np.where(hours == np.arange(size)[:, None], 10.0, 0.0)


def labels(told: Panel, dimension: str) -> list[str]:
    """The label of each row."""
    place = told.units.place(dimension)
    codes: list[int] = told.units.codes[told.unit, place].tolist()
    return [told.units.labels[place][code] for code in codes]


def exposed(way: Reach, told: Panel, dimension: str) -> set[str]:
    """The labels of the rows that lie under an event."""
    assert way.carried is not None
    assert set(way.carried.tolist()) <= {0.0, 1.0}
    return {
        label
        for label, carried in zip(labels(told, dimension), way.carried, strict=True)
        if carried
    }


def test_a_policy_version_exposes_what_is_routed_under_it_or_a_later_one() -> None:
    told = panel(versions("main@v1", "main@v2", "main@v3"), in_turn(3))
    found = ways(event("policy_version", "main@v2", 4, policy="main"), told)
    assert {way.part for way in found} == {Part.ROUTING}
    assert [exposed(way, told, "policy_version") for way in found] == [
        {"main@v2"},
        {"main@v2", "main@v3"},
    ]
    last = ways(event("policy_version", "main@v3", 7, policy="main"), told)
    assert [exposed(way, told, "policy_version") for way in last] == [{"main@v3"}]


def test_a_policy_version_is_for_whom_it_says() -> None:
    told = panel([*versions("main@v1", "main@v2"), *versions("main@v1", tier="free")])
    only = event("policy_version", "main@v2", 4, policy="main", tiers=frozenset({"free"}))
    assert units(ways(only, told), Part.ROUTING, direct=True) == {2}
    both = event("policy_version", "main@v2", 4, policy="main")
    assert units(ways(both, told), Part.ROUTING, direct=True) == {0, 1, 2}


def test_a_version_that_no_request_names_follows_the_clock() -> None:
    (way,) = ways(event("policy_version", "main@v9", CHANGED, policy="main"))
    assert way.carried is None
    assert way.units.all()


def test_a_change_of_a_policy_reaches_the_strata_that_it_routes() -> None:
    told = panel(
        [
            unit(policy_version="main@v1"),
            unit(policy_version="other@v1", deployment="small@k8s"),
            unit(policy_version="other@v1", task_type="code"),
        ]
    )
    found = ways(event("change", "c", CHANGED, ("policy", "main")), told)
    assert units(found, Part.ROUTING, direct=True) == {0, 1}
    exact = ways(event("change", "c", CHANGED, ("policy", "other@v1")), told)
    assert units(exact, Part.ROUTING, direct=True) == {0, 1, 2}


def test_an_experiment_exposes_one_arm_beside_the_others() -> None:
    told = panel(
        [
            unit(),
            unit(experiment="exp", arm="exp/A"),
            unit(experiment="exp", arm="exp/B", deployment="small@k8s"),
            unit(experiment="exp2", arm="exp2/B", task_type="code"),
        ]
    )
    found = ways(event("experiment", "exp", CHANGED, arms=("A", "B")), told)
    assert units(found, Part.WITHIN, direct=True) == {0, 1, 2}
    assert sorted((way.part, *exposed(way, told, "arm")) for way in found) == [
        (Part.ROUTING, "exp/A"),
        (Part.ROUTING, "exp/B"),
        (Part.WITHIN, "exp/A"),
        (Part.WITHIN, "exp/B"),
    ]


def test_a_router_exposes_its_version_and_all_that_came_after() -> None:
    told = panel([unit(router_version=name) for name in ("r1", "r2", "r3")], in_turn(3))
    found = ways(event("change", "c", 4, ("router", "r2")), told)
    routed = [way for way in found if way.part is Part.ROUTING]
    assert [exposed(way, told, "router_version") for way in routed] == [{"r2", "r3"}]
    assert {way.part for way in found if not way.direct} == {Part.WITHIN}
    (unseen,) = ways(event("change", "c", 4, ("router", "r9")), told)
    assert (unseen.part, unseen.carried, unseen.direct) == (Part.ROUTING, None, False)


def judges(*told: tuple[str, str]) -> list[dict[str, str]]:
    return [unit(evaluator=name, evaluator_version=version) for name, version in told]


def test_an_evaluator_exposes_its_scores_by_the_new_version() -> None:
    hours = 100
    count = np.full((3, hours), 10.0)
    count[0, 80:], count[1, :80] = 0.0, 0.0
    told = filled(
        Metric.QUALITY,
        judges(("rubric", "v1"), ("rubric", "v2"), ("thumbs", "v2")),
        hours=hours,
        count=count,
    )
    candidate = event("change", "c", 80, ("evaluator", "rubric"), kind="evaluator")
    found = reach([candidate], told, JUDGED, changed=80)
    inner = [way for way in found if way.part is Part.WITHIN]
    assert [way.units.tolist() for way in inner] == [[True, True, False]]
    assert inner[0].carried is not None
    rubric = inner[0].units[told.unit]
    assert inner[0].carried[rubric].tolist() == (~until(told, 80))[rubric].astype(float).tolist()
    assert units(found, Part.JUDGES, direct=True) == {0, 1, 2}
    # Without a version of its own, what it did follows the clock.
    same = filled(Metric.QUALITY, judges(("rubric", "v1")), hours=hours, count=10.0)
    plain = reach([candidate], same, JUDGED, changed=80)
    assert [way.carried for way in plain if way.part is Part.WITHIN] == [None]


def test_evaluators_have_no_reach_but_in_scores() -> None:
    assert ways(event("change", "c", CHANGED, ("evaluator", "rubric"))) == []


def test_ways_tell_whose_they_are_by_place() -> None:
    told = panel()
    events = [
        event("change", "c", CHANGED, ("deployment", "unheard@of")),
        event("change", "d", CHANGED, ("tier", "free")),
        event("incident", "i", CHANGED, ("tenant", "globex")),
    ]
    found = reach(events, told)
    assert {way.candidate for way in found} == {1, 2}
    assert reach([], told) == []


def test_an_empty_panel_has_nothing_to_reach() -> None:
    empty = panel([], np.zeros((0, HOURS)))
    events = [
        event("incident", "i", 1),
        event("change", "c", 1, ("deployment", "big@aws"), ("policy", "main"), ("router", "r1")),
        event("policy_version", "main@v2", 1, policy="main"),
        event("experiment", "e", 1, arms=("A",)),
    ]
    assert reach(events, empty) == []


CLOCK = START_S + HOUR_S * np.arange(48, dtype=np.int64)


def test_the_part_of_an_hour_after_an_instant() -> None:
    told = share_after(CLOCK[:4], at(1.25).timestamp())
    assert told.tolist() == [0.0, 0.75, 1.0, 1.0]
    assert seconds(at(1.25)) == START_S + 4500


@given(st.floats(-5, 60), st.floats(0.1, 30) | st.none(), st.sampled_from(["incident", "change"]))
def test_no_exposure_before_its_time(start: float, lasts: float | None, node: str) -> None:
    ended = None if lasts is None else start + lasts
    candidate = event(node, "e", start, ended=ended)
    shapes, penalties, lags = clock_shapes(candidate, CLOCK)
    assert shapes.shape == (len(penalties), len(CLOCK))
    assert len(lags) == len(penalties)
    assert ((shapes >= -1e-12) & (shapes <= 1)).all()
    early = 1 if node == "incident" else 0
    begun = at(start).timestamp() - early * HOUR_S
    assert (shapes[:, begun >= CLOCK + HOUR_S] == 0).all()
    assert lags.min(initial=0) >= -early
    assert lags.max(initial=0) <= 12
    if ended is not None:
        # An effect may outlast its event by two hours.
        late = (at(ended).timestamp() + 2 * HOUR_S) <= CLOCK
        assert (np.abs(shapes[:, late]) < 1e-12).all()


def test_what_lasts_begins_with_the_event_or_some_hours_later() -> None:
    shapes, penalties, lags = clock_shapes(event("change", "c", 10.5), CLOCK)
    assert lags.tolist() == list(range(13))
    assert penalties[0] == 0
    assert (np.diff(penalties) > 0).all()
    for shape, lag in zip(shapes, lags, strict=True):
        assert shape[10 + lag] == 0.5
        assert (shape[11 + lag :] == 1).all()
        assert (shape[: 10 + lag] == 0).all()


def test_an_incident_never_acts_before_it_began_and_ends_when_it_was_over() -> None:
    shapes, penalties, lags = clock_shapes(event("incident", "i", 10, ended=13), CLOCK)
    spans = {
        (int(shape.argmax()), int(shape.sum())): penalty
        for shape, penalty in zip(shapes, penalties, strict=True)
    }
    assert spans[10, 3] == min(penalties) == 0
    assert {first for first, _ in spans} == {10, 11, 12, 13, 14}
    assert {(10, 4), (10, 5), (12, 1)} <= set(spans)
    assert max(first + length for first, length in spans) == 15
    assert lags.min() == 0


def test_an_incident_that_goes_on_lasts() -> None:
    shapes, _, _ = clock_shapes(event("incident", "i", 10), CLOCK)
    assert (shapes[:, -1] == 1).all()


def test_what_was_over_before_the_first_hour_or_comes_after_the_last_has_no_shape() -> None:
    for candidate in (
        event("incident", "i", -20, ended=-10),
        event("change", "c", 60),
    ):
        shapes, penalties, lags = clock_shapes(candidate, CLOCK)
        assert (shapes.shape, len(penalties), len(lags)) == ((0, len(CLOCK)), 0, 0)
