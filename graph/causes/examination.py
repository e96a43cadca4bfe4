"""The whole reasoning over one question, from buckets and events to what can be said. Pure.

Did it change, where, when, what happened, and did that do it: each step in its own module, here in
their order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from graph import estimates
from graph.causes.baseline import Baseline
from graph.causes.candidates import CandidateCause
from graph.causes.change import Change, change_of
from graph.causes.coverage import (
    Hidden,
    ScoreCoverage,
    hidden,
    plain_coverage,
    score_coverage,
)
from graph.causes.inquiry import Findings, Scene, Suspect, inquire
from graph.causes.investigation import Coverage, PartOfChange, SliceContribution
from graph.causes.ledgers import Ledger, Part
from graph.causes.onset import Hourly, Onset, onset_of
from graph.causes.panel import (
    PERCENTILES,
    Array,
    Evaluators,
    Panel,
    is_total,
    panel_of,
)
from graph.causes.split import mix_of, parts_of
from graph.causes.where import slices_of
from graph.estimates import Estimates
from graph.frame import CellTable, Ints, Mask, Scores, Traffic
from graph.slices import Metric, Period, Slice

HOUR_S = 3600
_ROUTED = frozenset({"deployment", "model", "backend", "policy", "experiment", "arm"})
"""What routing decides; the rest of a slice is demand."""
_DIMENSION = {"policy": "policy_version"}
_LOCAL_SCORE = 9.0
"""Score that a cause needs where the metric as a whole moved no more than it always does."""
_UNRECORDED_SCORE = 20.0
"""The same for an effect that no event explains: slices are many."""
_LOCAL_SHARE = 0.2
"""How much of the half-width of the delta's interval such a cause must amount to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known about a question: buckets from the baseline's start to the period's end
    (as known at `known_at`), the events of that time, and what was asked.
    """

    metric: Metric
    where: Slice
    during: Period
    baseline: Baseline
    known_at: datetime
    traffic: Traffic
    scores: Scores
    cells: CellTable
    evaluators: Evaluators
    candidates: Sequence[CandidateCause]


@dataclass(frozen=True, slots=True)
class Examined:
    """What can be said. `scale` turns the panel's unit into the metric's."""

    change: Change
    coverage: Coverage
    hidden: Hidden | None = None
    findings: Findings | None = None
    slices: tuple[SliceContribution, ...] = ()
    onset: Onset | None = None
    parts: tuple[PartOfChange, ...] = ()
    mix: tuple[PartOfChange, ...] = ()
    local: bool = False
    scene: Scene | None = None
    scale: float = 1.0


def examine(facts: Facts) -> Examined:
    """Everything, in order; it stops where there is nothing more to say."""
    covered = _covered(facts, facts.scores, facts.traffic)
    panel, raw, percentiles = _panel(facts, covered)
    before, during = (_rows(panel, p) for p in (facts.baseline.period, facts.during))
    inside, belongs = _inside(panel, facts)
    counted = inside if belongs is None else inside & belongs[panel.unit]
    asked = panel.take(counted)
    change = change_of(
        asked,
        before=before[counted],
        after=during[counted],
        compared_to=facts.baseline.period,
        during=facts.during,
        percentiles=percentiles,
        raw_count=None if raw is None else raw[counted],
    )
    covered = _covered_slice(facts, covered)
    coverage = _coverage(facts, covered)
    if not change.enough or change.delta is None:
        return Examined(change, coverage)
    scene = _scene(facts, panel, before, during, inside, belongs)
    if scene is None:
        return Examined(change, coverage)
    scale = change.delta / scene.delta if scene.delta else 1.0
    scene = replace(scene, panel=replace(panel, scale=scale))
    findings = inquire(scene, facts.candidates)
    told = Examined(change, coverage, findings=findings, scene=scene, scale=scale)
    if not change.changed:
        local = _local(findings, change)
        if not local and not _unrecorded(findings, change):
            return Examined(change, coverage, scene=scene)
        findings = _only(findings, local)
        told = replace(told, findings=findings, local=True)
    told = replace(told, hidden=_hidden(scene, covered, change))
    slices = tuple(slices_of(scene, findings))
    onset = _onset(scene, findings, slices)
    return replace(told, slices=slices, onset=onset, parts=parts_of(scene), mix=mix_of(scene))


def _rows(panel: Panel, period: Period) -> Mask:
    """Rows of the hours that begin in a period; its ragged ends are rows of their hour's start."""
    start = int(period.start.timestamp()) // HOUR_S * HOUR_S
    return (panel.hour >= start) & (panel.hour < period.end.timestamp())


