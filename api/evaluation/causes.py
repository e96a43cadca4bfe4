"""Is the cause that `whyChanged` names the one that was planted? Asked through the API alone.

Fleets are sent to a running service as any sender's history is, one after another; each is asked
about as an operator would, and the answers are marked against a truth that never leaves this
process.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from api.bench.measures import Table
from api.cli.client import Client
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.evaluation import marks, rivals, robustspot
from api.evaluation.fleets import FIRST_SEED, KINDS, PER_DAY, QUIET, Fleet, Roster
from api.evaluation.marks import Culprit, Mark, Truth
from api.evaluation.questions import Asked, Question
from api.evaluation.rivals import Guess
from graph.errors import InvalidInput, RoutecauseError, Unavailable
from graph.slices import Period, Slice
from ingest.simulator import PlantedFault, simulate
from ingest.simulator.arrays import to_time

_WHY = """
query Why($metric: Metric!, $during: PeriodInput!, $comparedTo: PeriodInput, $where: SliceInput,
          $knownAt: DateTime) {
  whyChanged(metric: $metric, during: $during, comparedTo: $comparedTo, where: $where,
             knownAt: $knownAt) {
    verdict summary before after delta deltaLow deltaHigh onset
    coverage { requests scored scoredShare expectedScoredShare warning }
    slices { where { kind id } share mixEffect withinEffect }
    causes {
      rank kind id title at contribution contributionLow contributionHigh counterfactual mechanism
      indistinguishableFrom confidence evidence
      path { from { kind id } relationship to { kind id } }
    }
    unexplained comparedTo { from to } during { from to }
  }
}
"""
_HAPPENED = """
query Happened($from: DateTime!, $to: DateTime!) {
  changes(from: $from, to: $to) { id at targets { kind id } }
  incidents(from: $from, to: $to) { id openedAt scopeKind scopeId }
}
"""
_LOOKED_BACK = timedelta(days=3)
_NOT_ASKED_OF = "routecause.deployment.observed"
_NO_HOUR = frozenset({"slow-drift", "experiment-ramp"})
"""Kinds that come on so slowly that they have no hour at which they began."""

Json = dict[str, Any]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to evaluate: kinds of fault, fleets of each, quiet fleets, and where seeds begin."""

    kinds: tuple[str, ...] = tuple(KINDS)
    seeds: int = 5
    quiet: int = 20
    first_seed: int = FIRST_SEED
    per_day: int = PER_DAY

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise InvalidInput(f"{kind} is none of {', '.join(KINDS)}", field="kinds")

    def fleets(self) -> Iterator[Fleet]:
        """The fleets, drawn as they are needed."""
        roster = Roster(per_day=self.per_day)
        for kind, count in [*((kind, self.seeds) for kind in self.kinds), (QUIET, self.quiet)]:
            for seed in range(self.first_seed, self.first_seed + count):
                yield roster.fleet(kind, seed=seed)


@dataclass(slots=True)
class Found:
    """What came of it: marks of fleets with a fault, of each quiet fleet, and of the rivals.

    `answers` holds each question with its truth, answer and mark, for who wants to look at them.
    """

    marks: list[Mark] = field(default_factory=list[Mark])
    quiet: list[list[Mark]] = field(default_factory=list[list[Mark]])
    guesses: list[Guess] = field(default_factory=list[Guess])
    answers: list[Json] = field(default_factory=list[Json])

    def tables(self) -> list[Table]:
        """What is printed."""
        everything = [*self.marks, *(one for own in self.quiet for one in own)]
        return [
            marks.by_kind(everything),
            marks.missed(everything),
            rivals.floor(self.guesses),
            marks.totals(self.marks, quiet=self.quiet),
        ]


def examine(extent: Extent, *, url: str, key: str | None, report: Report) -> Found:
    """Send the fleets to a running service, ask of each, and mark the answers.

    While one fleet is written the next is drawn.
    """
    found = Found()
    with ThreadPoolExecutor(max_workers=1) as pool, Client(url=url, key=key) as client:
        waiting: tuple[Fleet, Future[None]] | None = None
        for fleet in extent.fleets():
            if waiting is not None:
                _asked(found, client, waiting, report)
            waiting = fleet, pool.submit(_load, fleet, url=url, key=key)
        if waiting is not None:
            _asked(found, client, waiting, report)
    return found


def _asked(
    found: Found, client: Client, waiting: tuple[Fleet, Future[None]], report: Report
) -> None:
    """Ask about a fleet once it is there."""
    fleet, loaded = waiting
    loaded.result()
    own: list[Mark] = []
    for asked in fleet.asked:
        truth = truth_of(fleet, asked)
        answer = _answer(client, asked.question, report)
        one = marks.mark(truth, answer)
        own.append(one)
        found.answers.append(_kept(fleet, asked, truth, answer, one))
        report(_line(fleet, asked.question, answer, one))
    if fleet.kind == QUIET:
        found.quiet.append(own)
        return
    found.marks += own
    found.guesses += _guesses(client, fleet, found.answers[-1]["answer"])


