"""What the picks of this process took and nobody else knows yet: booked in memory, told to Redis.

A pick takes no round trip. It books its expected cost and tokens and one request against its
tenant and its user, where these have limits; a task in the background tells all bookings of the
last milliseconds to Redis at once. A booking counts here until the view is known to hold it. While
Redis is away, picks go on against the last view and all that was booked since.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from graph.errors import HotUnavailable
from graph.hot import keys
from graph.hot.accounts import (
    EMPTY_METER,
    MICRO,
    NANO,
    NOTHING_RESERVED,
    NOTHING_TAKEN,
    Meter,
    Quota,
    Reserved,
    Taken,
    micros,
)
from graph.hot.allowances.bookings import encoded, ran_out
from graph.hot.allowances.standing import tenant_limited, tenant_quotas, user_limited, user_quotas
from graph.hot.connection import translated
from graph.hot.snapshot import ViewSnapshot
from graph.settings import GraphSettings

log = getLogger(__name__)

WINDOW_S: Final = 1.0
"""Money booked within this time counts against this process's share, in the view or not: twice the
age up to which the views of several processes may differ."""
HEARTBEAT_S: Final = 1.0
"""A process is heard of at least this often."""
_PENDING_LIMIT: Final = 20_000
_BATCHES_LIMIT: Final = 64
_WINDOW_US: Final = round(WINDOW_S * MICRO)
_HERE: Final = Path(__file__).parent
_BOOK: Final = (_HERE / "account.lua").read_text() + (_HERE / "book.lua").read_text()

Who = tuple[str, str]
"""Tenant and user; a tenant's own account has an empty user."""
Quotas = tuple[Quota | None, Quota | None]
"""Of requests and of tokens."""


@dataclass(slots=True)
class _Batch:
    """Bookings of one account that go in one flush; `last_us` is when the newest was made.

    A view of `stamp` or later holds them; None while Redis has not answered.
    """

    flush: int
    stamp: int | None = None
    last_us: int = 0
    requests: int = 0
    nano_usd: int = 0
    tokens: int = 0

    def seen(self, version: int) -> bool:
        """Whether a view of that version holds it."""
        return self.stamp is not None and self.stamp <= version

    def join(self, later: "_Batch") -> None:
        """Hold what the next one does too."""
        self.flush, self.stamp, self.last_us = later.flush, later.stamp, later.last_us
        self.requests += later.requests
        self.nano_usd += later.nano_usd
        self.tokens += later.tokens


@dataclass(slots=True)
class _Own:
    """What this process booked for one account, oldest first, and its buckets as it knows them."""

    batches: deque[_Batch] = field(default_factory=deque[_Batch])
    seen_version: int = -1
    requests: Meter = EMPTY_METER
    tokens: Meter = EMPTY_METER


@dataclass(slots=True)
class _Booking:
    """Bookings of one account and second that wait to be told."""

    quotas: Quotas
    requests: int = 0
    nano_usd: int = 0
    tokens: int = 0


