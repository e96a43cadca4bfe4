"""The floor beside the answers: it may be right, and is not by luck of the order."""

from datetime import UTC, datetime, timedelta

from api.evaluation.histories import history
from api.evaluation.marks import Culprit, Truth
from api.evaluation.rivals import Guess, Happening, floor, happenings, nearest, widest
from graph.slices import Period
from ingest.simulator import SimulationPlan, simulate

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(name: str, hours: float, *targets: tuple[str, str]) -> Happening:
    return Happening(name, NOON + hours * HOUR, targets)


def test_the_nearest_comes_before_the_onset() -> None:
    told = [event("a", -5), event("b", -1), event("c", 1)]
    assert nearest(told, onset=NOON) == "b"
    assert nearest(told[2:], onset=NOON) is None


def test_the_widest_touches_most_requests() -> None:
    plan = SimulationPlan(days=1, per_day=300, seed=1, end=NOON + 12 * HOUR, probe_interval_s=3600)
    told = history(simulate(plan))
    during = Period(NOON - 12 * HOUR, NOON + 12 * HOUR)
    narrow = event("narrow", -2, ("deployment", "swift-8b@aws"))
    wide = event("wide", -3, ("backend", "aws"))
    later = event("later", 13, ("policy", "main"))
    assert widest([wide, narrow, later], history=told, during=during) == "wide"
    assert widest([wide, narrow, event("all", -9)], history=told, during=during) == "all"
    assert widest([later], history=told, during=during) is None


def test_changes_and_incidents_are_one_list() -> None:
    told = happenings(
        {
            "changes": [
                {"id": "c", "at": "2026-03-09T12:00:00Z", "targets": [{"kind": "tier", "id": "x"}]}
            ],
            "incidents": [
                {"id": "i", "openedAt": "2026-03-09T11:00:00Z", "scopeKind": "global",
                 "scopeId": None},
                {"id": "j", "openedAt": "2026-03-09T13:00:00Z", "scopeKind": "backend",
                 "scopeId": "aws"},
            ],
        }
    )  # fmt: skip
    assert [(one.id, one.targets) for one in told] == [
        ("i", ()),
        ("c", (("tier", "x"),)),
        ("j", (("backend", "aws"),)),
    ]


def test_the_floor_counts_hits_and_innocents() -> None:
    truth = Truth(kind="k", seed=1, culprits=(Culprit(frozenset({"a"}), 1.0),))
    drift = Truth(kind="slow-drift", seed=1)
    guesses = [Guess("r", truth, "a"), Guess("r", truth, "b"), Guess("r", drift, None)]
    assert floor(guesses).rows == [("r", 0.5, 1 / 3)]
