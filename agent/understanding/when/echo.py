"""Times told back: as instants, so that whoever asked sees what was understood."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from agent.understanding.question import Anchored, AnchorKind, Moment, Times, When
from agent.understanding.when.zones import label

_UTC: Final = ZoneInfo("UTC")
_NOUNS: Final = {
    AnchorKind.INCIDENT: "incident",
    AnchorKind.CHANGE: "change",
    AnchorKind.ROLLOUT: "rollout",
    AnchorKind.POLICY: "policy change",
    AnchorKind.EXPERIMENT: "experiment",
    AnchorKind.MAINTENANCE: "maintenance",
}
_WORDS: Final = "no one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905  # by place
_NONE: Final = timedelta()
_LOOKED_UP: Final = " (looked up)"


def in_words(times: Times, *, now: datetime) -> str:
    """The times as instants, in the zone that they were read in and in UTC; empty if none.

    What is told relative to something that happened stays in words, for it is yet to look up.
    """
    parts: list[str] = []
    if times.during is not None:
        parts.append(_when(times.during, times.zone))
    if times.compared_to is not None:
        parts.append(f"against {_when(times.compared_to, times.zone)}")
    if times.ahead is not None:
        until = _when(Moment((now + times.ahead).astimezone(UTC)), times.zone)
        parts.append(f"until {until.removeprefix('at ')}")
    if times.granularity is not None:
        parts.append(f"by {times.granularity.value.lower()}")
    return ", ".join(parts)


def _when(when: When, zone: ZoneInfo) -> str:
    if isinstance(when, Anchored):
        return _anchored(when) + _LOOKED_UP
    if isinstance(when, Moment):
        return f"at {_twice(when.at, when.at, zone)}"
    return _twice(when.start, when.end, zone)


def _twice(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """In the zone, and in UTC where that is another."""
    plain = f"{_span(start, end, _UTC)} UTC"
    return plain if zone.key == "UTC" else f"{_span(start, end, zone)} {label(zone)} ({plain})"


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    here, there = start.astimezone(zone), end.astimezone(zone)
    form = "%Y-%m-%d %H:%M"
    if start != end and here.strftime(form) == there.strftime(form):
        form = "%Y-%m-%d %H:%M:%S"
    return here.strftime(form) if start == end else f"{here:{form}} to {there:{form}}"


def _anchored(when: Anchored) -> str:
    noun = _NOUNS[when.kind]
    thing = f"the {noun}" if when.id is None else f"{noun} {when.id}"
    start, end = when.start_offset, when.end_offset
    if when.whole:
        if start == end or (not start and not end):
            return f"during {thing}"
        return f"from {_side(start)} to {_side(end or _NONE)} the whole of {thing}"
    origin = f"the end of {thing}" if when.after_end else thing
    if end is None:
        return f"since {origin}" if not start else f"from {_side(start)} {origin} until now"
    if not end and start < _NONE:
        return f"the {_length(-start, many=False)} before {origin}"
    if not start and end > _NONE:
        return f"the {_length(end, many=False)} after {origin}"
    return f"from {_side(start)} to {_side(end)} {origin}"


def _side(offset: timedelta) -> str:
    if not offset:
        return "the beginning of"
    length = _length(abs(offset))
    return f"{length} before" if offset < _NONE else f"{length} after"


def _length(length: timedelta, *, many: bool = True) -> str:
    """A length in its largest whole unit; one of it without the number where `many` is false."""
    minutes = length / timedelta(minutes=1)
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        count = minutes / size
        small = unit == "day" and count < 2
        if count >= 1 and count.is_integer() and not small:
            if count == 1:
                return f"1 {unit}" if many else unit
            told = _WORDS[int(count)] if not many and count < len(_WORDS) else str(int(count))
            return f"{told} {unit}s"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
