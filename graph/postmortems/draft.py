"""A postmortem as a draft in Markdown: its material put in order and into words. Pure.

Every figure is one of the material; whatever others wrote is escaped.
"""

from datetime import datetime

from graph.postmortems import blame, sections
from graph.postmortems.markdown import escaped, table
from graph.postmortems.material import Material
from graph.postmortems.timeline import left_out, timeline
from graph.postmortems.wording import clock, moment


def title(material: Material) -> str:
    """What the postmortem is called, as plain text."""
    return f"Postmortem: {material.incident.title}"


def markdown(material: Material, *, generated_at: datetime) -> str:
    """The whole draft; ends with a line break."""
    lines = [
        f"# Postmortem: {escaped(material.incident.title)}",
        "",
        _notice(material, generated_at),
        "",
        *sections.facts(material),
    ]
    parts = (
        ("Summary", sections.summary(material)),
        ("Impact", sections.impact(material)),
        ("Timeline (UTC)", _timeline(material)),
        ("Cause", blame.cause(material)),
        ("Contributing factors", blame.factors(material)),
        ("Similar earlier incidents", sections.similar(material)),
        ("What we don't know", blame.not_known(material)),
        ("Action items", sections.actions(material)),
    )
    for heading, body in parts:
        lines += ["", f"## {heading}", "", *body]
    return "\n".join(lines) + "\n"


def _notice(material: Material, generated_at: datetime) -> str:
    state = "DRAFT, incident ongoing" if material.ongoing else "DRAFT"
    known = ""
    if material.known_at is not None:
        known = f", from what was known at {clock(material.known_at)}"
    return (
        f"> **{state}.** Drawn up by Routecause at {clock(generated_at)}{known}. The figures are "
        "measured; read them, correct what is wrong, and add what the data cannot know."
    )


def _timeline(material: Material) -> list[str]:
    rows = [(moment(entry.at), entry.words) for entry in timeline(material)]
    lines = table(("Time", "What happened"), rows)
    missing = left_out(material)
    return [*lines, "", *missing] if missing else lines
