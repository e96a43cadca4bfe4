"""The calendar of a time zone seen from an instant: days, weeks, months, and what is shifted."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
"""Years outside are taken for numbers."""
_MONTHS: Final = 12
_SATURDAY: Final = 5


class Unit(StrEnum):
    """What time is counted in."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEKEND = "weekend"
    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_LONG: Final = frozenset(Unit) - {Unit.SECOND, Unit.MINUTE, Unit.HOUR}

LENGTHS: Final = {
    Unit.SECOND: timedelta(seconds=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
    Unit.WEEKEND: timedelta(days=2),
    Unit.WEEK: timedelta(days=7),
    Unit.FORTNIGHT: timedelta(days=14),
    Unit.MONTH: timedelta(days=30),
    Unit.QUARTER: timedelta(days=90),
    Unit.YEAR: timedelta(days=365),
}
"""How long each is where it rolls (`the past month`)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `end` in UTC, not yet cut at now; an instant where both are the same.

    `grain` is the unit of the calendar that it is one of, `day` its day where it is a whole one,
    so that a clock time can be added. `weekday` says that the day was told by its name (`fixed`:
    and its week too), `undated` that the words told a time of day but no day.
    """

    start: datetime
    end: datetime
    grain: Unit | None = None
    day: date | None = None
    weekday: bool = False
    fixed: bool = False
    undated: bool = False

    @property
    def instant(self) -> bool:
        """Whether it is a point in time."""
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a zone, seen from `now`. Weeks begin on Monday."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day that it is in the zone."""
        return self.now.astimezone(self.zone).date()

    def at(self, day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
        """A wall clock's time of a day; 24 is the midnight after it.

        Of a time that the clocks show twice it is the first, one that they skip is as far after
        the jump.
        """
        if hour == 24:
            day, hour = day + timedelta(days=1), 0
        return datetime.combine(day, time(hour, minute, second), self.zone).astimezone(UTC)

    def days(self, first: date, count: int = 1) -> Stretch:
        """Whole days from the first."""
        end = self.at(first + timedelta(days=count))
        one = count == 1
        return Stretch(
            self.at(first), end, grain=Unit.DAY if one else None, day=first if one else None
        )

    def hours(self, day: date, start: int, end: int) -> Stretch:
        """Hours of a day; `end` may be more than 24, in the day after it."""
        over, hour = divmod(end, 24)
        return Stretch(self.at(day, start), self.at(day + timedelta(days=over), hour))

    def date_of(self, instant: datetime) -> date:
        """The day in which an instant lies."""
        return instant.astimezone(self.zone).date()

    def unit(self, unit: Unit, back: int = 0) -> Stretch:
        """The hour, day, week, … that now lies in, or the one `back` before it (negative: after).

        Of weekends, the one that belongs to the week.
        """
        if unit in {Unit.SECOND, Unit.MINUTE, Unit.HOUR}:
            local = self.now.astimezone(self.zone)
            # Floored by subtraction, so that the second of two equal wall hours stays itself.
            below = timedelta(
                minutes=local.minute if unit is Unit.HOUR else 0,
                seconds=local.second if unit is not Unit.SECOND else 0,
                microseconds=local.microsecond,
            )
            start = self.now - below - back * LENGTHS[unit]
            return Stretch(start, start + LENGTHS[unit], grain=unit)
        return self.unit_of(unit, self.today, back=back)

    def unit_of(self, unit: Unit, day: date, *, back: int = 0) -> Stretch:
        """The unit of at least a day that a day lies in, or the one `back` before it."""
        if unit is Unit.DAY:
            return self.days(day - timedelta(days=back))
        if unit in {Unit.WEEK, Unit.WEEKEND, Unit.FORTNIGHT}:
            monday = day - timedelta(days=day.weekday() + 7 * back)
            if unit is Unit.WEEKEND:
                found = self.days(monday + timedelta(days=_SATURDAY), 2)
            else:
                found = self.days(monday, 7 if unit is Unit.WEEK else 14)
            return replace(found, grain=unit)
        months = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}[unit]
        first = date(day.year, day.month - (day.month - 1) % months, 1)
        start = months_after(first, -months * back)
        return Stretch(self.at(start), self.at(months_after(start, months)), grain=unit)

    def preceding(self, found: Stretch) -> Stretch:
        """The unit of the calendar just before one; before all else, as much again."""
        if found.grain is None or found.grain not in _LONG:
            return Stretch(found.start - (found.end - found.start), found.start, grain=found.grain)
        return self.unit_of(found.grain, self.date_of(found.start), back=1)

    def shifted(self, instant: datetime, *, days: int = 0, months: int = 0) -> datetime:
        """The same wall clock time so many days and months later (negative: earlier)."""
        local = instant.astimezone(self.zone)
        day = months_after(local.date(), months) + timedelta(days=days)
        moved = datetime.combine(day, local.time(), self.zone).replace(fold=local.fold)
        return moved.astimezone(UTC)

    def back(self, instant: datetime, count: float, unit: Unit) -> datetime:
        """So many units before an instant: whole days by the wall clock, less as time passes."""
        if unit in {Unit.SECOND, Unit.MINUTE, Unit.HOUR} or count != int(count):
            return instant - count * LENGTHS[unit]
        if unit in {Unit.MONTH, Unit.QUARTER, Unit.YEAR}:
            months = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}[unit]
            return self.shifted(instant, months=-int(count) * months)
        return self.shifted(instant, days=-int(count) * LENGTHS[unit].days)


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, the month's last day where it has none."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year = day.year + years
    for last in (day.day, 30, 29, 28):
        found = on(year, month + 1, min(last, day.day))
        if found is not None:
            return found
    raise OverflowError


def on(year: int, month: int, day: int) -> date | None:
    """A day of the calendar; None where there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
