"""A transcript says what the plain way says, whatever is out of order, and keeps nothing."""

import gc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.accounts import UNLIMITED, Allowance, Standing, Unit
from graph.hot.quality import QualityCell
from graph.hot.routing import transcript as written
from graph.hot.routing.ranking import Requirements, RoutingRequest, RoutingView, rank
from graph.hot.routing.transcript import plain, transcript
from graph.hot.snapshot import (
    DeploymentWork,
    TaskTokens,
    TierFacts,
    UserFacts,
    ViewSnapshot,
)
from graph.policies.facts import ArmFacts, ExperimentFacts, PolicyFacts

NOW = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
NAMES = tuple(f"m{place}@b{place % 2}" for place in range(6))
ODD_WORDS = ("within all limits", 'said "no"', "é ☂ \ue000 \ue001", "tab\tand\nline, comma", "")
figures = st.floats(0, 1e7)
maybe = st.none() | figures


@st.composite
def healths(draw: st.DrawFn, name: str) -> DeploymentHealth:
    """A deployment in any state."""
    model, _, backend = name.partition("@")
    usual = draw(st.integers(0, 3))
    return DeploymentHealth(
        deployment=name,
        model=model,
        backend=backend,
        version="1",
        status=draw(st.sampled_from(HealthStatus)) if not usual else HealthStatus.HEALTHY,
        reasons=(draw(st.sampled_from(ODD_WORDS)),),
        breaker=draw(st.sampled_from(BreakerState)) if not usual else BreakerState.CLOSED,
        availability=1.0,
        error_rate=draw(st.none() | st.floats(0, 1)),
        latency_p50_ms=draw(maybe),
        latency_p95_ms=draw(maybe),
        queue_depth=None,
        load=draw(st.none() | st.floats(0, 1.5)),
        rate_limit_remaining=None,
        spot_availability=None,
        cost_per_1k_tokens_usd=draw(st.none() | st.floats(0, 10)),
        sample_count=draw(st.integers(0, 1_000)),
        updated_at=NOW,
        age_ms=0.0,
        stale=draw(st.booleans()) if not usual else False,
    )


@st.composite
def works(draw: st.DrawFn, name: str) -> DeploymentWork:
    """Sums over requests of two lengths, one of them ten times as slow."""
    n, slow = draw(st.integers(20, 500)), draw(st.integers(1, 40))
    short, long = 100, 1_000
    half = n // 2
    return DeploymentWork(
        deployment=name, requests=2 * half, p=half * (short + long), c=half * (short + long),
        latency_ms=half * slow * (short + long), pp=half * (short**2 + long**2),
        cc=half * (short**2 + long**2), pc=half * 2 * short * long,
        p_latency=half * slow * (short**2 + long**2), c_latency=half * slow * (short**2 + long**2),
    )  # fmt: skip


def policy() -> PolicyFacts:
    """Draws one of two, keeps one out, falls back to a fourth, and sets flags."""
    rule: dict[str, Any] = {
        "name": "split",
        "use": [{"deployment": NAMES[0], "weight": 3}, {"deployment": NAMES[1], "weight": 1}],
        "fallbacks": [{"deployment": NAMES[3]}],
        "flags": {"cache": True, "depth": 3},
    }
    return PolicyFacts(
        policy="main",
        version="v1",
        published_at=NOW - timedelta(days=1),
        rules={"format": "routecause/1", "rules": [rule]},
    )


