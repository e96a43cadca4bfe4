"""A whole examination, from buckets and events: what it stops at, and what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES
from graph.causes.baseline import given
from graph.causes.candidates import CandidateCause
from graph.causes.examination import Facts, examine
from graph.causes.ledgers import Part
from graph.causes.onset import Shape
from graph.causes.panel import Array, Evaluators
from graph.frame import CellTable, Ints, Mask, Scores, SketchColumn, Traffic
from graph.model.traffic import CellKey
from graph.sketch import bin_of
from graph.slices import EntityRef, Metric, Period, Slice
from tests.graph.causes.fleets import HOURS, MIDDLE, Fleet, decoys, fleet, ramp, since
from tests.graph.causes.worlds import HOUR_S, START_S, at, event

BROKE = 53.3
DURING = Period(at(MIDDLE), at(HOURS))
ROLLOUT = replace(event("change", "chg-hurt", BROKE, ("deployment", "big@aws")), kind="rollout")
QUALITY = fleet(rate=5.0)
LATENCY = replace(fleet(Metric.LATENCY_MEAN), mean=1000 * fleet().mean, spread=0.3)
"""Mean milliseconds; here the spread is that of their logarithm."""
VOLUME = fleet(Metric.VOLUME)
SCORED = 0.6
Lost = Callable[[Array, Array], Mask]


def of(
    expected: Fleet,
    candidates: Sequence[CandidateCause] = (),
    *,
    metric: Metric | None = None,
    where: Slice | None = None,
    seed: int = 1,
    lost: Lost | None = None,
    known_at: datetime | None = None,
) -> Facts:
    """The buckets of a fleet, request by request; `lost` says of hour and score what never came."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(expected.rate)
    unit, hour = (
        np.repeat(places, count.ravel()) for places in np.indices(count.shape).reshape(2, -1)
    )
    level = expected.mean[unit, hour]
    if expected.metric is Metric.LATENCY_MEAN:
        value = level * np.exp(
            expected.spread * rng.standard_normal(len(unit)) - expected.spread**2 / 2
        )
    else:
        value = np.clip(level + expected.spread * rng.standard_normal(len(unit)), 0, 1)
    cells = CellTable()
    for each in expected.units:
        key = _key(each)
        cells.add(key.id, key)
    scored = rng.random(len(unit)) < SCORED
    if lost is not None:
        scored &= ~lost(hour.astype(np.float64), value)
    late = rng.exponential(1.0, len(unit))
    return Facts(
        metric=metric or expected.metric,
        where=where or Slice(),
        during=DURING,
        baseline=given(Period(at(0), at(MIDDLE)), during=DURING),
        known_at=known_at or at(HOURS + 30),
        traffic=_traffic(unit, hour, value),
        scores=_scores(unit[scored], hour[scored], value[scored], late[scored]),
        cells=cells,
        evaluators=Evaluators(["judge"], ["1"]),
        candidates=candidates,
    )


def _key(labels: dict[str, str]) -> CellKey:
    policy, _, version = labels["policy_version"].partition("@")
    return CellKey(
        labels["tenant"],
        labels["deployment"],
        labels["task_type"],
        labels["tier"],
        policy,
        version,
        None,
        None,
        labels["router_version"],
        labels["method"],
        None,
        labels["prompt_band"],
    )


def _traffic(unit: Ints, hour: Ints, value: Array) -> Traffic:
    keys, row, count = np.unique(
        np.stack([unit, hour]), axis=1, return_inverse=True, return_counts=True
    )
    row = row.ravel()
    measures = np.zeros((len(count), len(MEASURE_NAMES)), dtype=np.int64)

    def told(name: str, values: Array | Ints) -> None:
        measures[:, MEASURE_NAMES.index(name)] = np.round(values)

    told("count", count)
    told("okCount", count)
    told("latencySumUs", np.bincount(row, value * 1e3))
    told("latencySquaresMs2", np.bincount(row, value**2))
    bins = np.array([bin_of(each) for each in value.tolist()], dtype=np.int64)
    hours = START_S + HOUR_S * keys[1]
    one = np.ones(len(row), dtype=np.int64)
    return Traffic(keys[0], hours, hours, measures, SketchColumn(row, bins, one), SketchColumn())


def _scores(unit: Ints, hour: Ints, value: Array, late: Array) -> Scores:
    nano = (value * 1e9).astype(np.int64)
    starts = START_S + HOUR_S * hour
    return Scores(
        cell=unit,
        hour=starts,
        recorded_hour=starts + HOUR_S * (late + 0.5).astype(np.int64),
        evaluator=np.zeros(len(unit), dtype=np.int64),
        count=np.ones(len(unit), dtype=np.int64),
        sum_nano=nano,
        squares_nano=(value**2 * 1e9).astype(np.int64),
    )


def hurt(of: Fleet, *, by: float) -> Fleet:
    return of.hurt(since(BROKE), by=by, deployment="big@aws", task_type="code")


# --- where it stops ------------------------------------------------------------------------------


def test_where_nothing_changed_nobody_is_looked_for() -> None:
    for seed in range(6):
        told = examine(of(QUALITY, decoys(), seed=seed))
        assert told.change.enough
        assert not told.change.changed
        assert told.findings is None
        assert told.slices == ()
        assert told.onset is None


def test_too_few_requests_say_nothing() -> None:
    few = replace(QUALITY, rate=QUALITY.rate / 200)
    told = examine(of(hurt(few, by=-0.3), [ROLLOUT]))
    assert not told.change.enough
    assert told.findings is None


