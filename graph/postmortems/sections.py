"""What a postmortem says besides why: facts, summary, impact, similar incidents, actions. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from graph.causes.investigation import Verdict
from graph.figures import UNKNOWN, figure, share
from graph.impact import Impact
from graph.postmortems.markdown import bullets, code, codes, escaped, prose, table
from graph.postmortems.material import Material
from graph.postmortems.wording import CALLED, clock, count, length, many, named, place, span, usd
from graph.slices import Metric
from graph.words import percent

Row = tuple[str, str, str]
_MOMENT = timedelta(minutes=1)


def facts(material: Material) -> list[str]:
    """The table at the top: what, how grave, where, when, how long."""
    one = material.incident
    ended = "not yet" if one.resolved_at is None else clock(one.resolved_at)
    period = material.during
    lasted = length(period.end - period.start)
    rows = [
        ("Incident", code(one.id)),
        ("Status", "**ongoing**" if material.ongoing else "resolved"),
        ("Severity", escaped(one.severity)),
        ("Scope", place(one.scope_kind, one.scope_id)),
        ("Opened", clock(one.opened_at)),
        ("Resolved", ended),
        ("Duration", f"{lasted}, until now" if material.ongoing else lasted),
    ]
    if one.status_source:
        rows.append(("Reported by", escaped(one.status_source)))
    if one.url:
        rows.append(("More", code(one.url)))
    written = [each.postmortem for each in reversed(material.tellings) if each.postmortem]
    rows += [("Postmortem noted", code(each)) for each in written[:1]]
    if material.investigation is not None:
        rows.append(("Investigation", code(material.investigation.id)))
    return table(("", ""), rows)


def summary(material: Material) -> list[str]:
    """Two or three sentences: what happened, to how many, and why as far as is known."""
    one, period = material.incident, material.during
    when = f"Since {clock(one.opened_at)}" if material.ongoing else f"From {span(period)}"
    verb = "has been" if material.ongoing else "was"
    lasted = length(period.end - period.start)
    until = ", and is open until now" if material.ongoing else ""
    where = place(one.scope_kind, one.scope_id)
    first = f"{when} ({lasted}) {where} {verb} affected: {escaped(one.title)}{until}."
    return [" ".join([first, _reached(material.impact), _because(material)])]


def _reached(told: Impact | None) -> str:
    if told is None:
        return "What it reached was not measured."
    failed = f"{count(told.failed)} of them failed"
    expected = ""
    if told.failed_expected is not None:
        expected = f", where {count(told.failed_expected)} were to be expected"
    rate = f" ({percent(told.failed / told.requests)})" if told.requests else ""
    people = "" if told.users is None else f" of {many(told.users, 'user')}"
    if not told.requests:
        return "No request of that time is known to have been served there."
    return f"It reached {many(told.requests, 'request')}{people}; {failed}{rate}{expected}."


def _because(material: Material) -> str:
    found = material.investigation
    if found is None:
        return "Why cannot be told from the data."
    if found.verdict is Verdict.INSUFFICIENT_DATA:
        return "Why: too little data to tell."
    if found.verdict is Verdict.NO_CHANGE:
        called = CALLED.get(found.metric, found.metric.value)
        return f"The {called} did not change by more than it usually does."
    if not found.causes:
        return "No recorded event explains the change."
    lead = found.causes[0]
    whole = f"{share(lead.contribution)} of the change"
    # The incident is no rival of what it reports.
    rivals = [one for one in lead.indistinguishable_from if one != material.incident.id]
    twins = f" (or to {codes(rivals)}: they cannot be told apart)" if rivals else ""
    if material.is_its_own_cause:
        return f"The data lay {whole} to the incident itself{twins}; what caused that is open."
    return f"The data lay {whole} to {named(lead)}: {escaped(lead.title)}{twins}."


def impact(material: Material) -> list[str]:
    """The table of what it reached and cost, beside the like time before."""
    told = material.impact
    if told is None:
        return ["What it reached was not measured."]
    lines = table(("", "In it", "Before"), [*_traffic(told), *_performance(told), *_money(told)])
    noted = next((one.cost_usd for one in reversed(material.tellings) if one.cost_usd), None)
    notes = [f"Measured from {span(told.during)}{_cut(material)}."]
    if told.compared_to is not None:
        like = f" ({escaped(told.baseline)})" if told.baseline else ""
        notes.append(f"Before: {span(told.compared_to)}{like}.")
    else:
        notes.append("Before: nothing was recorded.")
    if told.deployments:
        notes.append(f"Deployments reached: {codes(told.deployments)}.")
    if told.tenants:
        notes.append(f"Tenants reached: {codes(told.tenants)}.")
    if told.slos:
        notes.append(f"Objectives that count its requests: {codes(told.slos)}.")
    if noted is not None:
        notes.append(f"Cost noted in its report: {usd(noted)}.")
    return [*lines, "", *bullets(notes)]


def _cut(material: Material) -> str:
    told, whole = material.impact, material.during
    shorter = told is not None and whole.end - told.during.end > _MOMENT
    return "; the rest of the incident is not measured" if shorter else ""


def _traffic(told: Impact) -> Iterator[Row]:
    rate = percent(told.failed / told.requests) if told.requests else UNKNOWN
    yield ("Requests reached", count(told.requests), count(told.requests_before))
    yield ("Failed", f"{count(told.failed)} ({rate})", _expected(told))
    if told.displaced:
        yield ("Failed there first, served elsewhere", count(told.displaced), "")
    yield ("Users", count(told.users), "")
    for tier in told.tiers:
        went = f"{many(tier.requests, 'request')}, {count(tier.failed)} failed"
        yield (f"Tier {code(tier.tier)}", went, "")


def _expected(told: Impact) -> str:
    if told.failed_expected is None:
        return UNKNOWN
    return f"{count(told.failed_expected)} to be expected"


def _performance(told: Impact) -> Iterator[Row]:
    slow = Metric.LATENCY_P95
    yield (
        "p95 latency",
        figure(told.latency_ms_p95_after, metric=slow),
        figure(told.latency_ms_p95_before, metric=slow),
    )
    good = Metric.QUALITY
    scored_before = "" if told.scored_before is None else f" ({many(told.scored_before, 'score')})"
    yield (
        "Quality",
        f"{figure(told.quality_after, metric=good)} ({many(told.scored_after, 'score')})",
        f"{figure(told.quality_before, metric=good)}{scored_before}",
    )


def _money(told: Impact) -> Iterator[Row]:
    yield ("Cost of these requests", usd(told.cost_usd), "")
    yield ("Cost of the failed ones", usd(told.failed_cost_usd), "")
    limits = ""
    if told.extra_cost_low_usd is not None and told.extra_cost_high_usd is not None:
        low, high = usd(told.extra_cost_low_usd), usd(told.extra_cost_high_usd)
        limits = f" (95 %: {low} to {high})"
    yield ("Extra cost for the same work", f"{usd(told.extra_cost_usd)}{limits}", "")


def similar(material: Material) -> list[str]:
    """Earlier incidents like it, with what was found to have caused them."""
    if not material.similar:
        return ["No earlier incident like it is known."]
    told: list[str] = []
    for one in material.similar:
        earlier = one.incident
        cause = prose(earlier.root_cause) if earlier.root_cause else "none noted."
        told.append(
            f"{code(earlier.id)} ({percent(round(one.similarity, 2))} alike, "
            f"{clock(earlier.opened_at)}): {escaped(earlier.title)}. Root cause: {cause} "
            f"Alike: {prose('; '.join(one.because))}"
        )
    return bullets(told)


def actions(material: Material) -> list[str]:
    """Empty boxes with what to think of; nothing in them is a finding."""
    asked: Sequence[str] = (
        "Confirm or correct the cause above; note it on the incident.",
        "Prevent: what keeps this cause from happening again? Owner: ___ Due: ___",
        "Detect: what would have told of it earlier? Owner: ___ Due: ___",
        "Mitigate: what would have made it smaller or shorter? Owner: ___ Due: ___",
        "What went well, and where were we lucky?",
        "Who must be told, and by when?",
    )
    if material.ongoing:
        asked = ("Resolve the incident, then draw this draft up again.", *asked)
    return [f"- [ ] {words.replace('_', chr(92) + '_')}" for words in asked]
