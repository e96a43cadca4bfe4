"""Answers of `whyChanged` marked against the truth, and the marks summed by kind. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.bench.measures import Table

Answer = Mapping[str, Any]
"""An Investigation as GraphQL gives it."""

_HAS_CAUSE = frozenset({"EXPLAINED", "PARTLY_EXPLAINED"})
_NONE_KNOWN = frozenset({"UNEXPLAINED"})
_SCORES_LACK = frozenset({"UNEXPLAINED", "INSUFFICIENT_DATA"})
_NOTHING = frozenset({"NO_CHANGE", "INSUFFICIENT_DATA", "UNEXPLAINED"})
_MOSTLY = 0.5
"""EXPLAINED is right only where what was planted made at least this share of the change."""

_SAME_TIME = timedelta(minutes=1)
_SLICES_READ = 3


@dataclass(frozen=True, slots=True)
class Culprit:
    """One thing to blame: its ids (more than one where the data cannot tell them apart), and what
    it moved the metric by in the period asked about.
    """

    ids: frozenset[str]
    effect: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What the answer to one question is marked against.

    `culprits` is empty where no recorded event did it. `began` is when the effect did (None where
    nothing happened, or so slowly that it has no hour), `latest` when the last of several did.
    `place` holds the values of each dimension where it acts. `lacking` tells that scores stop
    arriving, so that a coverage warning is due.
    """

    kind: str
    seed: int
    culprits: tuple[Culprit, ...] = ()
    decoys: frozenset[str] = frozenset()
    quiet: bool = False
    lacking: bool = False
    began: datetime | None = None
    latest: datetime | None = None
    place: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How one answer did; None where a mark does not apply.

    `first` is whether the first cause is a culprit, `three` whether all culprits are among the
    first three; `false` whether anything innocent is a cause, `beside` whether a decoy is only
    named as not to be told from one; `errors` the distances of the contributions from the true
    ones, in points; `covered` whether their intervals hold these; `later` how many causes come
    after their effect.
    """

    kind: str
    seed: int
    verdict: str
    first: bool | None
    three: bool | None
    verdict_right: bool
    claimed: bool
    false: bool
    beside: bool
    errors: tuple[float, ...]
    covered: tuple[bool, ...]
    onset_error_h: float | None
    later: int
    placed: bool | None


def mark(truth: Truth, answer: Answer) -> Mark:
    """Mark one answer."""
    causes: Sequence[Mapping[str, Any]] = sorted(answer["causes"], key=lambda cause: cause["rank"])
    named = [cause["id"] for cause in causes]
    wanted = frozenset[str]().union(*(culprit.ids for culprit in truth.culprits))
    delta = _delta(answer)
    found = [
        (culprit, cause)
        for culprit in truth.culprits
        if (cause := next((cause for cause in causes if cause["id"] in culprit.ids), None))
    ]
    shares = [culprit.effect / delta if delta else math.nan for culprit, _ in found]
    beside = {name for cause in causes for name in cause["indistinguishableFrom"]}
    return Mark(
        kind=truth.kind,
        seed=truth.seed,
        verdict=answer["verdict"],
        first=bool(named) and named[0] in wanted if wanted else None,
        three=all(culprit.ids & {*named[:3]} for culprit in truth.culprits) if wanted else None,
        verdict_right=_verdict_right(truth, answer, delta),
        claimed=bool(named),
        false=any(name not in wanted for name in named),
        beside=bool(beside & truth.decoys),
        errors=tuple(
            100 * abs(cause["contribution"] - share)
            for (_, cause), share in zip(found, shares, strict=True)
        ),
        covered=tuple(
            cause["contributionLow"] <= share <= cause["contributionHigh"]
            for (_, cause), share in zip(found, shares, strict=True)
        ),
        onset_error_h=_onset_error_h(truth, answer),
        later=sum(_later(truth, answer, cause) for cause in causes),
        placed=None if truth.place is None else _placed(truth.place, answer["slices"]),
    )


def _delta(answer: Answer) -> float:
    if answer["before"] is None or answer["after"] is None:
        return 0.0
    return answer["after"] - answer["before"]


def _verdict_right(truth: Truth, answer: Answer, delta: float) -> bool:
    verdict = answer["verdict"]
    if truth.quiet:
        return verdict in _NOTHING
    if truth.lacking:
        return verdict in _SCORES_LACK and bool(answer["coverage"]["warning"])
    if not truth.culprits:
        return verdict in _NONE_KNOWN
    if any(len(culprit.ids) > 1 for culprit in truth.culprits) and not _grouped(truth, answer):
        return False
    share = sum(culprit.effect for culprit in truth.culprits) / delta if delta else 0.0
    return verdict in _HAS_CAUSE and (verdict != "EXPLAINED" or share >= _MOSTLY)


def _grouped(truth: Truth, answer: Answer) -> bool:
    """Whether what cannot be told apart is said to be so."""
    return all(
        any({cause["id"], *cause["indistinguishableFrom"]} >= culprit.ids for cause in _c(answer))
        for culprit in truth.culprits
    )


def _c(answer: Answer) -> Sequence[Mapping[str, Any]]:
    return answer["causes"]


def _onset_error_h(truth: Truth, answer: Answer) -> float | None:
    if truth.began is None or answer["onset"] is None:
        return None
    return abs((_time(answer["onset"]) - truth.began).total_seconds()) / 3600


def _later(truth: Truth, answer: Answer, cause: Mapping[str, Any]) -> bool:
    """Whether a cause came after the last effect there was, or after the period itself."""
    at = _time(cause["at"])
    if at >= _time(answer["during"]["to"]):
        return True
    return truth.latest is not None and at > truth.latest + _SAME_TIME


def _placed(place: Mapping[str, Sequence[str]], slices: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the first slices names the place, and nothing that it is not."""

    def fits(where: Sequence[Mapping[str, Any]]) -> bool:
        known = [ref for ref in where if ref["kind"] in place]
        # An arm is told with its experiment before it.
        return bool(known) and all(
            ref["id"].rpartition("/")[2] in place[ref["kind"]] or ref["id"] in place[ref["kind"]]
            for ref in known
        )

    return any(fits(one["where"]) for one in slices[:_SLICES_READ])


