"""A dry run as people read it: counts and shares, figures before and after, each move."""

import re
from typing import Any

import pytest

from api.cli.preview import show_preview


def test_a_dry_run_is_laid_out(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = {
        "policy": "main",
        "version": "v8",
        "day": "2026-10-31",
        "requests": 40_000,
        "sampled": 200,
        "decided": 200,
        "same": 150,
        "moved": 49,
        "ruled_out": 1,
        "rescued": 0,
        "rules": {"": 150, "coding": 50},
        "moves": [
            {"source": "a@b", "target": "c@d", "because": ["policy_rule"], "requests": 49},
            {"source": "a@b", "target": None, "because": ["policy_rule"], "requests": 1},
        ],
        "before": {"cost_usd": 0.002, "latency_ms": 900.0, "quality": None},
        "after": {"cost_usd": 0.003, "latency_ms": 800.0, "quality": None},
        "warnings": ["UNKNOWN_DEPLOYMENT: x"],
        "not_known": ["Health is of now."],
    }
    show_preview(found)
    shown = re.sub(r" +", " ", capsys.readouterr().out)
    for words in (
        "main@v8 over 200 of 40000 requests of 2026-10-31",
        " 49 24.5 % go elsewhere",
        " cost_usd $0.002000 $0.003000",
        " quality unknown unknown",
        " 50 coding",
        " 150 no rule fits",
        " 49 a@b -> c@d (policy_rule)",
        " 1 a@b -> nowhere (policy_rule)",
        "warning: UNKNOWN_DEPLOYMENT: x",
        "not known: Health is of now.",
    ):
        assert words in shown
    show_preview({**found, "sampled": 0})
    assert "nothing to compare" in capsys.readouterr().out
