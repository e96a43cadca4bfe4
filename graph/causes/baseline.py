"""What a period is compared with when nobody says: an earlier one that is as like it as can be.

Traffic has days and weeks, so a Tuesday morning is compared with a Tuesday morning. Pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.errors import InvalidInput
from graph.slices import Period
from graph.words import counted

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_SLACK = 20
"""History may begin a twentieth of the period late: a quiet first hour is no missing history."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One contiguous period to compare with, and what it is in words."""

    period: Period
    words: str


def baseline(during: Period, *, first_hour: datetime | None, now: datetime) -> Baseline | None:
    """The period to compare `during` with; None where there is no data before it.

    The same hours and weekdays, whole weeks earlier, where history (which begins at `first_hour`)
    reaches that far; else the same hours, whole days earlier; else what comes just before. Never
    overlaps `during`. A period that is still running (`now` is when things are looked at, or
    what is known then) is compared with as much as has passed of it.
    """
    end = min(during.end, now)
    if first_hour is None or first_hour >= during.start or end <= during.start:
        return None
    length = end - during.start
    running = ", as far as the period has passed" if end < during.end else ""
    reach = during.start - first_hour + length / _SLACK
    weeks, days = -(-length // _WEEK), -(-length // _DAY)
    if reach >= weeks * _WEEK:
        words = f"the same hours and weekdays {_many(weeks, 'week')} earlier"
        return _shifted(during.start, end, weeks * _WEEK, words + running)
    if reach >= days * _DAY:
        words = f"the same hours {_many(days, 'day')} earlier{running}"
        words += "; weekdays differ, as there is not enough history for the same ones"
        return _shifted(during.start, end, days * _DAY, words)
    if reach >= length:
        words = f"the {_length(length)} just before"
        words += "; hours of the day differ, as there is not enough history for the same ones"
        return _shifted(during.start, end, length, words)
    words = f"all {_length(during.start - first_hour)} of history before it"
    return Baseline(Period(first_hour, during.start), f"{words}, shorter than the period itself")


def given(compared_to: Period, *, during: Period) -> Baseline:
    """The period that a caller asked to compare with; it must not overlap `during`."""
    if compared_to.start < during.end and during.start < compared_to.end:
        raise InvalidInput(
            "must not overlap `during`; choose a period before it", field="comparedTo"
        )
    lengths = [period.end - period.start for period in (compared_to, during)]
    words = "the period that was asked for"
    if lengths[0] != lengths[1]:
        words += f", of {_length(lengths[0])} against {_length(lengths[1])}"
    return Baseline(compared_to, words)


def _shifted(start: datetime, end: datetime, by: timedelta, words: str) -> Baseline:
    return Baseline(Period(start - by, end - by), words)


def _many(number: int, noun: str) -> str:
    return f"a {noun}" if number == 1 else counted(number, noun)


def _length(length: timedelta) -> str:
    if length % _DAY == timedelta():
        return counted(length // _DAY, "day")
    if length >= _HOUR:
        return counted(round(length / _HOUR), "hour")
    return counted(max(round(length / timedelta(minutes=1)), 1), "minute")
