"""What happened when, in order: tellings, changes, planned work, the onset that was found. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from graph.evidence import Incident
from graph.fleet import Change
from graph.postmortems.markdown import code, codes, escaped, prose
from graph.postmortems.material import Material, Telling
from graph.postmortems.wording import CALLED, clock, moment, place, thing

MOST_CHANGES: Final = 30
"""Of more changes, those nearest to the incident's opening are told."""
LATE: Final = timedelta(minutes=5)
"""What became known so much later than it happened is told with both times."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something at one time; `words` are Markdown of one line."""

    at: datetime
    words: str


def timeline(material: Material) -> list[Entry]:
    """All there is to tell, oldest first; what happens at one time stays in the order of kinds."""
    entries = [
        *_changes(material),
        *_maintenance(material),
        *(entry for other in material.others for entry in _other(other)),
        *_onset(material),
        *_tellings(material),
        *_alerts(material),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def nearest(material: Material) -> tuple[Change, ...]:
    """The changes nearest to the opening, oldest first."""
    opened = material.incident.opened_at
    near = sorted(material.changes, key=lambda one: abs(one.at - opened))[:MOST_CHANGES]
    return tuple(sorted(near, key=lambda one: one.at))


def described(change: Change) -> str:
    """A change with what it targets and who made it, as Markdown."""
    targets = ", ".join(thing(ref) for ref in change.targets[:4])
    more = f" and {len(change.targets) - 4} more" if len(change.targets) > 4 else ""
    on = f", on {targets}{more}" if targets else ""
    by = f", by {escaped(change.author)}" if change.author else ""
    kind = escaped(change.kind)
    return f"Change ({kind}) {code(change.id)}: {escaped(change.title)}{on}{by}"


def _changes(material: Material) -> Iterator[Entry]:
    for one in nearest(material):
        yield Entry(one.at, described(one) + _known(one.at, one.recorded_at))


def _known(at: datetime, recorded_at: datetime) -> str:
    return f" (known only at {clock(recorded_at)})" if recorded_at - at > LATE else ""


def _maintenance(material: Material) -> Iterator[Entry]:
    for one in material.maintenance:
        where = place(one.scope_kind, one.scope_id)
        words = f"Maintenance {code(one.id)} on {where}: {escaped(one.title)}"
        yield Entry(one.starts_at, f"{words} (planned until {clock(one.ends_at)})")


def _other(one: Incident) -> Iterator[Entry]:
    where = place(one.scope_kind, one.scope_id)
    yield Entry(
        one.opened_at,
        f"Incident {code(one.id)} ({escaped(one.severity)}) opened on {where}: "
        f"{escaped(one.title)}",
    )
    if one.resolved_at is not None:
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