def test_a_slice_that_nobody_asked_for_says_nothing() -> None:
    told = examine(of(QUALITY, where=Slice(tenant=frozenset({"nobody"}))))
    assert not told.change.enough
    assert told.coverage.requests == 0


# --- what it finds -------------------------------------------------------------------------------


def test_a_cause_comes_with_its_slice_its_onset_and_what_was_scored() -> None:
    facts = of(hurt(QUALITY, by=-0.45), [*decoys(), ROLLOUT])
    told = examine(facts)
    assert told.change.changed
    assert not told.local
    assert told.scale == pytest.approx(1.0)
    assert told.findings is not None
    assert [suspect.candidate for suspect in told.findings.suspects] == [ROLLOUT]
    assert EntityRef("task_type", "code") in told.slices[0].where
    assert EntityRef("deployment", "big@aws") in told.slices[0].where
    assert told.slices[0].share == pytest.approx(1.0, abs=0.3)
    assert told.onset is not None
    assert told.onset.low - timedelta(hours=2) <= at(BROKE) <= told.onset.high + timedelta(hours=2)
    requests = facts.traffic.measure("count")[facts.traffic.hour >= at(MIDDLE).timestamp()].sum()
    assert told.coverage.requests == requests
    assert told.coverage.scored_share == pytest.approx(SCORED, abs=0.03)


def test_parts_and_the_slice_sum_to_the_delta() -> None:
    told = examine(of(hurt(QUALITY, by=-0.25), [ROLLOUT]))
    assert told.findings is not None
    assert told.change.delta is not None
    assert sum(told.findings.parts.values()) == pytest.approx(1.0, abs=1e-9)
    for one in told.slices:
        own = one.mix_effect + one.within_effect
        assert own == pytest.approx(one.share * told.change.delta, abs=1e-9)


def test_a_question_about_a_slice_is_answered_from_its_own_rows() -> None:
    both = hurt(QUALITY, by=-0.25).hurt(since(60), by=-0.2, task_type="math")
    other = event("change", "chg-math", 60, ("task_type", "math"))
    where = Slice(task_type=frozenset({"math"}))
    told = examine(of(both, [*decoys(), ROLLOUT, other], where=where))
    assert told.findings is not None
    assert [suspect.candidate for suspect in told.findings.suspects] == [other]
    assert told.findings.suspects[0].contribution == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("metric", [Metric.LATENCY_MEAN, Metric.LATENCY_P50, Metric.LATENCY_P95])
def test_a_latency_is_told_in_milliseconds(metric: Metric) -> None:
    slow = LATENCY.hurt(since(60), by=900, backend="aws")
    incident = event("incident", "inc-slow", 60, ("backend", "aws"))
    told = examine(of(slow, [*decoys(), incident], metric=metric))
    assert told.findings is not None
    assert [suspect.candidate for suspect in told.findings.suspects] == [incident]
    assert told.scene is not None
    assert told.change.delta == pytest.approx(told.scene.delta * told.scale)
    assert told.change.delta is not None
    assert told.change.delta > 50
    assert told.findings.suspects[0].contribution == pytest.approx(1.0, abs=0.25)
    assert told.onset is not None
    assert abs(told.onset.at - at(60)) <= timedelta(hours=2)


def test_a_total_of_a_backend_is_a_share_of_what_was_asked() -> None:
    lost = VOLUME.moved(since(55), to="big@k8s", backend="aws", share=0.8)
    incident = event("incident", "inc-spot", 55, ("backend", "aws"))
    told = examine(of(lost, [*decoys(), incident], where=Slice(backend=frozenset({"aws"}))))
    assert told.findings is not None
    assert [suspect.candidate for suspect in told.findings.suspects] == [incident]
    assert told.findings.parts[Part.ROUTING] == pytest.approx(1.0, abs=0.1)
    assert told.scene is not None
    assert told.scene.belongs is not None
    assert told.change.delta == pytest.approx(told.scene.delta)


def test_drift_is_a_ramp_without_a_suspect() -> None:
    drifting = QUALITY.hurt(ramp(30), by=-0.3, task_type="math")
    told = examine(of(drifting, [*decoys(), ROLLOUT]))
    assert told.findings is not None
    assert told.findings.suspects == ()
    assert told.onset is not None
    assert told.onset.shape is Shape.RAMP
    assert EntityRef("task_type", "math") in told.slices[0].where


def test_what_is_sure_in_a_small_place_is_told_though_the_whole_hardly_moved() -> None:
    told = examine(of(hurt(QUALITY, by=-0.25), [*decoys(), ROLLOUT]))
    assert not told.change.changed
    assert told.local
    assert told.findings is not None
    assert [suspect.candidate for suspect in told.findings.suspects] == [ROLLOUT]
    assert told.findings.explained == pytest.approx(told.findings.suspects[0].contribution)
    assert told.slices


def test_scores_that_bad_answers_no_longer_get_may_be_all_there_is() -> None:
    def bad(hour: Array, value: Array) -> Mask:
        return (hour >= 60) & (value < 0.6)

    told = examine(of(QUALITY, decoys(), lost=bad))
    assert told.change.delta is not None
    assert told.change.delta > 0
    assert told.hidden is not None
    assert told.hidden.possible
    assert told.coverage.expected_scored_share is not None
    assert told.coverage.scored_share is not None
    assert told.coverage.scored_share < told.coverage.expected_scored_share


def test_scores_that_all_came_hide_nothing() -> None:
    told = examine(of(hurt(QUALITY, by=-0.25), [ROLLOUT]))
    assert told.hidden is not None
    assert not told.hidden.possible
