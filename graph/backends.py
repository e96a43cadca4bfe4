"""A backend that fails as a whole is one cause with one breaker, not one for each deployment.

Pure: breakers of single deployments in, breakers out. Where most of a backend fails together its
members share a breaker and one probe at a time; they take turns at it, so that a member which is
broken for a reason of its own cannot keep the others waiting. The first member to recover ends the
common cause: from then on each answers for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from graph.breaker import Breaker, BreakerCause, BreakerState, cooldown
from graph.evidence import DeploymentFacts, MinuteOutcomes
from graph.settings import HealthSettings
from graph.words import clock, counted

TURN: Final = timedelta(seconds=10)
"""How long the members before it in line have a probe to themselves."""
_FEWEST: Final = 2
"""Members that fail together, at least."""


@dataclass(frozen=True, slots=True)
class Member:
    """One deployment as the backend's judgement sees it.

    `told` says whether there is enough traffic or a fresh sample to judge it by.
    """

    facts: DeploymentFacts
    breaker: Breaker
    told: bool
    minutes: Sequence[MinuteOutcomes] = ()

    def well_since(self, since: datetime) -> bool:
        """Whether requests that came later went well."""
        later = [cell for cell in self.minutes if cell.minute >= since]
        return any(cell.ok for cell in later) and not any(cell.broken for cell in later)


def joined(
    members: Iterable[Member], *, now: datetime, budgets: HealthSettings
) -> Mapping[str, Breaker]:
    """The breaker of each member, by deployment: the backend's where that failed as one."""
    by_backend: dict[str, list[Member]] = {}
    breakers: dict[str, Breaker] = {}
    for member in members:
        breakers[member.facts.deployment] = member.breaker
        if member.facts.backend:
            by_backend.setdefault(member.facts.backend, []).append(member)
    for backend, own in by_backend.items():
        breakers.update(_of_backend(backend, own, now=now, budgets=budgets))
    return breakers


def _of_backend(
    backend: str, members: Sequence[Member], *, now: datetime, budgets: HealthSettings
) -> Mapping[str, Breaker]:
    """The shared breaker of those that fail, and of those of whom nothing good is known."""
    recoveries = [m.breaker.recovered_at for m in members if m.breaker.recovered_at is not None]
    recovered_at = max(recoveries, default=None)
    failing = [m for m in members if m.breaker.tripped and _since_then(m.breaker, recovered_at)]
    told = [m for m in members if m.told or m.breaker.tripped]
    if len(failing) < _FEWEST or 2 * len(failing) < len(told):
        return {}
    since = min(m.breaker.since for m in failing if m.breaker.since is not None)
    silent = [m for m in members if not (m.told or m.breaker.tripped or m.well_since(since))]
    words = (
        f"backend {backend}: {len(failing)} of {counted(len(told), 'deployment')} fail"
        f" since {clock(since)}"
    )
    failed_at, base = _probe_at(failing, budgets=budgets)
    line = [*_line(failing), *sorted(silent, key=lambda m: m.facts.deployment)]
    found = {
        m.facts.deployment: replace(
            m.breaker, backend=backend, reason=f"{words}; {m.breaker.reason}"
        )
        for m in failing
        if m.breaker.probe_at is None
    }
    for place, member in enumerate(line):
        probe_at = None if base is None else base + place * TURN
        waits = probe_at is None or now < probe_at
        until = "" if probe_at is None else f"; its next probe from {clock(probe_at)}"
        found[member.facts.deployment] = replace(
            member.breaker,
            state=BreakerState.OPEN if waits else BreakerState.HALF_OPEN,
            failed_at=failed_at,
            probe_at=probe_at,
            cause=member.breaker.cause if member.breaker.tripped else BreakerCause.BACKEND,
            reason=f"{words}{until}",
            since=since,
            backend=backend,
        )
    return found


def _since_then(breaker: Breaker, recovered_at: datetime | None) -> bool:
    """Whether it failed after the backend was last seen to recover."""
    return recovered_at is None or (
        breaker.failed_at is not None and breaker.failed_at > recovered_at
    )


def _line(failing: Iterable[Member]) -> list[Member]:
    """Whose turn it is: who failed longest ago comes first, so that a failed probe goes last."""
    dated = [
        (m.breaker.failed_at, m.facts.deployment, m)
        for m in failing
        if m.breaker.failed_at is not None and m.breaker.probe_at is not None
    ]
    return [member for _, _, member in sorted(dated, key=lambda each: each[:2])]


def _probe_at(
    failing: Iterable[Member], *, budgets: HealthSettings
) -> tuple[datetime | None, datetime | None]:
    """The last failure of any member, and a cooldown later, when the next probe may pass.

    Both None where only samples tell of the failure: then samples, or requests, end it.
    """
    waiting = [m.breaker for m in failing if m.breaker.probe_at is not None]
    failed = [b.failed_at for b in waiting if b.failed_at is not None]
    if not failed:
        return None, None
    tried = sum(b.failed_probes for b in waiting)
    return max(failed), max(failed) + cooldown(tried, budgets=budgets)
