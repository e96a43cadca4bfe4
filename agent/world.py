"""What the tools read from, with the eyes of whoever asks, and what may not be asked of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from graph.columns import BucketColumns
from graph.errors import InvalidInput, NotFound
from graph.hot.routing.expectation import RoutingRequest
from graph.hot.routing.ranking import RoutingView
from graph.hot.snapshot import ViewSnapshot
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Period, Slice
from graph.store.door import GraphStore

POINTS_AT_MOST: Final = 100_000
"""Points in all series of one trend."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class World:
    """What answers are read from, whose eyes they are for, and the instant they are asked at.

    `now` is the clock. `route` ranks the deployments for a request without booking anything. No
    period may be longer than `days_at_most`.
    """

    store: GraphStore
    columns: BucketColumns
    view: ViewSnapshot
    route: Callable[[RoutingRequest], RoutingView]
    scope: TenantScope
    budgets: HealthSettings
    now: datetime
    days_at_most: float = 400.0

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise NotFound for a tenant that the caller may not see, InvalidInput for a period that
        is too long.
        """
        where = arguments.get("where")
        named = set(where.tenant or ()) if isinstance(where, Slice) else set[str]()
        if arguments.get("tenant") is not None:
            named.add(arguments["tenant"])
        for tenant in sorted(named):
            if tenant not in self.scope:
                raise NotFound(f"no tenant {tenant!r}; `names` lists those there are")
        for name, value in arguments.items():
            if isinstance(value, Period):
                self.check_length(value, field=name)

    def check_length(self, period: Period, *, field: str) -> None:
        """Raise InvalidInput for a period that is too long."""
        days = (period.end - period.start) / _DAY
        if days > self.days_at_most:
            raise InvalidInput(
                f"{days:.0f} days are too long (at most {self.days_at_most:g}); ask for a shorter "
                "period",
                field=field,
            )


def check_points(sizes: Sequence[int]) -> None:
    """Raise InvalidInput for series of so many points that nobody could read them."""
    if sum(sizes) > POINTS_AT_MOST:
        raise InvalidInput(
            f"{len(sizes)} series with {sum(sizes)} points are too many (at most {POINTS_AT_MOST} "
            "points); choose a shorter period, a coarser granularity or fewer dimensions",
            field="group_by",
        )
