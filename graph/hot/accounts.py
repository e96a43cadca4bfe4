"""What a tenant and a user have left: budgets in US dollars, quotas in requests and tokens.

A budget is what a day or a month may cost. A quota is a token bucket, kept as the debt that refills
away: it holds one period's worth, so a debt of nothing is a whole second's, minute's or day's
allowance. Debts are whole millionths of a request or a token; `account.lua` does the same sums.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

MICRO: Final = 1_000_000
NANO: Final = 1_000_000_000
DEBT_LIMIT: Final = 2
"""A bucket owes at most this many times what it holds, so that it comes back in bounded time."""
BORROWED_SHARE: Final = 0.1
"""A user may borrow up to this share of its own limit, in whole requests."""
SPARE_SHARE: Final = 0.5
"""Only what a tenant's bucket has above this share of what it holds is lent."""
_LARGEST_LIMIT: Final = 2e9
"""Higher quotas limit nothing: their debts would not be exact in Lua."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_DAY: Final = timedelta(days=1)


class Unit(StrEnum):
    """What is limited."""

    USD = "usd"
    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests or tokens in a period; the bucket holds as many, and one at least."""

    limit: float
    period_s: int

    @property
    def burst(self) -> float:
        """What a full bucket holds; nothing where nothing is allowed."""
        return max(self.limit, 1.0) if self.limit > 0 else 0.0

    @property
    def burst_micro(self) -> int:
        """The same in whole millionths."""
        return int(self.burst * MICRO)


def quota(limit: float | None, period_s: int) -> Quota | None:
    """The quota that a configured figure means; None where it limits nothing."""
    if limit is None or limit > _LARGEST_LIMIT:
        return None
    return Quota(limit, period_s)


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a bucket is used, in millionths, as of `at_us` (microseconds since 1970)."""

    debt_micro: int = 0
    at_us: int = 0

    def settled(self, rate: Quota, *, now_us: int) -> "Meter":
        """The meter at `now_us`: refilled in whole millionths, the rest of the time kept."""
        elapsed_us = now_us - self.at_us
        if elapsed_us <= 0:
            return self
        refilled = elapsed_us * rate.limit / rate.period_s
        if refilled >= self.debt_micro:
            return Meter(0, now_us)
        whole = math.floor(refilled)
        if whole == 0:
            return self
        spent_us = math.ceil(whole * rate.period_s / rate.limit)
        return Meter(self.debt_micro - whole, min(now_us, self.at_us + spent_us))

    def taken(self, amount_micro: int, *, rate: Quota, now_us: int) -> "Meter":
        """The meter after something was taken, or given back, at `now_us`."""
        settled = self.settled(rate, now_us=now_us)
        debt_micro = min(settled.debt_micro + amount_micro, DEBT_LIMIT * rate.burst_micro)
        return Meter(max(0, debt_micro), settled.at_us)

    def remaining(self, rate: Quota, *, now_us: int) -> float:
        """What may be taken at `now_us`; below zero what is owed."""
        settled = self.settled(rate, now_us=now_us)
        return (rate.burst_micro - settled.debt_micro) / MICRO

    def returns_us(self, rate: Quota, *, debt_micro: int) -> int | None:
        """When no more than that is owed; None where it never refills."""
        if rate.limit <= 0:
            return None
        over_micro = max(0, self.debt_micro - debt_micro)
        return self.at_us + math.ceil(over_micro * rate.period_s / rate.limit)


EMPTY_METER: Final = Meter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one tenant, or one user of it (`user` is not empty), has used, at the view's `as_of`.

    An account that is not in the view has used nothing. `day` counts from 1970;
    `spent_day_nano_usd` is that day's, `spent_month_nano_usd` its month's. `booked_nano_usd` is
    what picks are expected to cost whose requests are not told of yet.
    """

    tenant: str
    user: str = ""
    day: int = 0
    spent_day_nano_usd: int = 0
    spent_month_nano_usd: int = 0
    booked_nano_usd: int = 0
    requests: Meter = EMPTY_METER
    tokens: Meter = EMPTY_METER

    def day_nano_usd(self, now: datetime) -> int:
        """Spent on the day of `now`: nothing yet where another day has begun since."""
        return self.spent_day_nano_usd if day_of(now) == self.day else 0

    def month_nano_usd(self, now: datetime) -> int:
        """Spent in the month of `now`."""
        then = (_EPOCH + self.day * _DAY).replace(day=1)
        return self.spent_month_nano_usd if then == month_start(now) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What this process took of one account by picks of its own.

    `unseen_nano_usd` is not in the view yet. The `own_…` are what counts against this process's
    share of what is left: the same and, of money, all that it took within the last second. Meters
    stand in for the account's in the view, with what is not in it yet; None leaves that one.
    """

    unseen_nano_usd: int = 0
    own_nano_usd: int = 0
    own_requests: float = 0.0
    own_tokens: float = 0.0
    requests: Meter | None = None
    tokens: Meter | None = None


NOTHING_TAKEN = Taken()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What this process took of a tenant and of a user; `processes` share what is left."""

    tenant: Taken = NOTHING_TAKEN
    user: Taken = NOTHING_TAKEN
    processes: int = 1


NOTHING_RESERVED = Reserved()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left of one limit, and when it comes back.

    `usable` is how much of `remaining` this process may take before it sees the next view, so that
    several processes do not take the same: a request is let through where it needs no more.
    """

    whose: str
    """`tenant acme` or `user ann`."""
    unit: Unit
    limit: float
    period: str
    """second, minute, day or month."""
    remaining: float
    usable: float
    returns_at: datetime | None
    """When a budget begins anew, the next request is allowed, or all tokens are back; None where
    nothing is missing, or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The tightest allowance of each unit; None where nothing limits it."""

    usd: Allowance | None = None
    requests: Allowance | None = None
    tokens: Allowance | None = None
    warnings: tuple[str, ...] = ()


UNLIMITED = Standing()


def share(remaining: float, *, own: float, processes: int) -> float:
    """How much of what is left one of several processes may take now.

    Together they take no more than there was. One that took nothing lately may take all, so that
    the last of an allowance, too small to be shared out, is not lost.
    """
    if own <= 0 or processes <= 1:
        return remaining
    return min(remaining, (remaining + own) / processes - own)


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return round(at.timestamp() * MICRO)


def from_micros(at_us: int) -> datetime:
    """The inverse of `micros`."""
    return _EPOCH + timedelta(microseconds=at_us)


def day_of(at: datetime) -> int:
    """Days since 1970 of an instant, in UTC."""
    return int(at.timestamp() // 86_400)


def day_start(day: int) -> datetime:
    """When a day counted from 1970 begins."""
    return _EPOCH + day * _DAY


def month_start(at: datetime) -> datetime:
    """When the UTC month of an instant began."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(at: datetime) -> datetime:
    """When the next UTC month begins."""
    return month_start(month_start(at) + timedelta(days=32))


def replayed(hours: dict[int, int], *, rate: Quota, now: datetime) -> Meter:
    """The meter of a bucket that so many requests took from in each hour since 1970, up to `now`.

    Each hour's requests count as if they came at its end, or now.
    """
    meter, now_us = Meter(), micros(now)
    for hour, count in sorted(hours.items()):
        at_us = min((hour + 1) * 3_600 * MICRO, now_us)
        meter = meter.taken(count * MICRO, rate=rate, now_us=at_us)
    return meter.settled(rate, now_us=now_us)
