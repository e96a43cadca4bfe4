"""The accountant: settles charges, reads the graph's sums, and gives the accounts of the view.

It runs where the view is composed. All that it must not lose is in Redis, and each step is one
script: a charge is taken off its list, set against the oldest booking of its accounts and kept in
the tail, or nothing of it happens. Whoever takes over reads everything again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson

from graph.errors import RoutecauseError
from graph.hot import keys
from graph.hot.accounts import MICRO, Account, Quota, day_of, micros, replayed
from graph.hot.allowances.bookings import (
    Charge,
    Held,
    Limits,
    current,
    encoded,
    tenant_limits,
    user_limits,
)
from graph.hot.allowances.spending import (
    END,
    Place,
    Position,
    Spending,
    kept,
    parts_of,
    position_of,
)
from graph.hot.allowances.sums import GraphSums, Who, request_hours
from graph.hot.connection import translated
from graph.settings import GraphSettings
from graph.store.door import GraphStore

log = getLogger(__name__)

ACCOUNTS_LIMIT: Final = 10_000
"""Accounts in a view: tenants first, then the users that changed last."""
GRAPH_INTERVAL_S: Final = 1.0
"""The graph's sums are read again this often while charges come."""
GRAPH_IDLE_S: Final = 30.0
"""And this often when none comes."""
LIVE_S: Final = 5.0
"""A process that was not heard of for this long shares in nothing."""
USERS_READ_PER_S: Final = 10_000
"""All users are read again where one was configured, but no oftener than this rate allows."""
_UNREAD: Final = (b"", b"")
_NOTHING: Final = Held()
_BATCH: Final = 1_000
_ROUNDS: Final = 10
_PAGE: Final = 5_000

_HERE: Final = Path(__file__).parent
_SHARED: Final = (_HERE / "account.lua").read_text()
_SETTLE: Final = _SHARED + (_HERE / "settle.lua").read_text()
_RESTORE: Final = _SHARED + (_HERE / "restore.lua").read_text()
_COMMIT: Final = (_HERE / "commit.lua").read_text()
_POSITION: Final = """
-- The first entry of the log that the writer has not acknowledged: "end" where none waits for it.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'end' end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local info = {}
  for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
  if info.name == 'writer' then
    if info.pending > 0 then return redis.call('XPENDING', KEYS[1], 'writer')[2] end
    local ms, sequence = string.match(info['last-delivered-id'], '^(%d+)-(%d+)$')
    return ms .. '-' .. string.format('%d', tonumber(sequence) + 1)
  end
end
return '0-0'
"""


@dataclass(frozen=True, slots=True)
class AccountBook:
    """What the view is given: the accounts, the stamp they hold, the processes that book."""

    accounts: tuple[Account, ...] = ()
    version: int = 0
    processes: int = 1


