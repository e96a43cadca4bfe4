"""What evaluators say of the answers, and when: of a subset, minutes to days late."""

from dataclasses import dataclass, replace

import numpy as np

from ingest.simulator.arrays import DAY_MS, HOUR_MS, MINUTE_MS, Bools, Draw, Floats, Ints, generator
from ingest.simulator.catalogue import FIRST_JUDGE_VERSION, JUDGE
from ingest.simulator.effects import (
    Effects,
    JudgeChange,
    QualityShift,
    ScoreDelay,
    ScoreLoss,
    Trial,
)
from ingest.simulator.fleet import MODEL_OF, mean_quality
from ingest.simulator.outcomes import Outcomes
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.routing import Routed
from ingest.simulator.traffic import Arrivals

RUBRIC, THUMBS, REPORTS = "rubric", "thumbs", "support"
KINDS = {JUDGE: "eval", RUBRIC: "eval", THUMBS: "thumbs", REPORTS: "error_report"}
LONGEST_DELAY_MS = 84 * HOUR_MS
"""No score becomes known later than this after its request arrived."""

_JUDGED = np.array([0.45, 0.32, 0.22])
_RUBRIC_SHARE, _RUBRIC_VERSION = 0.1, "2"
_SPREAD = 0.09


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one evaluator, as columns. `row` is the request's place in its hour."""

    evaluator: str
    version: tuple[str, ...]
    row: Ints
    at_ms: Ints
    recorded_ms: Ints
    score: Floats
    revision: int


def scores(
    plan: SimulationPlan, effects: Effects, batch: Arrivals, done: Outcomes, routed: Routed
) -> list[Scores]:
    """All scores that the requests of an hour will ever get."""
    draw = generator(plan.seed, Draw.QUALITY, batch.hour)
    uniforms = batch.uniforms(draw, 10)
    normals = batch.normals(draw, 6)
    truth = true_quality(plan, effects, batch, done, noise=normals[0])
    answered = done.status == 0
    ended_ms = batch.at_ms + done.latency_ms.astype(np.int64)
    judged = _judge(effects, batch, truth, answered, ended_ms, uniforms, normals)
    told = [
        *judged,
        _rubric(truth, answered, ended_ms, uniforms, normals),
        _thumbs(batch, truth, answered, ended_ms, uniforms, normals),
        _reports(done, ended_ms, uniforms),
    ]
    for delay in effects.of(ScoreDelay):
        late = _late(effects, batch, routed, delay)
        told = [
            replace(one, recorded_ms=one.recorded_ms + np.where(late[one.row], delay.delay_ms, 0))
            for one in told
        ]
    return told


def _late(effects: Effects, batch: Arrivals, routed: Routed, delay: ScoreDelay) -> Bools:
    """Whose scores a delay holds back."""
    names = [trial.experiment for trial in effects.of(Trial)]
    during = (batch.at_ms >= delay.span.start_ms) & (batch.at_ms < delay.span.end_ms)
    if delay.experiment not in names:
        return np.zeros(batch.size, dtype=bool)
    return during & (routed.trial == names.index(delay.experiment)) & (routed.arm == delay.arm)


def true_quality(
    plan: SimulationPlan, effects: Effects, batch: Arrivals, done: Outcomes, *, noise: Floats
) -> Floats:
    """Quality of each answer on the judge's scale, before any judge's own error; not clipped."""
    quality = mean_quality(plan)[MODEL_OF[done.deployment], batch.task] + batch.difficulty
    quality = quality + 0.012 * ((batch.tenant % 3) - 1) + _SPREAD * noise
    for shift in effects.of(QualityShift):
        if not shift.span.overlaps(batch.hour * HOUR_MS, (batch.hour + 1) * HOUR_MS):
            continue
        hit = (batch.at_ms >= shift.span.start_ms) & (batch.at_ms < shift.span.end_ms)
        for places, column in (
            (shift.deployments, done.deployment),
            (shift.tasks, batch.task),
            (shift.tiers, batch.tier),
        ):
            if places:
                hit &= np.isin(column, places)
        grown = np.ones(batch.size)
        if shift.ramp_ms:
            grown = np.clip((batch.at_ms - shift.span.start_ms) / shift.ramp_ms, 0, 1)
        quality = quality + np.where(hit, shift.delta * grown, 0.0)
    return quality


def _delivered(at_ms: Ints, u: Floats) -> Ints:
    """When scores become known: seconds after they were made, a few hours late."""
    return at_ms + 1_000 + (u * 9_000).astype(np.int64) + np.where(u > 0.99, 3 * HOUR_MS, 0)


