"""Whether a sentence tells how something is as the results tell it: healthy, down, open. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from agent.checking.evidence import Evidence, Mention
from agent.checking.records import OPEN, RESOLVED
from graph.health import HealthStatus

_HEALTHY: Final = HealthStatus.HEALTHY.value
_STATES: Final = {
    "healthy": {_HEALTHY},
    "well": {_HEALTHY},
    "fine": {_HEALTHY},
    "degraded": {HealthStatus.DEGRADED.value},
    "down": {HealthStatus.DOWN.value},
    "unhealthy": {one.value for one in HealthStatus if one is not HealthStatus.HEALTHY},
    "open": {OPEN},
    "active": {OPEN},
    "ongoing": {OPEN},
    "unresolved": {OPEN},
    "resolved": {RESOLVED},
    "closed": {RESOLVED},
    "over": {RESOLVED},
}
_IS: Final = re.compile(
    rf"[`*\s]*(?:is|are)(?: now| currently| still| again| all| both)* "
    rf"(?P<state>{'|'.join(_STATES)})\b(?! (?:by|to|from|on|in|at|than|as)\b|[-@])",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"(?:^|[,;:.|]|\b(?:and|but|while|that|so))[\s`*-]*"
    r"(?:(?:the|deployment|model|backend|incident)\s+)*[`*]*$",
    re.IGNORECASE,
)
_ALL_WELL: Final = re.compile(
    r"\b(?:all(?: the| of the)?(?: \d+| \w+)?|every(?:thing| deployment| model| backend)|"
    r"the (?:whole |entire )?fleet)\s+(?:is|are) (?:now |currently )?(?:healthy|well|fine|ok)\b",
    re.IGNORECASE,
)
_NONE_OPEN: Final = re.compile(
    r"\b(?:no|none of the) incidents? (?:is|are) (?:now |currently )?(?:open|active|ongoing)\W*$",
    re.IGNORECASE,
)


def misstated(text: str, mentions: Sequence[Mention], evidence: Evidence) -> str | None:
    """What is wrong with how a sentence says that things are; None where nothing is."""
    states = evidence.gathered.states
    for one in mentions:
        told, known = _IS.match(text, one.end), states.get(one.name)
        if not _SUBJECT.search(text[: one.start]):
            continue
        if told and known and not known & _STATES[told["state"].lower()]:
            return f"{one.name} is {' or '.join(sorted(known))}"
    if mentions:
        return None
    ailing = sorted(
        name for name, known in states.items() if not known & {_HEALTHY, OPEN, RESOLVED}
    )
    if ailing and _ALL_WELL.search(text):
        return f"{ailing[0]} is {' or '.join(sorted(states[ailing[0]]))}"
    opened = sorted(name for name, known in states.items() if known == {OPEN})
    if opened and _NONE_OPEN.search(text):
        return f"{opened[0]} is open"
    return None
