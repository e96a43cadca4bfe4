"""The reasons of a capacity risk in words: every figure with its source and its age. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from graph.evidence import DeploymentFacts
from graph.overload.limits import Known, Limit, not_in_force
from graph.overload.ramp import Paths
from graph.words import clock, counted, percent

_GROWING = 0.5
_QUEUE_SAMPLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one deployment, before it is said."""

    facts: DeploymentFacts
    known: Known
    paths: Paths
    limits: Sequence[Limit]
    limit: Limit | None
    expected: float
    high: float
    peak: float
    probability: float | None
    worst_at: datetime
    moved: float
    moved_from: Mapping[str, float]
    sources: Mapping[str, str]
    lost: str | None
    lost_from: datetime | None
    weakened: str | None
    spot: float
    goes: float
    carried: float | None


def told(finding: Finding, *, now: datetime) -> tuple[str, ...]:
    """What the answer rests on, the most telling first."""
    if finding.lost is not None and finding.lost_from is None:
        return (finding.lost, _left(finding))
    reasons = [] if finding.lost is None else [finding.lost]
    return (
        *reasons,
        *_loads(finding),
        *_moved(finding),
        *_limits(finding),
        *_conditions(finding),
        *_samples(finding, now=now),
    )


def _rps(rate: float) -> str:
    return f"{rate:.3g} requests/s"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M} UTC"


def _left(finding: Finding) -> str:
    rate = float(finding.paths.expected.max())
    if rate <= 0:
        return "no requests of its own would have to go elsewhere"
    source = finding.sources.get(finding.facts.deployment)
    words = f"up to {_rps(rate)} of its own go elsewhere"
    return f"{words}: {source}" if source else words


def _loads(finding: Finding) -> list[str]:
    paths = finding.paths
    if finding.high <= 0:
        return ["no requests are expected: none came in the time looked at"]
    found = [
        f"load {_rps(paths.level)} now; {_rps(finding.expected)} expected and at most"
        f" {_rps(finding.high)} (95 %) from {_time(finding.worst_at)}, its worst step"
    ]
    if paths.growing >= _GROWING and paths.growth_per_h > 0.05 * paths.level:
        since = finding.known.now + timedelta(seconds=paths.since_s)
        found.append(
            f"growing by {_rps(paths.growth_per_h)} an hour since about {_time(since)}"
            f" (probability {percent(paths.growing)})"
        )
    if finding.limit is not None and finding.expected <= finding.limit.rps < finding.peak:
        found.append(
            f"its busiest minute, about {_rps(finding.peak)}, would be over the limit though the"
            " step is not: requests would queue or be refused for that minute"
        )
    return found


def _moved(finding: Finding) -> list[str]:
    found: list[str] = []
    for source, rate in sorted(finding.moved_from.items(), key=lambda item: (-item[1], item[0])):
        how = finding.sources.get(source)
        found.append(f"+{_rps(rate)} from {source}" + (f": {how}" if how else ""))
    return found


def _limits(finding: Finding) -> list[str]:
    limit = finding.limit
    if limit is None:
        words = (
            "what it can carry is not known; max_rps or max_tokens_per_minute of the deployment,"
            " or samples with load or rate_limit_remaining and rate_limit_limit would tell"
        )
        if finding.carried:
            words += (
                f"; it carried {_rps(finding.carried)} over half an hour in the last day, which is"
                " a lower bound and no limit"
            )
        return [words]
    first = f"carries {_rps(limit.rps)}, {limit.words}"
    if finding.probability is not None:
        first += f"; probability of more {percent(finding.probability)}"
    others = [x for x in finding.limits if x is not limit]
    passed = "was passed in the last day while nothing was refused, so it is not counted"
    return [
        first,
        *(f"also limited to {_rps(x.rps)}, {x.words}" for x in others),
        *(f"{x.words}: {passed}" for x in not_in_force(finding.known)),
    ]


def _conditions(finding: Finding) -> list[str]:
    found: list[str] = []
    if finding.weakened is not None:
        found.append(finding.weakened)
    if finding.spot < 1:
        words = f"spot capacity: availability {percent(finding.spot)}, weighed in"
        if finding.goes > 0.005:
            words += f"; below its usual, so it may go with probability {percent(finding.goes)}"
        found.append(words)
    queue = [
        (o.at, o.queue_depth) for o in finding.known.observations if o.queue_depth is not None
    ][:_QUEUE_SAMPLES]
    depths = [depth for _, depth in queue]
    if len(depths) == _QUEUE_SAMPLES and bool(np.all(np.diff(depths) < 0)):
        found.append(
            f"its queue grew from {depths[-1]:.0f} to {depths[0]:.0f}"
            f" between {_time(queue[-1][0])} and {_time(queue[0][0])}"
        )
    return found


def _samples(finding: Finding, *, now: datetime) -> list[str]:
    observations, budgets = finding.known.observations, finding.known.budgets
    if not observations:
        return ["no health sample in the last day"]
    newest = observations[0]
    words = f"{counted(len(observations), 'sample')} of the last day, newest {clock(newest.at)}"
    if now >= newest.expires_at(budgets):
        return [f"{words}: too old to tell its state now"]
    if now >= newest.stale_at(budgets):
        return [f"{words}: stale, so its load is known from requests alone since then"]
    return [words]
