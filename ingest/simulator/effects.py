"""What can be different in the fleet from some moment on, as plain values that the draws obey.

An effect says what is so, never why; the events that tell of it, if any, are notices. Deployments,
tiers and task types are places in the lists of `fleet`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ingest.simulator.arrays import FOREVER_MS, Floats, Ints


@dataclass(frozen=True, slots=True)
class Span:
    """From a millisecond to before another."""

    start_ms: int
    end_ms: int = FOREVER_MS

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Whether any of it lies in [start_ms, end_ms)."""
        return self.start_ms < end_ms and start_ms < self.end_ms

    def covers(self, ms: int) -> bool:
        """Whether a moment lies in it."""
        return self.start_ms <= ms < self.end_ms


@dataclass(frozen=True, slots=True)
class QualityShift:
    """True quality moves by `delta`, at once or in a line over `ramp_ms`; empty places mean all."""

    span: Span
    delta: float
    deployments: tuple[int, ...] = ()
    tasks: tuple[int, ...] = ()
    tiers: tuple[int, ...] = ()
    ramp_ms: int = 0


@dataclass(frozen=True, slots=True)
class LatencyFactor:
    """Deployments answer `factor` times as slowly."""

    span: Span
    deployments: tuple[int, ...]
    factor: float


@dataclass(frozen=True, slots=True)
class Failures:
    """This share of the attempts at these deployments fails with an error, on top of the usual."""

    span: Span
    deployments: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Deployments fail every attempt; the router sees it after `noticed_after_ms` and avoids them.

    `reason` is the code of their rejection. `reclaimed` marks spot capacity taken back.
    """

    span: Span
    deployments: tuple[int, ...]
    noticed_after_ms: int
    reason: str = "breaker_open"
    reclaimed: bool = False


@dataclass(frozen=True, slots=True)
class SpotShortage:
    """Spot availability of these deployments falls to about this share."""

    span: Span
    deployments: tuple[int, ...]
    availability: float


@dataclass(frozen=True, slots=True)
class QuotaCut:
    """A deployment refuses what goes beyond this many requests a second."""

    span: Span
    deployment: int
    requests_per_s: float


@dataclass(frozen=True, slots=True)
class PriceChange:
    """From a moment on a model costs this much per 1,000 tokens."""

    at_ms: int
    model: int
    input_usd_per_1k: float
    output_usd_per_1k: float


@dataclass(frozen=True, slots=True)
class PolicySwitch:
    """A new policy version: the routes before it, with some cells' weights replaced."""

    at_ms: int
    version: str
    cells: tuple[tuple[int, int, tuple[tuple[int, float], ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class RouterRelease:
    """A new router version, which decides as the one before."""

    at_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment on one task type: from each step on, this share of users is in the second arm.

    The second arm goes to `deployment`, or is routed as usual where that is None.
    """

    experiment: str
    task: int
    steps: tuple[tuple[int, float], ...]
    end_ms: int = FOREVER_MS
    deployment: int | None = None


@dataclass(frozen=True, slots=True)
class JudgeChange:
    """A new version of an evaluator, which scores `delta` higher than true quality warrants."""

    at_ms: int
    evaluator: str
    version: str
    delta: float


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A further tenant: `share` of the usual traffic on top, mostly one task type, and harder."""

    span: Span
    tenant: str
    share: float
    task: int
    delta: float


@dataclass(frozen=True, slots=True)
class LongerPrompts:
    """Prompts of a task type, of some tenants (empty: all), grow by a factor."""

    span: Span
    task: int
    factor: float
    tenants: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Surge:
    """More of the usual traffic of some tenants and task types (empty: of all).

    `growth` holds moments in ms and how much comes on top then, as a multiple of what is usual;
    straight lines join them. Everybody's users ask more, or one `user` alone.
    """

    span: Span
    growth: tuple[tuple[int, float], ...]
    tenants: tuple[int, ...] = ()
    tasks: tuple[int, ...] = ()
    user: int | None = None

    def on_top(self, at_ms: Ints) -> Floats:
        """What comes on top at these moments; 0 outside the span."""
        times, heights = zip(*self.growth, strict=True)
        inside = (at_ms >= self.span.start_ms) & (at_ms < self.span.end_ms)
        return np.where(inside, np.interp(at_ms, times, heights), 0.0)


@dataclass(frozen=True, slots=True)
class PromptCache:
    """These deployments read part of their prompts from a cache, cheaper and quicker."""

    span: Span
    deployments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CacheLoss:
    """The prompt caches of these deployments hold nothing."""

    span: Span
    deployments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScoreDelay:
    """Scores of requests in one arm of an experiment become known this much later."""

    span: Span
    experiment: str
    arm: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class ProbeSilence:
    """No health samples come from these deployments."""

    span: Span
    deployments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScoreLoss:
    """Scores of an evaluator below `under` arrive only with probability `kept`."""

    span: Span
    evaluator: str
    under: float
    kept: float


Effect = (
    QualityShift | LatencyFactor | Failures | Outage | SpotShortage | QuotaCut | PriceChange
    | PolicySwitch | RouterRelease | Trial | JudgeChange | Newcomer | LongerPrompts
    | Surge | PromptCache | CacheLoss | ScoreDelay | ProbeSilence | ScoreLoss
)  # fmt: skip

_E = TypeVar("_E", bound=Effect)


@dataclass(frozen=True, slots=True)
class Effects:
    """All effects of a history."""

    all: tuple[Effect, ...]

    def of(self, kind: type[_E]) -> Iterator[_E]:
        """Those of one kind, in the order of planting."""
        return (effect for effect in self.all if isinstance(effect, kind))

    @classmethod
    def gather(cls, groups: Iterable[Iterable[Effect]]) -> "Effects":
        """Several groups as one."""
        return cls(tuple(effect for group in groups for effect in group))
