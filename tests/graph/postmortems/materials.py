"""An incident with all that can be told of it, for the tests of what is written from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.causes.investigation import (
    Cause,
    Coverage,
    Investigation,
    Mechanism,
    PathStep,
    SliceContribution,
    Verdict,
)
from graph.evidence import Incident, Maintenance
from graph.fleet import Change
from graph.impact import Impact, TierImpact
from graph.postmortems.material import Material, Moved, Telling, incident_of, most_moved
from graph.similar import SimilarIncident
from graph.slices import EntityRef, Metric, Period, Slice
from graph.trends import Comparison

OPENED = datetime(2026, 9, 8, 14, 7, tzinfo=UTC)
RESOLVED = OPENED + timedelta(hours=4, minutes=4)
NOW = OPENED + timedelta(days=1)
MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(weeks=1)
DURING = Period(OPENED, RESOLVED)
BEFORE = Period(OPENED - WEEK, RESOLVED - WEEK)
ON_PLACE = EntityRef("deployment", "sage@metal")
AT_CELL, ON_TASK = EntityRef("cell", "c1"), EntityRef("task_type", "reasoning")


def telling(after: timedelta = timedelta(0), **told: Any) -> Telling:
    """What was told of the incident some time after its opening, and known a minute later."""
    given: dict[str, Any] = {
        "at": OPENED + after,
        "recorded_at": OPENED + after + MINUTE,
        "phase": "opened",
        "title": "answers are wrong",
        "severity": "sev2",
        "scope_kind": "backend",
        "scope_id": "metal",
        "url": "https://ops.example/1",
        "status_source": "alert",
    }
    return Telling(**given | told)


TELLINGS = (
    telling(),
    telling(HOUR, phase="updated", severity="sev1", factors=("no canary", "nobody watched")),
    telling(RESOLVED - OPENED, phase="resolved", severity="sev1", root_cause="a bad build"),
)


def comparison(before: float, after: float, low: float, high: float) -> Comparison:
    """A metric before and after, and the limits of the difference."""
    return Comparison(
        key=(),
        before=before,
        after=after,
        delta=after - before,
        delta_low=low,
        delta_high=high,
        count_before=900,
        count_after=800,
        before_low=None,
        before_high=None,
        after_low=None,
        after_high=None,
    )


MOVED = (
    Moved(Metric.ERROR_RATE, comparison(0.01, 0.012, -0.01, 0.014)),
    Moved(Metric.LATENCY_P95, comparison(812.0, 640.0, -190.0, -150.0)),
    Moved(Metric.QUALITY, comparison(0.9, 0.62, -0.31, -0.25)),
    Moved(Metric.COST_PER_REQUEST, None),
)


def change(name: str, at: datetime, *targets: tuple[str, str], **told: Any) -> Change:
    """A change known as soon as it was made."""
    given: dict[str, Any] = {
        "id": name,
        "kind": "rollout",
        "title": f"{name} goes out",
        "at": at,
        "recorded_at": at,
        "targets": tuple(EntityRef(kind, one) for kind, one in targets),
        "author": "ada",
        "url": None,
    }
    return Change(**given | told)


def cause(rank: int = 1, **told: Any) -> Cause:
    """The rollout that the data hold responsible."""
    given: dict[str, Any] = {
        "rank": rank,
        "kind": "rollout",
        "id": "chg-7",
        "title": "new build",
        "at": OPENED - 20 * MINUTE,
        "contribution": 0.83,
        "contribution_low": 0.71,
        "contribution_high": 0.94,
        "counterfactual": 0.86,
        "mechanism": Mechanism.WITHIN,
        "indistinguishable_from": ("chg-8",),
        "path": (
            PathStep(EntityRef("change", "chg-7"), "TARGETS", ON_PLACE),
            PathStep(ON_PLACE, "SERVED_BY", AT_CELL, reversed=True),
            PathStep(AT_CELL, "OF_TASK", ON_TASK),
        ),
        "evidence": ("it set in with it, at 2026-09-08 13:47 UTC",),
        "evidence_against": ("its share may be close to nothing",),
        "confidence": 0.97,
        "where": (ON_PLACE, ON_TASK),
    }
    return Cause(**given | told)


def investigation(**told: Any) -> Investigation:
    """What the data say of quality while the incident was open."""
    whole = Investigation(
        id="inv-0123",
        verdict=Verdict.EXPLAINED,
        summary="Quality fell from 0.900 to 0.620.",
        metric=Metric.QUALITY,
        before=0.9,
        after=0.62,
        delta=-0.28,
        delta_low=-0.31,
        delta_high=-0.25,
        onset=OPENED - 17 * MINUTE,
        onset_low=OPENED - 31 * MINUTE,
        onset_high=OPENED + 11 * MINUTE,
        coverage=Coverage(800, 560, 0.7, 0.75, "scores of 40 are missing"),
        slices=(SliceContribution((ON_PLACE, ON_TASK), 0.88, -0.01, -0.24, 0.91, 0.5, 233, 229),),
        causes=(cause(),),
        unexplained=0.17,
        compared_to=BEFORE,
        during=DURING,
        baseline="the same hours a week before",
        considered=5,
    )
    return replace(whole, **told)


IMPACT = Impact(
    of=EntityRef("incident", "inc-1"),
    title="answers are wrong",
    during=DURING,
    compared_to=BEFORE,
    baseline="the same hours a week before",
    deployments=("sage@metal", "wit@metal"),
    backends=("metal",),
    models=("sage", "wit"),
    requests=1803,
    requests_before=1911,
    failed=61,
    failed_expected=18.5,
    users=402,
    tenants=("acme", "globex"),
    tiers=(TierImpact("premium", 703, 41),),
    displaced=37,
    latency_ms_p95_before=812.0,
    latency_ms_p95_after=640.0,
    quality_before=0.9,
    quality_after=0.62,
    scored_before=590,
    scored_after=560,
    cost_usd=12.34,
    failed_cost_usd=0.56,
    extra_cost_usd=1.78,
    extra_cost_low_usd=0.91,
    extra_cost_high_usd=2.65,
    slos=("acme/reasoning",),
)


def other(name: str = "inc-0", **told: Any) -> Incident:
    """Another incident, on the same backend."""
    given: dict[str, Any] = {
        "id": name,
        "title": "packets are lost",
        "severity": "sev3",
        "scope_kind": "backend",
        "scope_id": "metal",
        "opened_at": OPENED - 3 * WEEK,
        "resolved_at": OPENED - 3 * WEEK + HOUR,
        "root_cause": "a switch",
    }
    return Incident(**given | told)


def material(**told: Any) -> Material:
    """Everything there can be to tell, unless told otherwise."""
    tellings: tuple[Telling, ...] = told.get("tellings", TELLINGS)
    deployments = ("sage@metal", "wit@metal")
    given: dict[str, Any] = {
        "incident": replace(incident_of("inc-1", tellings), affected_deployments=deployments),
        "tellings": tellings,
        "until": NOW,
        "known_at": None,
        "impact": IMPACT,
        "where": Slice(backend=frozenset({"metal"})),
        "moved": MOVED,
        "chosen": most_moved(told.get("moved", MOVED)),
        "investigation": investigation(),
        "changes": (
            change("chg-7", OPENED - 20 * MINUTE, ("deployment", "sage@metal")),
            change("pol@3", OPENED + HOUR, ("policy", "pol"), kind="policy", author=None),
        ),
        "maintenance": (
            Maintenance(
                id="mnt-1",
                title="new disks",
                scope_kind="backend",
                scope_id="metal",
                starts_at=OPENED - HOUR,
                ends_at=OPENED + HOUR,
            ),
        ),
        "alerts": (),
        "others": (other("inc-2", opened_at=OPENED + 5 * MINUTE, resolved_at=None),),
        "similar": (SimilarIncident(other(), 0.71, ("both struck backend metal",)),),
    }
    return Material(**given | told)


NOTHING_KNOWN: dict[str, Any] = {
    "tellings": (telling(url=None, status_source=None),),
    "impact": None,
    "moved": (),
    "chosen": None,
    "investigation": None,
    "changes": (),
    "maintenance": (),
    "others": (),
    "similar": (),
}
"""An open incident of which nothing but its opening is known."""
