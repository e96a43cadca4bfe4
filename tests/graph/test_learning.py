"""Learning from scores: one scale for all evaluators, the old for less, and nearer to the truth."""

import json
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.columns import BucketColumns
from graph.facts import EntityFact, Fact, LinkTo, RequestFact, ScoreFact
from graph.hot.learner import LOOK_INTERVAL_S, QUALITY_INTERVAL_S
from graph.hot.quality import (
    HEDGE_LIMITS,
    PRIOR_STRENGTH,
    SAMPLE_FLOOR,
    LearnedQuality,
    QualityCell,
    QualityTable,
)
from graph.learning import (
    HALF_LIFE_DAYS,
    HALF_LIFE_SCORES,
    LEAST_SAY,
    OFFSET_STRENGTH,
    VERSION_FACTOR,
    WINDOW,
    Run,
    Verdicts,
    learn,
    learned_quality,
    run_of,
)
from graph.model.traffic import CellKey
from graph.model.world import DEPLOYMENT
from graph.store.door import GraphStore
from graph.store.ledger import record

SIMULATOR = Path(__file__).parents[2] / "ingest" / "simulator"
NOW = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
HOUR_S = 3600
JUDGE = ("judge", "1")


class Score(NamedTuple):
    """One score, of a request so many hours ago."""

    task_type: str
    deployment: str
    score: float
    evaluator: tuple[str, str] = JUDGE
    ago_h: int = 1
    sign: int = 1