def _load(fleet: Fleet, *, url: str, key: str | None) -> None:
    """Send a fleet's history and wait until the graph has it."""

    def lines() -> Iterator[Line]:
        # Health samples say nothing of causes, and would be half of all events.
        told = (event for event in simulate(fleet.plan) if event["type"] != _NOT_ASKED_OF)
        for number, event in enumerate(told, start=1):
            yield Line(Path(f"{fleet.kind}-{fleet.seed}"), number, orjson.dumps(event))

    with progress() as shown:
        shown.add_task(f"sending {fleet.kind}-{fleet.seed}", total=None)
        tally = asyncio.run(send(lines(), url=url, key=key, shown=shown))
    if tally.rejected or tally.duplicates:
        raise Unavailable(
            f"of fleet {fleet.kind}-{fleet.seed} {len(tally.rejected)} events were rejected and "
            f"{tally.duplicates} known before; it takes a service without any data"
        )


def real_cases(data: Path | None, *, report: Report) -> list[Table]:
    """The slice search on labelled cases of a real service, where the folder of data has them."""
    folder = None if data is None else data / "robustspot"
    if folder is None or not folder.is_dir():
        report("robustspot is not scored: give the folder that holds it with --data")
        return []
    return [robustspot.run(folder)]


def truth_of(fleet: Fleet, asked: Asked) -> Truth:
    """What an answer to a question about a fleet is marked against."""
    if fleet.kind == QUIET:
        return Truth(kind=QUIET, seed=fleet.seed, decoys=fleet.decoys, quiet=True)
    starts = [to_time(fault.start_ms) for fault in fleet.planted]
    return Truth(
        kind=fleet.kind,
        seed=fleet.seed,
        culprits=tuple(
            Culprit(frozenset({fault.cause_id, *fault.indistinguishable_from}), effect)
            for fault, effect in zip(fleet.planted, asked.effects, strict=True)
            if fault.cause_id is not None
        ),
        decoys=fleet.decoys,
        lacking=fleet.planted[0].mechanism == "COVERAGE",
        began=None if fleet.kind in _NO_HOUR else min(starts),
        latest=max(starts),
        place=_place(fleet.planted[0], asked.question.where),
    )


def _place(fault: PlantedFault, where: Slice) -> dict[str, list[str]] | None:
    """Where a fault acts, in every way that an answer may rightly name it and the question does
    not already; None where the question leaves nothing to find.
    """
    place = dict(fault.slice)
    lost = place.get("deployment", [])
    if fault.mechanism == "MIX" and lost:
        place["displaced_from"] = lost
    models = sorted({name.rpartition("@")[0] for name in lost})
    if len(lost) > len(models):
        place["model"] = models
    return {name: ids for name, ids in place.items() if name not in where.given()} or None


def _answer(client: Client, question: Question, report: Report) -> Json:
    try:
        return client.query(_WHY, variables(question))["whyChanged"]
    except RoutecauseError as error:
        report(f"not answered: {error}")
        period = _period(question.during)
        return {
            "verdict": "NOT_ANSWERED", "summary": str(error), "before": None, "after": None,
            "onset": None, "coverage": {"warning": None}, "slices": [], "causes": [],
            "during": period, "comparedTo": period,
        }  # fmt: skip


def variables(question: Question) -> Json:
    """A question as GraphQL takes it."""
    return {
        "metric": question.metric.value,
        "during": _period(question.during),
        "comparedTo": None if question.compared_to is None else _period(question.compared_to),
        "where": _where(question.where),
        "knownAt": None if question.known_at is None else question.known_at.isoformat(),
    }


def _period(period: Period) -> dict[str, str]:
    return {"from": period.start.isoformat(), "to": period.end.isoformat()}


def _where(where: Slice) -> dict[str, list[str]] | None:
    names = {"task_type": "taskType"}
    return {names.get(name, name): sorted(ids) for name, ids in where.given().items()} or None


def _guesses(client: Client, fleet: Fleet, answer: Json) -> list[Guess]:
    """What the rivals would have said, given the events that the service lists."""
    (asked,) = fleet.asked
    during, truth = asked.question.during, truth_of(fleet, asked)
    told = answer["onset"]
    onset = during.start if told is None else datetime.fromisoformat(told)
    start = min(onset, during.start) - _LOOKED_BACK
    data = client.query(_HAPPENED, {"from": start.isoformat(), "to": during.end.isoformat()})
    # An incident or a maintenance of before may be among those that are still open.
    events = [one for one in rivals.happenings(data) if start <= one.at < during.end]
    return [
        Guess("the nearest event before the onset", truth, rivals.nearest(events, onset=onset)),
        Guess(
            "the event that touches most requests",
            truth,
            rivals.widest(events, history=fleet.history, during=during),
        ),
    ]


def _kept(fleet: Fleet, asked: Asked, truth: Truth, answer: Json, one: Mark) -> Json:
    return {
        "fleet": f"{fleet.kind}-{fleet.seed}",
        "question": variables(asked.question),
        "truth": {
            "culprits": [
                {"ids": sorted(culprit.ids), "effect": culprit.effect} for culprit in truth.culprits
            ],
            "decoys": sorted(truth.decoys),
            "faults": [fault.to_json() for fault in fleet.planted],
            "visible": asked.visible,
        },
        "answer": answer,
        "mark": asdict(one),
    }


def _line(fleet: Fleet, question: Question, answer: Json, one: Mark) -> str:
    said = {True: "right", False: "WRONG", None: "-"}
    named = ", ".join(
        f"{cause['id']} {100 * cause['contribution']:.0f} %" for cause in answer["causes"]
    )
    return (
        f"{fleet.kind}-{fleet.seed} {question.metric}: {one.verdict}, cause {said[one.first]}, "
        f"verdict {said[one.verdict_right]}{', INNOCENT BLAMED' if one.false else ''}"
        f"{'; ' + named if named else ''}"
    )
