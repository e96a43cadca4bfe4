"""How a tenant and its user stand with their budgets and quotas at one instant, from memory alone.

A pick books what it expects to cost in its own process (see `reservations`), so what is left is the
limit less what was spent, less what is booked in the view, less what this process booked since. Of
several processes each may take its share of what is left (`accounts.share`).
In expected cost they exceed a budget by at most one request of each other process while no view is
older than half a second: that holds in simulation, it is not proved. A process whose view is older
may add what was its share then.
What else can exceed a budget: requests under way that cost more than expected, requests that no
pick here announced, and those whose completion comes later than the time a booking is held.
"""

from datetime import datetime
from typing import Final

from graph.hot.accounts import (
    BORROWED_SHARE,
    MICRO,
    NANO,
    NOTHING_RESERVED,
    SPARE_SHARE,
    UNLIMITED,
    Account,
    Allowance,
    Meter,
    Quota,
    Reserved,
    Standing,
    Taken,
    Unit,
    day_of,
    day_start,
    from_micros,
    micros,
    month_end,
    quota,
    share,
)
from graph.hot.snapshot import TenantFacts, UserFacts, ViewSnapshot

_SECOND: Final = 1
_MINUTE: Final = 60
_DAY: Final = 86_400
_NEVER: Final = 253_402_300_799 * MICRO


def tenant_quotas(facts: TenantFacts) -> tuple[Quota | None, Quota | None]:
    """A tenant's quotas in requests and in tokens."""
    return quota(facts.requests_per_second, _SECOND), quota(facts.tokens_per_minute, _MINUTE)


def user_quotas(facts: UserFacts) -> tuple[Quota | None, Quota | None]:
    """A user's quotas in requests and in tokens (which nothing limits)."""
    return quota(facts.requests_per_day, _DAY), None


def tenant_limited(facts: TenantFacts | None) -> bool:
    """Whether anything limits a tenant."""
    return facts is not None and not (
        facts.daily_budget_usd is None
        and facts.monthly_budget_usd is None
        and facts.requests_per_second is None
        and facts.tokens_per_minute is None
    )


def user_limited(facts: UserFacts | None) -> bool:
    """Whether anything limits a user."""
    return facts is not None and not (
        facts.daily_budget_usd is None and facts.requests_per_day is None
    )


def standing(
    view: ViewSnapshot,
    *,
    tenant: str,
    user: str,
    reserved: Reserved = NOTHING_RESERVED,
    now: datetime,
) -> Standing:
    """The tightest allowance of each unit at `now`; buckets refill between views."""
    tenant_facts = view.tenant_of.get(tenant)
    user_facts = view.users.get((tenant, user))
    of_tenant, of_user = tenant_limited(tenant_facts), user_limited(user_facts)
    if not of_tenant and not of_user:
        return UNLIMITED
    usd: list[Allowance] = []
    requests: list[Allowance] = []
    tokens: list[Allowance] = []
    warnings: list[str] = []
    lender: tuple[Quota, Allowance] | None = None
    if of_tenant and tenant_facts is not None:
        account = view.account_of.get((tenant, "")) or Account(tenant=tenant)
        side = _Side(f"tenant {tenant}", account, reserved.tenant, reserved.processes, now)
        usd += side.budgets(tenant_facts.daily_budget_usd, tenant_facts.monthly_budget_usd)
        by_requests, by_tokens = tenant_quotas(tenant_facts)
        if by_requests is not None:
            own, _ = side.requests(by_requests, period="second")
            lender = (by_requests, own)
            requests.append(own)
        if by_tokens is not None:
            tokens.append(side.tokens(by_tokens, period="minute"))
    if of_user and user_facts is not None:
        account = view.account_of.get((tenant, user)) or Account(tenant=tenant, user=user)
        side = _Side(f"user {user}", account, reserved.user, reserved.processes, now)
        usd += side.budgets(user_facts.daily_budget_usd, None)
        by_requests, _ = user_quotas(user_facts)
        if by_requests is not None:
            own, words = side.requests(by_requests, period="day", lender=lender)
            requests.append(own)
            if words is not None:
                warnings.append(words)
    return Standing(
        usd=_tightest(usd),
        requests=_tightest(requests),
        tokens=_tightest(tokens),
        warnings=tuple(warnings),
    )


