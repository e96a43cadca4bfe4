"""Two tenants with nine days of traffic on three deployments; budgets, objectives, a trial."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from agent.checking.grounding import ungrounded
from agent.playbooks.answering import CantTell, Told
from agent.toolbox import Toolbox, World
from agent.understanding.question import Question
from agent.understanding.understand import understand
from graph.columns import BucketColumns
from graph.hot.routing.ranking import rank
from graph.hot.snapshot import ViewSnapshot
from graph.scope import TenantScope
from graph.store.door import GraphStore
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of
from tests.agent.playbooks.worlds import DAY, HOUR, LIMITS, NOW, Ask

EVERY = timedelta(minutes=12)
DAYS = 9
SURGE = 240
"""Requests that come on top in three hours of the last day, all of the second tenant."""
Event = tuple[str, str, datetime, dict[str, Any]]
"""Its kind, its tenant, its time, its data."""


class Shops:
    """`big` answers well, `small` is cheap and quick; the arm `treat` scores better by 0.08."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:6]
        self.acme, self.beta = f"acme-{self.name}", f"beta-{self.name}"
        self.east, self.west = f"east-{self.name}", f"west-{self.name}"
        self.big, self.small = f"big-{self.name}", f"small-{self.name}"
        self.deployments = [
            f"{self.big}@{self.east}",
            f"{self.big}@{self.west}",
            f"{self.small}@{self.east}",
        ]
        self.gold, self.free = f"gold-{self.name}", f"free-{self.name}"
        self.chat, self.code = f"chat-{self.name}", f"code-{self.name}"
        self.trial, self.ended = f"trial-{self.name}", f"ended-{self.name}"
        self.columns = BucketColumns(store)
        self._rng = random.Random(11)

    async def tell(self) -> None:
        """Everything, in batches."""
        facts = [self._fact(*one) for one in [*self._configured(), *self._traffic()]]
        for start in range(0, len(facts), 500):
            await record(self.store, facts[start : start + 500])

    def _fact(self, kind: str, tenant: str, at: datetime, data: dict[str, Any]) -> Any:
        event = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "//shops",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": (at + timedelta(seconds=1)).isoformat(),
            "tenant": tenant,
            "data": data,
        }
        return fact_of(parse_event(event))

    def _configured(self) -> list[Event]:
        start = NOW - DAYS * DAY
        registered: list[Event] = [
            (
                "deployment.registered",
                self.acme,
                start,
                {"deployment": one, "model": one.split("@")[0], "backend": one.split("@")[1]},
            )
            for one in self.deployments
        ]
        arms = [{"arm": "keep", "percent": 50}, {"arm": "treat", "percent": 50}]
        trials: list[Event] = [
            (
                "experiment.configured",
                self.acme,
                at,
                {"experiment": name, "policy": "main", "status": status, "arms": arms},
            )
            for name, status, at in (
                (self.trial, "running", start),
                (self.ended, "running", start),
                (self.ended, "stopped", start + HOUR),
            )
        ]
        return [*registered, *trials, *self._limits(start)]

    def _limits(self, start: datetime) -> list[Event]:
        up = {"slo": f"up-{self.name}", "objective": "availability", "target": 0.99}
        good = {"slo": f"good-{self.name}", "objective": "quality", "target": 0.9, "threshold": 0.4}
        return [
            ("tenant.configured", self.acme, start, {"monthly_budget_usd": 20.0}),
            ("tenant.configured", self.beta, start, {"daily_budget_usd": 1.0}),
            (
                "budget.defined",
                self.acme,
                start,
                {
                    "budget": f"golden-{self.name}",
                    "limit_usd": 9.0,
                    "period": "month",
                    "where": {"tier": self.gold},
                },
            ),
            ("user.configured", self.acme, start,
             {"user": "u1", "tier": self.gold, "daily_budget_usd": 0.5}),
            ("slo.defined", self.acme, start, {**up, "window_days": 7}),
            ("slo.defined", self.beta, start, {**good, "window_days": 7}),
        ]  # fmt: skip

    def _traffic(self) -> list[Event]:
        found: list[Event] = []
        for number in range(round(DAYS * DAY / EVERY)):
            tenant = self._rng.choice([self.acme, self.acme, self.beta])
            found += self._request(number, NOW - DAYS * DAY + number * EVERY, tenant)
        surge = NOW - 6 * HOUR
        for number in range(SURGE):
            at = surge + number * 3 * HOUR / SURGE
            found += self._request(10_000 + number, at, self.beta)
        return found

    def _request(self, number: int, at: datetime, tenant: str) -> list[Event]:
        rng = self._rng
        deployment = rng.choice([self.deployments[0], *self.deployments])
        big = deployment.startswith(self.big)
        user = rng.randrange(40)
        arm = ("keep", "treat")[user % 2]
        fails = tenant == self.acme and rng.random() < 0.04
        name = f"q-{self.name}-{number}"
        latency_ms = (1000.0 if big else 300.0) * rng.uniform(0.9, 1.1)
        data: dict[str, Any] = {
            "request_id": name,
            "user": f"u{user}",
            "tier": rng.choice([self.gold, self.free]),
            "task_type": rng.choice([self.chat, self.code]),
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "outcome": {
                "status": "error" if fails else "ok",
                "latency_ms": round(latency_ms, 3),
                "cost_usd": 0.01 if big else 0.002,
            },
            "decision": {
                "deployment": deployment,
                "policy": "main",
                "policy_version": "v1",
                "method": "rule",
                "experiment": self.trial,
                "arm": arm,
            },
        }
        score = (0.8 if big else 0.6) + 0.08 * (arm == "treat") + rng.uniform(-0.1, 0.1)
        told = {"request_id": name, "evaluator": "judge", "score": round(score, 3)}
        request: Event = ("request.completed", tenant, at, data)
        return [request] if fails else [request, ("quality.scored", tenant, at, told)]

    def world(self, *tenants: str) -> World:
        """What is asked, by somebody who sees these tenants (none: both)."""
        shown = ViewSnapshot(version="", as_of=NOW)
        return World(
            store=self.store,
            columns=self.columns,
            view=shown,
            route=lambda request: rank(request, view=shown, now=NOW),
            scope=TenantScope.of(*(tenants or (self.acme, self.beta))),
            budgets=LIMITS,
            now=NOW,
        )


async def answered(playbook: Ask, asked: Question, world: World) -> Told:
    """An answer whose numbers, names and times a tool gave, and whose follow-ups are understood."""
    toolbox = Toolbox(world)
    told = await playbook(asked, toolbox)
    text = "\n".join(told.lines)
    assert not ungrounded(text, calls=toolbox.calls, figures=toolbox.figures, question=asked)
    names = await toolbox.names()
    for text in told.follow_ups:
        follow = understand(text, now=asked.now, names=names)
        assert (follow.intent is not None, follow.slots.unknown) == (True, ()), text
    return told


async def refused(playbook: Ask, asked: Question, world: World) -> str:
    """Why it can't be told."""
    try:
        told = await playbook(asked, Toolbox(world))
    except CantTell as reason:
        return reason.reason
    raise AssertionError(told.lines)
