"""Questions ask about the fault's own time and place, and the truth is the twin's."""

from datetime import UTC, datetime, timedelta

import pytest

from api.evaluation.histories import history
from api.evaluation.questions import Twins, ask, quiet_questions, week_before
from graph.slices import Metric, Period
from ingest.simulator import FaultRequest, SimulationPlan, simulate, truth

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
FAULT_AT = START + 7 * DAY + timedelta(hours=9)


def plan(kind: str, *, seed: int = 3, until: datetime | None = None) -> SimulationPlan:
    fault = FaultRequest(kind=kind, at=FAULT_AT, until=until)
    return SimulationPlan(
        days=10, per_day=250, seed=seed, end=START + 10 * DAY, decoys=2, probe_interval_s=3600,
        faults=(fault,),
    )  # fmt: skip


def twins(told: SimulationPlan) -> Twins:
    without = history(simulate(told.without(0)))
    return Twins(history(simulate(told)), (without,), without)


def test_the_effect_is_the_difference_to_the_same_history_without_the_fault() -> None:
    judged = plan("harsher-judge")
    pair = twins(judged)
    asked = ask("harsher-judge", 0, judged, truth(judged), pair)
    assert asked.question.metric is Metric.QUALITY
    during = asked.question.during
    assert during.start >= FAULT_AT
    told, without = (
        one.figure(Metric.QUALITY, during=during, where=asked.question.where).value
        for one in (pair.told, pair.none)
    )
    assert asked.effects == (pytest.approx(told - without),)
    assert asked.effects[0] < -0.02
    assert asked.visible > 0


def test_the_period_and_the_comparison_vary_with_the_seed() -> None:
    judged = plan("harsher-judge")
    pair = twins(judged)
    asked = [ask("harsher-judge", seed, judged, truth(judged), pair).question for seed in range(5)]
    assert len({(one.during.end - one.during.start, one.during.start) for one in asked}) > 1
    assert {one.compared_to is None for one in asked} == {True, False}
    assert [one.known_at is not None for one in asked] == [False, False, True, False, False]
    for one in asked:
        if one.compared_to is not None:
            assert one.compared_to.end <= FAULT_AT


def test_a_fault_that_passes_is_asked_about_while_it_lasts() -> None:
    slow = plan("backend-latency", until=FAULT_AT + timedelta(hours=6))
    asked = ask("backend-latency", 0, slow, truth(slow), twins(slow))
    assert asked.question.during == Period(FAULT_AT, FAULT_AT + timedelta(hours=6))
    assert asked.effects[0] > 0


def test_like_is_compared_with_like_as_far_as_the_history_reaches() -> None:
    told = plan("harsher-judge")
    late = Period(START + 8 * DAY, START + 9 * DAY)
    assert week_before(late, told) == Period(START + DAY, START + 2 * DAY)
    early = Period(START + 2 * DAY, START + 3 * DAY)
    assert week_before(early, told) == Period(START + DAY, START + 2 * DAY)


def test_a_quiet_fleet_is_asked_about_four_metrics() -> None:
    told = plan("harsher-judge")
    asked = quiet_questions(1, told)
    assert [one.question.metric for one in asked] == [
        Metric.QUALITY,
        Metric.LATENCY_MEAN,
        Metric.ERROR_RATE,
        Metric.COST_PER_REQUEST,
    ]
    assert all(told.end >= one.question.during.end > told.end - 3 * DAY for one in asked)
    assert all(one.effects == () for one in asked)