def _covered(facts: Facts, scores: Scores, traffic: Traffic) -> ScoreCoverage | None:
    if facts.metric is not Metric.QUALITY:
        return None
    # Others may add cells meanwhile; those of the rows are all there.
    keys = list(facts.cells.keys)
    groups = sorted({key.tier for key in keys})
    places = {name: place for place, name in enumerate(groups)}
    return score_coverage(
        scores,
        traffic,
        evaluators=facts.evaluators.names,
        group_of=np.array([places[key.tier] for key in keys], dtype=np.int64),
        groups=groups,
        during=facts.during,
        compared_to=facts.baseline.period,
        known_at=facts.known_at,
    )


def _covered_slice(facts: Facts, covered: ScoreCoverage | None) -> ScoreCoverage | None:
    """The coverage of the slice that was asked about."""
    if covered is None or not facts.where.given():
        return covered
    inside = facts.cells.matches(facts.where)
    return _covered(
        facts,
        facts.scores.take(inside[facts.scores.cell]),
        facts.traffic.take(inside[facts.traffic.cell]),
    )


def _panel(
    facts: Facts, covered: ScoreCoverage | None
) -> tuple[Panel, Array | None, tuple[Estimates, Estimates] | None]:
    """The panel; for scores also their unweighted counts, for percentiles their estimates."""
    threshold = None
    percentiles = None
    if facts.metric in PERCENTILES:
        percentiles = (
            _percentile(facts, facts.baseline.period),
            _percentile(facts, facts.during),
        )
        values = [float(told.value[0]) for told in percentiles if told.count[0]]
        threshold = float(np.mean(values)) if values else 0.0
    panel = panel_of(
        facts.metric,
        facts.traffic,
        facts.scores,
        cells=facts.cells,
        evaluators=facts.evaluators,
        score_weights=None if covered is None else covered.weights,
        threshold=threshold,
    )
    if covered is None:
        return panel, None, percentiles
    raw = panel_of(
        facts.metric,
        facts.traffic,
        facts.scores,
        cells=facts.cells,
        evaluators=facts.evaluators,
    )
    return panel, raw.count, percentiles


def _percentile(facts: Facts, period: Period) -> Estimates:
    """The percentile of the slice in a period."""
    sketch = facts.traffic.ttft if facts.metric is Metric.TTFT_P95 else facts.traffic.latency
    start = int(period.start.timestamp()) // HOUR_S * HOUR_S
    hour = facts.traffic.hour
    inside = facts.cells.matches(facts.where)[facts.traffic.cell]
    kept = inside & (hour >= start) & (hour < period.end.timestamp())
    groups = np.zeros(int(kept.sum()), dtype=np.int64)
    return estimates.percentile(sketch.take(kept).grouped(groups, 1), PERCENTILES[facts.metric])


def _inside(panel: Panel, facts: Facts) -> tuple[Mask, Mask | None]:
    """The rows that the question is about, and for totals the units that it counts.

    A total of a deployment is a share of what was asked: traffic that went elsewhere stays in.
    """
    units = np.ones(len(panel.units.codes), dtype=np.bool_)
    belongs = units.copy()
    for name, wanted in facts.where.given().items():
        if name == "user":
            continue
        matching = _matching(panel, name, wanted)
        if is_total(panel.metric) and name in _ROUTED:
            belongs &= matching
        else:
            units &= matching
    return units[panel.unit], None if belongs.all() else belongs


def _matching(panel: Panel, name: str, wanted: frozenset[str]) -> Mask:
    dimension = _DIMENSION.get(name, name)
    labels = panel.units.labels[panel.units.place(dimension)]
    if name == "policy":
        wanted = frozenset(
            label for label in labels if label in wanted or label.rpartition("@")[0] in wanted
        )
    if name == "arm":
        wanted = frozenset(
            label for label in labels if label in wanted or label.rpartition("/")[2] in wanted
        )
    return panel.units.matching(dimension, wanted)


def _scene(
    facts: Facts, panel: Panel, before: Mask, during: Mask, inside: Mask, belongs: Mask | None
) -> Scene | None:
    """The scene with its delta in the panel's unit; None where a side is empty."""
    counted = 1.0 if belongs is None else belongs[panel.unit].astype(np.float64)
    totals = panel.total * counted
    old, new = inside & before, inside & during
    hours = _hours(facts.during), _hours(facts.baseline.period)
    lengths = hours[0] / hours[1]
    if is_total(panel.metric):
        delta = float(totals[new].sum()) - lengths * float(totals[old].sum())
    else:
        counts = float(panel.count[new].sum()), float(panel.count[old].sum())
        if min(counts) <= 0:
            return None
        delta = float(totals[new].sum()) / counts[0] - float(totals[old].sum()) / counts[1]
    if not delta:
        return None
    return Scene(panel, before, during, inside, belongs, delta, lengths)


def _hours(period: Period) -> float:
    return (period.end - period.start) / timedelta(hours=1)


