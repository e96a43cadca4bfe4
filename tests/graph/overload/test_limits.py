"""What a deployment can carry: every source alone, and what may not count as one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from graph.demand import FINEST
from graph.forecasting.history import History
from graph.overload.limits import Known, carried, limits, newest_first, not_in_force
from graph.settings import HealthSettings
from tests.graph.overload.loads import NOW, STEP_S, arrivals, facts, sample, samples, steady

BUDGETS = HealthSettings()


def known(**more: Any) -> Known:
    given: dict[str, Any] = {
        "facts": facts(),
        "max_tokens_per_minute": None,
        "requests": arrivals(steady(0.5)),
        "tokens": None,
        "refused": None,
        "observations": (),
        "now": NOW,
        "budgets": BUDGETS,
    }
    given |= more
    given["observations"] = newest_first(given["observations"], now=NOW)
    return Known(**given)


def rps(of: Known) -> dict[str, float]:
    return {limit.name: limit.rps for limit in limits(of)}


def test_nothing_told_is_no_limit() -> None:
    assert limits(known()) == []
    assert limits(known(requests=None)) == []


def test_the_share_of_capacity_in_use_tells_the_rest() -> None:
    found = rps(known(observations=samples(steady(0.5), carries=0.8)))
    assert found == {"load samples": pytest.approx(0.8, rel=0.05)}


def test_a_deployment_that_was_down_did_not_carry_anything() -> None:
    up = samples(steady(0.5), carries=0.8)
    down = [replace(o, available=False, load=0.0) if k % 3 == 0 else o for k, o in enumerate(up)]
    assert rps(known(observations=down))["load samples"] == pytest.approx(0.8, rel=0.08)


def test_thin_traffic_leans_on_what_is_declared() -> None:
    thin = arrivals(steady(0.0004), seed=5)
    of = samples(steady(0.0004), carries=0.001)
    alone = rps(known(requests=thin, observations=of))["load samples"]
    beside = rps(known(requests=thin, observations=of, facts=facts(max_rps=0.001)))
    assert abs(beside["load samples"] / 0.001 - 1) < abs(alone / 0.001 - 1)


def test_declared_limits_count_in_requests() -> None:
    requests = arrivals(steady(0.5))
    tokens = History(requests.start, requests.step, requests.values * 2000)
    of = known(
        facts=facts(max_rps=2.0), requests=requests, tokens=tokens, max_tokens_per_minute=96_000.0
    )
    assert rps(of) == {
        "declared requests": pytest.approx(2.0),
        "declared tokens": pytest.approx(0.8, rel=0.01),
    }
    assert "96000 tokens/min" in limits(of)[0].words


def test_a_declared_limit_passed_unpunished_is_not_in_force() -> None:
    of = samples(steady(0.5), carries=1.0)
    passed = known(facts=facts(max_rps=0.3), observations=of)
    assert "declared requests" not in rps(passed)
    assert [limit.name for limit in not_in_force(passed)] == ["declared requests"]
    turned_away = History(NOW - 144 * FINEST, FINEST, np.ones(144))
    assert "declared requests" in rps(replace(passed, refused=turned_away))
    # Without anything measured, it is taken at its word.
    assert "declared requests" in rps(replace(passed, observations=()))


def test_the_rate_limit_that_is_left() -> None:
    def told(limit: float) -> list[Any]:
        left = round(limit - 0.5 * 300)
        return [
            sample(
                NOW - timedelta(minutes=5 * k + 1),
                rate_limit_remaining=float(left),
                rate_limit_limit=limit,
            )
            for k in range(100)
        ]

    assert rps(known(observations=told(300)))["rate limit"] == pytest.approx(1.0, rel=0.05)
    # A limit cut an hour ago: what was left of the old one tells nothing.
    cut = [*told(200)[:12], *told(1000)[12:]]
    assert rps(known(observations=cut))["rate limit"] == pytest.approx(200 / 300, rel=0.15)


def latencies(bend: float | None) -> tuple[History, list[Any]]:
    """Rates that go up and down over the day, and a latency that doubles above the bend."""
    rates = 0.5 + 0.4 * np.sin(np.arange(288) / 12)
    history = History(NOW - 288 * FINEST, FINEST, rates * STEP_S)
    seen: list[Any] = []
    for k in range(140):
        at = NOW - timedelta(minutes=10 * k + 1)
        rate = float(rates[-3 - k : 288 - k].mean())
        slow = 3.0 if bend is not None and rate > bend else 1.0
        seen.append(sample(at, latency_p95_ms=1000.0 * slow))
    return history, seen


def test_the_rate_from_which_latency_bent() -> None:
    requests, seen = latencies(0.7)
    assert rps(known(requests=requests, observations=seen)) == {
        "latency bend": pytest.approx(0.7, rel=0.05)
    }


def test_without_a_bend_the_highest_rate_is_only_a_lower_bound() -> None:
    requests, seen = latencies(None)
    of = known(requests=requests, observations=seen)
    assert limits(of) == []
    assert carried(of) == pytest.approx(0.9, rel=0.05)


def test_the_future_is_not_known() -> None:
    later = [sample(NOW + timedelta(minutes=5), load=5.0)]
    assert newest_first(later, now=NOW) == []