def _time(told: str) -> datetime:
    return datetime.fromisoformat(told)


def share(marks: Iterable[bool | None]) -> float:
    """The share of what applies that is so; NaN where nothing applies."""
    told = [one for one in marks if one is not None]
    return sum(told) / len(told) if told else math.nan


def mean(values: Iterable[float | None]) -> float:
    """The mean of what is known; NaN where nothing is."""
    told = [one for one in values if one is not None]
    return sum(told) / len(told) if told else math.nan


def by_kind(marks: Sequence[Mark]) -> Table:
    """A row for each kind of fault, in the order of the marks."""
    table = Table(
        "Answers by what was planted (shares; errors of contributions in points, of onsets in h)",
        (
            "kind", "answers", "top-1", "top-3", "verdict right", "innocent blamed",
            "decoy beside", "place named", "error", "covered", "onset error", "later",
        ),
    )  # fmt: skip
    for kind in dict.fromkeys(one.kind for one in marks):
        own = [one for one in marks if one.kind == kind]
        table.rows.append(
            (
                kind,
                len(own),
                share(one.first for one in own),
                share(one.three for one in own),
                share(one.verdict_right for one in own),
                share(one.false for one in own),
                share(one.beside for one in own),
                share(one.placed for one in own),
                mean(error for one in own for error in one.errors),
                share(one for own_one in own for one in own_one.covered),
                mean(one.onset_error_h for one in own),
                sum(one.later for one in own),
            )
        )
    return table


def totals(marks: Sequence[Mark], *, quiet: Sequence[Sequence[Mark]]) -> Table:
    """All kinds together beside their targets; `quiet` holds each quiet fleet's marks."""
    later = sum(one.later for one in [*marks, *(one for own in quiet for one in own)])
    claimed = share(any(one.claimed for one in own) for own in quiet)
    covered = share(one for own in marks for one in own.covered)
    error = mean(error for one in marks for error in one.errors)
    figures = (
        ("top-1, of those with a cause", share(one.first for one in marks), 0.90, math.inf),
        ("top-3, of those with a cause", share(one.three for one in marks), 0.97, math.inf),
        ("verdict right", share(one.verdict_right for one in marks), 0.90, math.inf),
        ("fleets where an innocent is blamed", share(one.false for one in marks), 0.0, 0.03),
        ("quiet fleets where a cause is claimed", claimed, 0.0, 0.05),
        ("error of the contribution, points", error, 0.0, 8.0),
        ("intervals that hold the truth", covered, 0.90, 0.98),
        ("causes later than their effect", float(later), 0.0, 0.0),
    )
    return Table(
        "All together",
        ("what", "figure", "target", "met"),
        [
            (name, figure, _target(low, high), _met(figure, low, high))
            for name, figure, low, high in figures
        ],
    )


def _target(low: float, high: float) -> str:
    if high == math.inf:
        return f">= {low:g}"
    return f"<= {high:g}" if low == 0 else f"{low:g} to {high:g}"


def _met(figure: float, low: float, high: float) -> str:
    if math.isnan(figure):
        return "nothing to tell"
    return "yes" if low <= figure <= high else "no"


def missed(marks: Sequence[Mark]) -> Table:
    """Each answer that is not right, so that it can be looked at."""
    table = Table(
        "Answers that are not right",
        ("fleet", "verdict", "top-1", "top-3", "verdict right", "innocent blamed", "errors"),
    )
    for one in marks:
        right = one.first is not False and one.three is not False and one.verdict_right
        if right and not one.false:
            continue
        errors = ", ".join(f"{error:.0f}" for error in one.errors)
        table.rows.append(
            (
                f"{one.kind}-{one.seed}", one.verdict, _said(one.first), _said(one.three),
                _said(one.verdict_right), _said(one.false), errors,
            )
        )  # fmt: skip
    return table


def _said(flag: bool | None) -> str:  # noqa: FBT001 - the flag is what is said
    return "" if flag is None else "yes" if flag else "no"
