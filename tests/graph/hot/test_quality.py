"""Expected quality: few scores say nothing, many say what they say, and easy work proves little."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.hot.quality import (
    HEDGE_LIMITS,
    PRIOR_STRENGTH,
    SAMPLE_FLOOR,
    EvaluatorScale,
    Expected,
    LearnedQuality,
    QualityCell,
    QualityTable,
    quality_table,
)

MODELS = {"a@x": "a", "a@y": "a", "b@x": "b", "b@y": "b", "c@x": "c"}
TASKS = ("chat", "code", "math")


def expected(table: QualityTable, task_type: str, deployment: str) -> Expected:
    found = table.expected(task_type=task_type, deployment=deployment)
    assert found is not None
    return found


def quality(cells: list[QualityCell], task_type: str, deployment: str) -> float:
    return expected(QualityTable(cells, models=MODELS), task_type, deployment).quality


def test_quality_is_shrunk_toward_the_model_and_the_fleet():
    cells = [
        QualityCell("chat", "a@x", 0.9, 1000),
        QualityCell("code", "a@x", 0.5, 10),
        QualityCell("math", "a@x", 0.0, 9),
        QualityCell("chat", "b@x", 0.2, 1000),
    ]
    table = QualityTable(cells, models=MODELS)
    few = expected(table, "code", "a@x")
    assert 0.45 < few.quality < 0.6
    assert not few.thin
    below = expected(table, "math", "a@x")
    assert (below.samples, below.support, below.thin) == (9, 1019, True)
    sibling = expected(table, "chat", "a@y")
    assert (sibling.samples, sibling.thin) == (0, True)
    assert sibling.quality == pytest.approx(0.9, abs=0.03)
    assert sibling.quality + sibling.hedge == pytest.approx(0.9, abs=0.01)
    stranger = expected(table, "chat", "z@z")
    assert stranger.support == 0
    assert 0.4 < stranger.quality + stranger.hedge < 0.7
    assert QualityTable([], models={}).expected(task_type="chat", deployment="a@x") is None


def test_easy_work_does_not_make_a_model_good_at_hard_work():
    cells = [
        QualityCell("chat", "a@x", 0.95, 500),
        QualityCell("chat", "b@x", 0.93, 500),
        QualityCell("chat", "c@x", 0.92, 500),
        QualityCell("math", "b@x", 0.55, 500),
        QualityCell("math", "c@x", 0.50, 500),
    ]
    untried = expected(QualityTable(cells, models=MODELS), "math", "a@x")
    assert untried.samples == 0
    assert 0.5 < untried.quality + untried.hedge < 0.65


def test_a_model_better_at_all_it_was_given_is_thought_better_at_the_rest():
    cells = [
        QualityCell(task, deployment, mean, 300)
        for task, level in (("chat", 0.8), ("code", 0.6))
        for deployment, mean in (("a@x", level + 0.15), ("b@x", level), ("c@x", level))
    ]
    cells += [QualityCell("math", "b@x", 0.5, 300), QualityCell("math", "c@x", 0.5, 300)]
    untried = expected(QualityTable(cells, models=MODELS), "math", "a@x")
    assert untried.quality + untried.hedge > quality(cells, "math", "b@x") + 0.03


def test_who_was_only_given_what_it_is_good_at_does_not_come_first_elsewhere():
    cells = [
        QualityCell("code", "a@x", 0.92, 500),
        QualityCell("code", "b@x", 0.85, 500),
        QualityCell("chat", "b@x", 0.84, 500),
        QualityCell("chat", "c@x", 0.85, 500),
        QualityCell("math", "b@x", 0.86, 500),
    ]
    table = QualityTable(cells, models=MODELS)
    tried = max(expected(table, "chat", name).quality for name in ("b@x", "c@x"))
    untried = expected(table, "chat", "a@x")
    assert untried.quality + untried.hedge > tried, "by sums of effects it would be first"
    assert untried.quality < tried - 0.01
    assert untried.hedge >= HEDGE_LIMITS[0]


def test_the_hedge_ends_with_scores_and_is_small_for_what_a_sibling_showed():
    many = [QualityCell("chat", "a@x", 0.9, 500), QualityCell("chat", "b@x", 0.5, 500)]

    def hedge(*cells: QualityCell, deployment: str) -> float:
        table = QualityTable([*many, *cells], models=MODELS)
        return expected(table, "chat", deployment).hedge

    untried = hedge(deployment="c@x")
    assert HEDGE_LIMITS[0] < untried <= HEDGE_LIMITS[1]
    assert hedge(deployment="a@y") < untried / 5
    assert hedge(QualityCell("chat", "c@x", 0.5, SAMPLE_FLOOR - 1), deployment="c@x") > 0
    assert hedge(QualityCell("chat", "c@x", 0.5, SAMPLE_FLOOR), deployment="c@x") == 0


def test_what_a_model_did_elsewhere_is_the_prior_of_its_deployment():
    cells = [
        QualityCell("chat", "a@x", 0.9, 1000),
        QualityCell("chat", "b@x", 0.5, 1000),
        QualityCell("chat", "a@y", 0.6, 10),
    ]
    between = quality(cells, "chat", "a@y")
    worth = 10 / (10 + PRIOR_STRENGTH)
    assert between == pytest.approx(worth * 0.6 + (1 - worth) * 0.9, abs=0.01)


def test_three_lucky_scores_never_beat_three_hundred():
    many = [QualityCell("chat", "a@x", 0.7, 300), QualityCell("chat", "b@x", 0.65, 300)]
    lucky = [*many, QualityCell("chat", "c@x", 1.0, 3)]
    assert quality(lucky, "chat", "c@x") == quality(many, "chat", "c@x")
    assert quality(lucky, "chat", "c@x") < quality(lucky, "chat", "a@x")


def test_worn_scores_count_for_what_they_still_weigh():
    def told(weight: float | None) -> list[QualityCell]:
        return [
            QualityCell("chat", "b@x", 0.5, 1000),
            QualityCell("code", "b@x", 0.5, 1000),
            QualityCell("chat", "a@x", 0.9, 200, weight),
        ]

    fresh, worn, gone = (quality(told(weight), "chat", "a@x") for weight in (None, 5.0, 0.01))
    assert fresh > worn > gone
    assert fresh == quality(told(200.0), "chat", "a@x")
    assert expected(QualityTable(told(5.0), models=MODELS), "chat", "a@x").samples == 200


CELLS = st.lists(
    st.builds(
        QualityCell,
        st.sampled_from(TASKS),
        st.sampled_from(sorted(MODELS)),
        st.floats(0, 1),
        st.integers(0, 1000),
        st.none() | st.floats(0, 1000),
    ),
    min_size=1,
    max_size=15,
    unique_by=lambda cell: (cell.task_type, cell.deployment),
)


@settings(deadline=None)
@given(CELLS, st.randoms(use_true_random=False))
def test_the_order_of_cells_never_matters_and_what_is_expected_lies_in_range(
    cells: list[QualityCell], rng: random.Random
):
    table = QualityTable(cells, models=MODELS)
    mixed = QualityTable(rng.sample(cells, len(cells)), models=MODELS)
    for task_type in (*TASKS, "other"):
        for deployment in (*MODELS, "z@z"):
            found = table.expected(task_type=task_type, deployment=deployment)
            assert found == mixed.expected(task_type=task_type, deployment=deployment)
            assert found == table.expected(task_type=task_type, deployment=deployment)
            assert found is None or 0 <= found.quality <= 1


@settings(deadline=None)
@given(CELLS, st.floats(0, 1), st.integers(SAMPLE_FLOOR, 1000))
def test_a_better_mean_never_lowers_its_own_cell(
    others: list[QualityCell], mean: float, samples: int
):
    rest = [cell for cell in others if cell[:2] != ("chat", "a@x")]
    worse = quality([*rest, QualityCell("chat", "a@x", mean / 2, samples)], "chat", "a@x")
    better = quality([*rest, QualityCell("chat", "a@x", mean, samples)], "chat", "a@x")
    assert better >= worse - 1e-9


@settings(deadline=None)
@given(CELLS, st.floats(0, 1), st.integers(SAMPLE_FLOOR, 500), st.integers(1, 500))
def test_more_scores_bring_it_nearer_to_its_own_mean(
    others: list[QualityCell], mean: float, samples: int, more: int
):
    rest = [cell for cell in others if cell[:2] != ("chat", "a@x")]
    few = quality([*rest, QualityCell("chat", "a@x", mean, samples)], "chat", "a@x")
    many = quality([*rest, QualityCell("chat", "a@x", mean, samples + more)], "chat", "a@x")
    assert abs(many - mean) <= abs(few - mean) + 1e-9


def test_a_table_is_made_once_and_does_not_grow_by_asking():
    cells = (QualityCell("chat", "a@x", 0.9, 100),)
    models = tuple(sorted(MODELS.items()))
    table = quality_table(cells, models)
    assert quality_table(tuple(QualityCell(*cell) for cell in cells), models) is table
    for n in range(100):
        expected(table, f"task-{n}", "a@x")
        expected(table, "chat", f"m-{n}@x")
    assert len(table._asked) == 0  # pyright: ignore[reportPrivateUsage]  # nothing else shows it
    expected(table, "chat", "b@x")
    assert len(table._asked) == 1  # pyright: ignore[reportPrivateUsage]  # nothing else shows it


def test_learned_quality_survives_its_json():
    cell = QualityCell("chat", "a@x", 0.5, 30, 12.5)
    scale = EvaluatorScale("judge", "2", 30, offset=-0.1, say=1.0, linked=True)
    told = LearnedQuality(cells=(cell,), evaluators=(scale,))
    assert LearnedQuality.from_json(told.to_json()) == told
