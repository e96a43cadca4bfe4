"""Alarms of overload marked against the overloads that came, and the marks as tables. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from api.bench.measures import Table
from api.evaluation.fleet_load import Overload

HORIZON = timedelta(minutes=60)
GRACE = timedelta(minutes=10)
IN_TIME = timedelta(minutes=15)
APART = timedelta(hours=1)
"""Alarms of one deployment that are no further apart are one episode."""

_WEEK = timedelta(days=7)
_MINUTE = timedelta(minutes=1)

Alarms = Mapping[str, Sequence[datetime]]
"""Deployment -> when it was said to be at risk, in order of time."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One fleet watched for a while: when it was asked about, what came, who warned when.

    `alarms` are by method. `watched` is the time that the questions stand for. `nearly` are the
    times in which a deployment was offered at least 0.9 of what it could carry.
    """

    kind: str
    seed: int
    asked: tuple[datetime, ...]
    watched: timedelta
    overloads: tuple[Overload, ...]
    nearly: tuple[Overload, ...]
    alarms: Mapping[str, Alarms]


@dataclass(frozen=True, slots=True)
class Marks:
    """How one method did; leads in minutes, of the overloads that built up (0: not announced).

    `first` and `warned` count fleets: those in which something was overloaded, and those whose
    first overload was announced in time.
    """

    leads: tuple[float, ...]
    in_time: int
    fleets: int
    warned: int
    sudden: int
    sudden_in_time: int
    false: Counter[str]
    watched: timedelta

    @property
    def announced(self) -> float:
        """Share of the overloads that built up announced in time; NaN where there were none."""
        return self.in_time / len(self.leads) if self.leads else math.nan

    @property
    def false_per_week(self) -> float:
        """False alarms per week of a fleet."""
        return self.false.total() * (_WEEK / self.watched) if self.watched else math.nan


def lead(overload: Overload, alarms: Sequence[datetime]) -> timedelta:
    """How long before an overload the first alarm was that meant it; 0 for none."""
    early = overload.start - HORIZON - GRACE
    meant = [at for at in alarms if early <= at < overload.start]
    return overload.start - meant[0] if meant else timedelta(0)


LATER, NEARLY, NOTHING = "overload came later", "load passed 0.9", "neither"
"""What followed a false alarm: an overload within three hours, a near miss in reach, or neither."""

_LATER = timedelta(hours=3)


def false_alarms(
    alarms: Sequence[datetime], overloads: Sequence[Overload], nearly: Sequence[Overload] = ()
) -> Counter[str]:
    """Episodes of a deployment's alarms that began with no overload there or within reach.

    Counted by what did follow.
    """
    found: Counter[str] = Counter()
    last: datetime | None = None
    for at in alarms:
        reach = HORIZON + GRACE
        if (last is None or at - last > APART) and not _within(overloads, at, reach):
            if _within(overloads, at, _LATER):
                found[LATER] += 1
            else:
                found[NEARLY if _within(nearly, at, reach) else NOTHING] += 1
        last = at
    return found


def _within(overloads: Sequence[Overload], at: datetime, reach: timedelta) -> bool:
    return any(one.start <= at + reach and at <= one.end for one in overloads)


def marks(watches: Iterable[Watch], method: str) -> Marks:
    """Sum up what a method said of several fleets."""
    leads: list[float] = []
    sudden: list[bool] = []
    fleets = warned = 0
    false: Counter[str] = Counter()
    watched = timedelta(0)
    for watch in watches:
        watched += watch.watched
        alarms = watch.alarms[method]
        told = [one for one in watch.overloads if _watched_before(watch, one)]
        found = {id(one): lead(one, alarms.get(one.deployment, ())) for one in told}
        built_up = [one for one in told if not one.sudden]
        leads += [found[id(one)] / _MINUTE for one in built_up]
        sudden += [found[id(one)] >= IN_TIME for one in told if one.sudden]
        if built_up:
            fleets += 1
            warned += found[id(built_up[0])] >= IN_TIME
        for deployment, at in alarms.items():
            own = [one for one in watch.overloads if one.deployment == deployment]
            near = [one for one in watch.nearly if one.deployment == deployment]
            false += false_alarms(at, own, near)
    return Marks(
        leads=tuple(leads),
        in_time=sum(one >= IN_TIME / _MINUTE for one in leads),
        fleets=fleets,
        warned=warned,
        sudden=len(sudden),
        sudden_in_time=sum(sudden),
        false=false,
        watched=watched,
    )


def _watched_before(watch: Watch, overload: Overload) -> bool:
    """Whether there were questions early enough to announce it."""
    return any(
        overload.start - HORIZON <= at <= overload.start - IN_TIME for at in watch.asked
    ) and (overload.start <= watch.asked[-1] + HORIZON)


def summary(watches: Sequence[Watch]) -> Table:
    """A row per method: what was announced, and how early."""
    columns = (
        "method", "overloads that built up", "announced 15 min before", "median lead, min",
        "fleets", "first of the fleet announced", "sudden ones", "of these announced",
    )  # fmt: skip
    table = Table("Overloads announced, probability of 0.5 or more", columns)
    for method in methods(watches):
        one = marks(watches, method)
        table.rows.append(
            (
                method, len(one.leads), one.announced,
                float(np.median(one.leads)) if one.leads else math.nan,
                one.fleets, one.warned / one.fleets if one.fleets else math.nan,
                one.sudden, one.sudden_in_time,
            )
        )  # fmt: skip
    return table


def wolf(watches: Sequence[Watch]) -> Table:
    """A row per kind of fleet and method: false alarms, and what followed them."""
    columns = (
        "fleets", "method", "weeks watched", "false alarms", "a week", LATER, NEARLY, NOTHING,
    )  # fmt: skip
    table = Table("Alarms with no overload in the next 70 minutes", columns)
    for kind in sorted({watch.kind for watch in watches}, reverse=True):
        own = [watch for watch in watches if watch.kind == kind]
        for method in methods(own):
            one = marks(own, method)
            followed = (one.false[why] for why in (LATER, NEARLY, NOTHING))
            table.rows.append(
                (
                    kind, method, one.watched / _WEEK, one.false.total(), one.false_per_week,
                    *followed,
                )
            )  # fmt: skip
    return table


def by_kind(watches: Sequence[Watch]) -> Table:
    """The same by kind of fleet, of the product's own alarms alone."""
    columns = (
        "fleet", "seed", "overloads", "announced 15 min before", "least lead, min", "sudden ones",
        "false alarms", "days watched",
    )  # fmt: skip
    table = Table("Fleet by fleet", columns)
    for watch in watches:
        one = marks([watch], OWN)
        table.rows.append(
            (
                watch.kind, watch.seed, len(one.leads), one.announced,
                min(one.leads, default=math.nan), one.sudden, one.false.total(),
                one.watched / timedelta(days=1),
            )
        )  # fmt: skip
    return table