class Reservations:
    """The bookings of one API process. For one event loop; nothing here ever raises to a pick."""

    def __init__(self, redis: Any, *, settings: GraphSettings) -> None:
        """`redis` is a client of redis.asyncio, whose annotations say too little to be used."""
        self._script: Any = redis.register_script(_BOOK)
        self._hold_us = round(settings.reservation_hold_s * MICRO)
        self._interval_s = settings.reservation_flush_ms / 1_000
        self._process = uuid4().hex
        self._flush = 1
        self._own: dict[Who, _Own] = {}
        self._pending: dict[tuple[Who, int], _Booking] = {}
        self._sending: tuple[int, dict[tuple[Who, int], _Booking]] | None = None
        self._registered: int | None = None
        self._version = 0
        self._pending_limit = _PENDING_LIMIT
        self._outrun = False
        self._told_at_s = self._tidied_at_s = float("-inf")

    def of(self, view: ViewSnapshot, *, tenant: str, user: str, now: datetime) -> Reserved:
        """What this process took of a tenant and a user that bears on a pick at `now`."""
        limited = list(_limited(view, tenant=tenant, user=user))
        if not limited:
            return NOTHING_RESERVED
        now_us = micros(now)
        taken = {who: self._taken(view, who, quotas, now_us) for who, quotas in limited}
        # A process that the view does not count yet makes one more.
        unknown = self._registered is None or self._registered > view.accounts_version
        return Reserved(
            tenant=taken.get((tenant, ""), NOTHING_TAKEN),
            user=taken.get((tenant, user), NOTHING_TAKEN) if user else NOTHING_TAKEN,
            processes=view.live_processes + unknown,
        )

    def add(
        self,
        view: ViewSnapshot,
        *,
        tenant: str,
        user: str,
        cost_usd: float | None,
        tokens: float | None,
        now: datetime,
    ) -> None:
        """Book a pick: one request, and what it is expected to cost and take (None: nothing)."""
        now_us = micros(now)
        nano_usd = max(0, round((cost_usd or 0.0) * NANO))
        whole = max(0, round(tokens or 0.0))
        for who, quotas in _limited(view, tenant=tenant, user=user):
            own = self._current(view, who, quotas, now_us)
            if not own.batches or own.batches[-1].flush != self._flush:
                _shorten(own.batches)
                own.batches.append(_Batch(self._flush))
            waiting = self._pending.setdefault((who, now_us // MICRO), _Booking(quotas))
            for each in (own.batches[-1], waiting):
                each.requests += 1
                each.nano_usd += nano_usd
                each.tokens += whole
            own.batches[-1].last_us = now_us
            own.requests = _take(own.requests, quotas[0], 1, now_us)
            own.tokens = _take(own.tokens, quotas[1], whole, now_us)
        if len(self._pending) > self._pending_limit:
            self._forget_outrun(now_us=now_us)

    def _taken(self, view: ViewSnapshot, who: Who, quotas: Quotas, now_us: int) -> Taken:
        if who not in self._own:
            return NOTHING_TAKEN
        own = self._current(view, who, quotas, now_us)
        if not own.batches:
            del self._own[who]
            return NOTHING_TAKEN
        unseen = own_nano = requests = tokens = 0
        for batch in own.batches:
            own_nano += batch.nano_usd
            if not batch.seen(view.accounts_version):
                unseen += batch.nano_usd
                requests += batch.requests
                tokens += batch.tokens
        return Taken(
            unseen_nano_usd=unseen,
            own_nano_usd=own_nano,
            own_requests=requests,
            own_tokens=tokens,
            requests=own.requests,
            tokens=own.tokens,
        )

    def _current(self, view: ViewSnapshot, who: Who, quotas: Quotas, now_us: int) -> _Own:
        """The account's own bookings, without those that no longer bear on anything.

        With a view that holds other bookings, the buckets are the view's, and what it lacks.
        """
        own = self._own.setdefault(who, _Own())
        version, batches = view.accounts_version, own.batches
        while batches and batches[0].last_us + _WINDOW_US < now_us:
            if not batches[0].seen(version):
                break
            batches.popleft()
        if own.seen_version != version:
            own.seen_version = self._version = version
            account = view.account_of.get(who)
            own.requests = EMPTY_METER if account is None else account.requests
            own.tokens = EMPTY_METER if account is None else account.tokens
            for batch in batches:
                if not batch.seen(version):
                    own.requests = _take(own.requests, quotas[0], batch.requests, batch.last_us)
                    own.tokens = _take(own.tokens, quotas[1], batch.tokens, batch.last_us)
        return own

    def _forget_outrun(self, *, now_us: int) -> None:
        """Redis was away for long: what ran out before it could be told is not told any more."""
        self._pending = {
            (who, second): booking
            for (who, second), booking in self._pending.items()
            if not ran_out(second, now_us=now_us, hold_us=self._hold_us)
        }
        self._pending_limit = max(_PENDING_LIMIT, 2 * len(self._pending))
        self._outrun = True

    async def run(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Tell Redis what was booked, until cancelled; whatever Redis does, this goes on."""
        while True:
            try:
                await self.flush(now=clock())
            except HotUnavailable as error:
                log.warning("bookings not told: %s", error)
                await asyncio.sleep(HEARTBEAT_S / 2)
            await asyncio.sleep(self._interval_s)

    async def flush(self, *, now: datetime) -> None:
        """Tell all bookings at once, and that this process lives. Raises `HotUnavailable`.

        A flush whose answer was lost is sent again as it was, and counts once.
        """
        loop_s = asyncio.get_running_loop().time()
        if self._sending is None:
            if not self._pending and loop_s - self._told_at_s < HEARTBEAT_S:
                return
            self._sending = (self._flush, self._pending)
            self._flush, self._pending = self._flush + 1, {}
        if loop_s - self._tidied_at_s >= HEARTBEAT_S:
            self._tidied_at_s = loop_s
            self._tidy(now_us=micros(now))
        number, bookings = self._sending
        call = {
            "process": self._process,
            "flush": number,
            "now_us": micros(now),
            "hold_us": self._hold_us,
            "bookings": [
                [
                    keys.user(*who),
                    second,
                    [booking.requests, booking.nano_usd, booking.tokens],
                    encoded(booking.quotas[0]),
                    encoded(booking.quotas[1]),
                ]
                for (who, second), booking in bookings.items()
            ],
        }
        with translated():
            stamp = int(await self._script(args=[orjson.dumps(call)]))
        # Of bookings that ran out unsent, the accounts are not among those that were sent.
        for who in list(self._own) if self._outrun else {who for who, _ in bookings}:
            for batch in self._own[who].batches if who in self._own else ():
                if batch.flush == number:
                    batch.stamp = stamp
        if not self._pending:
            self._outrun, self._pending_limit = False, _PENDING_LIMIT
        self._registered = stamp if self._registered is None else self._registered
        self._sending, self._told_at_s = None, loop_s

    def _tidy(self, *, now_us: int) -> None:
        """Forget accounts whose bookings all are old and in the view."""
        for who, own in list(self._own.items()):
            if all(b.last_us + _WINDOW_US < now_us and b.seen(self._version) for b in own.batches):
                del self._own[who]


def _shorten(batches: deque[_Batch]) -> None:
    """Join the oldest where the view holds none of them for long: they come into it together."""
    while len(batches) > _BATCHES_LIMIT and batches[1].stamp is not None:
        first = batches.popleft()
        first.join(batches.popleft())
        batches.appendleft(first)


def _limited(view: ViewSnapshot, *, tenant: str, user: str) -> Iterator[tuple[Who, Quotas]]:
    """The accounts that a pick is booked to, with their quotas."""
    tenant_facts = view.tenant_of.get(tenant)
    if tenant_facts is not None and tenant_limited(tenant_facts):
        yield (tenant, ""), tenant_quotas(tenant_facts)
    user_facts = view.users.get((tenant, user))
    if user and user_facts is not None and user_limited(user_facts):
        yield (tenant, user), user_quotas(user_facts)


def _take(meter: Meter, rate: Quota | None, amount: int, now_us: int) -> Meter:
    if rate is None:
        return meter
    return meter.taken(amount * MICRO, rate=rate, now_us=now_us)