def _coverage(facts: Facts, covered: ScoreCoverage | None) -> Coverage:
    """Coverage of the slice's requests; scores as far as there are any."""
    if covered is not None:
        return covered.coverage
    inside = facts.cells.matches(facts.where)[facts.traffic.cell]
    start = int(facts.during.start.timestamp()) // HOUR_S * HOUR_S
    hour = facts.traffic.hour
    rows = inside & (hour >= start) & (hour < facts.during.end.timestamp())
    return plain_coverage(int(facts.traffic.measure("count")[rows].sum()))


def _hidden(scene: Scene, covered: ScoreCoverage | None, change: Change) -> Hidden | None:
    """What missing scores can hide, from how the scores of the period scatter."""
    if covered is None or change.before is None or change.after is None:
        return None
    panel, rows = scene.panel, scene.inside & scene.during
    count = float(panel.count[rows].sum())
    spread = float(panel.squares[rows].sum()) / count - change.after**2
    return hidden(
        before=change.before,
        after=change.after,
        spread=math.sqrt(max(spread, 0.0)),
        arrived=float(sum(told.arrived for told in covered.evaluators)),
        missing=covered.missing,
    )


def _local(findings: Findings, change: Change) -> list[Suspect]:
    """Causes of a change that the whole hardly shows: large enough and beyond doubt."""
    if change.low is None or change.high is None or not change.delta:
        return []
    half = (change.high - change.low) / 2
    return [
        suspect
        for suspect in findings.suspects
        if suspect.score >= _LOCAL_SCORE
        and suspect.contribution > 0
        and suspect.contribution * abs(change.delta) >= _LOCAL_SHARE * half
    ]


def _unrecorded(findings: Findings, change: Change) -> bool:
    """Whether an effect without an event is as large and as sure as a cause would have to be."""
    if change.low is None or change.high is None or not change.delta:
        return False
    half = (change.high - change.low) / 2
    return any(
        one.score >= _UNRECORDED_SCORE
        and findings.shares[place] * abs(change.delta) >= _LOCAL_SHARE * half
        for place, one in enumerate(findings.unrecorded)
    )


def _only(findings: Findings, suspects: Sequence[Suspect]) -> Findings:
    return replace(
        findings,
        suspects=tuple(suspects),
        explained=sum(suspect.contribution for suspect in suspects),
    )


def _onset(scene: Scene, findings: Findings, slices: Sequence[SliceContribution]) -> Onset | None:
    """When it began: in the ledger and the units of the first cause, else where most of it lies."""
    panel, top = scene.panel, findings.suspects[0] if findings.suspects else None
    part = max(findings.parts, key=lambda name: findings.parts[name])
    inside = scene.inside.copy()
    if top is not None:
        largest = max(top.amounts, key=lambda amount: abs(amount.amount))
        part = largest.part
        inside &= largest.units[panel.unit]
    elif slices and part is not Part.DEMAND:
        for ref in slices[0].where:
            inside &= panel.units.matching(ref.kind, frozenset({ref.id}))[panel.unit]
    ledger = next(each for each in findings.ledgers if each.part is part)
    return onset_within(scene, ledger, inside)


def onset_within(scene: Scene, ledger: Ledger, inside: Mask) -> Onset | None:
    """The onset of a ledger's part in some rows, beside all other rows of the question."""
    panel = scene.panel
    if not inside.any():
        return None
    first, last = int(panel.hour.min()), int(panel.hour.max())
    hours = np.arange(first, last + 1, HOUR_S, dtype=np.int64)
    place = (panel.hour - first) // HOUR_S
    before = np.isin(hours, panel.hour[scene.before])
    during = np.isin(hours, panel.hour[scene.during])
    if not (before.any() and during.any()):
        return None
    told = _hourly(panel, ledger, place, inside, len(hours))
    outside = None
    if is_total(panel.metric) and ledger.part is Part.DEMAND:
        # A total is one observation an hour, whatever it is a total of.
        told = Hourly((told.count > 0).astype(np.float64), told.total, told.total**2)
    elif ledger.part is not Part.DEMAND:
        rest = _hourly(panel, ledger, place, scene.inside & ~inside, len(hours))
        outside = rest if rest.count.any() else None
    return onset_of(told, outside=outside, hours=hours, before=before, during=during)


def _hourly(panel: Panel, ledger: Ledger, place: Ints, rows: Mask, size: int) -> Hourly:
    def summed(values: Array) -> Array:
        return np.bincount(place[rows], weights=values[rows], minlength=size).astype(np.float64)

    squares = ledger.residual**2 / np.maximum(panel.count, 1e-9)
    spread = squares if ledger.part is Part.DEMAND else np.maximum(ledger.spread, squares)
    return Hourly(summed(panel.count), summed(ledger.residual), summed(spread))


def instant_of(hour_s: int) -> datetime:
    """An hour of the panel as an instant."""
    return datetime.fromtimestamp(hour_s, UTC)
