"""What tenants and users spent: the graph's sums, and the tail of charges not yet in them. Pure.

The writer acknowledges a log entry after the graph has it. So a sum that is read after the writer's
position holds every charge before that position, and the charges from there on are the tail. A
charge may for a moment be in both, never in none: what is shown as spent is then a little high,
and the graph's own sum again with the next reading.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from graph.hot import keys
from graph.hot.accounts import day_of, month_start

_HOURS_PER_DAY: Final = 24
TAIL_LIMIT: Final = 20_000
"""More charges than this are folded, the older half into sums: so long can the graph be away."""

Position = tuple[int, int]
"""A log entry's id as numbers."""
BEGINNING: Final[Position] = (0, 0)
END: Final[Position] = (2**63, 0)


def position_of(entry_id: str) -> Position:
    """A log entry's id as numbers that compare; ValueError where it is none."""
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)


class Part(NamedTuple):
    """What was charged to a user (or to none) of a tenant in an hour since 1970."""

    tenant: str
    user: str
    hour: int
    nano_usd: int


class Place(NamedTuple):
    """Whose sum, and of which hour (a tenant's, `user` is empty) or day (a user's) since 1970."""

    tenant: str
    user: str
    when: int

    @property
    def field(self) -> str:
        """Its field in `keys.SPENT`."""
        return f"{keys.user(self.tenant, self.user)}\x1f{self.when}"

    @classmethod
    def of(cls, field: str) -> "Place":
        """The inverse of `field`."""
        name, _, when = field.rpartition("\x1f")
        return cls(*keys.tenant_and_user(name), int(when))


def kept(parts: Sequence[Part]) -> str:
    """A charge, or several that were folded, as the tail keeps it."""
    return orjson.dumps([tuple(part) for part in parts]).decode()


def parts_of(raw: bytes) -> tuple[Part, ...]:
    """The inverse of `kept`."""
    return tuple(Part(*part) for part in orjson.loads(raw))


