"""Why, in a postmortem: the metric that was asked about, the causes, what made it worse. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from graph.causes.investigation import Cause, Investigation, Mechanism, SliceContribution, Verdict
from graph.figures import difference, figure, left_over, share
from graph.postmortems.markdown import bullets, code, codes, escaped, prose
from graph.postmortems.material import Material, Moved
from graph.postmortems.timeline import LATE, described, nearest_maintenance, nearest_others
from graph.postmortems.wording import (
    CALLED,
    clock,
    count,
    interval,
    length,
    many,
    named,
    path,
    place,
    span,
    things,
    traffic,
)
from graph.words import percent

_MOST_PRECEDING: Final = 8
_VERDICTS: Final = {
    Verdict.EXPLAINED: "Explained",
    Verdict.PARTLY_EXPLAINED: "Partly explained",
    Verdict.UNEXPLAINED: "Unexplained",
    Verdict.NO_CHANGE: "No change",
    Verdict.INSUFFICIENT_DATA: "Too little data",
}
_DID: Final = {
    Mechanism.WITHIN: "it changed how what it touched performs",
    Mechanism.MIX: "it moved requests to where the metric is different",
    Mechanism.PRICE: "it changed what tokens cost",
    Mechanism.TOKENS: "it changed how many tokens requests have",
    Mechanism.EVALUATOR: "it changed how answers are judged, not the answers",
}


def cause(material: Material) -> list[str]:
    """The section that says why, as far as the data and the report of the incident tell."""
    lines: list[str] = []
    if material.incident.root_cause:
        lines += [f"Noted in its report: {prose(material.incident.root_cause)}", ""]
    found, chosen = material.investigation, material.chosen
    if found is None or chosen is None:
        lines.append(
            "The data were not asked why: nothing was measured both in this time and in the like "
            "time before it."
        )
        return [*lines, *_preceding(material)]
    lines += [_asked(material, chosen), "", *_verdict(found)]
    for one in found.causes:
        lines += ["", *_told(one, found, incident=material.incident.id)]
    if not found.causes and found.verdict is not Verdict.NO_CHANGE:
        lines += ["", "No recorded event is held responsible by the data."]
    if material.is_its_own_cause:
        lines += [
            "",
            "The data lay the change to this incident itself: that tells when and where, not why.",
        ]
    if material.is_its_own_cause or not found.causes:
        lines += _preceding(material)
    return lines


def _asked(material: Material, chosen: Moved) -> str:
    others = [_moved(one) for one in material.moved if one is not chosen]
    also = f" Looked at too: {'; '.join(others)}." if others else ""
    why = "got worse by the most" if chosen.worse else "moved by the most"
    return (
        f"Of the traffic of {traffic(material.where)}, compared with the like time before, the "
        f"metric that {why} is {_moved(chosen)}.{also}"
    )


def _moved(one: Moved) -> str:
    told, called = one.told, CALLED.get(one.metric, one.metric.value)
    if told is None or (told.before is None and told.after is None):
        return f"{called} (not measured)"
    before, after = (figure(value, metric=one.metric) for value in (told.before, told.after))
    if told.delta is None:
        return f"{called} ({before} → {after})"
    limits = interval(told.delta_low, told.delta_high, metric=one.metric)
    apart = f", {one.errors:,.1f} standard errors" if one.error and one.errors else ""
    return f"{called} ({before} → {after}; {limits}{apart})"


def _verdict(found: Investigation) -> list[str]:
    lines = [f"**{_VERDICTS[found.verdict]}.** {prose(found.summary)}", ""]
    points = [f"Looked into: {things(found.where)}, {span(found.during)}."]
    if found.delta is not None:
        before, after = (figure(each, metric=found.metric) for each in (found.before, found.after))
        limits = interval(found.delta_low, found.delta_high, metric=found.metric)
        moved = difference(found.delta, metric=found.metric)
        points.append(f"Change: {before} → {after}, {moved} ({limits}).")
    period = span(found.compared_to)
    points.append(f"Compared with {escaped(found.baseline)} ({period}).")
    if found.onset is not None:
        between = ""
        if found.onset_low is not None and found.onset_high is not None:
            between = f" (between {clock(found.onset_low)} and {clock(found.onset_high)})"
        points.append(f"It began at {clock(found.onset)}{between}.")
    points += [_slice(one) for one in found.slices]
    points.append(f"Recorded events put to the test: {found.considered}.")
    if found.unexplained is not None:
        points.append(f"Unexplained: {left_over(found.unexplained)}.")
    return lines + bullets(points)


def _slice(one: SliceContribution) -> str:
    return (
        f"Where: {share(one.share)} of it in {things(one.where)} "
        f"({one.requests_before:,} requests before, {one.requests_after:,} in it)."
    )


def _told(one: Cause, found: Investigation, *, incident: str) -> list[str]:
    low, high = share(one.contribution_low), share(one.contribution_high)
    points = [
        f"At {clock(one.at)}: {_DID[one.mechanism]}"
        f"{f', in {things(one.where)}' if one.where else ''}.",
        f"Contribution: {share(one.contribution)} of the change (95 %: {low} to {high}); "
        f"confidence that it had a part: {percent(one.confidence)}.",
    ]
    if one.counterfactual is not None:
        had = figure(one.counterfactual, metric=found.metric)
        had_been = CALLED.get(found.metric, found.metric.value)
        points.append(f"Without it the {had_been} had been {had}.")
    if one.path:
        points.append(f"Path: {path(one.path)}.")
    rivals = [name for name in one.indistinguishable_from if name != incident]
    if rivals:
        points.append(f"The data cannot tell it from {codes(rivals)}.")
    if len(rivals) < len(one.indistinguishable_from):
        points.append(
            "The data cannot tell it from this incident itself, which says when and where and not "
            "why."
        )
    points += [f"For: {prose(words)}" for words in one.evidence]
    points += [f"Against: {prose(words)}" for words in one.evidence_against]
    return [f"### {one.rank}. {named(one)}: {escaped(one.title)}", "", *bullets(points)]


def _preceding(material: Material) -> list[str]:
    """What came before the opening, the nearest first."""
    opened = material.incident.opened_at
    before = [one for one in reversed(material.changes) if one.at <= opened]
    if not before:
        return ["", "No change is recorded in the day before it on what it reaches."]
    shown = before[:_MOST_PRECEDING]
    told = [f"{length(opened - one.at)} before: {described(one)}" for one in shown]
    if len(before) > len(shown):
        told.append(f"and {len(before) - len(shown)} more, earlier")
    lead = "What preceded it on what it reaches; that alone makes none of it the cause:"
    return ["", lead, "", *bullets(told)]


def factors(material: Material) -> list[str]:
    """The section that says what made it worse or went along with it."""
    told = list(_factors(material))
    return bullets(told) if told else ["None is recorded or found."]


def _factors(material: Material) -> Iterator[str]:
    for words in _noted(material):
        yield f"Noted in its report: {prose(words)}"
    reached = material.impact
    if reached is not None and reached.displaced:
        yield (
            f"Displaced load: {many(reached.displaced, 'request')} failed on what was reached "
            "and went on to other deployments"
        )
    found = material.investigation
    for one in found.causes[1:] if found is not None else ():
        yield (f"{named(one)}: {escaped(one.title)} ({share(one.contribution)} of the change)")
    others, more = nearest_others(material)
    for one in others:
        yield (
            f"Open at the same time: incident {code(one.id)} on "
            f"{place(one.scope_kind, one.scope_id)}: {escaped(one.title)}"
        )
    if more:
        yield f"and {many(more, 'more incident')} open at the same time"
    planned, more = nearest_maintenance(material)
    for one in planned:
        yield (
            f"Planned work at the same time: {code(one.id)} on "
            f"{place(one.scope_kind, one.scope_id)}: {escaped(one.title)}"
        )
    if more:
        yield f"and {more} more planned at the same time"
    first = material.tellings[0]
    if first.recorded_at - first.at > LATE:
        after = length(first.recorded_at - first.at)
        yield f"It was recorded {after} after it had begun ({clock(first.recorded_at)})"
    if found is not None and found.coverage.warning:
        yield f"Coverage: {prose(found.coverage.warning)}"


def _noted(material: Material) -> Sequence[str]:
    told = (one.factors for one in reversed(material.tellings) if one.factors)
    return next(told, ())


def not_known(material: Material) -> list[str]:
    """The section that says what the draft does not know."""
    return bullets(_gaps(material))


def _gaps(material: Material) -> Iterator[str]:
    if material.ongoing:
        yield f"How it ends: it is open; everything is told up to {clock(material.until)}."
    if not material.incident.root_cause:
        yield "The root cause as people see it: none is noted."
    yield from _unexplained(material.investigation)
    unmeasured = [CALLED[one.metric] for one in material.moved if one.told is None]
    if unmeasured:
        yield f"Not measured in this time or before it: {', '.join(unmeasured)}."
    if material.impact is None:
        yield "What it reached: no figures."
    elif material.impact.users is None:
        yield "How many users it reached: they were not counted."
    if material.known_at is None:
        yield f"What was recorded after {clock(material.until)}, when this was drawn up."
    else:
        yield f"What was recorded after {clock(material.known_at)}: it is left out."


def _unexplained(found: Investigation | None) -> Iterator[str]:
    if found is None:
        return
    if found.unexplained is not None and found.unexplained > 0:
        yield f"What accounts for the rest: {left_over(found.unexplained)}."
    if found.verdict is not Verdict.NO_CHANGE and found.onset is None:
        yield "When the change began: the data do not tell."
    told = found.coverage
    if told.scored is not None and told.scored < told.requests:
        yield (
            f"How the other {count(told.requests - told.scored)} of "
            f"{count(told.requests)} requests were answered: they have no score (yet)."
        )
