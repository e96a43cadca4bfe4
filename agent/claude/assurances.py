"""Sweeping assurances (`all is well`, `no incidents are open`): said only where tools showed it.

They hold no figure and no name that could be looked up, so they are what an order planted in
somebody's words would have Claude say. A sentence that names what it is about is left to the check
of everything else.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, cast

from agent.checking import claims
from agent.checking.grounding import Problem
from agent.results import Call
from graph.evidence import Incident
from graph.health import DeploymentHealth, HealthStatus
from graph.names import Names

_WELL: Final = (
    r"(?:well|fine|good|great|ok|okay|healthy|normal|operational|stable|nominal|in order|green)"
)
_ALL: Final = (
    r"(?:everything|everyone|all systems?|all (?:the )?(?:deployments|models|backends|services)|"
    r"every (?:deployment|model|backend|service)|the (?:whole |entire )?(?:fleet|system))"
)
_FLEET_IS_WELL: Final = re.compile(
    rf"\ball(?:'s| is| was| looks?| seems?) {_WELL}\b|"
    rf"\b{_ALL}\b[^.;:]{{0,40}}\b{_WELL}\b|"
    r"\bnothing\b[^.;:]{0,20}\b(?:wrong|unusual|to worry|unhealthy|degraded|down)\b|"
    r"\bno (?:\w+ )?(?:problems?|issues?|concerns?)\b",
    re.IGNORECASE,
)
_NO_INCIDENTS: Final = re.compile(
    r"\b(?:no|without|zero) (?:\w+ ){0,2}(?:incidents?|outages?)\b", re.IGNORECASE
)
_NEGATED: Final = re.compile(r"\b(?:not|never|can't|cannot|isn't|aren't|nor)\b", re.IGNORECASE)


def unsupported(text: str, *, calls: Sequence[Call], names: Names) -> list[Problem]:
    """The assurances of a text that no tool's result bears out, or that one contradicts."""
    known = {
        name.lower()
        for group in (names.deployments, names.models, names.backends, names.tenants, names.tiers)
        for name in group
    }
    found: list[Problem] = []
    for line in text.splitlines():
        for start, end in claims.sentences(line):
            sentence = line[start:end].strip()
            if _NEGATED.search(sentence) or _scoped(sentence, known):
                continue
            why = _wrong(sentence, calls)
            if why is not None:
                found.append(Problem(sentence, sentence, why))
    return found


def _wrong(sentence: str, calls: Sequence[Call]) -> str | None:
    """Why a sentence assures too much; None where it assures nothing, or what was found."""
    no_incidents = _NO_INCIDENTS.search(sentence) is not None
    well = _FLEET_IS_WELL.search(sentence) is not None
    if not no_incidents and not well:
        return None
    open_ones = [one.id for one in _results(calls, "incidents", Incident) if _open(one)]
    if open_ones:
        return f"incidents are open: {', '.join(open_ones[:5])}"
    if no_incidents and not _called(calls, "incidents"):
        return "`incidents` was not called"
    if well:
        fleet = _results(calls, "fleet", DeploymentHealth)
        ill = [one.deployment for one in fleet if one.status is not HealthStatus.HEALTHY]
        if ill:
            return f"not all are healthy: {', '.join(ill[:5])}"
        if not any(call.tool == "fleet" and not call.arguments.get("status") for call in calls):
            return "`fleet` was not called for all states"
    return None


def _open(incident: Incident) -> bool:
    return incident.resolved_at is None


def _called(calls: Sequence[Call], tool: str) -> bool:
    return any(call.tool == tool for call in calls)


def _results(calls: Sequence[Call], tool: str, kind: type[Any]) -> list[Any]:
    told = [call.result for call in calls if call.tool == tool]
    lists = [cast("list[Any]", result) for result in told if isinstance(result, list)]
    return [one for result in lists for one in result if isinstance(one, kind)]


def _scoped(sentence: str, known: set[str]) -> bool:
    words = set(re.findall(r"[\w@./:-]+", sentence.lower()))
    return bool({word.strip(".:") for word in words} & known)
