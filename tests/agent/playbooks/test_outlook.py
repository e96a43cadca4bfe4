"""What comes next in words: each figure as it was given, and what is not known said to be so."""

from datetime import UTC, datetime, timedelta

from agent.playbooks import outlook
from agent.playbooks.outlook import at_risk, coming
from graph.capacity import CapacityRisk
from graph.forecast import ForecastPoint, ForecastSeries
from graph.slices import Demand, Dimension, Metric, Slice
from tests.agent.playbooks.shops import Shops, answered, refused
from tests.agent.playbooks.worlds import HOUR, question

AT = datetime(2026, 9, 3, 12, 10, tzinfo=UTC)
POINT = ForecastPoint(AT, 412.4, 380.0, 450.0, 350.0, 480.0)
WHOLE = ForecastSeries(
    key=(),
    method="a blend",
    points=(POINT,),
    total=POINT,
    requests=140_000,
    known_steps=336,
    newest_at=AT,
    warnings=(),
)


def risk(name: str, probability: float | None, *, lost: bool = False) -> CapacityRisk:
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
        lost=lost,
    )


def test_what_comes_is_told_with_its_limits_and_what_stands_behind_it() -> None:
    gold = Slice(tier=frozenset({"gold"}))
    assert coming(WHOLE, of=Demand.REQUESTS, until=AT + HOUR, where=gold) == [
        "From 2026-09-03 12:10 UTC to 2026-09-03 13:10 UTC, 412 requests of tier gold are "
        "expected (80 %: 380 to 450; 95 %: 350 to 480).",
        "  a blend; from 140,000 requests.",
    ]
    (first, _) = coming(WHOLE, of=Demand.COST, until=AT + HOUR)
    assert "$412.40 are expected (80 %: $380.00 to $450.00; " in first


def test_who_is_at_risk_is_named_with_its_figures() -> None:
    risks = [risk("a@aws", 0.83), risk("b@aws", 0.01), risk("c@neo", None)]
    assert at_risk(risks) == [
        "At risk of overload: 1 of 2 deployments whose capacity is known.",
        "  a@aws: 83 % from 2026-09-03 12:10 UTC; expects 1.25 (95 %: up to 2.5) of 2 requests "
        "per second, by its declared rate.",
        "  Of 1 it is not known what they can carry: c@neo.",
    ]


def test_a_lost_backend_is_named_and_long_lists_are_cut() -> None:
    lines = at_risk([risk(f"d{n}@k8s", 0.9) for n in range(5)], lost="aws")
    assert lines[0] == "Without aws, at risk: 5 of 5 deployments whose capacity is known."
    assert lines[-1] == "  … and 2 more"
    gone = [risk("a@aws", 0.0), risk("x@neo", None, lost=True)]
    assert at_risk(gone) == [
        "At risk of overload: none of 1 deployment whose capacity is known.",
        "  Lost already: x@neo.",
    ]


def test_unknown_capacity_is_not_called_safe() -> None:
    assert at_risk([risk("c@neo", None)])[0] == "At risk of overload: not known, as no capacity is."


async def test_the_next_hour_is_told_step_by_step(shops: Shops) -> None:
    told = await answered(outlook.forecast, question(), shops.world())
    assert told.lines[0].startswith("From 2020-08-13 12:00 UTC to 2020-08-13 13:00 UTC, ")
    assert told.lines[1] == "  blended experts, conformal; from 1,320 requests."
    assert told.lines[2].startswith("  Busiest step: from 2020-08-13 12:")
    assert len(told.lines) == 4 + 6


async def test_tokens_cost_and_groups_are_told_ahead(shops: Shops) -> None:
    world = shops.world()
    asked = question(demand=Demand.TOKENS, ahead=timedelta(minutes=90), where={"tier": shops.gold})
    tokens = await answered(outlook.forecast, asked, world)
    assert f" tokens of tier {shops.gold} are expected" in tokens.lines[0]
    assert "to 2020-08-13 13:30 UTC" in tokens.lines[0]
    money = question(metric=Metric.COST, by=(Dimension.TENANT,), ahead=6 * HOUR)
    cost = await answered(outlook.forecast, money, world)
    assert "2020-08-13 18:00 UTC, $" in cost.lines[0]
    assert cost.lines[2] == "  By tenant:"
    assert [line.partition(": ")[0] for line in cost.lines[3:5]] == [
        f"    tenant {shops.acme}",
        f"    tenant {shops.beta}",
    ]


async def test_what_is_not_told_ahead_is_said(shops: Shops) -> None:
    world = shops.world()
    far = await refused(outlook.forecast, question(ahead=48 * HOUR), world)
    assert far == "at most 24 hours ahead can be told; ask for the next 24 hours"
    latency = await refused(outlook.forecast, question(metric=Metric.LATENCY_P95), world)
    assert latency.startswith("latency p95 is not told ahead")
    nothing = await refused(outlook.forecast, question(where={"tier": "x"}), world)
    assert nothing == "no request of tier x was ever recorded, so that nothing tells what comes"
    judges = question(by=(Dimension.EVALUATOR,))
    assert "by evaluator" in await refused(outlook.forecast, judges, world)
    for playbook in (outlook.forecast, outlook.capacity_risk):
        assert "'zork'" in await refused(playbook, question(unknown=("zork",)), world)


async def test_a_backend_imagined_lost_moves_its_load(shops: Shops) -> None:
    asked = question(without=frozenset({shops.east}), where={"model": shops.big, "tier": "x"})
    told = await answered(outlook.capacity_risk, asked, shops.world())
    west = shops.deployments[1]
    assert told.lines[0] == "In the next 60 minutes from 2020-08-13 12:00 UTC:"
    assert told.lines[1] == f"Without {shops.east}, at risk: not known, as no capacity is."
    assert any(line.startswith(f"  {west} takes over 0.00") for line in told.lines)
    assert told.lines[-1].startswith("The risk is not told by tier x")
    assert not told.certain
