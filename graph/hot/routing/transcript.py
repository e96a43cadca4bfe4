"""A routing view written down whole, as JSON: the same that its parts say, in a fraction of a time.

A router asks for every request, and most of an answer is text that hardly changes from one request
to the next. What holds for all requests of a task is written once; of the rest, each column of
figures is formatted at one go. Whatever is out of the ordinary is written the plain way.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson
from pydantic.alias_generators import to_camel

from graph.hot.routing.compiled import Plan, State
from graph.hot.routing.decision import Decision
from graph.hot.routing.ranking import Candidate, RoutingView
from graph.hot.routing.words import (
    WORTH_A_WORD,
    cost_words,
    latency_words,
    plan_words,
    times_words,
    usual_ms,
)

_END: Final = "\n"
"""Ends each candidate; JSON has none inside."""
_FIGURE: Final = "\ue000"
_NUMBER: Final = "\ue001"
"""Stand for what differs from one request to the next: in words, and by itself."""
_GAPS: Final = 7
_TASKS_KEPT: Final = 64
_STRIDE: Final = 2 * _GAPS + 1


def transcript(view: RoutingView) -> bytes:
    """Everything that a view says, by the names that it has in GraphQL."""
    head = orjson.dumps(_head(view), option=orjson.OPT_UTC_Z).decode()
    candidates = ",".join(_candidates(view))
    return f'{head[:-1]},"candidates":[{candidates}]}}'.encode()


def plain(view: RoutingView) -> bytes:
    """The same the plain way, by asking each part for what it says."""
    told = _head(view) | {"candidates": [_CANDIDATE(each) for each in view.candidates]}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


def _candidates(view: RoutingView) -> list[str]:
    found = view.decision
    order = found.order
    form = _form(found.plan)
    texts = form.filled(found)
    told = [texts[place] for place in order]
    out_of_order = form.unusual | found.plan.avoided | found.plan.preferred | _unusual(found)
    if len(order) < len(texts) or not out_of_order.isdisjoint(order):
        # They come in this order: those that may serve, then the others.
        for turn, candidate in enumerate(view.candidates):
            if turn >= len(order):
                told.append(_text(candidate))
            elif order[turn] in out_of_order:
                told[turn] = _text(candidate)
    return told


def _unusual(found: Decision) -> set[int]:
    """Those of which something is said that holds for this request alone."""
    course, names = found.limits.course, found.fleet.names
    places: set[int] = set() if found.probe is None else {found.probe}
    if course.first or course.last or course.shares:
        named = {*course.first, *course.last, *course.shares}
        places.update(place for place, name in enumerate(names) if name in named)
    for amounts in (found.latencies_ms, found.costs_usd):
        if None in amounts:
            places.update(place for place, amount in enumerate(amounts) if amount is None)
    return places


class _Form:
    """The text of each deployment for one kind of task, with gaps for a request's figures."""

    def __init__(self, plan: Plan) -> None:
        state = plan.state
        places = range(len(state.fleet.names))
        self.unusual = {place for place in places if state.stale[place]}
        self._usual_ms = [usual_ms(plan, place) for place in places]
        self._parts: list[str] = []
        for place in places:
            pieces = _pieces(plan, place)
            if len(pieces) != _GAPS + 1:
                # Its own words have what stands for a gap.
                self.unusual.add(place)
                pieces = [""] * (_GAPS + 1)
            pieces[-1] += _END
            for piece in pieces:
                self._parts += (piece, "")
            del self._parts[-1]
        self._decimals = "%.4g," * len(places)
        self._shares = "%.2g," * len(places)

    def filled(self, found: Decision) -> list[str]:
        """The text of each deployment by its place; those ruled out have no rank in it."""
        if not self._parts:
            return []
        latencies = [0.0 if own is None else own for own in found.latencies_ms]
        costs = [0.0 if own is None else own for own in found.costs_usd]
        ranks, scores = [""] * len(latencies), [0.0] * len(latencies)
        for rank, place in enumerate(found.order, start=1):
            ranks[place] = str(rank)
        for place, score in found.scores.items():
            scores[place] = score
        columns: tuple[Sequence[str], ...] = (
            ranks,
            _numbers(scores),
            _formatted(self._decimals, latencies),
            self._times(latencies),
            _formatted(self._decimals, costs),
            _numbers(latencies),
            _numbers(costs),
        )
        parts = self._parts.copy()
        for place, column in enumerate(columns):
            parts[2 * place + 1 :: _STRIDE] = column
        return "".join(parts).split(_END)[:-1]

    def _times(self, latencies: Sequence[float]) -> list[str]:
        """How the tokens of the request change the latency, where they do."""
        shares = [
            own / usual if usual else 1.0
            for own, usual in zip(latencies, self._usual_ms, strict=True)
        ]
        return [
            times_words(text) if abs(share - 1) > WORTH_A_WORD else ""
            for share, text in zip(shares, _formatted(self._shares, shares), strict=True)
        ]


_forms: "WeakKeyDictionary[State, dict[str, _Form]]" = WeakKeyDictionary()


def _form(plan: Plan) -> _Form:
    """The form that a plan shares with all others of its state and its task."""
    forms = _forms.setdefault(plan.state, {})
    form = forms.get(plan.kind.task_type)
    if form is None:
        if len(forms) >= _TASKS_KEPT:
            forms.clear()
        form = forms[plan.kind.task_type] = _Form(plan)
    return form


def _pieces(plan: Plan, place: int) -> list[str]:
    """A candidate's text between the gaps, the way it is told where nothing is out of order."""
    fleet, quality = plan.state.fleet, plan.quality[place]
    before, after = plan_words(plan, place)
    latency = latency_words(plan, place, figure=_FIGURE, times=_FIGURE)
    said: dict[str, Any] = {
        "deployment": fleet.names[place],
        "rank": _NUMBER,
        "score": _NUMBER,
        "eligible": True,
        "reasons": [before, latency, cost_words(f"{_FIGURE} USD"), after],
        "reason_codes": [],
        "expected_latency_ms": _NUMBER,
        "expected_cost_usd": _NUMBER,
        "expected_quality": quality and quality.quality,
        "quality_samples": quality and quality.samples,
        "status": fleet.healths[place].status,
        "stale": plan.state.stale[place],
        "propensity": None,
        "probe": False,
    }
    told = {name: said[field] for field, name in zip(Candidate.FIELDS, _NAMES, strict=True)}
    return orjson.dumps(told).decode().replace(f'"{_NUMBER}"', _FIGURE).split(_FIGURE)


def _numbers(values: Sequence[float]) -> list[str]:
    return orjson.dumps(values).decode()[1:-1].split(",")


def _formatted(forms: str, values: Iterable[float]) -> list[str]:
    return (forms % tuple(values)).split(",")[:-1]


def _text(candidate: Candidate) -> str:
    return orjson.dumps(_CANDIDATE(candidate)).decode()


def _teller(fields: Sequence[str]) -> Callable[[object], dict[str, Any]]:
    """Tells these attributes by their names in JSON."""
    get, names = attrgetter(*fields), tuple(map(to_camel, fields))
    return lambda value: dict(zip(names, get(value), strict=True))


def _head(view: RoutingView) -> dict[str, Any]:
    told = _HEAD(view)
    told["flags"] = [_FLAG(flag) for flag in told["flags"]]
    return told


_CANDIDATE: Final = _teller(Candidate.FIELDS)
_HEAD: Final = _teller([field for field in RoutingView.FIELDS if field != "candidates"])
_FLAG: Final = _teller(("name", "value"))
_NAMES: Final = tuple(map(to_camel, Candidate.FIELDS))
