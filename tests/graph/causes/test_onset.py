"""Onsets: worked examples, what cannot fool them, and how often the interval holds the truth."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.onset import HOUR_S, Hourly, Onset, Shape, onset_of
from graph.causes.panel import Array
from graph.frame import Ints, Mask

START = datetime(2026, 9, 1, tzinfo=UTC)
FLEETS = 150
LEAST_COVERAGE = 0.90


@dataclass(frozen=True)
class World:
    """A slice that loses `size` from `at` to `end` (hours from the start), and its control."""

    size: float = 0.1
    at: float | None = None
    lasts: float | None = None
    ramp: bool = False
    hours: int = 192
    day: int = 24
    rate: float = 20
    level: float = 0.8
    spread: float = 0.2
    shocks: float = 0.0
    alike: float = 0.0
    common: float = 0.0
    daily: float = 0.0
    binary: bool = False
    control: bool = True

    def periods(self) -> tuple[Ints, Mask, Mask]:
        place = np.arange(self.hours, dtype=np.int64)
        return (
            int(START.timestamp()) + HOUR_S * place,
            place < self.day,
            place >= self.hours - self.day,
        )

    def draw(self, rng: np.random.Generator) -> tuple[Hourly, Hourly | None, float]:
        """The hours inside and outside, and when it truly began."""
        began = self.at
        if began is None:
            began = self.hours - self.day + float(rng.uniform(0, 0.6 * self.day))
        end = began + (self.lasts or float(self.hours))
        place = np.arange(self.hours)
        shared = _noise(rng, self.hours, self.common, 0.0)
        shared += self.daily * np.sin(2 * np.pi * place / 24)

        def hit(when: Array) -> Array:
            if self.ramp:
                return np.clip((when - began) / (end - began), 0.0, 1.0)
            return ((when >= began) & (when < end)).astype(np.float64)

        inside = self._hourly(rng, self.rate, shared, hit)
        outside = self._hourly(rng, 5 * self.rate, shared, np.zeros_like) if self.control else None
        return inside, outside, began

    def _hourly(
        self,
        rng: np.random.Generator,
        rate: float,
        shared: Array,
        hit: Callable[[Array], Array],
    ) -> Hourly:
        count = rng.poisson(rate, self.hours)
        hour = np.repeat(np.arange(self.hours), count)
        own = _noise(rng, self.hours, self.shocks, self.alike)
        mean = self.level + (shared + own)[hour] - self.size * hit(hour + rng.random(len(hour)))
        if self.binary:
            value = (rng.random(len(hour)) < mean).astype(np.float64)
        else:
            value = mean + rng.normal(0, self.spread, len(hour))

        def summed(values: Array) -> Array:
            return np.bincount(hour, values, minlength=self.hours).astype(np.float64)

        return Hourly(count.astype(np.float64), summed(value), summed(value**2))

    def onset(self, seed: int) -> tuple[Onset, datetime]:
        """What is found, and the truth."""
        inside, outside, began = self.draw(np.random.default_rng(seed))
        hours, before, during = self.periods()
        found = onset_of(inside, outside=outside, hours=hours, before=before, during=during)
        assert found is not None
        return found, START + timedelta(hours=began)


def _noise(rng: np.random.Generator, size: int, spread: float, alike: float) -> Array:
    """Shocks by hour that resemble the hour before."""
    drawn = rng.normal(0, spread, size)
    for hour in range(1, size):
        drawn[hour] = alike * drawn[hour - 1] + np.sqrt(1 - alike**2) * drawn[hour]
    return drawn


def hours_between(one: datetime, other: datetime) -> float:
    return abs((one - other).total_seconds()) / HOUR_S


WORLDS = {
    "a faint step": World(size=0.06),
    "a step": World(size=0.1),
    "a clear step": World(size=0.3),
    "a step in thin traffic": World(size=0.2, rate=3),
    "hours that scatter": World(size=0.12, shocks=0.05),
    "hours that resemble each other": World(size=0.2, shocks=0.05, alike=0.6),
    "a tide that lifts all": World(size=0.1, common=0.05),
    "days and nights": World(size=0.1, daily=0.05),
    "days and nights without a control": World(size=0.1, daily=0.05, control=False),
    "an outage of hours": World(size=0.2, lasts=6),
    "errors": World(size=-0.09, level=0.01, binary=True),
    "errors where none were": World(size=-0.3, level=0.0, binary=True, rate=10),
    "fewer errors": World(size=0.25, level=0.3, binary=True, rate=10),
    "a quick ramp": World(size=0.3, ramp=True, lasts=20),
    "a slow drift": World(size=0.4, ramp=True, at=150.3, lasts=80, day=48),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_interval_holds_the_truth(name: str) -> None:
    told = [WORLDS[name].onset(seed) for seed in range(FLEETS)]
    held = [onset.low <= truth <= onset.high for onset, truth in told]
    assert np.mean(held) >= LEAST_COVERAGE
    assert all(onset.low <= onset.at <= onset.high for onset, _ in told)


def test_what_is_clear_is_told_closely() -> None:
    told = [World(size=0.3).onset(seed) for seed in range(FLEETS)]
    assert np.mean([hours_between(onset.at, truth) for onset, truth in told]) < 0.5
    assert np.median([hours_between(onset.low, onset.high) for onset, _ in told]) <= 2
    assert all(onset.shift == pytest.approx(-0.3, abs=0.1) for onset, _ in told)


def test_what_is_faint_is_told_vaguely() -> None:
    widths = [hours_between(o.low, o.high) for o, _ in map(World(size=0.03).onset, range(50))]
    assert np.median(widths) > 24


def shapes(world: World, fleets: int = FLEETS) -> Counter[Shape]:
    return Counter(world.onset(seed)[0].shape for seed in range(fleets))


def test_shapes_are_told_apart() -> None:
    assert shapes(World(size=0.1))[Shape.STEP] >= 0.93 * FLEETS
    assert shapes(World(size=0.2, lasts=6))[Shape.PULSE] >= 0.97 * FLEETS
    assert shapes(WORLDS["a slow drift"])[Shape.RAMP] >= 0.95 * FLEETS


def test_a_pulse_has_an_end_and_a_step_has_none() -> None:
    pulse, _ = World(size=0.4, at=176.0, lasts=6).onset(3)
    assert pulse.until == START + timedelta(hours=182)
    step, _ = World(size=0.4, at=176.0).onset(3)
    assert step.until is None


def test_a_first_hour_that_was_touched_in_part_tells_which_part() -> None:
    for quarter in (0.0, 0.25, 0.5, 0.75):
        found, truth = World(size=0.8, rate=400, at=170 + quarter).onset(7)
        assert hours_between(found.at, truth) <= 0.25
        assert found.low <= truth <= found.high
        assert hours_between(found.low, found.high) <= 2


def test_it_may_have_begun_before_the_period_in_question() -> None:
    found, truth = World(size=0.2, at=100.0).onset(1)
    assert found.low <= truth <= found.high
    assert hours_between(found.at, truth) < 2


def test_what_ended_before_the_period_in_question_is_not_its_onset() -> None:
    # A deep outage days ago, and a modest step today.
    rng = np.random.default_rng(2)
    world = World(size=0.15, at=175.0)
    inside, outside, _ = world.draw(rng)
    total = inside.total.copy()
    total[80:90] -= 0.6 * inside.count[80:90]
    hours, before, during = world.periods()
    found = onset_of(
        Hourly(inside.count, total, inside.squares),
        outside=outside,
        hours=hours,
        before=before,
        during=during,
    )
    assert found is not None
    assert hours_between(found.at, START + timedelta(hours=175)) < 3


def test_nothing_to_be_seen_is_seldom_seen() -> None:
    told = [World(size=0.0).onset(seed)[0] for seed in range(FLEETS)]
    assert np.mean([onset.gain > 0 for onset in told]) <= 0.05
    assert np.median([hours_between(onset.low, onset.high) for onset in told]) >= 150


def test_a_side_without_data_has_no_onset() -> None:
    inside, _, _ = World().draw(np.random.default_rng(0))
    hours, before, during = World().periods()
    for side in (before, during):
        blank = Hourly(*(np.where(side, 0.0, a) for a in _arrays(inside)))
        assert onset_of(blank, outside=None, hours=hours, before=before, during=during) is None


def _arrays(hourly: Hourly) -> tuple[Array, Array, Array]:
    return hourly.count, hourly.total, hourly.squares


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_values_that_never_change_have_no_onset_to_tell(value: float) -> None:
    hours, before, during = World().periods()
    count = np.full(len(hours), 5.0)
    found = onset_of(
        Hourly(count, value * count, value**2 * count),
        outside=None,
        hours=hours,
        before=before,
        during=during,
    )
    assert found is not None
    assert found.gain < 0


def test_hours_without_data_are_no_evidence() -> None:
    # Nights are silent; the step came at noon.
    inside, outside, truth = World(size=0.3, at=180.0).draw(np.random.default_rng(4))
    hours, before, during = World().periods()
    awake = (np.arange(len(hours)) % 24 >= 8).astype(np.float64)
    found = onset_of(
        Hourly(*(awake * a for a in _arrays(inside))),
        outside=outside,
        hours=hours,
        before=before,
        during=during,
    )
    assert found is not None
    assert found.low <= START + timedelta(hours=truth) <= found.high


def test_one_hour_in_question_is_enough_to_be_asked() -> None:
    world = World(size=0.5, day=1, hours=2, at=1.0, rate=200)
    assert world.onset(1)[0].at == START + timedelta(hours=1)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), min_size=6, max_size=60),
    st.integers(1, 3),
    st.integers(-5, 5),
    st.booleans(),
)
def test_order_of_time_and_finite_figures_whatever_the_data(
    rows: list[tuple[int, int]], day: int, lift: int, control: bool
) -> None:
    count = np.array([row[0] for row in rows], dtype=np.float64)
    mean = np.array([row[1] for row in rows], dtype=np.float64) / 10
    place = np.arange(len(rows), dtype=np.int64)
    hours = int(START.timestamp()) + HOUR_S * place
    before, during = place < day, place >= len(rows) - day

    def told(level: float) -> Onset | None:
        total = count * (mean + level)
        hourly = Hourly(count, total, count * (mean + level) ** 2 + 0.01 * count)
        outside = Hourly(count[::-1], total[::-1], hourly.squares[::-1]) if control else None
        return onset_of(hourly, outside=outside, hours=hours, before=before, during=during)

    found = told(0.0)
    if found is None:
        assert count[before].sum() == 0 or count[during].sum() == 0
        return
    end = START + timedelta(hours=len(rows))
    assert START + timedelta(hours=day - 1) <= found.low <= found.at <= found.high <= end
    assert found.until is None or found.at < found.until < end
    assert np.isfinite([found.shift, found.gain]).all()
    # What is added to every value moves nothing.
    lifted = told(lift)
    assert lifted is not None
    assert lifted.gain == pytest.approx(found.gain, abs=1e-3, rel=1e-3)


def test_a_total_by_hour_has_an_onset_too() -> None:
    # Volume with its days and nights, of which nobody knows how it scatters, falls by two fifths.
    hours, before, during = World().periods()
    place = np.arange(len(hours))
    tide = 100 * (1 + 0.6 * np.sin(2 * np.pi * place / 24))
    held: list[bool] = []
    apart: list[float] = []
    for seed in range(FLEETS):
        rng = np.random.default_rng(seed)
        began = 168 + float(rng.uniform(0, 15))
        rate = (
            tide
            * np.exp(rng.normal(0, 0.1, len(hours)))
            * (1 - 0.4 * np.clip(place + 1 - began, 0, 1))
        )
        total = rng.poisson(rate).astype(np.float64)
        found = onset_of(
            Hourly(np.ones(len(hours)), total, total**2),
            outside=None,
            hours=hours,
            before=before,
            during=during,
        )
        assert found is not None
        truth = START + timedelta(hours=began)
        held.append(found.low <= truth <= found.high)
        apart.append(hours_between(found.at, truth))
    assert np.mean(held) >= LEAST_COVERAGE
    assert np.mean(apart) < 1


def test_a_month_of_hours_can_be_searched() -> None:
    world = World(size=0.05, hours=720, day=360, at=500.0, rate=10)
    found, truth = world.onset(1)
    assert found.low <= truth <= found.high
