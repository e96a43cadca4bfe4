"""Bucket arithmetic: what a request or a score adds to its hour, in integers, so that any order,
split or repetition of the work gives the same totals to the last bit.

Sums stop at the largest 64-bit integer instead of overflowing; that takes latencies of years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from graph.facts import RequestFact, ScoreFact, hour_of
from graph.model.traffic import MEASURES, CellKey, arrivals_name
from graph.sketch import Sketch

LARGEST_SUM = 2**63 - 1
MEASURE_NAMES: tuple[str, ...] = tuple(measure.name for measure in MEASURES)
_STATUS_COUNT = {
    "ok": "okCount",
    "error": "errorCount",
    "timeout": "timeoutCount",
    "rate_limited": "rateLimitedCount",
}


class BucketKey(NamedTuple):
    """One hour of one cell, by when its requests arrived and when they became known."""

    cell: CellKey
    hour: datetime
    recorded_hour: datetime


class ScoreBucketKey(NamedTuple):
    """Scores of one hour's requests of one cell that became known in one hour."""

    cell: str
    tenant: str
    hour: datetime
    recorded_hour: datetime
    evaluator: str
    evaluator_version: str


@dataclass(slots=True)
class Bucket:
    """The measures of a bucket; names and units are those of `graph.model.traffic.MEASURES`."""

    measures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURE_NAMES, 0))
    latency: Sketch = field(default_factory=Sketch)
    ttft: Sketch = field(default_factory=Sketch)

    def add(self, request: RequestFact) -> None:
        """Count one request."""
        amounts = measures_of(
            minute=(request.at - hour_of(request.at)).seconds // 60,
            status=request.status,
            latency_ms=request.latency_ms,
            ttft_ms=request.ttft_ms,
            cost_usd=request.cost_usd,
            prompt_tokens=request.prompt_tokens,
            completion_tokens=request.completion_tokens,
            retries=request.retries,
            cache_hit=request.cache_hit,
        )
        for name, amount in amounts.items():
            self.measures[name] = min(self.measures[name] + amount, LARGEST_SUM)
        self.latency.add(request.latency_ms)
        if request.ttft_ms is not None:
            self.ttft.add(request.ttft_ms)

    def merge(self, other: "Bucket") -> None:
        """Add another bucket's counts to this one."""
        for name, amount in other.measures.items():
            self.measures[name] = min(self.measures[name] + amount, LARGEST_SUM)
        self.latency.merge(other.latency)
        self.ttft.merge(other.ttft)

    def to_properties(self) -> dict[str, Any]:
        """The bucket as node properties."""
        return {
            **self.measures,
            "latencySketch": self.latency.to_bytes(),
            "ttftSketch": self.ttft.to_bytes(),
        }

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> "Bucket":
        """The inverse of `to_properties`; absent measures are 0."""
        return cls(
            measures={name: properties.get(name) or 0 for name in MEASURE_NAMES},
            latency=Sketch.from_bytes(properties.get("latencySketch")),
            ttft=Sketch.from_bytes(properties.get("ttftSketch")),
        )


def measures_of(
    *,
    minute: int,
    status: str,
    latency_ms: float,
    ttft_ms: float | None,
    cost_usd: float | None,
    prompt_tokens: int,
    completion_tokens: int,
    retries: int,
    cache_hit: bool,
) -> dict[str, int]:
    """What one request adds to each measure; measures it says nothing of are left out.

    `minute` is that of the hour in which it arrived.
    """
    amounts = {
        "count": 1,
        arrivals_name(minute): 1,
        _STATUS_COUNT[status]: 1,
        "latencySumUs": _whole(latency_ms * 1e3),
        "latencySquaresMs2": _whole(latency_ms * latency_ms),
        "promptTokens": prompt_tokens,
        "completionTokens": completion_tokens,
        "cacheHits": int(cache_hit),
        "retries": retries,
    }
    if ttft_ms is not None:
        amounts |= {"ttftCount": 1, "ttftSumUs": _whole(ttft_ms * 1e3)}
    if cost_usd is not None:
        amounts |= {
            "costCount": 1,
            "costSumNanoUsd": _whole(cost_usd * 1e9),
            "costSquaresMicroUsd2": _whole(cost_usd * 1e6 * (cost_usd * 1e6)),
        }
    return amounts


def _whole(value: float) -> int:
    return LARGEST_SUM if value >= LARGEST_SUM else round(value)


def bucket_key(request: RequestFact) -> BucketKey:
    """The bucket that a request is counted in."""
    return BucketKey(request.cell, hour_of(request.at), hour_of(request.recorded_at))


@dataclass(frozen=True, slots=True)
class ScoreAmounts:
    """What scores add to a score bucket: net count, sum in 1e-9, squares in 1e-9."""

    count: int
    sum_nano: int
    squares_nano: int

    def plus(self, other: "ScoreAmounts") -> "ScoreAmounts":
        """Both together."""
        return ScoreAmounts(
            self.count + other.count,
            self.sum_nano + other.sum_nano,
            self.squares_nano + other.squares_nano,
        )

    def minus(self, other: "ScoreAmounts") -> "ScoreAmounts":
        """This without the other."""
        return ScoreAmounts(
            self.count - other.count,
            self.sum_nano - other.sum_nano,
            self.squares_nano - other.squares_nano,
        )


NO_SCORES = ScoreAmounts(0, 0, 0)


def _amounts_of(score: float) -> ScoreAmounts:
    return ScoreAmounts(1, round(score * 1e9), round(score**2 * 1e9))


ScorePlace = tuple[datetime, str, str]
"""Recorded hour, evaluator, evaluator version."""


def score_amounts(scores: Sequence[ScoreFact]) -> dict[ScorePlace, ScoreAmounts]:
    """What all scores of one request add to score buckets, by place; order never matters.

    For each evaluator, a score counts from the hour it became known and is taken out again in the
    hour its successor did. Summed over the recorded hours up to any hour, that is the score in
    force as known then.
    """
    totals: dict[ScorePlace, ScoreAmounts] = {}

    def put(place: ScorePlace, amounts: ScoreAmounts) -> None:
        totals[place] = totals.get(place, NO_SCORES).plus(amounts)

    by_evaluator: dict[str, list[ScoreFact]] = {}
    for score in scores:
        by_evaluator.setdefault(score.evaluator, []).append(score)
    for evaluator, told in by_evaluator.items():
        previous: ScoreFact | None = None
        for score in sorted(told, key=lambda s: (s.recorded_at, s.at, s.key)):
            hour = hour_of(score.recorded_at)
            put((hour, evaluator, score.evaluator_version), _amounts_of(score.score))
            if previous is not None:
                put(
                    (hour, evaluator, previous.evaluator_version),
                    NO_SCORES.minus(_amounts_of(previous.score)),
                )
            previous = score
    return totals


def score_difference(
    before: Sequence[ScoreFact], after: Sequence[ScoreFact]
) -> dict[ScorePlace, ScoreAmounts]:
    """What must be added to score buckets when a request's scores grow from one set to another."""
    old, new = score_amounts(before), score_amounts(after)
    places = {*old, *new}
    changed = {p: new.get(p, NO_SCORES).minus(old.get(p, NO_SCORES)) for p in places}
    return {place: amounts for place, amounts in changed.items() if amounts != NO_SCORES}