@st.composite
def ranked(draw: st.DrawFn) -> RoutingView:
    """A routing view of any fleet, request, user, policy and allowance."""
    names = NAMES[: draw(st.integers(0, len(NAMES)))]
    avoid, prefer = (tuple(draw(st.sets(st.sampled_from(("m0", "m3"))))) for _ in range(2))
    user = UserFacts(tenant="t", user="ada", tier="gold", avoid=avoid, prefer=prefer)
    arms = (ArmFacts(arm="a", percent=50, deployment=NAMES[2]), ArmFacts(arm="b", percent=50))
    view = ViewSnapshot(
        version="7",
        as_of=NOW,
        deployments=tuple(draw(healths(name)) for name in names),
        facts=tuple(
            replace(
                DeploymentFacts.of_name(name),
                context_window=draw(st.none() | st.sampled_from((100, 10_000))),
                input_usd_per_1k=draw(st.none() | st.floats(0, 1)),
                output_usd_per_1k=draw(st.none() | st.floats(0, 1)),
            )
            for name in names
        ),
        tiers=(
            TierFacts(tier="gold", weight=2.0, quality_floor=draw(st.none() | st.floats(0, 1))),
        ),
        policies=(policy(),) if draw(st.booleans()) else (),
        experiments=(ExperimentFacts(experiment="e", policy="main", running=True, arms=arms),)
        if draw(st.booleans())
        else (),
        quality=tuple(
            QualityCell("chat", name, draw(st.floats(0, 1)), draw(st.integers(0, 40)))
            for name in names
            if draw(st.booleans())
        ),
        tokens=draw(
            st.sampled_from(
                ((), (TaskTokens(task_type="chat", requests=50, completion_tokens=9_000),))
            )
        ),
        work=tuple(draw(works(name)) for name in names if draw(st.booleans())),
        users={("t", "ada"): user},
    )
    request = RoutingRequest(
        user=draw(st.sampled_from(("ada", "bob"))),
        tenant="t",
        task_type=draw(st.sampled_from(("chat", "other"))),
        prompt_tokens=draw(st.sampled_from((0, 7, 550, 5_000, 10**8))),
        max_completion_tokens=draw(st.none() | st.sampled_from((0, 200))),
        requirements=Requirements(max_cost_usd=draw(st.none() | st.floats(0, 1))),
    )
    left = Allowance(
        whose="tenant t", unit=Unit.USD, period="day", limit=10.0,
        remaining=draw(st.floats(-1, 10)), usable=draw(st.floats(-1, 10)),
        returns_at=NOW + timedelta(hours=3),
    )  # fmt: skip
    return rank(
        request,
        view=view,
        now=NOW,
        stale=draw(st.booleans()),
        standing=Standing(usd=left) if draw(st.booleans()) else UNLIMITED,
        permits=frozenset(names[:2]) if draw(st.booleans()) else frozenset[str](),
    )


@given(ranked())
def test_a_transcript_says_what_its_parts_say(view: RoutingView) -> None:
    assert orjson.loads(transcript(view)) == orjson.loads(plain(view))


def fleet(**more: Any) -> ViewSnapshot:
    known: dict[str, Any] = {
        "version": "1", "status": HealthStatus.HEALTHY, "reasons": (),
        "breaker": BreakerState.CLOSED, "availability": 1.0, "error_rate": 0.01,
        "latency_p50_ms": 400.0, "latency_p95_ms": 900.0, "queue_depth": None, "load": 0.3,
        "rate_limit_remaining": None, "spot_availability": None, "cost_per_1k_tokens_usd": 0.01,
        "sample_count": 100, "updated_at": NOW, "age_ms": 0.0, "stale": False,
    }  # fmt: skip
    return ViewSnapshot(
        version="1",
        as_of=NOW,
        deployments=tuple(
            DeploymentHealth(deployment=name, model=name[:2], backend=name[3:], **(known | more))
            for name in NAMES
        ),
        tokens=(TaskTokens(task_type="chat", requests=50, completion_tokens=9_000),),
    )


ASKED = RoutingRequest(user="ada", task_type="chat", prompt_tokens=500)


def test_the_usual_is_written_without_asking_the_parts() -> None:
    view = rank(ASKED, view=fleet(), now=NOW)
    told = transcript(view)
    assert "candidates" not in vars(view)
    assert orjson.loads(told) == orjson.loads(plain(view))


def test_names_of_fields_are_those_of_graphql() -> None:
    told = orjson.loads(transcript(rank(ASKED, view=fleet(), now=NOW)))
    assert told["asOf"] == "2026-09-11T10:00:00Z"
    assert told["candidates"][0]["rank"] == 1
    assert told["candidates"][0]["status"] == "HEALTHY"
    assert "latency 525 ms expected" in told["candidates"][0]["reasons"]


def test_the_forms_of_views_gone_by_are_let_go() -> None:
    for place in range(20):
        transcript(rank(ASKED, view=replace(fleet(), version=str(place)), now=NOW))
    gc.collect()
    assert len(written._forms) < 10  # pyright: ignore[reportPrivateUsage]  # what it keeps
