"""Accounts as Redis keeps them, and the limits that they are held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from graph.hot.accounts import EMPTY_METER, MICRO, Meter, Quota
from graph.hot.allowances.spending import Part
from graph.hot.allowances.standing import tenant_limited, tenant_quotas, user_limited, user_quotas
from graph.hot.evidence import decoded_told
from graph.hot.snapshot import TenantFacts, UserFacts

_HOUR_US: Final = 3_600 * MICRO


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits one tenant or user."""

    requests: Quota | None
    tokens: Quota | None
    budget: bool

    def encoded(self) -> list[list[float]]:
        """The quotas of requests and of tokens as the scripts take them."""
        return [encoded(self.requests), encoded(self.tokens)]


def encoded(rate: Quota | None) -> list[float]:
    """A quota as the scripts take it."""
    return [] if rate is None else [rate.limit, rate.period_s]


def tenant_limits(tenant: str, told: bytes) -> Limits | None:
    """The limits of a tenant as it was told; None where it has none."""
    data = decoded_told(told)
    facts = TenantFacts(
        tenant=tenant,
        daily_budget_usd=data.get("daily_budget_usd"),
        monthly_budget_usd=data.get("monthly_budget_usd"),
        requests_per_second=data.get("requests_per_second"),
        tokens_per_minute=data.get("tokens_per_minute"),
    )
    if not tenant_limited(facts):
        return None
    budget = facts.daily_budget_usd is not None or facts.monthly_budget_usd is not None
    return Limits(*tenant_quotas(facts), budget)


def user_limits(tenant: str, user: str, *, told: bytes) -> Limits | None:
    """The limits of a user as it was told; None where it has none."""
    data = decoded_told(told)
    facts = UserFacts(
        tenant=tenant,
        user=user,
        tier=data["tier"],
        requests_per_day=data.get("requests_per_day"),
        daily_budget_usd=data.get("daily_budget_usd"),
    )
    if not user_limited(facts):
        return None
    return Limits(*user_quotas(facts), facts.daily_budget_usd is not None)


@dataclass(slots=True)
class Held:
    """An account as Redis holds it; slots are (requests, 1e-9 US dollars, tokens) by second."""

    stamp: int = 0
    requests: Meter = EMPTY_METER
    tokens: Meter = EMPTY_METER
    slots: dict[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])

    @classmethod
    def of(cls, raw: Mapping[bytes, bytes], *, stamp: int) -> "Held":
        """The account of a hash as `account.lua` writes it."""
        slots: dict[int, tuple[int, int, int]] = {}
        for name, value in raw.items():
            if name[:1] == b"s" and name[1:].isdigit():
                requests, nano_usd, tokens = value.split()
                slots[int(name[1:])] = (int(requests), int(nano_usd), int(tokens))
        return cls(
            stamp=stamp,
            requests=Meter(int(raw.get(b"rd", 0)), int(raw.get(b"ra", 0))),
            tokens=Meter(int(raw.get(b"kd", 0)), int(raw.get(b"ka", 0))),
            slots=slots,
        )

    def booked_nano_usd(self, *, now_us: int, hold_us: int) -> int:
        """What its picks are expected to cost that no completion confirmed, nor time ended."""
        return sum(
            nano_usd
            for second, (_, nano_usd, _) in self.slots.items()
            if not ran_out(second, now_us=now_us, hold_us=hold_us)
        )

    def overdue(self, *, now_us: int, hold_us: int) -> bool:
        """Whether any booking is to be given back."""
        return any(ran_out(second, now_us=now_us, hold_us=hold_us) for second in self.slots)

    def idle(self, limits: Limits | None, *, now_us: int) -> bool:
        """Whether it holds nothing that anybody asks for."""
        if self.slots:
            return False
        if limits is None:
            return True
        requests = current(self.requests, limits.requests, now_us=now_us)
        tokens = current(self.tokens, limits.tokens, now_us=now_us)
        return not requests.debt_micro and not tokens.debt_micro


def ran_out(second: int, *, now_us: int, hold_us: int) -> bool:
    """Whether the bookings of a second are held no longer."""
    return (second + 1) * MICRO + hold_us <= now_us


def current(meter: Meter, rate: Quota | None, *, now_us: int) -> Meter:
    """A meter as the view gives it: empty where nothing limits it or all has refilled."""
    if rate is None or not meter.settled(rate, now_us=now_us).debt_micro:
        return EMPTY_METER
    return meter


class Charge(NamedTuple):
    """What one request took; the entry id is empty where it came from no log."""

    entry_id: str
    part: Part
    at_us: int
    tokens: int

    @classmethod
    def of(cls, line: bytes) -> "Charge":
        """A line of the list `keys.CHARGES`; a charge of nothing to nobody where it is none."""
        entry_id, _, raw = line.partition(b" ")
        try:
            told = orjson.loads(raw)
            part = Part(told["tenant"], told["user"], told["at_us"] // _HOUR_US, told["nano_usd"])
            return cls(entry_id.decode(), part, told["at_us"], told["tokens"])
        except (ValueError, KeyError, TypeError):
            return cls("", Part("", "", 0, 0), 0, 0)
