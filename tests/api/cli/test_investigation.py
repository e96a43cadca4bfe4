"""`routecause why` shows all that an investigation tells, says what is not known, and wraps."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from api.cli.investigation import path_in_words, show_investigation

DEPLOYMENT = {"kind": "deployment", "id": "sage@aws"}
TASK = {"kind": "task_type", "id": "reasoning"}
PATH: list[dict[str, Any]] = [
    {
        "from": {"kind": "change", "id": "c-1"},
        "relationship": "TARGETS",
        "to": DEPLOYMENT,
        "reversed": False,
    },
    {
        "from": DEPLOYMENT,
        "relationship": "SERVED_BY",
        "to": {"kind": "cell", "id": "x"},
        "reversed": True,
    },
]
CAUSE: dict[str, Any] = {
    "rank": 1,
    "kind": "rollout",
    "id": "c-1",
    "title": "build [7] of sage",
    "at": "2026-11-17T07:40:00Z",
    "where": [DEPLOYMENT, TASK],
    "contribution": 0.91,
    "contributionLow": 0.82,
    "contributionHigh": 1.004,
    "counterfactual": 0.9049,
    "mechanism": "WITHIN",
    "indistinguishableFrom": ["c-2"],
    "path": PATH,
    "evidence": ["fell 20 minutes after it, " + "and nowhere else " * 8],
    "evidenceAgainst": ["nobody tried it elsewhere"],
    "confidence": 0.97,
}
FOUND: dict[str, Any] = {
    "id": "inv-7",
    "verdict": "PARTLY_EXPLAINED",
    "summary": "Quality of reasoning fell. A rollout did most of it.",
    "metric": "QUALITY",
    "before": 0.9194,
    "after": 0.76,
    "delta": -0.1594,
    "deltaLow": -0.18,
    "deltaHigh": -0.1381,
    "onset": "2026-11-17T07:40:00Z",
    "onsetLow": "2026-11-17T07:00:00Z",
    "onsetHigh": "2026-11-17T09:00:00Z",
    "coverage": {
        "requests": 1234,
        "scored": 402,
        "scoredShare": 0.3258,
        "expectedScoredShare": 0.4,
        "warning": "scores of sage@aws are late",
    },
    "slices": [
        {
            "where": [DEPLOYMENT, TASK],
            "share": 0.92,
            "mixEffect": 0.001,
            "withinEffect": -0.1476,
            "before": 0.92,
            "after": 0.76,
            "requestsBefore": 1392,
            "requestsAfter": 359,
        }
    ],
    "causes": [CAUSE],
    "unexplained": 0.09,
    "comparedTo": {"from": "2026-11-10T00:00:00Z", "to": "2026-11-11T00:00:00Z"},
    "during": {"from": "2026-11-17T00:00:00Z", "to": "2026-11-18T00:00:00Z"},
    "baseline": "the same hours of the Tuesday before",
    "considered": 7,
    "knownAt": None,
}


def shown(*, width: int = 100, where: dict[str, list[str]] | None = None, **changes: Any) -> str:
    out = StringIO()
    console = Console(file=out, width=width)
    show_investigation({**FOUND, **changes}, where=where or {}, console=console)
    return out.getvalue()


def test_everything_that_is_told_is_shown() -> None:
    text = shown(width=180, where={"taskType": ["reasoning", "coding"], "tier": ["premium"]})
    assert text.startswith(
        "QUALITY for taskType reasoning or coding, tier premium, "
        "2026-11-17 00:00 UTC to 2026-11-18 00:00 UTC\nPARTLY EXPLAINED\n"
    )
    for words in (
        "Quality of reasoning fell. A rollout did most of it.",
        "0.919 → 0.760, -0.159 (95 %: -0.180 to -0.138)",
        "the same hours of the Tuesday before (2026-11-10 00:00 UTC to 2026-11-11 00:00 UTC)",
        "it began 2026-11-17 07:40 UTC (between 2026-11-17 07:00 UTC and 2026-11-17 09:00 UTC)",
        "1,234 requests, 402 of them scored (32.6 %, 40 % expected by now)",
        "! scores of sage@aws are late",
        "Where (1)",
        "92 %  deployment sage@aws, task_type reasoning",
        "0.920 → 0.760 in 1,392 and then 359 requests; it moved the whole by +0.001 with its "
        "share of the traffic and by -0.148 within",
        "Why (7 recorded events considered)",
        "1. rollout c-1: build [7] of sage",
        "at 2026-11-17 07:40 UTC, confidence 97 %",
        "91 % of the change (95 %: 82 % to 100 %)",
        "WITHIN: it made what it touched different, in deployment sage@aws, task_type reasoning",
        "without it: 0.905",
        "path: change c-1 → deployment sage@aws → cell x",
        "! the data can't tell it from c-2",
        "+ fell 20 minutes after it",
        "- nobody tried it elsewhere",
        "unexplained: 9 % of the change",
        "investigation inv-7\n",
    ):
        assert words in text


def test_figures_have_the_unit_of_their_metric() -> None:
    text = shown(metric="LATENCY_P95", before=9368.2, after=29884.0, delta=20515.8)
    assert "9,368 ms → 29,884 ms, +20,516 ms" in text


def test_a_slice_without_figures_is_shown_without() -> None:
    (one,) = FOUND["slices"]
    text = shown(slices=[{**one, "before": None, "after": None}])
    assert "· 1,392 and then 359 requests; it moved" in text


def test_long_evidence_is_wrapped_below_its_first_word() -> None:
    lines = shown(width=60).splitlines()
    place = next(n for n, line in enumerate(lines) if "+ fell" in line)
    assert all(len(line) <= 60 for line in lines[place : place + 3])
    assert lines[place + 1].startswith("       ")


def test_the_instant_of_knowledge_is_told() -> None:
    assert "as known at 2026-11-17 12:00 UTC" in shown(knownAt="2026-11-17T13:00:00+01:00")


def test_no_cause_is_said_and_not_hidden() -> None:
    text = shown(verdict="UNEXPLAINED", causes=[], unexplained=1.0)
    assert "Why (7 recorded events considered)" in text
    assert "the data holds none of them responsible" in text
    assert "unexplained: 100 % of the change" in text


@pytest.mark.parametrize("verdict", ["NO_CHANGE", "INSUFFICIENT_DATA"])
def test_where_nothing_is_to_be_explained_nobody_is_looked_for(verdict: str) -> None:
    nothing = dict.fromkeys(
        ("before", "after", "delta", "deltaLow", "deltaHigh", "onset", "unexplained")
    )
    coverage = {"requests": 3, "scored": None, "scoredShare": None, "expectedScoredShare": None}
    told: dict[str, Any] = {**nothing, "coverage": {**coverage, "warning": None}}
    text = shown(verdict=verdict, causes=[], slices=[], **told)
    assert "unknown → unknown, unknown\n" in text
    assert "  - 3 requests\n" in text
    for absent in ("Why (", "Where (", "Left over", "it began"):
        assert absent not in text


def test_a_path_is_one_line_from_the_cause_to_the_slice() -> None:
    assert path_in_words(PATH) == "change c-1 → deployment sage@aws → cell x"
    assert path_in_words([]) == ""
