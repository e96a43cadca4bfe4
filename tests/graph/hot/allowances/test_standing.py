"""What is left of budgets and quotas, whose it is, and when it comes back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.hot.accounts import (
    BORROWED_SHARE,
    DEBT_LIMIT,
    MICRO,
    NANO,
    SPARE_SHARE,
    UNLIMITED,
    Account,
    Meter,
    Reserved,
    Standing,
    Taken,
    Unit,
    day_of,
    micros,
)
from graph.hot.allowances.accountant import ACCOUNTS_LIMIT, GRAPH_IDLE_S, GRAPH_INTERVAL_S, LIVE_S
from graph.hot.allowances.reservations import WINDOW_S
from graph.hot.allowances.spending import TAIL_LIMIT
from graph.hot.allowances.standing import standing
from graph.hot.snapshot import TenantFacts, UserFacts, ViewSnapshot, from_json

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW_US = micros(NOW)
TENANT = TenantFacts(tenant="acme", daily_budget_usd=10.0, monthly_budget_usd=100.0)
USER = UserFacts(tenant="acme", user="ann", tier="gold", requests_per_day=100)


def view(
    *accounts: Account, tenant: TenantFacts = TENANT, user: UserFacts | None = None
) -> ViewSnapshot:
    users = {} if user is None else {("acme", "ann"): user}
    return ViewSnapshot(version="1", as_of=NOW, tenants=(tenant,), accounts=accounts, users=users)


def spent(day_usd: float, month_usd: float = 0.0, *, booked_nano_usd: int = 0) -> Account:
    return Account(
        tenant="acme",
        day=day_of(NOW),
        spent_day_nano_usd=round(day_usd * NANO),
        spent_month_nano_usd=round(max(month_usd, day_usd) * NANO),
        booked_nano_usd=booked_nano_usd,
    )


def of(seen: ViewSnapshot, *, reserved: Reserved | None = None, now: datetime = NOW) -> Standing:
    return standing(seen, tenant="acme", user="ann", reserved=reserved or Reserved(), now=now)


def test_who_has_no_limit_is_unlimited() -> None:
    assert of(view(tenant=TenantFacts(tenant="acme"))) is UNLIMITED
    assert of(ViewSnapshot(version="1", as_of=NOW)) is UNLIMITED


def test_the_tightest_budget_counts_and_says_when_it_begins_anew() -> None:
    usd = of(view(spent(4.0, 99.0))).usd
    assert usd is not None
    assert (usd.whose, usd.unit, usd.period, usd.limit) == ("tenant acme", Unit.USD, "month", 100)
    assert usd.remaining == usd.usable == 1.0
    assert usd.returns_at == datetime(2026, 12, 1, tzinfo=UTC)
    daily = of(view(spent(4.0, 50.0))).usd
    assert daily is not None
    assert (daily.period, daily.remaining) == ("day", 6.0)
    assert daily.returns_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_the_users_own_budget_can_be_the_tightest() -> None:
    user = replace(USER, daily_budget_usd=0.5)
    account = Account(
        tenant="acme", user="ann", day=day_of(NOW), spent_day_nano_usd=round(0.2 * NANO)
    )
    usd = of(view(account, user=user)).usd
    assert usd is not None
    assert usd.whose == "user ann"
    assert usd.remaining == pytest.approx(0.3)


def test_bookings_of_all_and_of_this_process_count() -> None:
    taken = Taken(unseen_nano_usd=2 * NANO, own_nano_usd=2 * NANO)
    booked = view(spent(1.0, booked_nano_usd=3 * NANO))
    usd = of(booked, reserved=Reserved(tenant=taken)).usd
    assert usd is not None
    assert usd.remaining == usd.usable == 4.0
    usd = of(booked, reserved=Reserved(tenant=taken, processes=2)).usd
    assert usd is not None
    assert (usd.remaining, usd.usable) == (4.0, 1.0)


def test_nothing_is_ever_less_than_nothing() -> None:
    usd = of(view(spent(50.0))).usd
    assert usd is not None
    assert (usd.remaining, usd.usable) == (0.0, 0.0)


def test_a_new_day_begins_before_the_view_says_so() -> None:
    usd = of(view(spent(10.0)), now=NOW + timedelta(hours=12)).usd
    assert usd is not None
    assert usd.remaining == 10.0


def test_buckets_refill_between_views() -> None:
    tenant = TenantFacts(tenant="acme", requests_per_second=20, tokens_per_minute=6_000)
    account = Account(
        tenant="acme",
        requests=Meter(20 * MICRO, NOW_US),
        tokens=Meter(6_000 * MICRO, NOW_US),
    )
    now = of(view(account, tenant=tenant))
    assert now.requests is not None
    assert now.tokens is not None
    assert (now.requests.remaining, now.tokens.remaining) == (0, 0)
    assert now.requests.returns_at == NOW + timedelta(seconds=0.05)
    assert now.tokens.returns_at == NOW + timedelta(minutes=1)
    later = of(view(account, tenant=tenant), now=NOW + timedelta(seconds=0.5))
    assert later.requests is not None
    assert later.tokens is not None
    assert (later.requests.remaining, later.tokens.remaining) == (10, 50)
    assert later.requests.returns_at is None
    assert later.tokens.returns_at == NOW + timedelta(minutes=1)


def test_a_quota_of_nothing_never_comes_back() -> None:
    requests = of(view(tenant=TenantFacts(tenant="acme", requests_per_second=0))).requests
    assert requests is not None
    assert (requests.remaining, requests.returns_at) == (0, None)


def used_up(owed: int = 0) -> Account:
    return Account(tenant="acme", user="ann", requests=Meter((100 + owed) * MICRO, NOW_US))


def test_a_user_borrows_what_its_tenant_can_spare() -> None:
    tenant = TenantFacts(tenant="acme", requests_per_second=100)
    found = of(view(used_up(), tenant=tenant, user=USER))
    assert found.requests is not None
    assert (found.requests.whose, found.requests.remaining) == ("user ann", 10)
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("QUOTA_BORROWED: user ann has used its 100 requests")
    assert "10 more are lent by tenant acme" in found.warnings[0]
    further = of(view(used_up(owed=7), tenant=tenant, user=USER)).requests
    assert further is not None
    assert further.remaining == 3


@pytest.mark.parametrize(
    ("tenant", "account", "why"),
    [
        (TenantFacts(tenant="acme", requests_per_second=100), used_up(10), "all is borrowed"),
        (TENANT, used_up(), "nothing limits the tenant: nothing to borrow"),
        (TenantFacts(tenant="acme", requests_per_second=1), used_up(), "too little to spare"),
    ],
)
def test_a_user_gets_nothing_where(tenant: TenantFacts, account: Account, why: str) -> None:
    found = of(view(account, tenant=tenant, user=USER))
    assert found.requests is not None, why
    assert found.requests.remaining == 0, why
    assert found.warnings == ()
    assert found.requests.returns_at == NOW + timedelta(
        seconds=864 * (1 + (account.requests.debt_micro // MICRO - 100))
    )


def test_a_tenant_below_half_its_bucket_lends_nothing() -> None:
    tenant = TenantFacts(tenant="acme", requests_per_second=100)
    busy = Account(tenant="acme", requests=Meter(50 * MICRO, NOW_US))
    found = of(view(busy, used_up(), tenant=tenant, user=USER))
    assert found.requests is not None
    assert found.requests.remaining == 0


def test_accounts_travel_with_the_view() -> None:
    sent = replace(view(spent(1.0), used_up()), users={}, accounts_version=7, live_processes=3)
    assert from_json(sent.to_json()) == sent


@given(
    st.permutations([spent(3.0), used_up(), Account(tenant="b"), Account(tenant="acme", user="b")])
)
def test_the_order_of_accounts_never_matters(accounts: list[Account]) -> None:
    tenant = replace(TENANT, requests_per_second=100)
    assert of(view(*accounts, tenant=tenant, user=USER)) == of(
        view(*accounts[::-1], tenant=tenant, user=USER)
    )


def test_the_page_tells_the_figures_of_the_code() -> None:
    text = (Path(__file__).resolve().parents[4] / "docs" / "allowances.md").read_text()
    for told in (
        f"about every {GRAPH_INTERVAL_S:g} s",
        f"otherwise every {GRAPH_IDLE_S:g} s",
        f"from {TAIL_LIMIT:,} charges on",
        f"in the last {LIVE_S:g} s",
        f"at most {DEBT_LIMIT} times",
        f"up to {BORROWED_SHARE:.0%}".replace("%", " %"),
        f"At most {ACCOUNTS_LIMIT:,} accounts",
    ):
        assert told in " ".join(text.split()), told
    assert (WINDOW_S, SPARE_SHARE) == (1.0, 0.5), "told in words"
