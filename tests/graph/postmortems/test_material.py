"""What is asked about and told of: the metric that moved most, the changes that can meet."""

from dataclasses import replace

import pytest

from graph.postmortems.material import Moved, meets, most_moved, reaching, slice_of
from graph.slices import Metric, Slice
from tests.graph.postmortems.materials import MOVED, OPENED, change, comparison, material, other

INCIDENT = material().incident


def moved(metric: Metric, delta: float, error: float) -> Moved:
    limit = 1.96 * error
    return Moved(metric, comparison(0.0, delta, delta - limit, delta + limit))


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
    assert exact.errors == float("inf")
    assert moved(Metric.COST_PER_REQUEST, 0.0, 0.0).errors == 0
    assert most_moved([*MOVED, exact]) is exact


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
