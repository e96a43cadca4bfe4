"""What a policy that is not published yet would change: a day's requests ranked under both.

`Tally` is pure; `preview` reads the requests and feeds it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import fsum
from typing import Any, Final

import orjson

from graph.hot.routing.ranking import Candidate, Requirements, RoutingRequest, RoutingView, rank
from graph.hot.snapshot import ViewSnapshot
from graph.policies.facts import PolicyFacts
from graph.scope import TenantScope
from graph.store.door import GraphStore, Record

SAMPLE_LIMIT: Final = 2_000
"""Requests that are ranked for one preview, at most."""
_TURN: Final = 5
"""Requests ranked before other work gets its turn."""
_MOST_MOVES: Final = 200
_NOT_KNOWN: Final = (
    "Both rankings use the health, latency, prices, learned quality, incidents and maintenance of"
    " now, not those of that day.",
    "Budgets, quotas and requests that would meet a half-open breaker are left out.",
    "What the policy would have done to the load of each deployment is not known; a deployment"
    " that gets more traffic may become slower.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Requests that would go elsewhere; None is no deployment at all.

    `because` are the codes for which `source` is ruled out then, or `ranked_lower` where it is not.
    """

    source: str | None
    target: str | None
    because: tuple[str, ...]
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMeans:
    """Means over the requests for which both policies' first choices tell; None where none do."""

    cost_usd: float | None
    latency_ms: float | None
    quality: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would change. All counts are of the sample, which is `sampled` of `requests`."""

    policy: str
    version: str
    day: date
    requests: int
    sampled: int
    decided: int
    """Requests that the given version would decide."""
    same: int
    moved: int
    """Requests that would go to another deployment."""
    ruled_out: int
    """Requests that have a deployment now and would have none."""
    rescued: int
    """Requests that have none now and would have one."""
    moves: tuple[Move, ...]
    rules: Mapping[str, int]
    """Requests by the rule of the given version that decides; empty text where no rule does."""
    before: ExpectedMeans
    after: ExpectedMeans
    warnings: tuple[str, ...]
    not_known: tuple[str, ...] = _NOT_KNOWN


class Tally:
    """Counts pairs of rankings, of now and under the given policy; their order never matters."""

    def __init__(self, given: PolicyFacts) -> None:
        self._given = given
        self._moves: Counter[tuple[str | None, str | None, tuple[str, ...]]] = Counter()
        self._rules: Counter[str] = Counter()
        self._same = 0
        self._figures: list[tuple[Candidate, Candidate]] = []
        self._warnings: set[str] = set()

    def add(self, before: RoutingView, after: RoutingView) -> None:
        """Count one request."""
        if (after.policy, after.policy_version) == (self._given.policy, self._given.version):
            self._rules[after.policy_rule or ""] += 1
        source, target = _first(before), _first(after)
        if source is not None and target is not None:
            self._figures.append((source, target))
        known = set(before.warnings)
        new = (words for words in after.warnings if words not in known)
        self._warnings.update(words for words in new if not words.startswith("NO_CANDIDATE"))
        names = [None if one is None else one.deployment for one in (source, target)]
        if names[0] == names[1]:
            self._same += 1
            return
        self._moves[names[0], names[1], _why(names[0], after)] += 1

    def preview(self, *, day: date, requests: int) -> Preview:
        """The answer; `requests` is how many there were that day."""
        moves = sorted(
            (
                Move(source=source, target=target, because=because, requests=count)
                for (source, target, because), count in self._moves.items()
            ),
            key=lambda move: (-move.requests, move.source or "", move.target or "", move.because),
        )
        both = [m.requests for m in moves if m.source is not None and m.target is not None]
        return Preview(
            policy=self._given.policy,
            version=self._given.version,
            day=day,
            requests=requests,
            sampled=self._same + sum(move.requests for move in moves),
            decided=self._rules.total(),
            same=self._same,
            moved=sum(both),
            ruled_out=sum(move.requests for move in moves if move.target is None),
            rescued=sum(move.requests for move in moves if move.source is None),
            moves=tuple(moves[:_MOST_MOVES]),
            rules=dict(sorted(self._rules.items())),
            before=_means(self._figures, side=0),
            after=_means(self._figures, side=1),
            warnings=tuple(sorted(self._warnings)),
        )


def _first(ranked: RoutingView) -> Candidate | None:
    return next((one for one in ranked.candidates if one.eligible), None)


def _why(source: str | None, after: RoutingView) -> tuple[str, ...]:
    """Why a deployment is not first any more."""
    found = next((one for one in after.candidates if one.deployment == source), None)
    if found is None:
        return ()
    return tuple(str(code) for code in found.reason_codes) or ("ranked_lower",)


def _means(figures: Iterable[tuple[Candidate, Candidate]], *, side: int) -> ExpectedMeans:
    pairs = list(figures)

    def mean(name: str) -> float | None:
        told = [[getattr(one, name) for one in pair] for pair in pairs]
        known = [pair[side] for pair in told if None not in pair]
        return fsum(known) / len(known) if known else None

    return ExpectedMeans(
        cost_usd=mean("expected_cost_usd"),
        latency_ms=mean("expected_latency_ms"),
        quality=mean("expected_quality"),
    )


def under(view: ViewSnapshot, given: PolicyFacts) -> ViewSnapshot:
    """The view as it would be, were the given version published last."""
    others = (p for p in view.policies if (p.policy, p.version) != (given.policy, given.version))
    return replace(view, policies=(*others, given))


async def preview(
    store: GraphStore,
    given: PolicyFacts,
    *,
    view: ViewSnapshot,
    stale: bool,
    day: date,
    scope: TenantScope,
    now: datetime,
    limit: int = SAMPLE_LIMIT,
) -> Preview:
    """What would change, had the given policy been in force for the requests of a UTC day.

    At most `limit` requests are ranked; of more, an even sample by the time of arrival. `given` is
    taken as published now. Raises GraphUnavailable.
    """
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    hours = [int((start + timedelta(hours=hour)).timestamp()) for hour in range(24)]
    (counted,) = await store.ask("requests_in_hours", scope=scope, hours=hours)
    rows = await store.ask(
        "sampled_requests",
        scope=scope,
        hours=hours,
        step=_step(counted["requests"], limit=limit),
        most=limit,
    )
    tried = under(view, replace(given, published_at=now))
    tally = Tally(given)
    for place, row in enumerate(rows, start=1):
        request = _request(row)
        tally.add(
            rank(request, view=view, now=now, stale=stale),
            rank(request, view=tried, now=now, stale=stale),
        )
        if place % _TURN == 0:
            # Picks must not wait for a preview.
            await asyncio.sleep(0)
    return tally.preview(day=day, requests=counted["requests"])


def _step(requests: int, *, limit: int) -> int:
    """Of how many milliseconds one is in the sample: a prime, lest clocks that tick in 10 or 1000
    ms have all of them in it, or none.
    """
    if requests <= limit:
        return 1
    step = max(7, -(-11 * requests // (10 * limit)))
    while any(step % divisor == 0 for divisor in range(2, int(step**0.5) + 1)):
        step += 1
    return step


def _request(row: Record) -> RoutingRequest:
    demands: dict[str, Any] = orjson.loads(row["requirements"] or "{}")
    return RoutingRequest(
        user=row["user"],
        task_type=row["taskType"],
        tier=row["tier"],
        tenant=row["tenant"],
        prompt_tokens=row["promptTokens"],
        labels=orjson.loads(row["labels"] or "{}"),
        requirements=Requirements(
            max_latency_ms=demands.get("max_latency_ms"),
            max_cost_usd=demands.get("max_cost_usd"),
            min_quality=demands.get("min_quality"),
            capabilities=tuple(demands.get("capabilities") or ()),
        ),
        reserve=False,
    )
