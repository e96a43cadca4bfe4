"""Pages of answers: every figure is there, what is unknown is said to be so, alarm is red."""

from typing import Any

import pytest
from rich.console import Console

from api.cli import objectives, outlook, spending
from api.cli.answered import clock, number, things, usd

AT = "2026-11-17T09:10:00+00:00"
THING = {"kind": "tenant", "id": "acme"}
POINT = {"at": AT, "expected": 412.4, "low80": 380, "high80": 450, "low95": 350, "high95": 480}


def shown(show: Any, told: Any) -> str:
    """What a page says, on a wide terminal."""
    console = Console(width=220, record=True, quiet=False, force_terminal=False)
    with console.capture() as said:
        show(told, console)
    return said.get()


@pytest.mark.parametrize(
    ("amount", "words"),
    [(None, "unknown"), (0.0123, "$0.0123"), (-0.5, "-$0.5000"), (1234.5, "$1,234.50")],
)
def test_money_has_its_sign_before_its_currency(amount: float | None, words: str) -> None:
    assert usd(amount) == words


def test_figures_times_and_slices_in_words() -> None:
    assert [number(value) for value in (None, 0.01234, 99.9, 1234.5)] == [
        "unknown",
        "0.0123",
        "99.9",
        "1,234",
    ]
    assert clock("2026-11-17T11:10:00+02:00") == "2026-11-17 09:10"
    assert clock(None, none="lasts") == "lasts"
    assert things([]) == "all requests"
    assert things([THING]) == "tenant acme"


def test_a_forecast_is_a_table_with_its_method_and_warnings() -> None:
    told = {
        "key": [THING],
        "points": [POINT, POINT],
        "total": POINT | {"expected": 824.8},
        "method": "a blend",
        "requests": 140_000,
        "knownSteps": 336,
        "newestAt": AT,
        "warnings": ["no request was recorded since noon"],
    }
    text = shown(outlook._show_forecast, [told])  # pyright: ignore[reportPrivateUsage]
    for words in ("tenant acme", "412", "380 to 450", "350 to 480", "in all", "825", "a blend",
                  "140,000 requests", "no request was recorded since noon"):  # fmt: skip
        assert words in text


def test_a_risk_that_is_not_known_is_no_small_one() -> None:
    told = {
        "deployment": "a@aws", "expectedLoad": 1.5, "highLoad": 2.5, "capacity": None,
        "probabilityOverload": None, "worstAt": None, "reasons": ["nothing tells its capacity"],
    }  # fmt: skip
    text = shown(outlook._show_capacity, [told])  # pyright: ignore[reportPrivateUsage]
    assert "a@aws: risk unknown" in text
    assert "of unknown requests/s" in text
    assert "nothing tells its capacity" in text


def test_a_budget_says_when_it_runs_out() -> None:
    told: dict[str, Any] = {
        "id": "acme/day", "tenant": "acme", "period": "day", "where": [], "spentUsd": 12.0,
        "limitUsd": 10.0, "remainingUsd": -2.0, "burnRate": 1.5, "forecastUsd": None,
        "exhaustedAt": AT,
    }  # fmt: skip
    text = shown(spending._show_budgets, [told])  # pyright: ignore[reportPrivateUsage]
    for words in ("acme/day", "$12.00", "$10.00", "-$2.00", "1.50", "unknown", "2026-11-17 09:10"):
        assert words in text
    lasting = shown(spending._show_budgets, [told | {"exhaustedAt": None}])  # pyright: ignore[reportPrivateUsage]
    assert "lasts" in lasting


def test_an_anomaly_names_its_cause_or_says_that_none_is_recorded() -> None:
    told: dict[str, Any] = {
        "at": AT, "until": AT, "where": [THING], "spentUsd": 12.0, "expectedUsd": 2.0,
        "highUsd": 3.0, "requests": 100, "causes": [], "driver": "VOLUME",
    }  # fmt: skip
    show = spending._show_anomalies  # pyright: ignore[reportPrivateUsage]
    assert "nothing recorded accounts for it" in shown(show, [told])
    cause = {"rank": 1, "kind": "price", "id": "chg-1", "title": "dearer", "contribution": 0.9,
             "mechanism": "PRICE"}  # fmt: skip
    assert "1. price chg-1: dearer (90 %, PRICE)" in shown(show, [told | {"causes": [cause]}])


def test_an_objective_shows_its_budget_its_burn_and_its_alerts() -> None:
    told = {
        "id": "up", "tenant": "acme", "objective": "availability", "target": 0.99, "where": [],
        "actual": 0.95, "errorBudgetRemaining": -4.0, "windowDays": 28, "action": "lockdown",
        "burns": [{"windowMinutes": 60, "events": 10, "bad": 1, "rate": 10.0, "complete": 1}],
        "alerts": [{"severity": "page", "threshold": 14.4}], "reasons": ["it is gone"],
        "burnedBy": [{"where": [THING], "bad": 3, "events": 10, "share": 0.5}],
    }  # fmt: skip
    text = shown(objectives._show_slos, [told])  # pyright: ignore[reportPrivateUsage]
    for words in ("up (acme): lockdown", "95 % of 99 %", "-400 %", "1 h 10", "page", "14.4",
                  "it is gone", "burned by tenant acme: 3 of 10 (50 % of all bad)"):  # fmt: skip
        assert words in text
