"""A small fleet that no other test knows, told in events, and questions asked of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from agent.checking.grounding import ungrounded
from agent.playbooks.answering import Told
from agent.toolbox import Toolbox, World
from agent.understanding.question import Intent, Method, Question, Slots, Times, When
from graph import fleet
from graph.columns import BucketColumns
from graph.evidence import DeploymentFacts
from graph.hot.routing.ranking import rank
from graph.hot.snapshot import ViewSnapshot
from graph.names import names
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Dimension, Slice
from graph.store.door import GraphStore
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

NOW = datetime(2020, 8, 13, 12, tzinfo=UTC)
"""A Thursday, when no other test's fleet is there."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LIMITS = HealthSettings()
Ask = Callable[[Question, Toolbox], Awaitable[Told]]


class SmallFleet:
    """Three deployments on two backends: one that a rollout made worse, one down, one silent.

    From a day before `NOW` every fourth request of `hit` fails and its answers score less.
    """

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:8]
        self.tenant = f"t-{self.name}"
        self.aws, self.neo = f"aws-{self.name}", f"neo-{self.name}"
        self.sage, self.mini = f"sage-{self.name}", f"mini-{self.name}"
        self.hit, self.spared = f"{self.sage}@{self.aws}", f"{self.sage}@{self.neo}"
        self.silent = f"{self.mini}@{self.aws}"
        self.rollout, self.incident = f"chg-{self.name}", f"inc-{self.name}"
        self.task, self.tier = f"proofs-{self.name}", f"gold-{self.name}"
        self.columns = BucketColumns(store)
        self.view = ViewSnapshot(version="", as_of=NOW)

    @property
    def rollout_at(self) -> datetime:
        return NOW - DAY

    async def tell(self) -> None:
        """Everything, and the view of it."""
        await record(self.store, [self._fact(*one) for one in self._events()])
        names = frozenset({self.hit, self.spared, self.silent})
        told = await fleet.fleet(
            self.store, at=NOW, known_at=None, budgets=LIMITS, deployments=names
        )
        facts = [replace(DeploymentFacts.of_name(one), registered=True) for one in sorted(names)]
        self.view = ViewSnapshot(
            version="7", as_of=NOW, deployments=tuple(told), facts=tuple(facts)
        )

    def _fact(self, kind: str, at: datetime, data: dict[str, Any]) -> Any:
        event = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "//small-fleet",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": (at + timedelta(seconds=1)).isoformat(),
            "tenant": self.tenant,
            "data": data,
        }
        return fact_of(parse_event(event))

    def _events(self) -> list[tuple[str, datetime, dict[str, Any]]]:
        start = NOW - 2 * DAY
        events = [
            (
                "deployment.registered",
                start - 30 * DAY,
                {"deployment": one, "model": one.split("@")[0], "backend": one.split("@")[1]},
            )
            for one in (self.hit, self.spared, self.silent)
        ]
        for number in range(2 * 48 * 4):
            at = start + timedelta(minutes=15 * (number // 2), seconds=number % 7)
            events += self._request(number, at, (self.hit, self.spared)[number % 2])
        return [*events, *self._happenings(), *self._samples()]

    def _request(
        self, number: int, at: datetime, deployment: str
    ) -> list[tuple[str, datetime, dict[str, Any]]]:
        worse = deployment == self.hit and at >= self.rollout_at
        fails = worse and number % 8 == 0
        data: dict[str, Any] = {
            "request_id": self.request(number),
            "user": "ada",
            "tier": self.tier,
            "task_type": self.task,
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "outcome": {
                "status": "error" if fails else "ok",
                "latency_ms": 1234.0,
                "cost_usd": 0.0025,
                **({"error_type": "http_500"} if fails else {}),
            },
            "decision": {
                "deployment": deployment,
                "policy": "main",
                "policy_version": "v1",
                "method": "rule",
                "reasons": ["cheapest that may"],
                "candidates": [
                    {"deployment": self.hit, "score": 0.8},
                    {"deployment": self.spared, "score": 0.91, "rejected": "breaker_open"},
                ],
            },
        }
        if fails:
            return [("request.completed", at, data)]
        score = (0.5 if worse else 0.9) + 0.01 * (number * 7 % 11 - 5)
        told = {"request_id": self.request(number), "evaluator": "judge", "score": round(score, 3)}
        return [("request.completed", at, data), ("quality.scored", at, told)]

    def request(self, number: int) -> str:
        """The identifier of a request."""
        return f"req-{self.name}-{number}"

    def _happenings(self) -> list[tuple[str, datetime, dict[str, Any]]]:
        neo = {"scope": {"kind": "backend", "id": self.neo}, "severity": "sev2"}
        older = {"incident": f"old-{self.name}", **neo, "title": f"molten switchgear {self.name}"}
        works = [("under-way", self.silent, -HOUR, HOUR), ("planned", self.hit, DAY, DAY + HOUR)]
        return [
            (
                "change.applied",
                self.rollout_at,
                {
                    "change": self.rollout,
                    "kind": "rollout",
                    "title": "build 7",
                    "targets": [{"kind": "deployment", "id": self.hit}],
                    "author": "ada",
                },
            ),
            ("incident.opened", NOW - 10 * DAY, older),
            (
                "incident.resolved",
                NOW - 10 * DAY + HOUR,
                {**older, "root_cause": "a faulty switch"},
            ),
            (
                "incident.opened",
                NOW - 2 * HOUR,
                {"incident": self.incident, **neo, "title": f"many molten switchgear {self.name}"},
            ),
            *(
                (
                    "maintenance.scheduled",
                    NOW - DAY,
                    {
                        "maintenance": f"{name}-{self.name}",
                        "scope": {"kind": "deployment", "id": deployment},
                        "starts_at": (NOW + start).isoformat(),
                        "ends_at": (NOW + end).isoformat(),
                        "title": "new disks",
                    },
                )
                for name, deployment, start, end in works
            ),
        ]

    def _samples(self) -> list[tuple[str, datetime, dict[str, Any]]]:
        well = {"available": True, "error_rate": 0.0, "latency_p50_ms": 210.0}
        sample = {"window_s": 60, "sample_count": 50}
        at = NOW - timedelta(seconds=20)
        return [
            (
                "deployment.observed",
                at,
                {"deployment": self.hit, **sample, **well, "latency_p95_ms": 400.0},
            ),
            ("deployment.observed", at, {"deployment": self.spared, **sample, "available": False}),
        ]

    def world(self, *, view: bool = True, tenant: str | None = None) -> World:
        """What is asked; without `view` the hot view holds nothing, a tenant sees its own."""
        shown = self.view if view else ViewSnapshot(version="", as_of=NOW)
        return World(
            store=self.store,
            columns=self.columns,
            view=shown,
            route=lambda request: rank(request, view=shown, now=NOW),
            scope=TenantScope.of(tenant or self.tenant),
            budgets=LIMITS,
            now=NOW,
        )


def question(
    text: str = "?",
    *,
    intent: Intent | None = None,
    during: When | None = None,
    compared_to: When | None = None,
    ahead: timedelta | None = None,
    now: datetime = NOW,
    where: dict[str, str] | None = None,
    by: tuple[Dimension, ...] = (),
    words: str | None = None,
    **slots: Any,
) -> Question:
    """A question as it was understood.

    `where` gives the slice's names one by one, `words` what to look for.
    """
    narrowed = Slice(**{name: frozenset({one}) for name, one in (where or {}).items()})
    return Question(
        text=text,
        intent=intent,
        slots=Slots(where=narrowed, by=by, text=words, **slots),
        times=Times(during=during, compared_to=compared_to, ahead=ahead),
        method=Method.LOGICAL,
        confidence=1.0,
        now=now,
        past=now != NOW,
    )


async def told(playbook: Ask, asked: Question, world: World) -> tuple[str, ...]:
    """The lines of an answer, each of which says only what the tools gave."""
    toolbox = Toolbox(world)
    lines = (await playbook(asked, toolbox)).lines
    known = await names(world.store, now=world.now, scope=world.scope)
    problems = ungrounded(
        "\n".join(lines),
        calls=toolbox.calls,
        figures=toolbox.figures,
        question=asked,
        names=known,
    )
    assert not problems, problems
    return lines
