"""Picks inside a router's own process: ours, and LiteLLM's, in turns in one process.

Run as `python -m api.bench.picks FILE`, with a view in the file as the composer publishes it;
prints one JSON object by number of deployments.
"""

import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import uvloop

from api.bench.fleet import USERS, bodies
from api.bench.measures import percentile
from graph.hot.routing.ranking import RoutingRequest, rank
from graph.hot.snapshot import UserFacts, ViewSnapshot, from_json

SIZES = (10, 30)
_ROUNDS = 5
_PICKS = 4_000
_WARM_UP = 500
_GROUP = "group"


async def measured(view: ViewSnapshot) -> dict[str, Any]:
    """Microseconds of a pick by number of deployments, ours and LiteLLM's; None without LiteLLM."""
    return {str(size): await _of_size(view, size) for size in SIZES}


async def _of_size(view: ViewSnapshot, size: int) -> dict[str, Any]:
    seen = replace(
        view, deployments=view.deployments[:size], facts=view.facts[:size], users=_users()
    )
    ours, theirs = _ours(seen), _litellm(size)
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        took[0].extend(ours())
        if theirs is not None:
            took[1].extend(await theirs())
    return {
        "ours_p50_us": percentile(took[0], 0.5),
        "ours_p99_us": percentile(took[0], 0.99),
        "litellm_p50_us": percentile(took[1], 0.5) if took[1] else None,
        "litellm_p99_us": percentile(took[1], 0.99) if took[1] else None,
    }


def _users() -> dict[tuple[str, str], UserFacts]:
    """Users with a tier and a preference, as most of a router's are."""
    wanted = ("quality", "latency", "cost", "balanced")
    tiers = ("premium", "standard", "free")
    asked = {(each["tenant"], each["user"]) for each in bodies(20 * USERS)}
    return {
        (tenant, user): UserFacts(
            tenant=tenant,
            user=user,
            tier=tiers[place % len(tiers)],
            optimise_for=wanted[place % len(wanted)],
        )
        for place, (tenant, user) in enumerate(sorted(asked))
    }


def _ours(view: ViewSnapshot) -> Callable[[], list[float]]:
    requests = [
        RoutingRequest(
            user=each["user"],
            tenant=each["tenant"],
            task_type=each["taskType"],
            prompt_tokens=each["promptTokens"],
            max_completion_tokens=each["maxCompletionTokens"],
        )
        for each in bodies(_PICKS)
    ]
    now = view.as_of + timedelta(milliseconds=100)

    def pick(request: RoutingRequest) -> str | None:
        return rank(request, view=view, now=now).best

    for request in requests[:_WARM_UP]:
        pick(request)

    def timed() -> list[float]:
        took: list[float] = []
        for request in requests:
            started = time.perf_counter_ns()
            pick(request)
            took.append((time.perf_counter_ns() - started) / 1e3)
        return took

    return timed


def _litellm(size: int) -> Callable[[], Awaitable[list[float]]] | None:
    try:
        litellm: Any = importlib.import_module("litellm")
    except ImportError:
        return None
    router: Any = litellm.Router(
        model_list=[
            {
                "model_name": _GROUP,
                "litellm_params": {"model": f"openai/{place}", "api_key": "-"},
                "model_info": {"id": str(place)},
            }
            for place in range(size)
        ],
        routing_strategy="simple-shuffle",
    )
    messages = [{"role": "user", "content": "hello"}]

    async def timed() -> list[float]:
        took: list[float] = []
        for turn in range(_PICKS + _WARM_UP):
            started = time.perf_counter_ns()
            await router.async_get_available_deployment(
                model=_GROUP, messages=messages, request_kwargs={}
            )
            if turn >= _WARM_UP:
                took.append((time.perf_counter_ns() - started) / 1e3)
        return took

    return timed


def main() -> None:
    """Measure and print."""
    view = from_json(Path(sys.argv[1]).read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(orjson.dumps(runner.run(measured(view))).decode() + "\n")


if __name__ == "__main__":
    main()
