"""Questions as people put them, with their right reading: what is asked, about what, and when.

In `asked/`: `practised.jsonl`, which whoever improves the agent may look at, and
`kept_apart.jsonl`, written by others, which nothing was trained or tuned on. One object a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson

FOLDER: Final = Path(__file__).parent / "asked"
PARTS: Final = ("practised", "kept_apart")
NOW: Final = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
"""The instant that questions are put at, unless they state another."""


@dataclass(frozen=True, slots=True)
class Worded:
    """One question and its right reading.

    `intent` None must be refused. `slots` are those that the words tell. Times are as in the files:
    a pair for a period, `{at}` for a moment, `{anchor}` for what is told relative to an event.
    """

    text: str
    fleet: str
    intent: str | None
    slots: Mapping[str, Any] = field(default_factory=dict[str, Any])
    during: Any = None
    compared_to: Any = None
    ahead_minutes: float | None = None
    now: datetime = NOW
    zone: str | None = None
    before: str | None = None
    part: str = PARTS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What of an answer's understanding is right. `slots` and `times` are of right intents only."""

    known: bool
    """Whether the question can be answered at all."""
    answered: bool
    right: bool
    method: str
    slots: bool | None = None
    times: bool | None = None
    wrong: tuple[str, ...] = ()


def questions(part: str) -> list[Worded]:
    """The questions of a part, in their order. Raises ValueError for a line that is none."""
    found: list[Worded] = []
    for number, line in enumerate((FOLDER / f"{part}.jsonl").read_text().splitlines(), start=1):
        if line.strip():
            try:
                found.append(_worded(orjson.loads(line), part=part))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{part}.jsonl, line {number}: {error}") from None
    return found


def _worded(told: dict[str, Any], *, part: str) -> Worded:
    return Worded(
        text=told["q"],
        fleet=told["fleet"],
        intent=told["intent"],
        slots=told.get("slots", {}),
        during=told.get("during"),
        compared_to=told.get("compared_to"),
        ahead_minutes=told.get("ahead_minutes"),
        now=datetime.fromisoformat(told["now"]) if "now" in told else NOW,
        zone=told.get("zone"),
        before=told.get("before"),
        part=part,
    )


def marked(asked: Worded, answer: Mapping[str, Any]) -> Marks:
    """Marks for an answer of `ask`, from what it says of how it was understood."""
    intent, method = answer["intent"], answer["method"]
    if asked.intent is None:
        # A playbook may refuse as well, as long as nothing is claimed.
        refused = intent is None and answer["text"].startswith("I can't tell")
        wrong = () if refused else (f"answered as {intent}",)
        return Marks(known=False, answered=not refused, right=refused, method=method, wrong=wrong)
    if intent != asked.intent:
        told = (f"{intent} for {asked.intent}",)
        answered = intent is not None
        return Marks(known=True, answered=answered, right=False, method=method, wrong=told)
    understood = orjson.loads(answer["data"])["understood"]
    slots = _wrong_slots(asked.slots, understood["slots"])
    times = _wrong_times(asked, understood["times"])
    return Marks(
        known=True,
        answered=True,
        right=True,
        method=method,
        slots=not slots,
        times=not times,
        wrong=(*slots, *times),
    )


def _wrong_slots(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    wrong: list[str] = []
    where = {name: sorted(values) for name, values in found["where"].items() if values}
    wanted_where = {name: sorted(values) for name, values in wanted.get("where", {}).items()}
    if where != wanted_where:
        wrong.append(f"where {where} for {wanted_where}")
    for name, value in wanted.items():
        if name == "where":
            continue
        told: Any = found.get(name)
        if name == "without":
            told = _as_named(told, value)
        if _in_order(told) != _in_order(value):
            wrong.append(f"{name} {told} for {value}")
    if found["without"] and "without" not in wanted:
        wrong.append(f"without {found['without']} for none")
    return wrong


def _as_named(told: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What is imagined lost, with deployments as the model or backend that the question names."""
    return sorted({next((p for p in one.split("@") if p in wanted), one) for one in told})


def _wrong_times(asked: Worded, found: Mapping[str, Any]) -> list[str]:
    pairs = (
        ("during", asked.during, _time(found["during"])),
        ("compared_to", asked.compared_to, _time(found["comparedTo"])),
        ("ahead_minutes", asked.ahead_minutes, found["aheadMinutes"]),
    )
    return [
        f"{name} {told} for {wanted}"
        for name, wanted, told in pairs
        if not _same_time(wanted, told)
    ]


def _time(told: Mapping[str, Any] | None) -> Any:
    """A time of an answer as the files have it."""
    if told is None:
        return None
    if "start" in told:
        return [told["start"], told["end"]]
    if "at" in told:
        return {"at": told["at"]}
    anchor = {"anchor": told["kind"]}
    return anchor if told["id"] is None else {**anchor, "id": told["id"]}


def _same_time(wanted: Any, told: Any) -> bool:
    return _read(wanted) == _read(told)


def _read(time: Any) -> Any:
    """A time with its instants read: the same one may be written in several ways."""
    if isinstance(time, list):
        return [datetime.fromisoformat(one) for one in cast("list[str]", time)]
    if isinstance(time, dict) and "at" in time:
        return {"at": datetime.fromisoformat(cast("dict[str, str]", time)["at"])}
    return cast("object", time)


def _in_order(value: object) -> object:
    """A list in order, whatever order it was given in; anything else as it is."""
    return sorted(cast("list[str]", value)) if isinstance(value, list) else value
