"""Questions in words put to the service, and its answers marked: intent, slots, times, figures.

The fleets are simulated, each on a service of its own. Figures are counted from the events that
were sent, by code that shares nothing with what answers.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import httpx
import orjson

from api.bench.measures import Table, percentile
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.evaluation.fleets_asked_about import Facts, by_name, counted, events, facts, planted
from api.evaluation.service import fresh_service
from api.evaluation.words import PARTS, Marks, Worded, marked, questions
from api.graphql.trusted import document

Report = Callable[[str], None]
CLAUDE_USD: Final = 0.012
"""What a question to Claude costs: 3 turns of 4,500 tokens in, of which 3,800 are read from the
cache, and 250 out, at 1 and 5 US dollars per million tokens, and one writing of the cache.
"""
_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Given:
    """A question, its answer, the marks, and whether each figure that it should tell is told."""

    asked: Worded
    answer: Mapping[str, Any]
    marks: Marks
    figure: bool | None
    same: bool | None
    """Whether its GraphQL could be asked; None where it has none."""


@dataclass(slots=True)
class Found:
    """All answers."""

    given: list[Given] = field(default_factory=list[Given])

    def tables(self) -> list[Table]:
        """What is right, by part and by who understood; then by intent, for the part kept apart."""
        return [_understanding(self.given), _speed(self.given), _intents(self.given)]

    def missed(self) -> list[dict[str, Any]]:
        """Every answer of the practised part that is not right, and why; the other stays unseen."""
        return [
            {
                "question": one.asked.text,
                "fleet": one.asked.fleet,
                "method": one.marks.method,
                "wrong": [*one.marks.wrong, *(["figure"] if one.figure is False else [])],
                "text": one.answer["text"],
            }
            for one in self.given
            if one.asked.part == PARTS[0]
            and (one.marks.wrong or one.figure is False or one.same is False)
        ]


def evaluated(*, parts: Sequence[str], report: Report) -> Found:
    """Put all questions of these parts, each fleet on a fresh service."""
    asked = [one for part in parts for one in questions(part)]
    found = Found()
    for fleet in sorted({one.fleet for one in asked}):
        mine = [one for one in asked if one.fleet == fleet]
        with (
            tempfile.TemporaryDirectory(prefix="routecause-evaluate-") as folder,
            fresh_service(Path(folder), report=report) as url,
            httpx.Client(base_url=url, timeout=_LIMIT_S) as http,
        ):
            lines = list(events(fleet))
            _send(url, lines, fleet=fleet)
            told = facts(fleet, lines)
            report(f"{fleet}: {len(lines):,} events, {len(mine)} questions")
            for one in mine:
                found.given.append(_put(one, http, told))
    return found


def _send(url: str, lines: Sequence[bytes], *, fleet: str) -> None:
    """Send the events as a backfill, and wait until the graph has them."""
    numbered = (Line(Path(fleet), number, line) for number, line in enumerate(lines, start=1))
    with progress() as shown:
        shown.add_task(f"sending {fleet}", total=None)
        asyncio.run(send(numbered, url=url, key=None, shown=shown))


def _put(asked: Worded, http: httpx.Client, told: Facts) -> Given:
    conversation = None
    if asked.before is not None:
        conversation = _ask(http, asked, text=asked.before)["conversation"]
    answer = _ask(http, asked, text=asked.text, conversation=conversation)
    marks = marked(asked, answer)
    right = marks.right and marks.slots is not False and marks.times is not False
    figure = _figure(asked, answer, told) if right and asked.intent else None
    return Given(asked, answer, marks, figure, _same(http, answer))


def _ask(
    http: httpx.Client, asked: Worded, *, text: str, conversation: str | None = None
) -> dict[str, Any]:
    variables = {
        "question": text,
        "now": asked.now.isoformat(),
        "timeZone": asked.zone,
        "conversation": conversation,
    }
    return _graphql(http, document("ask"), variables)["ask"]


def _same(http: httpx.Client, answer: Mapping[str, Any]) -> bool | None:
    """Whether the GraphQL that an answer names is answered without an error."""
    if answer["query"] is None:
        return None
    response = http.post("/graphql", json={"query": answer["query"]})
    return response.is_success and not response.json().get("errors")


def _graphql(http: httpx.Client, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    response = http.post("/graphql", json={"query": query, "variables": variables})
    told = response.json()
    if told.get("errors"):
        raise RuntimeError(f"{variables}: {told['errors']}")
    return told["data"]


def _figure(asked: Worded, answer: Mapping[str, Any], told: Facts) -> bool | None:
    """Whether the figure that the events hold is in the answer; None where none is checked."""
    text = answer["text"]
    where = asked.slots.get("where", {})
    metric = asked.slots.get("metric")
    if asked.intent == "why_changed":
        causes = planted(told, fleet=asked.fleet)
        cited = {one["id"] for one in answer["citations"]}
        # A cause is wrong where it was not planted; that none is found is told elsewhere.
        named = set(_causes(answer))
        return not named or bool(named & causes & cited)
    during: object = asked.during
    if not isinstance(during, list):
        return None
    start, end = map(datetime.fromisoformat, cast("list[str]", during))
    requests, _, cost_usd = counted(told, where, start=start, end=end)
    if not requests:
        return text.startswith("I can't tell") or " 0 " in text or "$0.00" in text
    if asked.intent in ("trend", "cost") and metric == "VOLUME" and not asked.slots.get("by"):
        return f"{requests:,}" in text
    if asked.intent == "trend" and metric == "VOLUME" and len(asked.slots["by"]) == 1:
        kind = asked.slots["by"][0].lower()
        if kind not in told.requests[0].names:
            return None
        groups = by_name(told, where, name=kind, start=start, end=end).most_common(3)
        return all(name in text and f"{count:,}" in text for name, count in groups)
    if asked.intent == "cost" and metric in ("COST", None):
        return f"{cost_usd:,.2f}" in text
    return None


def _causes(answer: Mapping[str, Any]) -> Iterator[str]:
    """The causes that an answer names: those of its last investigation."""
    calls: list[dict[str, Any]] = orjson.loads(answer["data"])["calls"] or []
    investigations: list[dict[str, Any]] = [
        call["result"] for call in calls if call["tool"] == "why_changed"
    ]
    for found in investigations[-1:]:
        causes: list[dict[str, Any]] = found["causes"]
        yield from (cause["id"] for cause in causes)


def _understanding(given: Sequence[Given]) -> Table:
    table = Table(
        "what is right, in percent",
        ("part", "understood by", "questions", "answered", "intent right of answered",
         "intent right of all", "slots", "times", "figures", "GraphQL works", "refused rightly"),
    )  # fmt: skip
    for part in PARTS:
        mine = [one for one in given if one.asked.part == part]
        for name, methods in _STEPS.items():
            if mine:
                table.rows.append((part, name, *_shares(mine, methods)))
    return table


_STEPS: Final[Mapping[str, frozenset[str]]] = {
    "rules alone": frozenset({"logical"}),
    "rules and local semantics": frozenset({"logical", "local"}),
}


def _shares(given: Sequence[Given], methods: frozenset[str]) -> tuple[Any, ...]:
    """What those steps alone would have got right; what they leave is not answered."""
    known = [one for one in given if one.marks.known]
    outside = [one for one in given if not one.marks.known]
    answered = [one for one in known if one.marks.answered and one.marks.method in methods]
    right = [one for one in answered if one.marks.right]
    refused = [one for one in outside if one.marks.right or one.marks.method not in methods]
    figures = [one.figure for one in right if one.figure is not None]
    works = [one.same for one in right if one.same is not None]
    return (
        len(known),
        _percent(len(answered), len(known)),
        _percent(len(right), len(answered)),
        _percent(len(right), len(known)),
        _percent(sum(one.marks.slots is True for one in right), len(right)),
        _percent(sum(one.marks.times is True for one in right), len(right)),
        _percent(sum(figures), len(figures)),
        _percent(sum(works), len(works)),
        _percent(len(refused), len(outside)),
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")


def _speed(given: Sequence[Given]) -> Table:
    table = Table(
        "understanding in ms, and what 1,000 questions cost",
        ("understood by", "questions", "share %", "p50", "p95", "US dollars per 1,000"),
    )
    groups = {
        "rules": [one for one in given if one.marks.method == "logical"],
        "local semantics": [
            one for one in given if one.marks.method == "local" and not _would_ask(one)
        ],
        "nobody: Claude would be asked": [one for one in given if _would_ask(one)],
    }
    for name, mine in groups.items():
        ms = [one.answer["understandingMs"] for one in mine]
        share = len(mine) / max(len(given), 1)
        usd = 1000 * share * (CLAUDE_USD if name.startswith("nobody") else 0.0)
        table.rows.append(
            (name, len(mine), 100 * share, percentile(ms, 0.5), percentile(ms, 0.95), usd)
        )
    return table


def _would_ask(one: Given) -> bool:
    return bool(one.answer["degraded"])


def _intents(given: Sequence[Given]) -> Table:
    table = Table(
        "by intent, of the part kept apart",
        ("intent", "questions", "right", "taken for instead"),
    )
    mine = [one for one in given if one.asked.part == PARTS[1]]
    for intent in sorted({one.asked.intent or "" for one in mine}):
        of_it = [one for one in mine if (one.asked.intent or "") == intent]
        others = Counter(one.answer["intent"] or "nothing" for one in of_it if not one.marks.right)
        told = ", ".join(f"{name} {count}" for name, count in others.most_common())
        right = sum(one.marks.right for one in of_it)
        table.rows.append((intent or "to be refused", len(of_it), right, told))
    return table