def _tightest(found: list[Allowance]) -> Allowance | None:
    return min(found, key=lambda each: (each.usable, each.remaining, each.whose), default=None)


class _Side:
    """One account at `now`, with what this process took of it."""

    __slots__ = ("_account", "_now", "_now_us", "_processes", "_taken", "_whose")

    def __init__(
        self, whose: str, account: Account, taken: Taken, processes: int, now: datetime
    ) -> None:
        self._whose = whose
        self._account = account
        self._taken = taken
        self._processes = processes
        self._now = now
        self._now_us = micros(now)

    def budgets(self, daily_usd: float | None, monthly_usd: float | None) -> list[Allowance]:
        account, now = self._account, self._now
        found: list[Allowance] = []
        if daily_usd is not None:
            tomorrow = day_start(day_of(now) + 1)
            found.append(self._budget(daily_usd, "day", account.day_nano_usd(now), tomorrow))
        if monthly_usd is not None:
            spent = account.month_nano_usd(now)
            found.append(self._budget(monthly_usd, "month", spent, month_end(now)))
        return found

    def _budget(self, limit: float, period: str, spent: int, returns_at: datetime) -> Allowance:
        taken = self._taken
        used = spent + self._account.booked_nano_usd + taken.unseen_nano_usd
        remaining = round(limit * NANO) - used
        usable = share(remaining, own=taken.own_nano_usd, processes=self._processes)
        return Allowance(
            whose=self._whose,
            unit=Unit.USD,
            limit=limit,
            period=period,
            remaining=max(0.0, remaining / NANO),
            usable=max(0.0, usable / NANO),
            returns_at=returns_at,
        )

    def requests(
        self, rate: Quota, *, period: str, lender: tuple[Quota, Allowance] | None = None
    ) -> tuple[Allowance, str | None]:
        """What is left, with what the lender adds where nothing else is, and then the words."""
        own = self._taken.own_requests
        meter = (self._taken.requests or self._account.requests).settled(rate, now_us=self._now_us)
        remaining = meter.remaining(rate, now_us=self._now_us)
        lent = 0.0
        if remaining < 1 and lender is not None:
            lent = _lent(remaining, rate=rate, lender=lender)
        words = None
        if lent:
            words = (
                f"QUOTA_BORROWED: {self._whose} has used its {rate.limit:g} requests of the"
                f" {period}; up to {int(lent)} more are lent by {lender[1].whose if lender else ''}"
                ", paid back as its own refill"
            )
        found = self._quota(
            Unit.REQUESTS, lent or remaining, rate, meter=meter, own=own, period=period, needed=1
        )
        return found, words

    def tokens(self, rate: Quota, *, period: str) -> Allowance:
        meter = (self._taken.tokens or self._account.tokens).settled(rate, now_us=self._now_us)
        remaining = meter.remaining(rate, now_us=self._now_us)
        own = self._taken.own_tokens
        return self._quota(
            Unit.TOKENS, remaining, rate, meter=meter, own=own, period=period, needed=rate.burst
        )

    def _quota(
        self,
        unit: Unit,
        remaining: float,
        rate: Quota,
        *,
        meter: Meter,
        own: float,
        period: str,
        needed: float,
    ) -> Allowance:
        returns_at = None
        if remaining < needed:
            owed_micro = rate.burst_micro - int(needed * MICRO)
            back_us = meter.returns_us(rate, debt_micro=owed_micro)
            if back_us is not None and back_us < _NEVER:
                returns_at = from_micros(back_us)
        return Allowance(
            whose=self._whose,
            unit=unit,
            limit=rate.limit,
            period=period,
            remaining=max(0.0, remaining),
            usable=max(0.0, share(remaining, own=own, processes=self._processes)),
            returns_at=returns_at,
        )


def _lent(remaining: float, *, rate: Quota, lender: tuple[Quota, Allowance]) -> float:
    """How many requests a user whose bucket is empty may still send on its tenant's account."""
    most = int(rate.limit * BORROWED_SHARE)
    tenants, allowance = lender
    left = min(remaining + most, allowance.usable - SPARE_SHARE * tenants.burst)
    return left if left >= 1 else 0.0
