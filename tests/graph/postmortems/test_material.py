"""What is asked about and told of: the metric that moved most, the changes that can meet."""

from dataclasses import replace

import pytest

from graph.objectives.burn import SloAction, SloAlert
from graph.postmortems.material import (
    CLEAR,
    Moved,
    alerting,
    meets,
    most_moved,
    reaching,
    slice_of,
)
from graph.slices import Metric, Slice
from graph.slos import SloStatus
from tests.graph.postmortems.materials import MOVED, OPENED, change, comparison, material, other

INCIDENT = material().incident


def moved(metric: Metric, delta: float, error: float) -> Moved:
    limit = 1.96 * error
    return Moved(metric, comparison(0.0, delta, delta - limit, delta + limit))


def slo(tenant: str, name: str, *, alert: bool) -> SloStatus:
    """An objective of which nothing more is known than whether it alerts."""
    firing = SloAlert("page", 60, 5, 14.4)
    return SloStatus(
        id=name,
        tenant=tenant,
        objective="availability",
        target=0.99,
        threshold=None,
        window_days=28.0,
        where=(),
        actual=None,
        events=0,
        bad=0.0,
        error_budget_remaining=None,
        burns=(),
        days_to_exhaustion=None,
        action=SloAction.LOCKDOWN,
        alerts=(firing,) if alert else (),
        reasons=(),
        burned_by=(),
        judged_at=OPENED,
        known_at=None,
    )


def test_what_got_worse_comes_before_what_moved_more() -> None:
    better = moved(Metric.LATENCY_P95, -900.0, 10.0)
    worse = moved(Metric.ERROR_RATE, 0.1, 0.02)
    assert most_moved([better, worse]) is worse
    assert better.errors > worse.errors == pytest.approx(5, abs=0.01)
    unclear = moved(Metric.ERROR_RATE, 0.1, 0.09)
    assert most_moved([unclear, better]) is better


def test_less_quality_is_worse_and_less_of_anything_else_is_not() -> None:
    assert moved(Metric.QUALITY, -0.2, 0.01).worse
    assert not moved(Metric.QUALITY, 0.2, 0.01).worse
    assert not moved(Metric.COST_PER_REQUEST, -0.2, 0.01).worse


def test_what_cannot_be_compared_is_not_asked_about() -> None:
    assert most_moved([Moved(Metric.QUALITY, None)]) is None
    assert most_moved([]) is None
    exact = moved(Metric.COST_PER_REQUEST, 0.2, 0.0)
    assert exact.errors == CLEAR
    assert exact.worse
    assert moved(Metric.COST_PER_REQUEST, 0.0, 0.0).errors == 0
    unclear = moved(Metric.ERROR_RATE, 0.1, 0.09)
    assert most_moved([unclear, exact]) is exact


def test_a_flat_price_is_no_clearer_than_what_was_measured_well() -> None:
    exact, failing = moved(Metric.COST_PER_REQUEST, 0.2, 0.0), moved(Metric.ERROR_RATE, 0.5, 0.02)
    assert most_moved([exact, failing]) is failing
    assert most_moved([*MOVED, exact]) is MOVED[2]


def test_changes_elsewhere_and_those_for_other_tenants_alone_are_left_out() -> None:
    told = [
        change("here", OPENED, ("deployment", "sage@metal")),
        change("its model", OPENED, ("model", "sage")),
        change("its backend", OPENED, ("backend", "metal")),
        change("elsewhere", OPENED, ("deployment", "sage@cloud")),
        change("both", OPENED, ("deployment", "sage@cloud"), ("deployment", "wit@metal")),
        change("any place", OPENED, ("policy", "main"), ("tenant", "acme")),
        change("another's", OPENED, ("policy", "main"), ("tenant", "globex")),
    ]
    found = [one.id for one in reaching(told, INCIDENT, tenants=frozenset({"acme"}))]
    assert found == ["here", "its model", "its backend", "both", "any place"]
    assert "another's" in [one.id for one in reaching(told, INCIDENT, tenants=None)]


def test_only_alerts_of_objectives_that_were_reached_are_told() -> None:
    told = [
        slo("acme", "up", alert=True),
        slo("acme", "fast", alert=False),
        slo("acme", "elsewhere", alert=True),
        slo("globex", "up", alert=True),
    ]
    found = alerting(told, ["acme/up", "acme/fast"])
    assert [(one.tenant, one.id) for one in found] == [("acme", "up")]


def test_scopes_meet_where_a_deployment_lies_in_both() -> None:
    assert meets(INCIDENT, scope_kind="deployment", scope_id="wit@metal")
    assert meets(INCIDENT, scope_kind="model", scope_id="wit")
    assert meets(INCIDENT, scope_kind="global", scope_id=None)
    assert not meets(INCIDENT, scope_kind="backend", scope_id="cloud")
    everywhere = replace(INCIDENT, scope_kind="global", scope_id=None)
    assert meets(everywhere, scope_kind="backend", scope_id="cloud")


def test_the_slice_is_the_scope() -> None:
    assert slice_of(other(scope_kind="model", scope_id="sage")) == Slice(model=frozenset({"sage"}))
    assert slice_of(other(scope_kind="global", scope_id=None)) == Slice()
