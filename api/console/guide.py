"""Writes the guide that Neo4j Browser opens: each question as Cypher that runs as it stands.

Neo4j Browser fetches the page from its own origin, cuts it at its `slide` elements, and makes each
`pre` of class `runnable` a button that puts its text into the editor; an element's `data-exec` is a
command of the browser that runs when pressed. Parameters are set by one such command, so that the
questions themselves stay as they are in their files.
"""

import json
import re
from functools import cache
from html import escape

from graph.store.questions import Question, all_questions, question

# The question whose answer is the parameters of all others.
EXAMPLES = "newest_examples"

# The browser adds headers of its own (`pragma`, `cache-control`, tracing), so a preflight comes
# first. What it gets is the service's own text and no one's data: any origin may read it.
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "600",
}
# The questions that answer with paths, in the order in which they are worth looking at.
TOUR = (
    "request_path",
    "request_company",
    "deployment_cells",
    "fleet_map",
    "blast_radius",
    "policy_history",
    "displaced_requests",
    "change_targets",
    "investigation",
)
# Neo4j Browser keeps the slides and drops the rest, which serves whoever opens the page itself.
_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Routecause</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1.25rem;
  font: 16px/1.5 system-ui, "Open Sans", sans-serif; }
slide { display: block; padding: 0.5rem 0 1rem; border-top: 1px solid #8886; }
pre { padding: 0.8rem 1rem; overflow-x: auto; border-radius: 8px; background: #8882;
  font-size: 0.85rem; }
[data-exec] { font-style: italic; }
</style>
<p>This page is meant for Neo4j Browser, where every question can be pressed and run: type
<code>:guide</code> and this page's address there.</p>"""
# The drawer that shows a slide gives it no margin of its own.
_INSET = '<div style="padding: 0 18px">'
# How nodes are drawn: which property stands on each label, and in which colour.
_LOOKS = {
    "Request": ("id", "#6366f1"),
    "RoutingDecision": ("method", "#0ea5e9"),
    "Bucket": ("hour", "#94a3b8"),
    "Cell": ("taskType", "#64748b"),
    "Deployment": ("id", "#16a34a"),
    "Model": ("id", "#0d9488"),
    "Backend": ("id", "#0f766e"),
    "Policy": ("id", "#a855f7"),
    "PolicyVersion": ("version", "#c084fc"),
    "QualityScore": ("score", "#eab308"),
    "Incident": ("id", "#dc2626"),
    "IncidentRevision": ("title", "#f87171"),
    "Change": ("id", "#ea580c"),
    "ChangeRevision": ("title", "#fb923c"),
    "TaskType": ("id", "#475569"),
    "Tier": ("id", "#7c3aed"),
    "Tenant": ("id", "#1d4ed8"),
    "Investigation": ("metric", "#be185d"),
}
_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
_RETURNED = re.compile(r"\bAS\s+(\w+)\s*(?:,|$)")


@cache
def render() -> str:
    """The guide as HTML: a start, then a slide for each question."""
    pictures = [question(name) for name in TOUR]
    tables = [asked for asked in all_questions() if asked.name not in {*TOUR, EXAMPLES}]
    parts = [
        _HEAD,
        '<article class="guide">',
        _start(pictures=len(pictures), tables=len(tables)),
        *(_slide(asked, answer="a picture") for asked in pictures),
        *(_slide(asked, answer="a table") for asked in tables),
        "</article>",
    ]
    return "\n".join(parts) + "\n"


def parameters(cypher: str) -> set[str]:
    """The names of the parameters that a text asks for, comments left out."""
    return set(_PARAMETER.findall(re.sub(r"//.*", "", cypher)))


def examples() -> set[str]:
    """The names of the parameters that `parameter_command` sets."""
    returned = question(EXAMPLES).text.rpartition("\nRETURN\n")[2]
    return {name for line in returned.splitlines() for name in _RETURNED.findall(line)}


def parameter_command() -> str:
    """The browser's command that sets every parameter from the newest facts of the graph."""
    query = " ".join(line.strip() for line in body(question(EXAMPLES)).splitlines())
    return f"param [{{{', '.join(sorted(examples()))}}}] => {{ {query} }}"


def style_command() -> str:
    """The browser's command that gives each label its caption and colour."""
    base = {
        "node": {"diameter": "65px", "border-width": "2px", "defaultCaption": "<id>"}
        | _paint("#94a3b8"),
        "relationship": {
            "color": "#94a3b8",
            "shaft-width": "1px",
            "font-size": "8px",
            "padding": "3px",
            "text-color-external": "#334155",
            "text-color-internal": "#ffffff",
            "caption": "<type>",
        },
    }
    labels = {
        f"node.{label}": {"caption": f"{{{name}}}"} | _paint(color)
        for label, (name, color) in _LOOKS.items()
    }
    return f"style {json.dumps(base | labels)}"


def _paint(color: str) -> dict[str, str]:
    return {
        "color": color,
        "border-color": color,
        "text-color-internal": "#ffffff",
        "font-size": "10px",
    }


def body(asked: Question) -> str:
    """A question's Cypher without its first line, which the slide has as its title."""
    return asked.text.partition("\n")[2].strip()


def _start(*, pictures: int, tables: int) -> str:
    return f"""<slide>{_INSET}
<h3>Routecause in its graph</h3>
<p>Everything that happened around a routing fleet, linked: requests, the decisions that routed
them, what they were counted in, deployments, policies, changes, incidents and scores.</p>
<p><strong>First, {_parameter_button()}.</strong> They are taken from the newest facts in the graph;
press again whenever you want newer ones.</p>
<p>If you like, <a data-exec="{_text(style_command())}">set captions and colours</a> too.</p>
<p><strong>Then press a question</strong> to put it into the editor, and run it there
(Ctrl-Enter). The first {pictures} answer with a picture, the other {tables} with a table: these are
the reads of the service itself, as they stand.</p>
</div></slide>"""


def _slide(asked: Question, *, answer: str) -> str:
    names = ", ".join(f"${name}" for name in sorted(parameters(asked.text)))
    takes = f" It takes {_text(names)}: {_parameter_button()}." if names else ""
    return f"""<slide>{_INSET}
<h3>{_text(asked.english)}</h3>
<p>Answers with {answer}.{takes}</p>
<pre class="runnable" style="padding-left: 22px">{_text(body(asked))}</pre>
</div></slide>"""


def _parameter_button() -> str:
    return f'<a data-exec="{_text(parameter_command())}">set the parameters</a>'


def _text(text: str) -> str:
    # Neo4j Browser strips whatever looks like an event handler (`on…=`) from the whole page, so an
    # equals sign of a query may not stand there as itself.
    return escape(text).replace("=", "&#61;")
