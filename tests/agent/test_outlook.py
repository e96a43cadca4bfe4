"""What comes next in words: each figure as it was given, and what is not known said to be so."""

from datetime import UTC, datetime

from agent.outlook import at_risk, coming
from graph.capacity import CapacityRisk
from graph.forecast import ForecastPoint, ForecastSeries

AT = datetime(2026, 9, 3, 12, 10, tzinfo=UTC)
POINT = ForecastPoint(AT, 412.4, 380.0, 450.0, 350.0, 480.0)


def series(*warnings: str) -> ForecastSeries:
    return ForecastSeries(
        key=(),
        method="a blend",
        points=(POINT,),
        total=POINT,
        requests=140_000,
        known_steps=336,
        newest_at=AT,
        warnings=warnings,
    )


def risk(name: str, probability: float | None) -> CapacityRisk:
    return CapacityRisk(
        deployment=name,
        expected_load=1.25,
        high_load=2.5,
        capacity=None if probability is None else 2.0,
        probability_overload=probability,
        worst_at=AT,
        reasons=(),
        limited_by=None if probability is None else "declared rate",
        moved_load=0.0,
        samples=3,
        requests=100,
    )


def test_the_coming_hour_is_told_with_its_limits_and_what_stands_behind_it() -> None:
    text = "\n".join(coming([series("no request was recorded since noon")]))
    for figure in ("412", "380 to 450", "350 to 480", "140,000 requests", "a blend"):
        assert figure in text
    assert "no request was recorded since noon." in text


def test_nothing_recorded_is_no_zero() -> None:
    (line,) = coming([])
    assert "can't tell" in line


def test_who_is_at_risk_is_named_with_its_figures() -> None:
    risks = [risk("a@aws", 0.83), risk("b@aws", 0.01), risk("c@neo", None)]
    text = "\n".join(at_risk(risks))
    assert "1 of 3 deployments" in text
    assert "a@aws: 83 % from 2026-09-03 12:10 UTC" in text
    assert "1.25 (95 %: up to 2.5) of 2 requests per second, by its declared rate" in text
    assert "b@aws" not in text
    assert "Of 1 it is not known" in text


def test_a_lost_backend_is_named_and_long_lists_are_cut() -> None:
    lines = at_risk([risk(f"d{n}@k8s", 0.9) for n in range(5)], lost="aws")
    assert lines[0].startswith("Without aws, at risk: 5 of 5")
    assert lines[-1] == "  … and 2 more"
    assert at_risk([risk("a@aws", 0.0)], lost="neo") == [
        "Without neo, at risk: none of 1 deployments."
    ]
