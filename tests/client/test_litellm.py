"""The real LiteLLM Router with mock answers: what is told of each request, and what is picked."""

from __future__ import annotations

import asyncio
import importlib
import os
import warnings
from collections.abc import Generator
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from routecause import Routecause

if TYPE_CHECKING:
    from tests.client.conftest import Clients, Service, Serving

# LiteLLM's own habits, not ours: it warns on import and leaves sockets and loops to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MESSAGES = [{"role": "user", "content": "How long is a piece of string?"}]
PEOPLE = {"routecause": {"user": "ann", "tier": "premium", "task_type": "reasoning"}}


def candidate(deployment: str, rank: int | None = None, *codes: str) -> dict[str, Any]:
    eligible = rank is not None
    return {
        "deployment": deployment,
        "rank": rank,
        "score": None if rank is None else 1 - rank / 10,
        "eligible": eligible,
        "reasonCodes": list(codes),
        "status": "HEALTHY",
    }


def entry(group: str, model: str, mock: str = "fine", **params: Any) -> dict[str, Any]:
    return {
        "model_name": group,
        "litellm_params": {
            "model": "openai/gpt-4o",
            "api_key": "x",
            "mock_response": mock,
            **params,
        },
        "model_info": {"id": f"id-{model}", "routecause_deployment": model},
    }