def _judge(
    effects: Effects,
    batch: Arrivals,
    truth: Floats,
    answered: Bools,
    ended_ms: Ints,
    uniforms: Floats,
    normals: Floats,
) -> list[Scores]:
    """The judge's scores, and its corrections of a few of them."""
    delay = np.clip(np.exp(1.0 * normals[1]) * 45 * MINUTE_MS, 2 * MINUTE_MS, 36 * HOUR_MS)
    at_ms = ended_ms + delay.astype(np.int64)
    changes = sorted(
        (change for change in effects.of(JudgeChange) if change.evaluator == JUDGE),
        key=lambda change: change.at_ms,
    )
    starts = np.array([change.at_ms for change in changes], dtype=np.int64)
    place = np.asarray(np.searchsorted(starts, at_ms, side="right"), dtype=np.int64)
    names = (FIRST_JUDGE_VERSION, *(change.version for change in changes))
    bias = np.array([0.0, *(change.delta for change in changes)])[place]
    score = np.clip(truth + bias + 0.05 * normals[2], 0, 1)
    arrives = answered & (uniforms[0] < _JUDGED[batch.tier])
    for loss in effects.of(ScoreLoss):
        if loss.evaluator == JUDGE:
            struck = (at_ms >= loss.span.start_ms) & (at_ms < loss.span.end_ms)
            arrives &= ~(struck & (score < loss.under) & (uniforms[1] >= loss.kept))
    row = np.flatnonzero(arrives)
    version: tuple[str, ...] = tuple(names[int(p)] for p in place[row])
    recorded_ms = _delivered(at_ms, uniforms[2])
    first = Scores(JUDGE, version, row, at_ms[row], recorded_ms[row], score[row], 0)
    again = np.flatnonzero(uniforms[2][row] < 0.006)
    fixed = row[again]
    later = at_ms[fixed] + HOUR_MS + (uniforms[3][fixed] * 18 * HOUR_MS).astype(np.int64)
    better = np.clip(score[fixed] + 0.1 * normals[3][fixed], 0, 1)
    corrections = Scores(
        JUDGE, tuple(version[p] for p in again.tolist()), fixed, later, later + 2_000, better, 1
    )
    return [first, corrections]


def _rubric(
    truth: Floats, answered: Bools, ended_ms: Ints, uniforms: Floats, normals: Floats
) -> Scores:
    """A second opinion from a nightly batch that starts at 02:00 UTC and takes three hours."""
    row = np.flatnonzero(answered & (uniforms[4] < _RUBRIC_SHARE))
    night = ((ended_ms[row] - 2 * HOUR_MS) // DAY_MS + 1) * DAY_MS + 2 * HOUR_MS
    at_ms = night + (uniforms[5][row] * 3 * HOUR_MS).astype(np.int64)
    score = np.clip(truth[row] - 0.03 + 0.07 * normals[4][row], 0, 1)
    version = (_RUBRIC_VERSION,) * row.size
    return Scores(RUBRIC, version, row, at_ms, _delivered(at_ms, uniforms[2][row]), score, 0)


def _thumbs(
    batch: Arrivals,
    truth: Floats,
    answered: Bools,
    ended_ms: Ints,
    uniforms: Floats,
    normals: Floats,
) -> Scores:
    """Users' thumbs: rare, sooner given for bad answers, and at times before the answer's end."""
    eager = np.where(truth < 0.6, 0.08, 0.04)
    row = np.flatnonzero(answered & (uniforms[6] < eager))
    delay = np.clip(np.exp(1.7 * normals[5][row]) * 6 * MINUTE_MS, 5_000, 48 * HOUR_MS)
    at_ms = ended_ms[row] + delay.astype(np.int64)
    early = uniforms[7][row] < 0.08
    during = batch.at_ms[row] + (0.6 * (ended_ms - batch.at_ms)[row]).astype(np.int64)
    at_ms = np.where(early, during, at_ms)
    recorded_ms = np.where(early, at_ms + 20, at_ms + 1_500)
    up = uniforms[8][row] < 1 / (1 + np.exp(-9 * (truth[row] - 0.62)))
    return Scores(THUMBS, ("",) * row.size, row, at_ms, recorded_ms, up.astype(np.float64), 0)


def _reports(done: Outcomes, ended_ms: Ints, uniforms: Floats) -> Scores:
    """Reports of failed requests that reach the support desk within a day."""
    row = np.flatnonzero((done.status > 0) & (uniforms[9] < 0.15))
    at_ms = ended_ms[row] + MINUTE_MS + (uniforms[5][row] * 20 * HOUR_MS).astype(np.int64)
    return Scores(REPORTS, ("",) * row.size, row, at_ms, at_ms + 2_000, np.zeros(row.size), 0)
