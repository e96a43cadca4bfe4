"""Health from evidence: freshness, figures, limits and what the surroundings add."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.health import (
    BreakerState,
    DeploymentFacts,
    Evidence,
    HealthStatus,
    Incident,
    Maintenance,
    MinuteOutcomes,
    Observation,
    assess,
    list_price,
    same_state,
)
from graph.settings import HealthSettings
from graph.sketch import Sketch

NOW = datetime(2026, 9, 11, 10, 0, 30, tzinfo=UTC)
BUDGETS = HealthSettings()
FACTS = DeploymentFacts(
    deployment="apex-70b@aws",
    model="apex-70b",
    backend="aws",
    version="1",
    input_usd_per_1k=0.01,
    output_usd_per_1k=0.03,
)


def sample(*, age_s: float, window_s: float = 60, sample_count: int = 20, **metrics: object):
    at = NOW - timedelta(seconds=age_s)
    values: dict[str, object] = {"available": True, "error_rate": 0.0, **metrics}
    return Observation(
        deployment=FACTS.deployment,
        at=at,
        recorded_at=at,
        window_s=window_s,
        sample_count=sample_count,
        **values,  # pyright: ignore[reportArgumentType]  # each test names metrics of the right type
    )


def minute(ago: int, *, ok: int = 0, error: int = 0, timeout: int = 0, rate_limited: int = 0):
    start = NOW.replace(second=0) - timedelta(minutes=ago)
    count = ok + error + timeout + rate_limited
    return MinuteOutcomes(
        minute=start,
        count=count,
        ok=ok,
        error=error,
        timeout=timeout,
        rate_limited=rate_limited,
        latency=Sketch([500.0] * count),
        last_at=min(start + timedelta(seconds=59), NOW),
    )


def health(*observations: Observation, now: datetime = NOW, **evidence: object):
    parts = Evidence(
        facts=FACTS,
        observations=observations,
        **evidence,  # pyright: ignore[reportArgumentType]  # each test names parts of the right type
    )
    return assess(parts, now=now, budgets=BUDGETS)


def test_nothing_known_is_unknown_and_every_figure_is_missing():
    found = health()
    assert found.status is HealthStatus.UNKNOWN
    assert found.stale
    assert (found.updated_at, found.age_ms, found.sample_count) == (None, None, 0)
    assert found.error_rate is None
    assert found.latency_p95_ms is None
    assert "no health sample was ever reported" in found.reasons


@pytest.mark.parametrize(
    ("age_s", "window_s", "status", "stale"),
    [
        (60, 60, HealthStatus.HEALTHY, False),
        (179, 60, HealthStatus.HEALTHY, False),
        (180, 60, HealthStatus.DEGRADED, True),
        (899, 60, HealthStatus.DEGRADED, True),
        (900, 60, HealthStatus.UNKNOWN, True),
        (7199, 3600, HealthStatus.HEALTHY, False),
        (7200, 3600, HealthStatus.DEGRADED, True),
        (14399, 3600, HealthStatus.DEGRADED, True),
        (14400, 3600, HealthStatus.UNKNOWN, True),
    ],
)
def test_a_silent_probe_turns_stale_and_then_unknown(
    age_s: float, window_s: float, status: HealthStatus, stale: bool
):
    found = health(sample(age_s=age_s, window_s=window_s))
    assert (found.status, found.stale) == (status, stale)
    assert found.updated_at == NOW - timedelta(seconds=age_s)
    assert found.age_ms == age_s * 1000


def test_what_is_expired_gives_no_figures():
    found = health(sample(age_s=5000, latency_p95_ms=700.0))
    assert found.latency_p95_ms is None
    assert found.sample_count == 0
    assert "no health sample since 2026-09-11 08:37:10 UTC" in found.reasons[0]


def test_a_missing_metric_is_none_and_named():
    found = health(sample(age_s=10, error_rate=None))
    assert found.error_rate is None
    assert found.queue_depth is None
    assert any("queue depth" in reason and "error rate" in reason for reason in found.reasons)


def test_a_metric_is_the_newest_one_that_is_not_missing():
    found = health(
        sample(age_s=10, queue_depth=None, load=0.5),
        sample(age_s=70, queue_depth=4.0, load=0.9),
        sample(age_s=130, queue_depth=9.0),
    )
    assert (found.queue_depth, found.load) == (4.0, 0.5)


def test_figures_come_from_the_requests_where_no_sample_has_them():
    found = health(traffic=[minute(1, ok=9, error=1)])
    assert found.status is HealthStatus.DEGRADED
    assert found.error_rate == pytest.approx(0.1)
    assert found.availability == pytest.approx(0.9)
    assert found.latency_p50_ms == pytest.approx(500, rel=0.01)
    assert not found.stale
    assert "error rate 10 % over 10 requests in the last 15 min (limit 5 %): 1 error" in (
        found.reasons
    )


def test_too_few_requests_show_nothing():
    found = health(traffic=[minute(1, ok=4)])
    assert found.status is HealthStatus.UNKNOWN
    assert found.error_rate is None
    assert any("4 requests in the last 15 min, too few" in reason for reason in found.reasons)


def test_evidence_from_after_the_instant_is_left_out():
    later = health(
        sample(age_s=-30, error_rate=0.9), sample(age_s=30), traffic=[minute(-2, error=9)]
    )
    assert later == health(sample(age_s=30))


@pytest.mark.parametrize(
    ("metrics", "status", "words"),
    [
        ({"available": False}, HealthStatus.DOWN, "reported unavailable"),
        ({"error_rate": 0.31}, HealthStatus.DEGRADED, "reported error rate 31 % over 20 samples"),
        ({"error_rate": 0.8}, HealthStatus.DOWN, "reported error rate 80 %"),
        ({"error_rate": 1.0, "sample_count": 1}, HealthStatus.DEGRADED, "over 1 sample at"),
        ({"load": 0.97}, HealthStatus.DEGRADED, "load 97 % (limit 95 %)"),
        ({"rate_limit_remaining": 0.0}, HealthStatus.DEGRADED, "rate limit used up"),
        ({"spot_availability": 0.1}, HealthStatus.DEGRADED, "spot availability 10 %"),
        ({"load": 0.2}, HealthStatus.HEALTHY, "within all limits"),
    ],
)
def test_samples_judge(metrics: dict[str, object], status: HealthStatus, words: str):
    found = health(sample(age_s=10, **metrics))  # pyright: ignore[reportArgumentType]  # as above
    assert found.status is status
    assert any(words in reason for reason in found.reasons), found.reasons


def test_requests_that_went_well_since_outweigh_a_probe():
    down = sample(age_s=150, available=False)
    assert health(down, traffic=[minute(1, ok=4)]).status is HealthStatus.DOWN
    found = health(down, traffic=[minute(1, ok=12)])
    assert found.status is HealthStatus.DEGRADED
    assert found.breaker is BreakerState.CLOSED
    assert any("yet 12 requests since then went well" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("kind", "id_", "reached"),
    [
        ("deployment", "apex-70b@aws", True),
        ("deployment", "apex-70b@neo", False),
        ("model", "apex-70b", True),
        ("model", "lumen-xl", False),
        ("backend", "aws", True),
        ("backend", "k8s", False),
        ("global", None, True),
        ("planet", "earth", False),
    ],
)
def test_incidents_and_maintenance_reach_their_scope(kind: str, id_: str | None, reached: bool):
    incident = Incident(
        id="inc-1",
        title="packet loss",
        severity="sev1",
        scope_kind=kind,
        scope_id=id_,
        opened_at=NOW - timedelta(hours=1),
    )
    work = Maintenance(
        id="mw-1",
        title="upgrade",
        scope_kind=kind,
        scope_id=id_,
        starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(hours=1),
    )
    expected = HealthStatus.DEGRADED if reached else HealthStatus.HEALTHY
    assert health(sample(age_s=10), incidents=[incident]).status is expected
    assert health(sample(age_s=10), maintenance=[work]).status is expected
    over = replace(incident, resolved_at=NOW)
    assert health(sample(age_s=10), incidents=[over]).status is HealthStatus.HEALTHY
    done = replace(work, ends_at=NOW)
    assert health(sample(age_s=10), maintenance=[done]).status is HealthStatus.HEALTHY


def test_small_incidents_are_said_but_do_not_degrade():
    incident = Incident(
        id="inc-2",
        title="slow console",
        severity="sev4",
        scope_kind="global",
        scope_id=None,
        opened_at=NOW - timedelta(hours=1),
        affected_deployments=(FACTS.deployment,),
    )
    found = health(sample(age_s=10), incidents=[incident])
    assert found.status is HealthStatus.HEALTHY
    assert any("inc-2 (sev4, global)" in reason for reason in found.reasons)


def test_the_price_is_the_samples_else_the_models_else_missing():
    assert health(sample(age_s=10, cost_per_1k_tokens_usd=0.05)).cost_per_1k_tokens_usd == 0.05
    assert health(sample(age_s=10)).cost_per_1k_tokens_usd == list_price(FACTS) == 0.02
    unpriced = replace(FACTS, input_usd_per_1k=None, output_usd_per_1k=None)
    found = assess(Evidence(facts=unpriced), now=NOW, budgets=BUDGETS)
    assert found.cost_per_1k_tokens_usd is None
    assert any("price" in reason for reason in found.reasons)


def test_an_unregistered_deployment_is_judged_all_the_same():
    facts = DeploymentFacts.of_name("ghost@moon")
    assert (facts.model, facts.backend) == ("ghost", "moon")
    observation = replace(sample(age_s=10), deployment="ghost@moon")
    found = assess(Evidence(facts=facts, observations=[observation]), now=NOW, budgets=BUDGETS)
    assert found.status is HealthStatus.HEALTHY
    assert any("not registered" in reason for reason in found.reasons)


def test_deprecation_is_said():
    gone = replace(FACTS, deprecated_at=NOW - timedelta(days=1))
    found = assess(Evidence(facts=gone), now=NOW, budgets=BUDGETS)
    assert any("deprecated since 2026-09-10" in reason for reason in found.reasons)


METRICS = [
    "error_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "queue_depth",
    "load",
    "rate_limit_remaining",
    "spot_availability",
    "cost_per_1k_tokens_usd",
]
shares = st.none() | st.floats(0.001, 1)
amounts = st.none() | st.floats(0.001, 1e4)
instants = st.integers(-600, 4000).map(lambda age_s: NOW - timedelta(seconds=age_s))


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    at = draw(instants)
    return Observation(
        deployment=FACTS.deployment,
        at=at,
        recorded_at=at + timedelta(seconds=draw(st.integers(0, 2))),
        window_s=draw(st.sampled_from([1.0, 60.0, 600.0])),
        sample_count=draw(st.integers(0, 50)),
        source=draw(st.sampled_from(["a", "b"])),
        available=draw(st.none() | st.booleans()),
        error_rate=draw(shares),
        latency_p50_ms=draw(amounts),
        latency_p95_ms=draw(amounts),
        queue_depth=draw(amounts),
        load=draw(shares),
        rate_limit_remaining=draw(amounts),
        spot_availability=draw(shares),
        cost_per_1k_tokens_usd=draw(amounts),
    )


minutes = st.builds(
    minute,
    st.integers(-2, 30),
    ok=st.integers(0, 9),
    error=st.integers(0, 9),
    timeout=st.integers(0, 3),
    rate_limited=st.integers(0, 3),
)


@given(
    st.lists(observations(), max_size=8),
    st.lists(minutes, max_size=8),
    st.randoms(use_true_random=False),
)
def test_order_never_changes_the_result(
    samples: list[Observation], traffic: list[MinuteOutcomes], random: object
):
    first = health(*samples, traffic=traffic)
    samples, traffic = list(samples), list(traffic)
    random.shuffle(samples)  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType]  # hypothesis gives a Random
    random.shuffle(traffic)  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType]  # hypothesis gives a Random
    assert health(*samples, traffic=traffic) == first


@given(st.lists(observations(), max_size=6), st.lists(minutes, max_size=6))
def test_stale_is_never_healthy_and_figures_come_from_samples(
    samples: list[Observation], traffic: list[MinuteOutcomes]
):
    found = health(*samples, traffic=traffic)
    assert not (found.stale and found.status is HealthStatus.HEALTHY)
    assert not (found.status is HealthStatus.UNKNOWN and found.breaker is BreakerState.OPEN)
    told = [o for o in samples if NOW - timedelta(seconds=2400) < o.at <= NOW]
    for name in METRICS:
        value = getattr(found, name)
        if value is None or name.startswith(("error_rate", "latency")):
            continue
        known = {getattr(o, name) for o in told}
        known |= {list_price(FACTS)} if name.startswith("cost") else set()
        assert value in known
    if not traffic:
        assert found.error_rate in {None, *(o.error_rate for o in told)}
        assert found.latency_p95_ms in {None, *(o.latency_p95_ms for o in told)}


@given(st.lists(observations(), max_size=4), st.integers(0, 5000))
def test_time_alone_only_ages(samples: list[Observation], later_s: int):
    before = health(*[o for o in samples if o.at <= NOW])
    after = health(*[o for o in samples if o.at <= NOW], now=NOW + timedelta(seconds=later_s))
    if before.stale:
        assert after.stale
    if later_s == 0:
        assert same_state(before, after)
    assert {f.name for f in fields(before)} == {f.name for f in fields(after)}