OWN = "capacityRisk"
"""The method that is judged; the others are its peers."""


def methods(watches: Sequence[Watch]) -> list[str]:
    """The product, then its peers."""
    names = {name for watch in watches for name in watch.alarms}
    return sorted(names, key=lambda name: (name != OWN, name))


@dataclass(frozen=True, slots=True)
class Lost:
    """What was said to break had something been lost at an instant, and what did in its twin."""

    lost: str
    at: datetime
    named: frozenset[str]
    broke: frozenset[str]


def without_table(answers: Sequence[Lost]) -> Table:
    """A row for each thing lost: how many deployments broke, were named, and were named wrongly."""
    columns = (
        "lost", "asked", "broke", "named of these", "named and did not break", "all right",
    )  # fmt: skip
    table = Table("What would break without it", columns)
    names = sorted({answer.lost for answer in answers})
    for name in [*names, *(["all"] if len(names) > 1 else [])]:
        own = [answer for answer in answers if name in (answer.lost, "all")]
        broke = sum(len(answer.broke) for answer in own)
        right = sum(len(answer.broke & answer.named) for answer in own)
        wrong = sum(len(answer.named - answer.broke) for answer in own)
        exact = sum(answer.named == answer.broke for answer in own)
        share = right / broke if broke else math.nan
        table.rows.append((name, len(own), broke, share, wrong, exact / len(own)))
    return table