@pytest.fixture(scope="module")
def litellm() -> ModuleType:
    """LiteLLM, which asks nobody for prices and tells nobody of us."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Any = importlib.import_module("litellm")
        importlib.import_module("routecause.litellm")
    found.telemetry = False
    found.suppress_debug_info = True
    return found


@pytest.fixture(autouse=True)
def no_callbacks(litellm: Any) -> Generator[None]:
    """Whoever was told before is not told now."""
    names = ["callbacks", "success_callback", "failure_callback"]
    names += ["_async_success_callback", "_async_failure_callback"]
    for name in names:
        setattr(litellm, name, [])
    yield
    for name in names:
        setattr(litellm, name, [])


class Fleet:
    """A router with Routecause, and what it told."""

    def __init__(self, litellm: Any, client: Routecause, service: Service) -> None:
        self.litellm, self.client, self.service = litellm, client, service
        self.router: Any = None
        self.logger: Any = None

    def make(self, *entries: dict[str, Any], route: bool = True, **options: Any) -> Any:
        from routecause.litellm import install

        given: dict[str, Any] = {"num_retries": 0, "retry_after": 0, "cooldown_time": 60}
        self.router = self.litellm.Router(model_list=list(entries), **(given | options))
        self.logger = install(self.router, self.client, route=route)
        return self.router

    async def ask(self, group: str = "fast", **more: Any) -> Any:
        metadata = more.pop("metadata", PEOPLE)
        return await self.router.acompletion(
            model=group, messages=MESSAGES, metadata=metadata, **more
        )

    async def told(self, count: int, kind: str = "request.completed") -> list[dict[str, Any]]:
        """The data of the events of a kind, once there are so many; and that there are no more."""
        deadline = asyncio.get_running_loop().time() + 10
        found: list[dict[str, Any]] = []
        while asyncio.get_running_loop().time() < deadline:
            found = self.events(kind)
            if len(found) >= count:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        assert len(self.events(kind)) == count, found
        return [event["data"] for event in found]

    def events(self, kind: str) -> list[dict[str, Any]]:
        every = [event for post in self.service.posts for event in post]
        return [event for event in every if event["type"] == f"routecause.{kind}"]


@pytest.fixture
def fleet(litellm: Any, clients: Clients, service: Service) -> Fleet:
    """Two models on two backends, ranked."""
    service.view = {
        "viewVersion": "7",
        "policy": "main",
        "policyVersion": "v1",
        "candidates": [
            candidate("apex@aws", 1),
            candidate("apex@neo", 2),
            candidate("nova@k8s", 3),
            candidate("mini@k8s", None, "min_quality"),
        ],
    }
    client = clients(service.url, deadline_ms=3_000)
    return Fleet(litellm, client, service)


async def test_the_first_by_rank_is_picked_and_told(fleet: Fleet) -> None:
    fleet.make(entry("fast", "nova@k8s"), entry("fast", "apex@neo"), entry("fast", "mini@k8s"))
    answer = await fleet.ask()
    (told,) = await fleet.told(1)
    assert fleet.service.routed[0] == {
        "user": "ann",
        "tier": "premium",
        "taskType": "reasoning",
        "promptTokens": 8,
    }
    decision, outcome = told["decision"], told["outcome"]
    assert decision["deployment"] == "apex@neo"
    assert decision["view_version"] == "7"
    assert decision["candidates"] == [
        {"deployment": "apex@aws", "score": 0.9, "rejected": "outside_model_group"},
        {"deployment": "apex@neo", "score": 0.8},
        {"deployment": "nova@k8s", "score": 0.7},
        {"deployment": "mini@k8s", "rejected": "min_quality"},
    ]
    assert (told["user"], told["tier"], told["task_type"]) == ("ann", "premium", "reasoning")
    assert (told["prompt_tokens"], told["completion_tokens"]) == (
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
    )
    assert outcome["status"] == "ok"
    assert outcome["cost_usd"] > 0
    assert outcome["latency_ms"] > 0
    assert told["labels"]["model_group"] == "fast"
    assert len(fleet.logger.traces) == 0


async def test_retries_and_fallbacks_are_one_request(fleet: Fleet) -> None:
    fleet.make(
        entry("fast", "apex@aws", "litellm.RateLimitError"),
        entry("fast", "apex@neo", "litellm.InternalServerError"),
        entry("slow", "nova@k8s"),
        num_retries=1,
        fallbacks=[{"fast": ["slow"]}],
    )
    await fleet.ask()
    (told,) = await fleet.told(1)
    assert len(fleet.service.routed) == 1
    assert told["decision"]["deployment"] == "nova@k8s"
    assert told["decision"]["method"] == "fallback"
    assert told["decision"]["fallback_from"] == [
        {"deployment": "apex@aws", "cause": "RateLimitError (429)"},
        {"deployment": "apex@neo", "cause": "InternalServerError (500)"},
    ]
    rejected = {one["deployment"]: one.get("rejected") for one in told["decision"]["candidates"]}
    assert rejected == {
        "apex@aws": "failed_before",
        "apex@neo": "failed_before",
        "nova@k8s": None,
        "mini@k8s": "min_quality",
    }
    assert (told["outcome"]["status"], told["outcome"]["retries"]) == ("ok", 2)
    assert told["outcome"]["queue_ms"] > 0


async def test_a_request_that_fails_for_good(fleet: Fleet, litellm: Any) -> None:
    fleet.make(
        entry("fast", "apex@aws", "litellm.InternalServerError"),
        entry("fast", "apex@neo", "too late", mock_timeout=True, timeout=0.05),
        num_retries=1,
    )
    with pytest.raises(litellm.Timeout):
        await fleet.ask()
    (told,) = await fleet.told(1)
    assert told["decision"]["deployment"] == "apex@neo"
    assert told["decision"]["fallback_from"] == [
        {"deployment": "apex@aws", "cause": "InternalServerError (500)"}
    ]
    assert (told["outcome"]["status"], told["outcome"]["error_type"]) == ("timeout", "Timeout")
    assert told["completion_tokens"] == 0


async def test_nothing_left_to_try(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws"), entry("fast", "apex@neo"))
    for one in fleet.router.get_model_ids():
        fleet.router.cooldown_cache.add_deployment_to_cooldown(
            model_id=one,
            original_exception=RuntimeError("secret prompt"),
            exception_status=500,
            cooldown_time=30,
        )
    with pytest.raises(ValueError, match="No deployments available"):
        await fleet.ask()
    (told,) = await fleet.told(1)
    # Evidence against no deployment: none was sent anything.
    assert told["outcome"]["error_type"] == "rejected_request.RouterRateLimitError"
    assert told["outcome"]["status"] == "error"
    changes = await fleet.told(2, "change.applied")
    assert changes[0]["title"] == "cooldown of apex@aws for 30 s: RuntimeError"
    assert "secret" not in str(fleet.service.posts)


async def test_a_cooldown_is_a_change_with_its_end(fleet: Fleet) -> None:
    fleet.make(
        entry("fast", "apex@aws", "litellm.RateLimitError"),
        entry("fast", "apex@neo"),
        num_retries=1,
    )
    await asyncio.gather(*(fleet.ask() for _ in range(5)))
    await fleet.told(5)
    (change,) = await fleet.told(1, "change.applied")
    assert change["kind"] == "router"
    assert change["title"] == "cooldown of apex@aws for 60 s: RateLimitError (429)"
    assert change["targets"] == [{"kind": "deployment", "id": "apex@aws"}]
    (event,) = fleet.events("change.applied")
    ends = datetime.fromisoformat(change["ended_at"]) - datetime.fromisoformat(event["time"])
    assert ends.total_seconds() == 60
    await fleet.ask()
    told = await fleet.told(6)
    assert told[-1]["decision"]["deployment"] == "apex@neo"
    assert told[-1]["decision"]["candidates"][0] == {
        "deployment": "apex@aws",
        "score": 0.9,
        "rejected": "litellm_unavailable",
    }


async def test_a_fallback_before_anything_was_picked(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws"), entry("slow", "nova@k8s"), fallbacks=[{"fast": ["slow"]}])
    await fleet.ask(mock_testing_fallbacks=True)
    (told,) = await fleet.told(1)
    assert told["decision"]["deployment"] == "nova@k8s"
    assert "fell back from fast: InternalServerError" in told["decision"]["reasons"]


async def test_streams(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws", "one two three four five six"))
    stream = await fleet.ask(stream=True, stream_options={"include_usage": True})
    words = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(words) == "one two three four five six"
    (told,) = await fleet.told(1)
    assert told["completion_tokens"] > 0
    assert 0 <= told["outcome"]["ttft_ms"] <= told["outcome"]["latency_ms"]


async def test_a_caller_that_goes_away(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws", "slow", mock_delay=30))
    task = asyncio.create_task(fleet.ask())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (told,) = await fleet.told(1)
    assert (told["decision"]["deployment"], told["outcome"]["error_type"]) == (
        "apex@aws",
        "cancelled",
    )


async def test_calls_that_are_not_async(fleet: Fleet) -> None:
    fleet.make(
        entry("fast", "nova@k8s"),
        entry("fast", "apex@neo"),
        entry("fast", "apex@aws", "litellm.RateLimitError"),
        num_retries=1,
    )

    def work() -> None:
        fleet.router.completion(model="fast", messages=MESSAGES, metadata=PEOPLE)

    await asyncio.to_thread(work)
    (told,) = await fleet.told(1)
    assert told["decision"]["deployment"] == "apex@neo"
    assert told["decision"]["fallback_from"] == [
        {"deployment": "apex@aws", "cause": "RateLimitError (429)"}
    ]


async def test_an_event_loop_that_ends_before_litellm_tells(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws"))
    answer: Any = await asyncio.to_thread(lambda: asyncio.run(fleet.ask()))
    assert fleet.logger.flush()
    (told,) = await fleet.told(1)
    assert told["decision"]["deployment"] == "apex@aws"
    assert told["completion_tokens"] == answer.usage.completion_tokens
    assert told["outcome"]["cost_usd"] > 0
    assert len(fleet.logger.traces) == 0


async def test_what_one_caller_says_stays_with_its_request(fleet: Fleet) -> None:
    fleet.make(entry("fast", "apex@aws"))
    shared = {"routecause": {"user": "bob"}}
    await asyncio.gather(*(fleet.ask(metadata=shared) for _ in range(20)))
    told = await fleet.told(20)
    assert len({one["request_id"] for one in told}) == 20
    await asyncio.gather(*(fleet.ask(litellm_trace_id="a-session") for _ in range(3)))
    again = await fleet.told(23)
    assert len({one["request_id"] for one in again}) == 23
    assert "a-session" in {one["request_id"] for one in again}


async def test_listening_only(fleet: Fleet) -> None:
    fleet.make(
        entry("fast", "apex@aws", "litellm.InternalServerError"),
        entry("slow", "nova@k8s"),
        route=False,
        fallbacks=[{"fast": ["slow"]}],
    )
    await fleet.ask()
    (told,) = await fleet.told(1)
    assert fleet.service.routed == []
    decision = told["decision"]
    assert (decision["policy"], decision["deployment"]) == ("litellm", "nova@k8s")
    assert decision["fallback_from"] == [
        {"deployment": "apex@aws", "cause": "InternalServerError (500)"}
    ]


async def test_a_logger_alone_is_told_of_failures_in_the_end(fleet: Fleet, litellm: Any) -> None:
    from routecause.litellm import RoutecauseLogger

    logger = RoutecauseLogger(fleet.client)
    litellm.callbacks = [logger]
    fleet.router = litellm.Router(
        model_list=[entry("fast", "apex@aws", "litellm.InternalServerError"), entry("ok", "b@c")],
        num_retries=1,
        retry_after=0,
    )
    with pytest.raises(litellm.InternalServerError):
        await fleet.ask()
    await fleet.ask("ok")
    await litellm.acompletion(model="openai/gpt-4o", messages=MESSAGES, mock_response="direct")
    assert len(await fleet.told(2)) == 2
    assert logger.flush()
    told = await fleet.told(3)
    assert {(one["decision"]["deployment"], one["outcome"]["status"]) for one in told} == {
        ("b@c", "ok"),
        ("gpt-4o@openai", "ok"),
        ("apex@aws", "error"),
    }


async def test_no_view_leaves_the_choice_to_litellm(
    litellm: Any, clients: Clients, serving: Serving
) -> None:
    fleet = Fleet(litellm, clients(serving.service.url, deadline_ms=50), serving.service)
    fleet.make(entry("fast", "apex@aws"), entry("fast", "apex@neo"))
    answers = [await fleet.ask() for _ in range(30)]
    used = {answer._hidden_params["model_id"] for answer in answers}
    assert used == {"id-apex@aws", "id-apex@neo"}
    serving.start()
    told = await fleet.told(30)
    assert {one["decision"]["policy"] for one in told} == {"litellm"}
    assert all("no view of Routecause" in one["decision"]["reasons"][-1] for one in told)


async def test_the_proxys_router_is_watched_when_a_request_comes(
    fleet: Fleet, litellm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from routecause.litellm import RoutecauseProxy

    logger = RoutecauseProxy(fleet.client)
    litellm.callbacks = [logger]
    entries = [entry("fast", "nova@k8s"), entry("fast", "apex@aws")]
    fleet.router = litellm.Router(model_list=entries)
    proxy = ModuleType("litellm.proxy.proxy_server")
    proxy.llm_router = fleet.router  # pyright: ignore[reportAttributeAccessIssue]  # the proxy's own name
    monkeypatch.setitem(sys.modules, "litellm.proxy.proxy_server", proxy)
    for _ in range(3):
        # A new configuration takes the strategy away.
        fleet.router.routing_strategy_init("simple-shuffle", {})
        await logger.async_pre_call_hook(None, None, {}, "completion")
        await fleet.ask()
    told = await fleet.told(3)
    assert {one["decision"]["deployment"] for one in told} == {"apex@aws"}