class Accountant:
    """One at a time settles; see `refresh` and `run`. For one event loop."""

    def __init__(self, redis: Any, *, store: GraphStore, settings: GraphSettings) -> None:
        """`redis` is a client of redis.asyncio, whose annotations say too little to be used."""
        self._redis: Any = redis
        self._store = store
        self._hold_us = round(settings.reservation_hold_s * MICRO)
        self._owner = uuid4().hex
        self._settle_script: Any = redis.register_script(_SETTLE)
        self._commit_script: Any = redis.register_script(_COMMIT)
        self._position_script: Any = redis.register_script(_POSITION)
        self._owns = False
        self._stamp = 0
        self._processes = 1
        self._held: dict[Who, Held] = {}
        self._spending = Spending()
        self._limits: dict[Who, Limits] = {}
        self._versions: tuple[Any, Any] = _UNREAD
        self._users_read_at_s = float("-inf")
        self._sums = GraphSums(store)
        self._read_whole_at: datetime | None = None

    async def refresh(self, *, now: datetime) -> AccountBook:
        """Settle what was charged and give the accounts as of now. Raises `HotUnavailable`."""
        try:
            with translated():
                await self._hold(now=now)
                for _ in range(_ROUNDS):
                    if not await self._settle(now=now):
                        break
                await self._fold(now=now)
                await self._read_changed()
        except RoutecauseError:
            # Whether the last step was done is not known: begin with reading it all.
            self._owns = False
            raise
        return AccountBook(self._accounts(now=now), self._stamp, self._processes)

    async def run(self) -> None:
        """Read the graph's sums while this one settles, until cancelled."""
        while True:
            now = datetime.now(UTC)
            try:
                if self._owns and (self._spending.tail or self._whole_due(now=now)):
                    await self.read_graph(now=now)
            except RoutecauseError as error:
                log.warning("what was spent is not read from the graph: %s", error)
            await asyncio.sleep(GRAPH_INTERVAL_S)

    def _whole_due(self, *, now: datetime) -> bool:
        last = self._read_whole_at
        return last is None or not 0 <= (now - last).total_seconds() <= GRAPH_IDLE_S

    async def _hold(self, *, now: datetime) -> None:
        """Be the one that settles, and know the limits in force."""
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.get(keys.ACCOUNTS_OWNER)
        pipe.hmget(keys.VERSIONS, keys.CONFIGURED, keys.USERS)
        pipe.zcount(keys.PROCESSES, micros(now) // 1_000 - round(LIVE_S * 1_000), "+inf")
        owner, versions, processes = await pipe.execute()
        self._processes = max(1, int(processes))
        if not self._owns or owner != self._owner.encode():
            await self._claim()
        configured, users = versions
        if configured != self._versions[0]:
            await self._read_tenants()
            self._versions = (configured, self._versions[1])
        now_s = asyncio.get_running_loop().time()
        if users != self._versions[1] and now_s >= self._users_read_at_s:
            count = await self._read_users()
            self._versions = (configured, users)
            self._users_read_at_s = now_s + count / USERS_READ_PER_S

    async def _claim(self) -> None:
        """Take over: everything known is read again."""
        pipe: Any = self._redis.pipeline(transaction=True)
        pipe.set(keys.ACCOUNTS_OWNER, self._owner)
        pipe.hgetall(keys.SPENT)
        pipe.hgetall(keys.TAIL)
        _, spent, tail = await pipe.execute()
        sums = {Place.of(name.decode()): int(nano) for name, nano in spent.items()}
        # Of an emptied Redis nothing is learned: the graph's sums stay as they were read.
        self._spending = Spending.of(
            sums or self._spending.sums,
            {entry_id.decode(): parts_of(raw) for entry_id, raw in tail.items()},
        )
        self._held, self._stamp = {}, 0
        self._sums, self._read_whole_at = GraphSums(self._store), None
        self._versions, self._users_read_at_s = _UNREAD, float("-inf")
        self._owns = True

    async def _read_tenants(self) -> None:
        told: Any = await self._redis.hgetall(keys.told("tenant"))
        tenants: dict[Who, Limits] = {}
        for name, raw in told.items():
            limits = tenant_limits(name.decode(), raw)
            if limits is not None:
                tenants[name.decode(), ""] = limits
        self._limits = {w: found for w, found in self._limits.items() if w[1]} | tenants
        self._read_whole_at = None

    async def _read_users(self) -> int:
        """Read the limits of all users; how many users there are."""
        users: dict[Who, Limits] = {}
        count = cursor = 0
        while True:
            cursor, page = await self._redis.hscan(keys.told("user"), cursor, count=_PAGE)
            for name, raw in page.items():
                count += 1
                who = keys.tenant_and_user(name.decode())
                limits = user_limits(*who, told=raw)
                if limits is not None:
                    users[who] = limits
            if cursor == 0:
                break
        self._limits = {w: found for w, found in self._limits.items() if not w[1]} | users
        self._read_whole_at = None
        return count

    async def _settle(self, *, now: datetime) -> bool:
        """Settle one batch of charges; whether there may be more."""
        lines: Any = await self._redis.lrange(keys.CHARGES, 0, _BATCH - 1)
        now_us = micros(now)
        overdue = [
            who
            for who, held in self._held.items()
            if held.overdue(now_us=now_us, hold_us=self._hold_us)
        ]
        if not lines and not overdue:
            return False
        charges = [Charge.of(line) for line in lines]
        concerned, told = set(overdue), list[list[Any]]()
        for charge in charges:
            part = charge.part
            whose = dict.fromkeys(((part.tenant, ""), (part.tenant, part.user)))
            limited = [who for who in whose if who in self._limits]
            concerned.update(limited)
            names = [keys.user(*who) for who in limited]
            told.append([charge.entry_id, kept([part]), charge.at_us, charge.tokens, names])
        known = concerned & self._limits.keys()
        call = {
            "owner": self._owner,
            "now_us": now_us,
            "hold_us": self._hold_us,
            "first": lines[0].decode() if lines else "",
            "quotas": {keys.user(*who): self._limits[who].encoded() for who in known},
            "sweep": [keys.user(*who) for who in overdue],
            "charges": told,
        }
        answer = await self._settle_script(args=[orjson.dumps(call)])
        if answer[0] == b"owner":
            self._owns = False
            return False
        if answer[0] == b"moved":
            return True
        for charge in charges:
            if charge.entry_id:
                self._spending.charge(charge.entry_id, [charge.part])
        return len(lines) == _BATCH

    async def _fold(self, *, now: datetime) -> None:
        """Make a tail shorter that grows because the graph is away."""
        folded = self._spending.folded()
        if folded is None or not self._owns:
            return
        keep = {folded.entry_id: kept(folded.parts)}
        if await self._commit(drop=folded.gone, keep=keep, sums={}, now=now):
            # A new one, so that a reading of the graph under way does not drop what was folded.
            self._spending = Spending.of(self._spending.sums, self._spending.tail)
            self._spending.fold(folded)

    async def _read_changed(self) -> None:
        """Read the accounts that any process changed since the last time."""
        pipe: Any = self._redis.pipeline(transaction=True)
        pipe.get(keys.ACCOUNTS_STAMP)
        pipe.zrangebyscore(keys.ACCOUNTS, f"({self._stamp}", "+inf", withscores=True)
        stamp, changed = await pipe.execute()
        for start in range(0, len(changed), _BATCH):
            page = changed[start : start + _BATCH]
            pipe = self._redis.pipeline(transaction=False)
            for name, _ in page:
                pipe.hgetall(keys.account(name.decode()))
            for (name, score), raw in zip(page, await pipe.execute(), strict=True):
                who = keys.tenant_and_user(name.decode())
                self._held[who] = Held.of(raw, stamp=int(score))
        self._stamp = int(stamp or 0)

    def _accounts(self, *, now: datetime) -> tuple[Account, ...]:
        """Whoever is limited and has used something; forgets who holds nothing any more."""
        now_us, found = micros(now), list[Account]()
        for who in [
            who
            for who, held in self._held.items()
            if held.idle(self._limits.get(who), now_us=now_us)
        ]:
            del self._held[who]
        spenders = self._spending.users_of(day=day_of(now))
        tenants = sorted(who for who in self._limits if not who[1])
        users = {who for who in (*self._held, *spenders) if who[1] and who in self._limits}
        newest = sorted(users, key=lambda who: (-self._held.get(who, _NOTHING).stamp, who))
        for who in (*tenants, *newest):
            account = self._account(who, now=now, now_us=now_us)
            if account is not None:
                found.append(account)
            if len(found) == ACCOUNTS_LIMIT:
                break
        return tuple(sorted(found, key=lambda account: (account.tenant, account.user)))

    def _account(self, who: Who, *, now: datetime, now_us: int) -> Account | None:
        limits, held = self._limits[who], self._held.get(who, _NOTHING)
        day, month = self._spending.spent(*who, now=now) if limits.budget else (0, 0)
        booked = held.booked_nano_usd(now_us=now_us, hold_us=self._hold_us)
        requests = current(held.requests, limits.requests, now_us=now_us)
        tokens = current(held.tokens, limits.tokens, now_us=now_us)
        if not (day or month or booked or requests.debt_micro or tokens.debt_micro):
            return None
        return Account(
            tenant=who[0],
            user=who[1],
            day=day_of(now),
            spent_day_nano_usd=day,
            spent_month_nano_usd=month,
            booked_nano_usd=booked,
            requests=requests,
            tokens=tokens,
        )

    async def read_graph(self, *, now: datetime) -> None:
        """Read what changed of the graph's sums and drop the charges that are in them.

        Raises `HotUnavailable` and `GraphUnavailable`; nothing is dropped then.
        """
        spending, reader = self._spending, self._sums
        with translated():
            raw = await self._position_script(keys=[keys.LOG])
        # Read before the graph: whatever is acknowledged by now will be in what the graph says.
        inside = spending.before(_position(raw))
        budgeted = {who for who, limits in self._limits.items() if limits.budget}
        wanted = {p for p in spending.places(inside) if (p.tenant, p.user) in budgeted}
        whole, doubtful = self._whole_due(now=now), dict[Place, int]()
        if whole:
            spenders = spending.users_of(day=day_of(now))
            doubtful = await reader.doubtful(budgeted, spenders=spenders, now=now)
        if not inside and not whole:
            return
        limits = self._limits
        sums = await reader.read(wanted | doubtful.keys(), now=now)
        with translated():
            done = spending is self._spending and await self._commit(
                drop=inside, keep={}, sums=sums, now=now
            )
        if done:
            spending.settle(inside)
            reader.confirm(doubtful, now=now)
            if whole and limits is self._limits:
                self._read_whole_at = now

    async def _commit(
        self,
        *,
        drop: Sequence[str],
        keep: Mapping[str, str],
        sums: Mapping[Place, int],
        now: datetime,
    ) -> bool:
        """Keep sums, and change the tail, in Redis; not where another settles now."""
        spending = self._spending
        outdated = spending.outdated(now=now)
        call: dict[str, Any] = {
            "owner": self._owner,
            "drop": drop,
            "keep": keep,
            "spent": {place.field: str(nano) for place, nano in sums.items()},
            "forget": [place.field for place in outdated],
        }
        done = await self._commit_script(args=[orjson.dumps(call)])
        if not done or spending is not self._spending:
            self._owns = False
            return False
        for place, nano in sums.items():
            spending.read(place, nano)
        for place in outdated:
            spending.forget(place)
        return True


def _position(raw: bytes) -> Position:
    text = raw.decode()
    return END if text == "end" else position_of(text)


async def restore_quotas(redis: Any, *, store: GraphStore, now: datetime) -> None:
    """After Redis was emptied: what users sent in the last day counts against their quotas again.

    To be called once users are told to Redis again. Buckets of a second or a minute begin full.
    Safe to run again, and without effect where Redis was not emptied. Raises `HotUnavailable` and
    `GraphUnavailable`.
    """
    rates: dict[Who, Quota] = {}
    cursor = 0
    with translated():
        if await redis.exists(keys.ACCOUNTS_BUILT):
            return
        while True:
            cursor, page = await redis.hscan(keys.told("user"), cursor, count=_PAGE)
            for name, raw in page.items():
                who = keys.tenant_and_user(name.decode())
                limits = user_limits(*who, told=raw)
                if limits is not None and limits.requests is not None:
                    rates[who] = limits.requests
            if cursor == 0:
                break
    script = redis.register_script(_RESTORE)
    hours = await request_hours(store, rates, now=now)
    debts = [
        [keys.user(*who), replayed(sent, rate=rates[who], now=now).debt_micro, encoded(rates[who])]
        for who, sent in hours.items()
    ]
    for start in range(0, len(debts), _BATCH):
        call = {"now_us": micros(now), "accounts": debts[start : start + _BATCH]}
        with translated():
            await script(args=[orjson.dumps(call)])
    with translated():
        await redis.set(keys.ACCOUNTS_BUILT, now.isoformat())
