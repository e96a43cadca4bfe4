"""Cheaper routes, on traffic whose costs and quality are known by construction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.counterfactual import Rows
from graph.causes.rerouting import Places
from graph.costing.cheaper import MARGIN, Cheaper, SliceKey, cheaper
from graph.whatif import refusal

DEAR, CHEAP, POOR = "dear@aws", "cheap@k8s", "poor@neo"
CHOICES = (DEAR, CHEAP, POOR)
PRICE = {DEAR: 10e-6, CHEAP: 4e-6, POOR: 1e-6}
GOOD = {DEAR: 0.8, CHEAP: 0.8, POOR: 0.5}
BANDS = {"0-512": 200.0, "2048-8192": 4000.0}
TENANTS = ("acme", "globex")


@dataclass
class Served:
    """Requests by context and choice; every request is scored, and costs price times size."""

    contexts: list[tuple[str, str, str, str]] = field(
        default_factory=list[tuple[str, str, str, str]]
    )
    told: list[tuple[int, int, int, float, float, float, bool]] = field(
        default_factory=list[tuple[int, int, int, float, float, float, bool]]
    )
    seed: int = 3

    def add(
        self,
        tenant: str,
        deployment: str,
        count: int,
        *,
        tier: str = "free",
        task: str = "chat",
        band: str = "0-512",
        near: bool = False,
        good: float | None = None,
    ) -> None:
        context = (tenant, tier, task, band)
        if context not in self.contexts:
            self.contexts.append(context)
        rng = np.random.default_rng([self.seed, len(self.told)])
        for n in range(count):
            hour = n % 48 + (100 if near else 0)
            score = float(np.clip((good or GOOD[deployment]) + rng.normal(0, 0.05), 0, 1))
            size = BANDS[band] * rng.uniform(0.8, 1.2)
            place = (self.contexts.index(context), CHOICES.index(deployment), hour)
            self.told.append((*place, size, size * PRICE[deployment], score, near))

    def rows(self) -> tuple[Places, Rows, Rows]:
        columns = list(zip(*self.told, strict=True))
        context, choice, hour = (np.array(c, dtype=np.int64) for c in columns[:3])
        size, cost, score = (np.array(c, dtype=np.float64) for c in columns[3:6])
        near = np.array(columns[6], dtype=np.bool_)
        ones = np.ones(len(size))
        shared = Rows(
            context=context, choice=choice, judge=np.zeros_like(context), hour=hour, count=size,
            total=cost, squares=cost**2 / size, units=ones, inside=~near,
            affected=np.ones(len(size), dtype=np.bool_), near=near,
            direct=np.ones(len(size), dtype=np.bool_),
        )  # fmt: skip
        quality = replace(shared, count=ones, total=score, squares=score**2)
        return Places(tuple(self.contexts), CHOICES, context, choice), shared, quality

    def cheaper(
        self, allowed: Callable[[str, str], bool] = lambda _who, _where: True
    ) -> list[Cheaper]:
        at, cost, quality = self.rows()
        return cheaper(
            at, cost=cost, quality=quality, judges=1, allowed=allowed, refusal=refusal
        )  # fmt: skip

    def at(self, deployment: str, names: Sequence[str] = TENANTS) -> float:
        """What the requests asked about had cost at a deployment."""
        return sum(
            size * PRICE[deployment]
            for context, _, _, size, _, _, near in self.told
            if not near and self.contexts[context][0] in names
        )


def usual(tenants: Sequence[str] = ("acme",)) -> Served:
    served = Served()
    for tenant in tenants:
        served.add(tenant, DEAR, 300)
        served.add(tenant, DEAR, 100, band="2048-8192")
        served.add(tenant, CHEAP, 100)
        served.add(tenant, CHEAP, 100, band="2048-8192", near=True)
        served.add(tenant, POOR, 100)
    return served


def test_the_cheapest_route_that_is_as_good_wins() -> None:
    served = usual()
    (found,) = served.cheaper()
    assert found.slice == SliceKey(None, "chat", "free")
    # The poor one is cheaper still, and worse.
    assert found.route == CHEAP
    spent = sum(cost for *_, cost, _, near in served.told if not near)
    assert found.spent == pytest.approx(spent)
    real = spent - served.at(CHEAP)
    assert abs(found.saved - real) < found.saved_half < 0.1 * real
    # 100 of the 600 asked about were served by the poor one.
    assert found.quality == pytest.approx(0.05, abs=0.01)
    assert found.quality - found.quality_half > -MARGIN


def test_long_prompts_are_compared_with_long_ones() -> None:
    """The cheap one had short prompts only: its cheap requests are no evidence of a price."""
    served = Served()
    served.add("acme", DEAR, 300, band="2048-8192")
    served.add("acme", DEAR, 100)
    served.add("acme", CHEAP, 200)
    assert served.cheaper() == []


def test_lower_quality_is_no_saving() -> None:
    served = Served()
    served.add("acme", DEAR, 400)
    served.add("acme", CHEAP, 200, good=0.77)
    assert served.cheaper() == []


def test_few_samples_tell_nothing() -> None:
    served = Served()
    served.add("acme", DEAR, 400)
    served.add("acme", CHEAP, 12)
    assert served.cheaper() == []


def test_only_routes_that_a_tenant_may_use() -> None:
    assert usual().cheaper(lambda _, deployment: deployment != CHEAP) == []


def test_each_tenant_has_its_own_slices_and_rules() -> None:
    found = usual(TENANTS).cheaper(lambda tenant, _: tenant == "acme")
    assert [one.slice for one in found] == [SliceKey("acme", "chat", "free")]


def test_where_tenants_have_too_little_all_together_may_have_enough() -> None:
    """A dozen tenants of whom each alone is too uncertain for the margin."""
    served = Served()
    for n in range(12):
        served.add(f"t{n}", DEAR, 8)
        served.add(f"t{n}", CHEAP, 4)
    (found,) = served.cheaper()
    assert found.slice == SliceKey(None, "chat", "free")


def test_the_greatest_saving_comes_first_and_slices_do_not_overlap() -> None:
    served = usual(TENANTS)
    served.add("acme", DEAR, 100, task="code")
    served.add("acme", CHEAP, 100, task="code")
    found = served.cheaper()
    assert [one.saved for one in found] == sorted((one.saved for one in found), reverse=True)
    assert len({one.slice for one in found}) == len(found) == 3
    assert all(one.saved - one.saved_half > 0 and one.saved < one.spent for one in found)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_never_matters(order: Random) -> None:
    served, shuffled = usual(TENANTS), usual(TENANTS)
    order.shuffle(shuffled.told)
    for one, other in zip(served.cheaper(), shuffled.cheaper(), strict=True):
        assert (one.slice, one.route) == (other.slice, other.route)
        assert one.saved == pytest.approx(other.saved)
        assert one.quality_half == pytest.approx(other.quality_half)
