"""Panels, held against the single requests and scores that their buckets were counted from."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES, Bucket, measures_of
from graph.causes.panel import DIMENSIONS, Evaluators, Panel, is_total, panel_of
from graph.frame import CellTable, Scores, SketchColumn, Traffic
from graph.model.traffic import CellKey
from graph.sketch import value_of
from graph.slices import Metric
from tests.graph.causes.worlds import HOUR_S, START_S

JUDGES = Evaluators(("rubric", "rubric", "thumbs"), ("v1", "v2", ""))
BIG = CellKey("acme", "big@aws", "chat", "gold", "main", "v1", None, None, "r1", "rule", None)
SMALL = BIG._replace(deployment="small@k8s", method="fallback", displaced_from="big@aws")
TRIED = BIG._replace(experiment="exp", arm="B", prompt_band="512-2048", tenant="globex")


@dataclass(frozen=True)
class Asked:
    """One request: its cell, hour, when it became known, and how it went."""

    cell: CellKey
    hour: int
    known: int
    status: str
    latency_ms: float
    ttft_ms: float | None
    cost_usd: float | None


@dataclass(frozen=True)
class Scored:
    """One score: of a request of a cell and hour, by a judge."""

    cell: CellKey
    hour: int
    known: int
    judge: int
    score: float


def asked(seed: int = 1, size: int = 400) -> list[Asked]:
    rng = np.random.default_rng(seed)
    cells = [BIG, SMALL, TRIED]
    return [
        Asked(
            cell=cells[rng.integers(3)],
            hour=int(rng.integers(5)),
            known=int(rng.integers(3)),
            status="ok" if rng.random() < 0.8 else "timeout",
            latency_ms=float(rng.lognormal(6, 1)),
            ttft_ms=float(rng.lognormal(5, 1)) if rng.random() < 0.5 else None,
            cost_usd=float(rng.uniform(0, 0.01)) if rng.random() < 0.9 else None,
        )
        for _ in range(size)
    ]


def traffic_of(requests: Sequence[Asked]) -> tuple[Traffic, CellTable]:
    """The requests in buckets by cell, hour and hour of recording."""
    cells, buckets = CellTable(), defaultdict[tuple[int, int, int], Bucket](Bucket)
    for one in requests:
        row = cells.add(one.cell.id, one.cell)
        bucket = buckets[row, one.hour, one.hour + one.known]
        told = measures_of(
            minute=0,
            status=one.status,
            latency_ms=one.latency_ms,
            ttft_ms=one.ttft_ms,
            cost_usd=one.cost_usd,
            prompt_tokens=100,
            completion_tokens=20,
            retries=0,
            cache_hit=False,
        )
        for name, amount in told.items():
            bucket.measures[name] += amount
        bucket.latency.add(one.latency_ms)
        if one.ttft_ms is not None:
            bucket.ttft.add(one.ttft_ms)
    keys = np.array(list(buckets), dtype=np.int64).reshape(-1, 3)
    held = list(buckets.values())
    traffic = Traffic(
        keys[:, 0],
        START_S + HOUR_S * keys[:, 1],
        START_S + HOUR_S * keys[:, 2],
        np.array([[b.measures[name] for name in MEASURE_NAMES] for b in held], dtype=np.int64),
        SketchColumn.of([b.latency.to_bytes() for b in held]),
        SketchColumn.of([b.ttft.to_bytes() for b in held]),
    )
    return traffic, cells


def scores_of(scored: Sequence[Scored]) -> tuple[Scores, CellTable]:
    """The scores, each in a bucket of its own."""
    cells = CellTable()
    rows = [cells.add(one.cell.id, one.cell) for one in scored]
    hours = np.array([[one.hour, one.known] for one in scored], dtype=np.int64).reshape(-1, 2)
    values = np.array([one.score for one in scored])
    return Scores(
        np.array(rows, dtype=np.int64),
        START_S + HOUR_S * hours[:, 0],
        START_S + HOUR_S * hours[:, 1],
        np.array([one.judge for one in scored], dtype=np.int64),
        np.ones(len(scored), dtype=np.int64),
        np.round(values * 1e9).astype(np.int64),
        np.round(values**2 * 1e9).astype(np.int64),
    ), cells


def measured(metric: Metric, requests: Sequence[Asked], threshold: float | None = None) -> Panel:
    traffic, cells = traffic_of(requests)
    return panel_of(metric, traffic, Scores(), cells=cells, evaluators=JUDGES, threshold=threshold)


def named(panel: Panel, *dimensions: str) -> list[tuple[str, ...]]:
    """The labels of each row along some dimensions."""
    columns = [(panel.units.place(name), panel.units.labels) for name in dimensions]
    codes: list[list[int]] = panel.units.codes[panel.unit].tolist()
    return [tuple(labels[place][row[place]] for place, labels in columns) for row in codes]


def slow(value: float | None, threshold: float) -> float | None:
    return None if value is None else float(value > threshold)


MEASURED: dict[Metric, Callable[[Asked], float | None]] = {
    Metric.VOLUME: lambda _: 1.0,
    Metric.COST: lambda one: one.cost_usd,
    Metric.COST_PER_REQUEST: lambda one: one.cost_usd,
    Metric.LATENCY_MEAN: lambda one: one.latency_ms,
    Metric.ERROR_RATE: lambda one: float(one.status != "ok"),
    Metric.LATENCY_P50: lambda one: slow(one.latency_ms, 400.0),
    Metric.LATENCY_P95: lambda one: slow(one.latency_ms, 400.0),
    Metric.TTFT_P95: lambda one: slow(one.ttft_ms, 400.0),
}


@pytest.mark.parametrize("metric", MEASURED)
def test_every_row_counts_the_requests_of_its_unit_and_hour(metric: Metric) -> None:
    requests = asked()
    # None so near the threshold that the sketch cannot tell on which side it lies.
    edges = {one for one in requests for ms in (one.latency_ms, one.ttft_ms or 0) if 390 < ms < 410}
    requests = [one for one in requests if one not in edges]
    expected = defaultdict[tuple[str, int], list[float]](lambda: [0.0] * 4)
    for one in requests:
        sums, value = expected[one.cell.deployment + one.cell.tenant, one.hour], None
        sums[3] += 1
        value = MEASURED[metric](one)
        if value is not None:
            for place, amount in enumerate((1.0, value, value**2)):
                sums[place] += amount
    panel = measured(metric, requests, 400.0)
    assert len(panel.unit) == len(expected)
    for row, (deployment, tenant) in enumerate(named(panel, "deployment", "tenant")):
        hour = (int(panel.hour[row]) - START_S) // HOUR_S
        count, total, squares, whole = expected[deployment + tenant, hour]
        assert panel.count[row] == count
        assert panel.total[row] == pytest.approx(total, rel=1e-5)
        assert panel.squares[row] == pytest.approx(squares, rel=1e-4)
        assert panel.requests[row] == whole
        assert panel.prompt_tokens[row] == 100 * whole
        assert panel.completion_tokens[row] == 20 * whole


def test_only_sums_over_a_period_are_totals() -> None:
    assert {metric for metric in Metric if is_total(metric)} == {Metric.VOLUME, Metric.COST}


def test_what_lies_in_the_bin_of_the_threshold_is_not_above_it() -> None:
    threshold = value_of(1000)
    one = asked(size=1)[0]
    requests = [replace(one, latency_ms=threshold * by) for by in (0.9, 1.0, 1.02, 1.5)]
    panel = measured(Metric.LATENCY_P95, requests, threshold)
    assert (panel.total.tolist(), panel.threshold) == ([2.0], threshold)


def test_labels_read_as_they_are_asked_for() -> None:
    one = asked(size=1)[0]
    panel = measured(Metric.VOLUME, [replace(one, cell=TRIED), replace(one, cell=SMALL)])
    assert panel.units.dimensions == DIMENSIONS
    told = {row[0]: row[1:] for row in named(panel, "tenant", *DIMENSIONS[3:])}
    none = "none"
    judge = (none, none)
    assert told["globex"] == (
        *("512-2048", "big@aws", "big", "aws", *judge, "main@v1", "exp", "exp/B", "r1"),
        *("rule", none),
    )
    assert told["acme"] == (
        *(none, "small@k8s", "small", "k8s", *judge, "main@v1", none, none, "r1"),
        *("fallback", "big@aws"),
    )


SCORED = [
    Scored(BIG, 0, 1, 0, 0.9),
    Scored(BIG, 0, 7, 0, 0.5),
    Scored(BIG, 0, 1, 1, 0.4),
    Scored(BIG, 1, 1, 0, 0.8),
    Scored(SMALL, 0, 1, 2, 1.0),
]


def judged(weights: Sequence[float] | None = None) -> Panel:
    scores, cells = scores_of(SCORED)
    return panel_of(
        Metric.QUALITY,
        Traffic(),
        scores,
        cells=cells,
        evaluators=JUDGES,
        score_weights=None if weights is None else np.array(weights),
    )


def test_scores_are_told_apart_by_who_judged_and_added_up_whenever_they_came() -> None:
    panel = judged()
    names = named(panel, "deployment", "evaluator", "evaluator_version")
    hours = ((panel.hour - START_S) // HOUR_S).tolist()
    sums = zip(panel.count.tolist(), panel.total.tolist(), panel.squares.tolist(), strict=True)
    assert {(*name, hour): row for name, hour, row in zip(names, hours, sums, strict=True)} == {
        ("big@aws", "rubric", "v1", 0): pytest.approx((2.0, 1.4, 1.06)),
        ("big@aws", "rubric", "v1", 1): pytest.approx((1.0, 0.8, 0.64)),
        ("big@aws", "rubric", "v2", 0): pytest.approx((1.0, 0.4, 0.16)),
        ("small@k8s", "thumbs", "none", 0): pytest.approx((1.0, 1.0, 1.0)),
    }


def test_a_score_stands_for_those_still_to_come_by_its_weight() -> None:
    panel = judged((1.0, 3.0, 1.0, 1.0, 1.0))
    row = int(np.flatnonzero(panel.count == 4)[0])
    assert panel.total[row] == pytest.approx(0.9 + 3 * 0.5)
    assert panel.squares[row] == pytest.approx(0.81 + 3 * 0.25)
    assert judged((2.0,) * 5).mean() == pytest.approx(judged().mean())


def test_order_of_the_buckets_changes_nothing() -> None:
    traffic, cells = traffic_of(asked())
    order = np.random.default_rng(2).permutation(len(traffic.cell))
    shuffled = Traffic(
        traffic.cell[order],
        traffic.hour[order],
        traffic.recorded_hour[order],
        traffic.measures[order],
    )
    one, other = (
        panel_of(Metric.ERROR_RATE, told, Scores(), cells=cells, evaluators=JUDGES)
        for told in (traffic, shuffled)
    )
    assert one.hour.tolist() == other.hour.tolist()
    assert one.total.tolist() == other.total.tolist()
    assert named(one, *DIMENSIONS) == named(other, *DIMENSIONS)


def test_rows_are_kept_under_the_numbers_of_their_units() -> None:
    panel = measured(Metric.COST, asked())
    keep = panel.hour == START_S + HOUR_S
    kept = panel.take(keep)
    assert len(kept.unit) == int(keep.sum())
    assert kept.units is panel.units
    assert kept.unit.tolist() == panel.unit[keep].tolist()
    arrays = ("count", "total", "squares", "requests", "prompt_tokens", "completion_tokens")
    for name in arrays:
        assert getattr(kept, name).tolist() == getattr(panel, name)[keep].tolist()
    rest = panel.take(~keep)
    counts = float(kept.count.sum()), float(rest.count.sum())
    whole = (kept.mean() * counts[0] + rest.mean() * counts[1]) / sum(counts)
    assert panel.mean() == pytest.approx(whole)


def test_units_are_found_by_their_labels() -> None:
    units = measured(Metric.VOLUME, asked()).units
    inside = units.matching("deployment", frozenset({"small@k8s", "unheard"}))
    assert inside.sum() == 1
    assert units.codes[inside, units.place("deployment")] == units.code("deployment", "small@k8s")
    assert units.code("deployment", "unheard") == -1
    assert not units.matching("deployment", frozenset()).any()


@pytest.mark.parametrize("metric", Metric)
def test_nothing_measured_is_an_empty_panel(metric: Metric) -> None:
    panel = panel_of(metric, Traffic(), Scores(), cells=CellTable(), evaluators=Evaluators((), ()))
    assert (len(panel.unit), panel.units.codes.shape) == (0, (0, len(DIMENSIONS)))
    assert np.isnan(panel.mean())
    assert panel.units.matching("tenant", frozenset({"acme"})).tolist() == []