def verdicts(scores: Iterable[Score]) -> Verdicts:
    """A row for each score, in the order given."""
    rows = list(scores)
    places = list(dict.fromkeys((row.task_type, row.deployment) for row in rows))
    evaluators = list(dict.fromkeys(row.evaluator for row in rows))

    def column(of: Callable[[Score], int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([of(row) for row in rows], dtype=np.int64)

    return Verdicts(
        places=places,
        evaluators=evaluators,
        place=column(lambda row: places.index((row.task_type, row.deployment))),
        evaluator=column(lambda row: evaluators.index(row.evaluator)),
        hour=column(lambda row: NOW_S - row.ago_h * HOUR_S),
        count=column(lambda row: row.sign),
        sum_nano=column(lambda row: row.sign * round(row.score * 1e9)),
        squares_nano=column(lambda row: row.sign * round(row.score**2 * 1e9)),
    )


def learned(scores: Iterable[Score], *, runs: dict[str, Run] | None = None) -> LearnedQuality:
    return learn(verdicts(scores), runs=runs or {}, now=NOW)


def cells(found: LearnedQuality) -> dict[tuple[str, str], QualityCell]:
    return {(cell.task_type, cell.deployment): cell for cell in found.cells}


def around(
    mean: float,
    count: int,
    *,
    rng: random.Random,
    task: str,
    deployment: str,
    by: tuple[str, str] = JUDGE,
    spread: float | None = 0.05,
) -> list[Score]:
    """Scores of a cell that scatter around their mean, over a day; without spread 0 or 1."""
    drawn = (
        float(rng.random() < mean)
        if spread is None
        else min(1.0, max(0.0, rng.gauss(mean, spread)))
        for _ in range(count)
    )
    return [Score(task, deployment, score, by, 1 + n % 24) for n, score in enumerate(drawn)]


def test_nothing_scored_is_nothing_learned():
    found = learned([])
    assert (found.cells, found.evaluators, found.as_of) == ((), (), NOW)


def test_plain_scores_give_their_mean_and_number():
    found = learned([Score("chat", "m@b", score) for score in (0.2, 0.4, 0.9)])
    (cell,) = found.cells
    assert (cell.task_type, cell.deployment, cell.samples) == ("chat", "m@b", 3)
    assert cell.mean == pytest.approx(0.5)
    assert cell.weight == pytest.approx(3 * 0.5 ** (1 / 24 / HALF_LIFE_DAYS), rel=1e-6)
    (scale,) = found.evaluators
    assert (scale.offset, scale.say, scale.linked, scale.scores) == (0, 1, True, 3)


def test_what_was_superseded_is_taken_out():
    told = [Score("chat", "m@b", 0.1), Score("chat", "m@b", 0.9), Score("chat", "m@b", 0.7)]
    taken = Score("chat", "m@b", 0.1, sign=-1)
    (cell,) = learned([taken, *told]).cells
    assert (cell.samples, cell.mean) == (2, pytest.approx(0.8))
    assert learned([told[0], taken]).cells == ()


SCORES = st.lists(
    st.builds(
        Score,
        st.sampled_from(["chat", "code"]),
        st.sampled_from(["a@x", "a@y", "b@x"]),
        st.integers(0, 1000).map(lambda n: n / 1000),
        st.sampled_from([JUDGE, ("judge", "2"), ("thumbs", "")]),
        st.integers(0, 13 * 24),
        st.just(1),
    ),
    min_size=1,
    max_size=60,
)


@given(SCORES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_scores_never_matters(scores: list[Score], rng: random.Random):
    runs = {"a@x": Run([NOW_S - 300 * HOUR_S, NOW_S - 50 * HOUR_S], ["1", "2"])}
    mixed = rng.sample(scores, len(scores))
    assert learned(mixed, runs=runs) == learned(scores, runs=runs)


@given(SCORES)
@settings(deadline=None)
def test_what_is_learned_stays_in_range(scores: list[Score]):
    found = learned(scores)
    assert sum(cell.samples for cell in found.cells) == len(scores)
    for cell in found.cells:
        assert 0 <= cell.mean <= 1
        assert cell.weight is not None
        assert 0 < cell.weight <= cell.samples
    for scale in found.evaluators:
        assert LEAST_SAY <= scale.say <= 1


def test_a_harsher_evaluator_on_one_deployment_does_not_lower_it():
    rng = random.Random(1)
    fair = [
        score
        for deployment in ("a@x", "b@x", "c@x")
        for score in around(0.8, 200, rng=rng, task="chat", deployment=deployment)
    ]
    harsh = around(0.4, 300, rng=rng, task="chat", deployment="a@x", by=("judge", "2"))
    before, after = (cells(learned(told))["chat", "a@x"] for told in (fair, [*fair, *harsh]))
    assert before.mean == pytest.approx(0.8, abs=0.01)
    assert after.mean == pytest.approx(before.mean, abs=0.01)
    scales = {each.version: each for each in learned([*fair, *harsh]).evaluators}
    assert scales["2"].offset == pytest.approx(-0.4, abs=0.02)
    assert scales["1"].offset == 0
    plain = statistics.fmean(s.score for s in [*fair, *harsh] if s.deployment == "a@x")
    assert plain < 0.6, "without linking it would be lowered"


def test_evaluators_are_linked_over_others():
    rng = random.Random(2)
    told = [
        *around(0.8, 200, rng=rng, task="chat", deployment="a@x", by=("one", "")),
        *around(0.6, 80, rng=rng, task="chat", deployment="a@x", by=("two", "")),
        *around(0.5, 80, rng=rng, task="chat", deployment="b@x", by=("two", "")),
        *around(0.4, 80, rng=rng, task="chat", deployment="b@x", by=("three", "")),
        *around(0.3, 80, rng=rng, task="chat", deployment="c@x", by=("three", "")),
    ]
    found = learned(told)
    assert all(each.linked for each in found.evaluators)
    means = [cells(found)["chat", name].mean for name in ("a@x", "b@x", "c@x")]
    assert means == pytest.approx([0.8, 0.7, 0.6], abs=0.03)


def test_an_evaluator_with_no_cell_in_common_keeps_its_own_scale():
    rng = random.Random(3)
    told = [
        *around(0.8, 60, rng=rng, task="chat", deployment="a@x"),
        *around(0.3, 50, rng=rng, task="chat", deployment="b@x", by=("stranger", "")),
    ]
    found = learned(told)
    assert {each.evaluator: (each.linked, each.offset) for each in found.evaluators} == {
        "judge": (True, 0),
        "stranger": (False, 0),
    }
    assert cells(found)["chat", "b@x"].mean == pytest.approx(0.3, abs=0.02)


def test_an_evaluator_that_says_the_same_of_everything_has_no_say():
    rng = random.Random(4)
    judged = [
        score
        for mean, name in ((0.9, "a@x"), (0.5, "b@x"))
        for score in around(mean, 80, rng=rng, task="chat", deployment=name)
    ]
    reports = [Score("chat", name, 0.0, ("support", "")) for name in ("a@x", "b@x") * 40]
    found = learned([*judged, *reports])
    assert found.cells == learned(judged).cells
    assert {e.evaluator: e.say for e in found.evaluators} == {"judge": 1, "support": 0}


def test_a_noisy_evaluator_counts_for_less():
    rng = random.Random(5)
    judged = around(0.8, 100, rng=rng, task="chat", deployment="a@x")
    thumbs = [Score("chat", "a@x", float(n % 5 > 0), ("thumbs", "")) for n in range(90)]
    scales = {each.evaluator: each for each in learned([*judged, *thumbs]).evaluators}
    assert LEAST_SAY <= scales["thumbs"].say < 0.2
    assert scales["judge"].say == 1


def test_old_scores_lose_weight_when_the_version_changes():
    rng = random.Random(6)
    told = around(0.9, 100, rng=rng, task="chat", deployment="a@x")
    told = [score._replace(ago_h=score.ago_h + 48) for score in told]
    fresh = around(0.5, 20, rng=rng, task="chat", deployment="a@x")
    since = [NOW_S - 1000 * HOUR_S, NOW_S - 40 * HOUR_S]
    kept = cells(learned([*told, *fresh]))["chat", "a@x"]
    run = {"a@x": Run(since, ["1", "2"])}
    changed = cells(learned([*told, *fresh], runs=run))["chat", "a@x"]
    assert changed.samples == kept.samples == 120
    assert changed.mean < kept.mean - 0.05
    alone = [cells(learned(told, runs=r))["chat", "a@x"].weight or 0 for r in ({}, run)]
    assert alone[1] == pytest.approx(VERSION_FACTOR * alone[0], rel=1e-4)


def test_a_version_gone_back_to_counts_as_never_left():
    told = [Score("chat", "a@x", 0.9, ago_h=100), Score("chat", "a@x", 0.2, ago_h=50)]
    since = [NOW_S - hours * HOUR_S for hours in (1000, 60, 40)]
    back = cells(learned(told, runs={"a@x": Run(since, ["1", "2", "1"])}))["chat", "a@x"]
    on = cells(learned(told, runs={"a@x": Run(since, ["1", "2", "3"])}))["chat", "a@x"]
    assert back.mean > 0.6
    assert on.mean < 0.45


def test_tellings_become_a_run():
    run = run_of([10, 20, 30, 30, 40], ["1", "1", "2", "3", "3"])
    assert run == Run([10, 30], ["1", "3"])


def test_a_judge_and_a_version_that_change_together_are_told_apart_by_the_others():
    rng = random.Random(7)
    told: list[Score] = []
    for name, later in (("a@x", 0.6), ("b@x", 0.8), ("c@x", 0.8)):
        before = around(0.8, 150, rng=rng, task="chat", deployment=name)
        told += [score._replace(ago_h=score.ago_h + 48) for score in before]
        told += around(later - 0.2, 150, rng=rng, task="chat", deployment=name, by=("judge", "2"))
    told += around(0.8, 10, rng=rng, task="chat", deployment="d@x")
    runs = {"a@x": Run([NOW_S - 1000 * HOUR_S, NOW_S - 36 * HOUR_S], ["1", "2"])}
    found = cells(learned(told, runs=runs))
    assert found["chat", "b@x"].mean == pytest.approx(0.8, abs=0.02)
    assert found["chat", "a@x"].mean < 0.7


def test_age_and_newer_scores_wear_a_score_down():
    (old,) = learned([Score("chat", "a@x", 0.5, ago_h=int(24 * HALF_LIFE_DAYS))]).cells
    assert old.weight == pytest.approx(0.5)
    many = [Score("chat", "a@x", 0.9, ago_h=24) for _ in range(2000)]
    recent = [Score("chat", "a@x", 0.5, ago_h=1) for _ in range(int(3 * HALF_LIFE_SCORES))]
    (cell,) = learned([*many, *recent]).cells
    assert cell.samples == len(many) + len(recent)
    assert cell.mean < 0.6


Truth = dict[tuple[str, str], float]
"""Quality by task type and deployment."""


def mostly_additive(rng: random.Random) -> Truth:
    """Six models on two deployments each, five task types, and a little of each model's own."""
    tasks = {f"t{n}": rng.gauss(0, 0.12) for n in range(5)}
    models = {f"m{n}": rng.gauss(0, 0.08) for n in range(6)}
    return {
        (task, f"{model}@{backend}"): min(1.0, max(0.0, 0.65 + easy + good + own))
        for task, easy in tasks.items()
        for model, good in models.items()
        for own in [rng.gauss(0, 0.05)]
        for backend in ("x", "y")
    }


def measured(_: random.Random) -> Truth:
    """Eleven models on five task types as measured in public, which is far from additive."""
    table = json.loads((SIMULATOR / "tables" / "quality.json").read_bytes())
    return {
        (task, f"{model}@{backend}"): quality
        for model, profile in table.items()
        for task, quality in profile.items()
        for backend in ("x", "y")
    }


def graded(rng: random.Random, quality: Truth) -> list[Score]:
    """Scores of very uneven numbers, by three judges each harsh in its way."""
    bias = {("judge", "1"): (0.0, 0.1), ("judge", "2"): (-0.15, 0.1), ("rubric", "2"): (0.1, 0.2)}
    return [
        score
        for (task, name), mean in quality.items()
        for by, (shift, spread) in bias.items()
        if by != ("judge", "2") or name.endswith("x")
        for score in around(
            mean + shift, uneven(rng), rng=rng, task=task, deployment=name, by=by, spread=spread
        )
    ]


def passed(rng: random.Random, quality: Truth) -> list[Score]:
    """Passes and failures in very uneven numbers, by a test and by a stricter one."""
    share = {("tests", "1"): 1.0, ("tests", "2"): 0.8}
    return [
        score
        for (task, name), mean in quality.items()
        for by, kept in share.items()
        for score in around(
            kept * mean, uneven(rng), rng=rng, task=task, deployment=name, by=by, spread=None
        )
    ]


def uneven(rng: random.Random) -> int:
    """A number of scores: often none, mostly few, at times hundreds."""
    return min(200, round(rng.lognormvariate(1.5, 1.8))) if rng.random() < 0.8 else 0


def floor_of(scores: Sequence[Score]) -> Callable[[str, str], float]:
    """What a plain reader expects: the cell's mean, else the deployment's, else the fleet's."""
    groups: dict[tuple[str, str], list[float]] = {}
    for score in scores:
        for key in ((score.task_type, score.deployment), ("", score.deployment), ("", "")):
            groups.setdefault(key, []).append(score.score)

    def expected(task: str, deployment: str) -> float:
        found = groups.get((task, deployment)) or groups.get(("", deployment)) or groups["", ""]
        return statistics.fmean(found)

    return expected


def off(quality: Truth, told: Callable[[str, str], float]) -> float:
    """Root mean square error after the common level is taken off, for scales have no zero."""
    errors = [told(*place) - true for place, true in quality.items()]
    return statistics.pstdev(errors)


@pytest.mark.parametrize(
    ("truth", "scored", "share"), [(mostly_additive, graded, 0.5), (measured, passed, 0.9)]
)
def test_it_is_nearer_to_the_truth_than_plain_means(
    truth: Callable[[random.Random], Truth],
    scored: Callable[[random.Random, Truth], list[Score]],
    share: float,
):
    ours: list[float] = []
    plain: list[float] = []
    for seed in range(12):
        rng = random.Random(seed)
        quality = truth(rng)
        scores = scored(rng, quality)
        models = {deployment: deployment.partition("@")[0] for _, deployment in quality}
        table = QualityTable(learned(scores).cells, models=models)

        def told(task: str, deployment: str, table: QualityTable = table) -> float:
            found = table.expected(task_type=task, deployment=deployment)
            assert found is not None
            return found.quality + found.hedge

        ours.append(off(quality, told))
        plain.append(off(quality, floor_of(scores)))
    assert sum(a < b for a, b in zip(ours, plain, strict=True)) >= 11, (ours, plain)
    assert statistics.fmean(ours) < share * statistics.fmean(plain), (ours, plain)


def test_the_page_tells_the_figures_of_the_code():
    told = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    for figure in (
        f"of the last {WINDOW.days} days",
        f"{OFFSET_STRENGTH:.1f}·Σ δ(e)²",
        f"between {LEAST_SAY} and 1",
        f"half after {HALF_LIFE_DAYS:g} days",
        f"half after {HALF_LIFE_SCORES:g} scores",
        f"A prior counts for {PRIOR_STRENGTH:g} scores",
        f"A mean of fewer than {SAMPLE_FLOOR} scores",
        f"between {HEDGE_LIMITS[0]} and {HEDGE_LIMITS[1]}",
        f"looks every {LOOK_INTERVAL_S:g} s",
        f"at least every {QUALITY_INTERVAL_S:g} s",
    ):
        assert figure in told, figure
    assert VERSION_FACTOR == 0.25
    assert "a quarter once its deployment has another version" in told


def fact_of(tenant: str, n: int, *, deployment: str, task: str, at: datetime) -> RequestFact:
    """A request as the writer makes it."""
    cell = CellKey(tenant, deployment, task, "gold", "main", "v1", None, None, "r1", "rule", None)
    return RequestFact(
        tenant=tenant,
        id=f"{tenant}-{n}",
        at=at,
        recorded_at=at,
        cell=cell,
        status="ok",
        latency_ms=100.0,
        ttft_ms=None,
        cost_usd=0.01,
        prompt_tokens=10,
        completion_tokens=10,
        retries=0,
        cache_hit=False,
        properties={"user": "u", "status": "ok", "latencyMs": 100.0},
        decision={"deployment": deployment},
    )


def score_of(request: RequestFact, value: float, *, version: str, after_h: int) -> ScoreFact:
    """A verdict of the judge on a request, some hours later."""
    at = request.at + timedelta(hours=after_h)
    key = f"{request.id}-{version}-{after_h}"
    told = {"key": key, "evaluator": "judge", "evaluatorVersion": version, "score": value}
    return ScoreFact(key, request.tenant, request.id, at, at, "judge", version, value, told)


def version_of(deployment: str, version: str, *, at: datetime) -> EntityFact:
    """A deployment registered with a version."""
    model, _, backend = deployment.partition("@")
    links = (LinkTo("RUNS_MODEL", "Model", (model,)), LinkTo("RUNS_ON", "Backend", (backend,)))
    key = f"{deployment}-{version}-{at.isoformat()}"
    return EntityFact(DEPLOYMENT, (deployment,), key, at, at, {"version": version}, links)


async def test_it_is_learned_from_the_graph(store: GraphStore, tenant: str):
    deployment, task = f"{tenant}@x", f"task-{tenant}"
    facts: list[Fact] = [
        version_of(deployment, "1", at=NOW - timedelta(days=20)),
        version_of(deployment, "2", at=NOW - timedelta(hours=30)),
        version_of(deployment, "2", at=NOW - timedelta(hours=5)),
    ]
    for n in range(40):
        at = NOW - timedelta(hours=50 if n < 20 else 20)
        request = fact_of(tenant, n, deployment=deployment, task=task, at=at)
        score = score_of(request, 0.9 if n < 20 else 0.5, version="1", after_h=1)
        corrected = score_of(request, 0.6, version="1", after_h=3)
        facts += [request, score, *([corrected] if n >= 20 else [])]
    old = fact_of(tenant, 99, deployment=deployment, task=task, at=NOW - timedelta(days=15))
    facts += [old, score_of(old, 0.0, version="1", after_h=1)]
    await record(store, facts)
    columns = BucketColumns(store, scores_only=True)
    found = await learned_quality(store, columns, now=NOW)
    cell = cells(found)[task, deployment]
    assert cell.samples == 40
    worn = VERSION_FACTOR * 0.5 ** (30 / 24 / HALF_LIFE_DAYS + 20 / HALF_LIFE_SCORES)
    assert cell.mean == pytest.approx((0.6 + 0.9 * worn) / (1 + worn), abs=0.03)
    request = fact_of(tenant, 100, deployment=deployment, task=task, at=NOW)
    await record(store, [request, score_of(request, 1.0, version="1", after_h=0)])
    again = await learned_quality(store, columns, now=NOW)
    assert cells(again)[task, deployment].samples == 41
