"""LiteLLM's Router on the whole service: a thousand requests with failures, found in the graph."""

from __future__ import annotations

import asyncio
import importlib
import os
import random
import time
import warnings
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from routecause import Choice, Routecause

from api.servers import ServerSettings
from api.settings import ServiceSettings, Settings
from api.supervisor import running
from graph.settings import GraphSettings

# LiteLLM's own habits, not ours: it warns on import and leaves sockets and loops to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
REQUESTS = 1_000
AT_ONCE = 20
PATIENCE_S = 60.0
MESSAGES = [{"role": "user", "content": "How long is a piece of string?"}]
BACKENDS = ("aws", "k8s", "neo")
MODELS = {"apex": 0.012, "nova": 0.003, "mini": 0.0005}
# What a group is made of, and how LiteLLM's mock of each deployment answers.
GROUPS = {
    "fast": {"apex@aws": "fine", "nova@k8s": "fine", "mini@neo": "litellm.RateLimitError"},
    "frail": {"apex@neo": "litellm.InternalServerError", "mini@k8s": "litellm.RateLimitError"},
    "spare": {"nova@aws": "fine", "nova@neo": "fine"},
    "doomed": {"mini@aws": "litellm.InternalServerError"},
}
QUERY = """query($id: ID!) { request(id: $id) {
  status errorType user tier taskType
  decision {
    deployment method policy reasons fallbackCauses { deployment cause }
    candidates { deployment score rejected }
  }
} }"""


def quiet(_line: str) -> None: ...


@pytest.fixture(scope="module")
def litellm() -> Any:
    """LiteLLM, which asks nobody for prices and tells nobody of us."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Any = importlib.import_module("litellm")
        importlib.import_module("routecause.litellm")
    found.telemetry = False
    found.suppress_debug_info = True
    found.callbacks = []
    return found


@pytest.fixture(scope="module")
def url(
    server_settings: ServerSettings, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str]:
    """A service whose fleet is this test's alone."""
    folder: Path = tmp_path_factory.mktemp("whole")
    settings = Settings(
        service=ServiceSettings(port=0),
        servers=server_settings.model_copy(update={"data_dir": folder}),
        graph=GraphSettings(neo4j_uri=None, redis_url=None),
    )
    with running(settings, report=quiet) as service:
        yield service.addresses.url


