"""The view as a value: its JSON, and what becomes of it when it is not renewed."""

from datetime import UTC, datetime, timedelta

import pytest

from graph.evidence import DeploymentFacts, Evidence, Incident, Maintenance, Observation
from graph.health import HealthStatus, assess
from graph.hot.quality import QualityCell
from graph.hot.snapshot import (
    TaskTokens,
    TenantFacts,
    TierFacts,
    UserFacts,
    ViewSnapshot,
    aged,
    from_json,
)
from graph.policies.facts import PolicyFacts
from graph.settings import GraphSettings, HealthSettings

NOW = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
BUDGETS = HealthSettings()
FACTS = DeploymentFacts(deployment="m@b", model="m", backend="b", capabilities=("text",))
OBSERVATION = Observation(
    deployment="m@b",
    at=NOW,
    recorded_at=NOW,
    window_s=60,
    sample_count=3,
    available=True,
    error_rate=0.0,
)
VIEW = ViewSnapshot(
    version="1",
    as_of=NOW,
    deployments=(
        assess(Evidence(facts=FACTS, observations=[OBSERVATION]), now=NOW, budgets=BUDGETS),
    ),
    facts=(FACTS,),
    tiers=(TierFacts(tier="gold", weight=2.0),),
    tenants=(TenantFacts(tenant="acme", allowed_backends=()),),
    policies=(PolicyFacts(policy="main", version="v1", published_at=NOW, tiers=("gold",)),),
    incidents=(
        Incident(
            id="i",
            title="loss",
            severity="sev1",
            scope_kind="global",
            scope_id=None,
            opened_at=NOW,
        ),
    ),
    maintenance=(
        Maintenance(
            id="m",
            title="upgrade",
            scope_kind="backend",
            scope_id="b",
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=1),
        ),
    ),
    quality=(QualityCell("chat", "m@b", 0.5, 3),),
    quality_as_of=NOW,
    tokens=(TaskTokens(task_type="chat", requests=2, completion_tokens=30),),
)


def test_it_survives_its_json():
    assert from_json(VIEW.to_json()) == VIEW


def test_users_travel_apart():
    user = UserFacts(tenant="acme", user="ada", tier="gold")
    with_users = ViewSnapshot(version="1", as_of=NOW, users={("acme", "ada"): user})
    assert from_json(with_users.to_json()).users == {}


def test_what_is_no_view_is_a_value_error():
    with pytest.raises(ValueError, match="as_of"):
        from_json(b"{}")


@pytest.mark.parametrize(
    ("later_s", "behind_s", "stale"), [(0, 0, False), (5, 0, False), (5.1, 0, True), (0, 6, True)]
)
def test_it_is_stale_when_not_renewed_or_made_of_old_evidence(
    later_s: float, behind_s: float, stale: bool
):
    view = ViewSnapshot(version="1", as_of=NOW, behind_s=behind_s)
    now = NOW + timedelta(seconds=later_s)
    assert view.stale(now=now, settings=GraphSettings()) is stale


@pytest.mark.parametrize(
    ("later_s", "status"), [(10, HealthStatus.DEGRADED), (900, HealthStatus.UNKNOWN)]
)
def test_a_lost_view_ages_into_unknown(later_s: float, status: HealthStatus):
    now = NOW + timedelta(seconds=later_s)
    (health,) = aged(VIEW, now=now, budgets=BUDGETS).deployments
    assert (health.status, health.stale, health.age_ms) == (status, True, later_s * 1000)
    assert health.reasons[0] == "hot view not renewed since 2026-09-11 10:00:00 UTC"
