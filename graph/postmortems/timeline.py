"""What happened when, in order: tellings, changes, planned work, the onset that was found. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from graph.evidence import Incident, Maintenance
from graph.fleet import Change
from graph.postmortems.markdown import code, codes, escaped, prose
from graph.postmortems.material import Material, Telling
from graph.postmortems.wording import CALLED, clock, moment, place, thing

MOST_CHANGES: Final = 30
"""Of more changes, those nearest to the incident's opening are told."""
MOST_OTHERS: Final = 10
"""The same for other incidents, and for planned work."""
LATE: Final = timedelta(minutes=5)
"""What became known so much later than it happened is told with both times."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something at one time; `words` are Markdown of one line."""

    at: datetime
    words: str


_T = TypeVar("_T")


def timeline(material: Material) -> list[Entry]:
    """All there is to tell, oldest first; what happens at one time stays in the order of kinds."""
    entries = [
        *_changes(material),
        *_maintenance(material),
        *_others(material),
        *_onset(material),
        *_tellings(material),
        *_alerts(material),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def nearest_others(material: Material) -> tuple[list[Incident], int]:
    """The other incidents opened nearest to its opening, oldest first; how many more there are."""
    return _nearest(material.others, lambda one: one.opened_at, material, most=MOST_OTHERS)


def nearest_maintenance(material: Material) -> tuple[list[Maintenance], int]:
    """The planned work begun nearest to its opening, oldest first; how many more there are."""
    return _nearest(material.maintenance, lambda one: one.starts_at, material, most=MOST_OTHERS)


def left_out(material: Material) -> list[str]:
    """What there is too much of for the timeline, in a sentence for each kind."""
    numbers = (
        (_nearest_changes(material)[1], "change", "changes"),
        (nearest_others(material)[1], "other incident", "other incidents"),
        (nearest_maintenance(material)[1], "piece of planned work", "pieces of planned work"),
    )
    return [
        f"{number} more {one if number == 1 else many}, further from its opening, "
        f"{'is' if number == 1 else 'are'} left out."
        for number, one, many in numbers
        if number
    ]


def _nearest(
    things: Sequence[_T], at: Callable[[_T], datetime], material: Material, *, most: int
) -> tuple[list[_T], int]:
    """Those nearest to the opening, oldest first, and how many more there are."""
    opened = material.incident.opened_at
    near = sorted(things, key=lambda one: abs(at(one) - opened))[:most]
    return sorted(near, key=at), len(things) - len(near)


def _nearest_changes(material: Material) -> tuple[list[Change], int]:
    return _nearest(material.changes, lambda one: one.at, material, most=MOST_CHANGES)


def described(change: Change) -> str:
    """A change with what it targets and who made it, as Markdown."""
    targets = ", ".join(thing(ref) for ref in change.targets[:4])
    more = f" and {len(change.targets) - 4} more" if len(change.targets) > 4 else ""
    on = f", on {targets}{more}" if targets else ""
    by = f", by {escaped(change.author)}" if change.author else ""
    kind = escaped(change.kind)
    return f"Change ({kind}) {code(change.id)}: {escaped(change.title)}{on}{by}"


def _changes(material: Material) -> Iterator[Entry]:
    for one in _nearest_changes(material)[0]:
        yield Entry(one.at, described(one) + _known(one.at, one.recorded_at))


def _known(at: datetime, recorded_at: datetime) -> str:
    return f" (known only at {clock(recorded_at)})" if recorded_at - at > LATE else ""


def _maintenance(material: Material) -> Iterator[Entry]:
    for one in nearest_maintenance(material)[0]:
        where = place(one.scope_kind, one.scope_id)
        words = f"Maintenance {code(one.id)} on {where}: {escaped(one.title)}"
        yield Entry(one.starts_at, f"{words} (planned until {clock(one.ends_at)})")


def _others(material: Material) -> Iterator[Entry]:
    for one in nearest_others(material)[0]:
        yield from _other(one, until=material.during.end)


def _other(one: Incident, *, until: datetime) -> Iterator[Entry]:
    where = place(one.scope_kind, one.scope_id)
    yield Entry(
        one.opened_at,
        f"Incident {code(one.id)} ({escaped(one.severity)}) opened on {where}: "
        f"{escaped(one.title)}",
    )
    # What came after this one's end is no part of its story.
    if one.resolved_at is not None and one.resolved_at <= until:
        yield Entry(one.resolved_at, f"Incident {code(one.id)} resolved")


def _onset(material: Material) -> Iterator[Entry]:
    found = material.investigation
    if found is None or found.onset is None:
        return
    between = ""
    if found.onset_low is not None and found.onset_high is not None:
        low, high = moment(found.onset_low), clock(found.onset_high)
        between = f" (between {low} and {high})" if found.onset_low < found.onset_high else ""
    changed = CALLED.get(found.metric, found.metric.value)
    yield Entry(found.onset, f"The {changed} began to change, as the data tell it{between}")


def _tellings(material: Material) -> Iterator[Entry]:
    before: Telling | None = None
    for one in material.tellings:
        yield Entry(one.at, _told(one, before) + _known(one.at, one.recorded_at))
        before = one


def _told(one: Telling, before: Telling | None) -> str:
    if before is None:
        where = place(one.scope_kind, one.scope_id)
        return f"**Incident opened** as {escaped(one.severity)} on {where}: {escaped(one.title)}"
    news = "; ".join(_news(one, before))
    match one.phase:
        case "resolved":
            return "**Incident resolved**" + (f"; {news}" if news else "")
        case "opened":
            return "**Incident opened again**" + (f"; {news}" if news else "")
        case _:
            return f"Incident updated{': ' if news else ''}{news}"


def _news(one: Telling, before: Telling) -> Iterator[str]:
    if one.severity != before.severity:
        yield f"severity {escaped(before.severity)} → {escaped(one.severity)}"
    if (one.scope_kind, one.scope_id) != (before.scope_kind, before.scope_id):
        yield f"now on {place(one.scope_kind, one.scope_id)}"
    if one.title != before.title:
        yield f"now called {escaped(one.title)}"
    if one.root_cause is not None and one.root_cause != before.root_cause:
        yield f"root cause noted: {prose(one.root_cause)}"
    if one.factors and one.factors != before.factors:
        yield "contributing factors noted"


def _alerts(material: Material) -> Iterator[Entry]:
    named = [f"{one.tenant}/{one.id}" for one in material.alerts]
    if named:
        end = material.during.end
        yield Entry(end, f"Objectives alerting at this time: {codes(named)}")