def until(true: Callable[[], bool], limit_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def register(client: Routecause) -> None:
    """Tell of the fleet, and wait until it is ranked."""
    for backend in BACKENDS:
        known: dict[str, Any] = {"backend": backend, "kind": "other", "region": "eu"}
        client.tell("backend.registered", known)
    for model, price in MODELS.items():
        known = {"model": model, "provider": "acme", "capabilities": [], "context_window": 8_000}
        known |= {"input_usd_per_1k": price, "output_usd_per_1k": 3 * price}
        client.tell("model.registered", known)
    named = [name for group in GROUPS.values() for name in group]
    for name in named:
        model, _, backend = name.partition("@")
        known = {"deployment": name, "model": model, "backend": backend, "version": "1"}
        client.tell("deployment.registered", known)
    assert client.flush(30)

    def ranked() -> bool:
        choice = client.route(user="u", task_type="chat", prompt_tokens=8, reserve=False)
        return {one.deployment for one in choice.candidates} >= set(named)

    until(ranked)


@dataclass
class Sent:
    """One request as its caller saw it."""

    id: str
    group: str
    served: str | None
    fallbacks: int
    error: str | None


class Caller:
    """Sends requests through LiteLLM, and notes itself what becomes of them."""

    def __init__(self, litellm: Any, client: Routecause) -> None:
        from routecause.litellm import install

        entries = [
            {
                "model_name": group,
                "litellm_params": {"model": "openai/gpt-4o", "api_key": "x", "mock_response": mock},
                "model_info": {"id": f"id-{name}", "routecause_deployment": name},
            }
            for group, members in GROUPS.items()
            for name, mock in members.items()
        ]
        self.router: Any = litellm.Router(
            model_list=entries,
            fallbacks=[{"frail": ["spare"]}],
            num_retries=1,
            retry_after=0,
            cooldown_time=0.5,
        )
        self.logger = install(self.router, client)
        self.sent: list[Sent] = []

    async def send(self, number: int, group: str) -> None:
        name = f"r-{number}-{uuid4().hex[:6]}"
        asker = {"user": f"u{number % 7}", "tier": "free", "task_type": "chat", "request_id": name}
        try:
            answer = await self.router.acompletion(
                model=group, messages=MESSAGES, metadata={"routecause": asker}
            )
        except Exception as error:  # noqa: BLE001  # whatever a caller may see
            self.sent.append(Sent(name, group, None, 0, type(error).__name__))
            return
        hidden = answer._hidden_params
        served = str(hidden["model_id"]).removeprefix("id-")
        fallbacks = int(hidden["additional_headers"]["x-litellm-attempted-fallbacks"])
        self.sent.append(Sent(name, group, served, fallbacks, None))

    async def send_all(self) -> None:
        """So many at once, the groups in a fixed mixture."""
        rng = random.Random(4)
        groups = rng.choices(list(GROUPS), weights=[60, 25, 10, 5], k=REQUESTS)
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with limit:
                await self.send(number, groups[number])

        await asyncio.gather(*(one(number) for number in range(REQUESTS)))


def test_a_thousand_requests_are_in_the_graph_with_their_reasons(
    litellm: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = datetime.now(UTC)
    cooled: Counter[str] = Counter()
    handlers: Any = importlib.import_module("litellm.router_utils.cooldown_handlers")

    async def counted(*, deployment_id: str, **_: Any) -> None:
        cooled[deployment_id.removeprefix("id-")] += 1

    # LiteLLM's own word for a cooldown, which the logger does not use.
    monkeypatch.setattr(handlers, "router_cooldown_event_callback", counted)
    with Routecause(url, deadline_ms=5_000) as client:
        register(client)
        caller = Caller(litellm, client)
        asyncio.run(caller.send_all())
        assert caller.logger.flush(60)
        told = client.counters
        assert (told.rejected, told.invalid, told.dropped) == (0, 0, 0)
        assert len(caller.logger.traces) == 0
    outcomes = Counter(("failed" if one.error else "served", one.group) for one in caller.sent)
    assert len(caller.sent) == REQUESTS
    assert outcomes["failed", "doomed"] > 20
    with httpx.Client(base_url=url, timeout=30) as http:
        until(lambda: http.get("/v1/ingest/status").json()["length"] == 0)
        seen = Counter(check(asked(http, QUERY, id=one.id)["request"], one) for one in caller.sent)
        # Each way that a request can go was gone, or this would say little.
        assert seen["first"] > REQUESTS / 10, seen
        assert seen["after others"] > 5, seen
        assert seen["failed"] > 20, seen
        check_cooldowns(http, cooled, began=began)


def asked(http: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    answer = http.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def check(found: dict[str, Any] | None, sent: Sent) -> str:
    """The graph knows of a request what its caller saw, and why it went where it went."""
    assert found is not None, sent
    decision = found["decision"]
    assert (found["tier"], found["taskType"]) == ("free", "chat")
    tries = decision["fallbackCauses"]
    mocks = {name: mock for group in GROUPS.values() for name, mock in group.items()}
    for each in tries:
        # Whatever failed before failed as its mock does.
        assert each["cause"].partition(" ")[0] == mocks[each["deployment"]].partition(".")[2]
    if sent.error is not None:
        assert found["status"] != "ok"
        assert found["errorType"]
        return "failed"
    assert found["status"] == "ok"
    assert decision["deployment"] == sent.served
    if sent.fallbacks:
        # Of a group that LiteLLM had in cooldown as a whole, no deployment was tried.
        said = [reason for reason in decision["reasons"] if "fell back from frail" in reason]
        assert tries or said, (decision, sent)
    assert bool(tries) == (decision["method"] == "fallback")
    if not check_ranking(decision, sent):
        return "all ruled out"
    return "after others" if tries else "first"


def check_ranking(decision: dict[str, Any], sent: Sent) -> bool:
    """What served it is the best of what nothing spoke against; False where all were ruled out."""
    served = decision["deployment"]
    free: dict[str, float] = {
        one["deployment"]: one["score"] for one in decision["candidates"] if one["rejected"] is None
    }
    of_group = GROUPS["spare" if sent.fallbacks else sent.group]
    assert free.keys() <= of_group.keys()
    if free:
        assert free[served] == max(free.values())
    against = {one["deployment"]: one["rejected"] for one in decision["candidates"]}
    assert set(against) == {name for group in GROUPS.values() for name in group}
    for name, why in against.items():
        if name not in of_group and why is not None:
            assert why != "litellm_unavailable"
    return bool(free)


def check_cooldowns(http: httpx.Client, cooled: Counter[str], *, began: datetime) -> None:
    query = """query($from: DateTime!, $to: DateTime!) {
      changes(from: $from, to: $to) { kind title at targets { kind id } author } }"""
    ends = datetime.now(UTC) + timedelta(minutes=1)
    found = asked(http, query, **{"from": began.isoformat(), "to": ends.isoformat()})["changes"]
    changes = [one for one in found if one["kind"] == "router"]
    told = Counter(one["targets"][0]["id"] for one in changes)
    assert cooled
    assert told.keys() == cooled.keys()
    for name, count in told.items():
        # A cooldown that is set again while it lasts is one.
        assert 1 <= count <= cooled[name]
    for one in changes:
        name = one["targets"][0]["id"]
        assert one["title"].startswith(f"cooldown of {name} for 0.5 s: ")
        assert one["title"].endswith(("RateLimitError (429)", "InternalServerError (500)"))


def test_the_view_of_the_service_is_read_whole(url: str) -> None:
    with Routecause(url, deadline_ms=5_000) as client:
        choice: Choice = client.route(
            user="u", task_type="chat", prompt_tokens=8, labels={"a": "b"}, reserve=False
        )
    assert choice.problem is None
    assert choice.view_version is not None
    assert all(one.eligible or one.reason_codes for one in choice.candidates)
