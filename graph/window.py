"""Evidence as an instant sees it: samples by what their age allows, requests merged by minute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from graph.evidence import MinuteOutcomes, Observation
from graph.settings import HealthSettings
from graph.sketch import Sketch


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of the traffic window, merged by minute and as a whole."""

    minutes: tuple[MinuteOutcomes, ...]
    total: MinuteOutcomes | None
    enough: bool

    @property
    def error_rate(self) -> float | None:
        """Share that failed, those of their callers' own fault apart; None when too few to tell."""
        return self.total.failed / self.total.told if self.total and self.enough else None

    def latency_ms(self, q: float) -> float | None:
        """Latency at quantile q; None when too few to tell."""
        return self.total.latency.quantile(q) if self.total and self.enough else None


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples known at an instant, newest first, by what their age allows."""

    fresh: tuple[Observation, ...]
    stale: tuple[Observation, ...]
    expired: tuple[Observation, ...]

    @property
    def live(self) -> tuple[Observation, ...]:
        """Those that still count, newest first."""
        return tuple(sorted(self.fresh + self.stale, key=newness, reverse=True))

    def metric(self, name: str, *, of: Sequence[Observation]) -> float | None:
        """The newest value of a metric that is not missing."""
        return next((value for o in of if (value := getattr(o, name)) is not None), None)


_FIGURES = attrgetter(
    "window_s",
    "sample_count",
    "available",
    "error_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "queue_depth",
    "in_flight",
    "load",
    "rate_limit_remaining",
    "rate_limit_limit",
    "spot_availability",
    "cost_per_1k_tokens_usd",
)


def newness(o: Observation) -> tuple[datetime, datetime, str, tuple[float, ...]]:
    """A total order: the last parts only make equal times independent of the input's order."""
    figures = tuple(-1.0 if figure is None else float(figure) for figure in _FIGURES(o))
    return (o.at, o.recorded_at, o.source, figures)


def samples_at(
    observations: Iterable[Observation], *, now: datetime, budgets: HealthSettings
) -> Samples:
    """The samples of no later than `now`, newest first, by their age then."""
    newest_first = sorted((o for o in observations if o.at <= now), key=newness, reverse=True)
    fresh: list[Observation] = []
    stale: list[Observation] = []
    expired: list[Observation] = []
    for o in newest_first:
        if now < o.stale_at(budgets):
            fresh.append(o)
        elif now < o.expires_at(budgets):
            stale.append(o)
        else:
            expired.append(o)
    return Samples(tuple(fresh), tuple(stale), tuple(expired))


def traffic_at(
    cells: Iterable[MinuteOutcomes], *, now: datetime, budgets: HealthSettings
) -> Traffic:
    """The requests of the traffic window that ends at `now`; several cells of a minute add up."""
    start = now - timedelta(minutes=budgets.traffic_window_minutes)
    by_minute: dict[datetime, list[MinuteOutcomes]] = {}
    for cell in cells:
        if start < cell.minute <= now and cell.count:
            by_minute.setdefault(cell.minute, []).append(cell)
    minutes = tuple(merged(by_minute[minute]) for minute in sorted(by_minute))
    total = merged(minutes, paces=False) if minutes else None
    return Traffic(minutes, total, total is not None and total.told >= budgets.traffic_minimum)


def merged(cells: Sequence[MinuteOutcomes], *, paces: bool = True) -> MinuteOutcomes:
    """Several cells as one; without their paces where nobody looks at them."""
    if len(cells) == 1:
        return cells[0]
    latency, pace = Sketch(), Sketch()
    for cell in cells:
        latency.merge(cell.latency)
        if paces:
            pace.merge(cell.pace)
    return MinuteOutcomes(
        minute=min(cell.minute for cell in cells),
        count=sum(cell.count for cell in cells),
        ok=sum(cell.ok for cell in cells),
        error=sum(cell.error for cell in cells),
        timeout=sum(cell.timeout for cell in cells),
        rate_limited=sum(cell.rate_limited for cell in cells),
        rejected=sum(cell.rejected for cell in cells),
        denied=sum(cell.denied for cell in cells),
        latency=latency,
        pace=pace,
        last_at=max(cell.last_at for cell in cells),
    )
