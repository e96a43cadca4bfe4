"""`route --explain` shows every step, candidate, reason and warning, and fits the terminal."""

from io import StringIO
from typing import Any

from rich.console import Console

from api.cli.explanation import explain

REQUEST = {
    "user": "ann",
    "taskType": "coding",
    "promptTokens": 500,
    "tier": "premium",
    "labels": [{"name": "team", "value": "search"}],
}
FIRST: dict[str, Any] = {
    "deployment": "coder@k8s",
    "rank": 1,
    "score": 0.8123,
    "eligible": True,
    "reasons": ["quality 0.91 expected from 312 scores", "latency 1203 ms expected " + "x " * 40],
    "status": "HEALTHY",
    "stale": False,
    "propensity": 0.6,
    "probe": True,
    "expectedLatencyMs": 1203.4,
    "expectedCostUsd": 0.0041,
    "expectedQuality": 0.91,
    "qualitySamples": 312,
}
OUT: dict[str, Any] = {
    **FIRST,
    "deployment": "nova@neo",
    "rank": None,
    "score": None,
    "eligible": False,
    "reasons": ["policy_rule: policy main@v7, rule coding uses others only"],
    "status": "DOWN",
    "propensity": None,
    "probe": False,
    "expectedLatencyMs": None,
}
VIEW: dict[str, Any] = {
    "asOf": "2026-11-01T12:00:00Z",
    "viewVersion": "18a",
    "policy": "main",
    "policyVersion": "v7",
    "policyRule": "coding",
    "experiment": "trial",
    "arm": "b",
    "propensity": 0.3,
    "flags": [{"name": "cache", "value": "true"}],
    "stale": False,
    "steps": ["tier premium: p95 at most 4000 ms", "rule coding decides"],
    "warnings": ["QUOTA_BORROWED: 3 requests [of the tenant]"],
    "budgetRemainingUsd": 12.5,
    "quotaRemaining": None,
    "candidates": [FIRST, OUT],
}


def shown(**changes: Any) -> str:
    out = StringIO()
    explain({**VIEW, **changes}, request=REQUEST, console=Console(file=out, width=80))
    return out.getvalue()


def test_everything_that_is_told_is_shown() -> None:
    text = shown()
    assert text.startswith("Request: coding for ann, 500 prompt tokens, tier premium, team=search")
    for words in (
        "1. tier premium: p95 at most 4000 ms",
        "2. rule coding decides",
        "policy main@v7, rule coding",
        "experiment trial, arm b",
        "propensity 0.3: record it with the decision",
        "flag cache = true",
        "Ranked (1)",
        "score 0.812   1203 ms   $0.00410  quality 0.91 (312 scores)  propensity 0.6  probe",
        "· quality 0.91 expected from 312 scores",
        "Ruled out (1), the least bad first",
        "· policy_rule: policy main@v7, rule coding uses others only",
        "budget: $12.5000",
        "quota: no limit is known",
        "! QUOTA_BORROWED: 3 requests [of the tenant]",
        "view 18a as of 2026-11-01T12:00:00Z",
    ):
        assert words in text


def test_reasons_are_wrapped_below_their_first_word() -> None:
    lines = shown().splitlines()
    place = next(n for n, line in enumerate(lines) if "· latency" in line)
    assert len(lines[place]) <= 80
    assert lines[place + 1].startswith("       x x")


def test_nothing_known_is_said_and_no_error() -> None:
    nothing = dict.fromkeys(("policy", "policyVersion", "policyRule", "experiment", "arm"))
    text = shown(**nothing, propensity=None, flags=[], steps=[], candidates=[], warnings=[])
    assert "no step is told" in text
    assert "none may serve this request" in text
    assert "Policy and experiment" not in text
    assert "Warnings" not in text