@dataclass(frozen=True, slots=True)
class Folded:
    """A tail made shorter: entries that went, and the one that stands for them from now on."""

    gone: tuple[str, ...]
    entry_id: str
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Spending:
    """The graph's sums as last read, and the tail. In 1e-9 US dollars, so that no order matters."""

    sums: dict[Place, int] = field(default_factory=dict[Place, int])
    tail: dict[str, tuple[Part, ...]] = field(default_factory=dict[str, tuple[Part, ...]])
    _own: dict[tuple[str, str], dict[int, int]] = field(
        default_factory=dict[tuple[str, str], dict[int, int]]
    )
    _charged: dict[tuple[str, str], dict[int, int]] = field(
        default_factory=dict[tuple[str, str], dict[int, int]]
    )
    _totals: dict[tuple[str, str], tuple[int, int, int]] = field(
        default_factory=dict[tuple[str, str], tuple[int, int, int]]
    )

    @classmethod
    def of(cls, sums: Mapping[Place, int], tail: Mapping[str, Sequence[Part]]) -> "Spending":
        """The spending with these sums and charges."""
        spending = cls()
        for place, nano_usd in sums.items():
            spending.read(place, nano_usd)
        for entry_id, parts in tail.items():
            spending.charge(entry_id, parts)
        return spending

    def read(self, place: Place, nano_usd: int) -> None:
        """The graph's sum, in place of the one read before."""
        self.sums[place] = nano_usd
        self._own.setdefault((place.tenant, place.user), {})[place.when] = nano_usd
        self._totals.pop((place.tenant, place.user), None)

    def forget(self, place: Place) -> None:
        """Drop a sum of a time that no budget looks at any more."""
        if self.sums.pop(place, None) is not None:
            self._own[place.tenant, place.user].pop(place.when)
            self._totals.pop((place.tenant, place.user), None)

    def charge(self, entry_id: str, parts: Sequence[Part]) -> None:
        """A charge joins the tail; of one entry only once."""
        if entry_id in self.tail:
            return
        self.tail[entry_id] = tuple(parts)
        self._count(parts, sign=1)

    def settle(self, entry_ids: Iterable[str]) -> None:
        """These are in the graph's sums now."""
        for entry_id in entry_ids:
            self._count(self.tail.pop(entry_id, ()), sign=-1)

    def _count(self, parts: Iterable[Part], *, sign: int) -> None:
        for part in parts:
            places = [Place(part.tenant, "", part.hour)]
            if part.user:
                places.append(Place(part.tenant, part.user, part.hour // _HOURS_PER_DAY))
            for place in places:
                who = (place.tenant, place.user)
                sums = self._charged.setdefault(who, {})
                total = sums.get(place.when, 0) + sign * part.nano_usd
                sums[place.when] = total
                if not total:
                    del sums[place.when]
                if not sums:
                    del self._charged[who]
                self._totals.pop(who, None)

    def before(self, position: Position) -> list[str]:
        """The entries of the tail that the writer had acknowledged at that position."""
        return [entry_id for entry_id in self.tail if position_of(entry_id) < position]

    def places(self, entry_ids: Iterable[str]) -> set[Place]:
        """Whose sums these entries are part of."""
        found: set[Place] = set()
        for entry_id in entry_ids:
            for part in self.tail[entry_id]:
                found.add(Place(part.tenant, "", part.hour))
                if part.user:
                    found.add(Place(part.tenant, part.user, part.hour // _HOURS_PER_DAY))
        return found

    def folded(self) -> Folded | None:
        """The older half of a tail that grew too long, as sums; None where it did not."""
        if len(self.tail) <= TAIL_LIMIT:
            return None
        oldest = sorted(self.tail, key=position_of)[: TAIL_LIMIT // 2]
        sums: dict[tuple[str, str, int], int] = {}
        for entry_id in oldest:
            for tenant, user, hour, nano_usd in self.tail[entry_id]:
                sums[tenant, user, hour] = sums.get((tenant, user, hour), 0) + nano_usd
        parts = tuple(Part(*who, nano_usd) for who, nano_usd in sorted(sums.items()))
        return Folded(tuple(oldest[:-1]), oldest[-1], parts)

    def fold(self, folded: Folded) -> None:
        """Let one entry stand for all that were folded."""
        self.settle((*folded.gone, folded.entry_id))
        self.charge(folded.entry_id, folded.parts)

    def spent(self, tenant: str, user: str, *, now: datetime) -> tuple[int, int]:
        """Spent on the day and in the month of `now`; of a user only the day's is known."""
        who, today = (tenant, user), day_of(now)
        known = self._totals.get(who)
        if known is None or known[0] != today:
            known = self._totals[who] = (today, *self._spent(who, today=today, now=now))
        return known[1:]

    def _spent(self, who: tuple[str, str], *, today: int, now: datetime) -> tuple[int, int]:
        tables = (self._own.get(who, {}), self._charged.get(who, {}))
        if who[1]:
            return sum(table.get(today, 0) for table in tables), 0
        first = today * _HOURS_PER_DAY
        month = int(month_start(now).timestamp()) // 3_600
        next_day = first + _HOURS_PER_DAY
        of_day = of_month = 0
        for table in tables:
            for hour, nano_usd in table.items():
                if month <= hour < next_day:
                    of_month += nano_usd
                    if hour >= first:
                        of_day += nano_usd
        return of_day, of_month

    def outdated(self, *, now: datetime) -> list[Place]:
        """Sums of months and days that are over."""
        month = int(month_start(now).timestamp()) // 3_600
        today = day_of(now)
        return [p for p in self.sums if p.when < (today if p.user else month)]

    def users_of(self, *, day: int) -> list[tuple[str, str]]:
        """Users known to have spent something on a day."""
        return [
            who
            for who in {**self._own, **self._charged}
            if who[1]
            and (self._own.get(who, {}).get(day, 0) or self._charged.get(who, {}).get(day, 0))
        ]
