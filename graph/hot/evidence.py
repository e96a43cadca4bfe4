"""Evidence written to Redis: each log entry counts exactly once, replayed or reordered or not.

Every effect commutes with every other (counts add up, samples are a set, of what was told the
highest rank stays), so neither the order of the entries nor their split into batches matters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from graph.evidence import MinuteOutcomes, Observation
from graph.hot import keys
from graph.hot.connection import translated
from graph.outcomes import measured_ms, outcome_of
from graph.settings import HealthSettings
from graph.sketch import bin_of

_LUA: Final = (Path(__file__).parent / "apply.lua").read_text()
_CELL_MARGIN_MINUTES: Final = 5
SAMPLES_KEPT: Final = 128
"""Samples kept for each deployment, newest first."""
_SAMPLES_TTL_S: Final = 30 * 86_400
_TOKENS_TTL_S: Final = 3 * 86_400
_LARGEST_COUNT: Final = 2**53
"""Numbers above this are not exact in Lua."""
_CHARGES_KEPT: Final = 100_000
_TOKENS_LIMIT: Final = 1_000_000
_LATENCY_LIMIT_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What one request tells of the deployment that served it; `status` as events spell it."""

    deployment: str
    at: datetime
    status: str
    latency_ms: float
    task_type: str
    completion_tokens: int
    prompt_tokens: int = 0
    error_type: str | None = None
    cache_hit: bool = False
    tenant: str = "default"
    user: str = ""
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """Something configured was told: of all tellings the newest by (at, recorded_at, key) stays.

    With `first` the oldest stays instead. `kind` and `id` name the thing, `key` is the event's own.
    """

    kind: str
    id: str
    at: datetime
    recorded_at: datetime
    key: str
    data: Mapping[str, Any]
    first: bool = False


@dataclass(frozen=True, slots=True)
class Minute:
    """All requests of a deployment in a minute at once; of no effect where some are counted."""

    deployment: str
    outcomes: MinuteOutcomes


@dataclass(frozen=True, slots=True)
class FailedTry:
    """A deployment failed a request that another one served; `cause` in the router's words."""

    deployment: str
    at: datetime
    cause: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A deployment was named; nothing else is known of it."""

    deployment: str
    at: datetime


Effect = Observation | RequestOutcome | FailedTry | Minute | Seen | Told


@dataclass(frozen=True, slots=True)
class Entry:
    """What one log entry does to the evidence; nothing where it does not concern the hot view."""

    id: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """How many entries counted now, and the error of each that Redis refused, by entry id."""

    count: int
    refused: Mapping[str, str]


class EvidenceWriter:
    """The one writer of evidence.

    Raises `HotUnavailable`, after which the same entries may be tried again.
    """

    def __init__(self, redis: Redis, *, budgets: HealthSettings) -> None:
        self._apply = redis.register_script(_LUA)
        self._budgets = budgets

    async def apply(self, entries: Sequence[Entry], *, now: datetime) -> Applied:
        """Acknowledge the entries and count those that were not acknowledged before."""
        return await self._run([(entry.id, entry.effects) for entry in entries], now=now)

    async def restore(self, effects: Iterable[Effect], *, now: datetime) -> None:
        """Apply effects that come from no log entry. Raises as `apply` does."""
        await self._run([("", tuple(effects))], now=now)

    async def _run(
        self, entries: Sequence[tuple[str, tuple[Effect, ...]]], *, now: datetime
    ) -> Applied:
        if not entries:
            return Applied(0, {})
        oldest = now - timedelta(
            minutes=self._budgets.traffic_window_minutes + _CELL_MARGIN_MINUTES
        )
        lines: list[list[Any]] = []
        for entry_id, effects in entries:
            line: list[Any] = [entry_id]
            line.extend(_encoded(effect, oldest=oldest) for effect in effects)
            lines.append(line)
        batch = {
            "group": keys.GROUP,
            "cell_ttl_s": 60 * (self._budgets.traffic_window_minutes + 2 * _CELL_MARGIN_MINUTES),
            "samples_kept": SAMPLES_KEPT,
            "samples_ttl_s": _SAMPLES_TTL_S,
            "tokens_ttl_s": _TOKENS_TTL_S,
            "charges_kept": _CHARGES_KEPT,
            "entries": lines,
        }
        with translated():
            count, *refused = await self._apply(keys=[keys.LOG], args=[orjson.dumps(batch)])
        words = [part.decode() for part in refused]
        return Applied(int(count), dict(zip(words[::2], words[1::2], strict=True)))


def rank(at: datetime, recorded_at: datetime, key: str) -> str:
    """The order of tellings as text: by time, then recorded time, then the key.

    Digits only (and a to f), so that no locale of the server orders them otherwise.
    """
    return f"{_microseconds(at):020d}{_microseconds(recorded_at):020d}{key.encode().hex()}"


def decoded_observation(member: bytes) -> Observation:
    """The inverse of how a sample is kept."""
    raw = orjson.loads(member)
    raw["at"] = datetime.fromisoformat(raw["at"])
    raw["recorded_at"] = datetime.fromisoformat(raw["recorded_at"])
    return Observation(**raw)


def decoded_told(value: bytes) -> dict[str, Any]:
    """What was told, with `at` as the ISO time it holds from."""
    return orjson.loads(value.partition(b"\n")[2])


_YEAR_ONE: Final = datetime(1, 1, 1, tzinfo=UTC)


def _microseconds(at: datetime) -> int:
    return (at - _YEAR_ONE) // timedelta(microseconds=1)


def _since_1970_us(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _work(effect: RequestOutcome) -> dict[str, int]:
    """What an answered request adds to the sums of `DeploymentWork`."""
    if effect.status != "ok" or effect.cache_hit:
        return {}
    p, c = (
        min(tokens, _TOKENS_LIMIT) for tokens in (effect.prompt_tokens, effect.completion_tokens)
    )
    latency = min(round(effect.latency_ms), _LATENCY_LIMIT_MS)
    return {
        "requests": 1,
        "p": p,
        "c": c,
        "latency_ms": latency,
        "pp": p * p,
        "cc": c * c,
        "pc": p * c,
        "p_latency": p * latency,
        "c_latency": c * latency,
    }


def _bins(effect: RequestOutcome) -> list[str]:
    """The fields of its cell that hold the latency and the pace of a request."""
    latency, pace = measured_ms(
        outcome_of(effect.status, effect.error_type),
        latency_ms=effect.latency_ms,
        prompt_tokens=effect.prompt_tokens,
        completion_tokens=effect.completion_tokens,
        cache_hit=effect.cache_hit,
    )
    bins = (("b", latency), ("p", pace))
    return [f"{name}{bin_of(value_ms)}" for name, value_ms in bins if value_ms is not None]


def _charge(effect: RequestOutcome) -> str:
    """What a request took of its tenant's and its user's allowances, as `keys.CHARGES` keeps it."""
    charge = {
        "tenant": effect.tenant,
        "user": effect.user,
        "at_us": _since_1970_us(effect.at),
        "tokens": effect.prompt_tokens + effect.completion_tokens,
        "nano_usd": round(effect.cost_usd * 1e9),
    }
    return orjson.dumps(charge).decode()


def _encoded(effect: Effect, *, oldest: datetime) -> list[Any]:
    """An effect as `apply.lua` takes it; of requests before `oldest` only that they were seen."""
    match effect:
        case RequestOutcome() if effect.at < oldest:
            return ["v", effect.deployment, _since_1970_us(effect.at), _charge(effect)]
        case FailedTry() if effect.at >= oldest:
            outcome = outcome_of("error", effect.cause)
            minute = keys.minute_of(effect.at)
            return ["x", minute, effect.deployment, outcome, _since_1970_us(effect.at)]
        case Seen() | FailedTry():
            return ["v", effect.deployment, _since_1970_us(effect.at)]
        case Minute():
            told = effect.outcomes
            fields = {
                "ok": told.ok,
                "error": told.error,
                "timeout": told.timeout,
                "rate_limited": told.rate_limited,
                "rejected": told.rejected,
                "denied": told.denied,
                **{f"b{index}": count for index, count in told.latency.bins.items()},
                **{f"p{index}": count for index, count in told.pace.bins.items()},
            }
            minute = keys.minute_of(told.minute)
            kept = {name: count for name, count in fields.items() if count}
            return ["c", minute, effect.deployment, kept, _since_1970_us(told.last_at)]
        case RequestOutcome():
            minute = keys.minute_of(effect.at)
            return [
                "r",
                minute,
                effect.deployment,
                outcome_of(effect.status, effect.error_type),
                _bins(effect),
                _since_1970_us(effect.at),
                minute // 1440,
                effect.task_type,
                min(effect.completion_tokens, _LARGEST_COUNT),
                _work(effect),
                _charge(effect),
            ]
        case Observation():
            kept = {name: value for name, value in asdict(effect).items() if value is not None}
            member = orjson.dumps(kept, option=orjson.OPT_UTC_Z).decode()
            return ["s", effect.deployment, _since_1970_us(effect.at), member]
        case Told():
            return [
                "f" if effect.first else "t",
                effect.kind,
                effect.id,
                rank(effect.at, effect.recorded_at, effect.key),
                orjson.dumps({**effect.data, "at": effect.at}).decode(),
                keys.USERS if effect.kind == "user" else keys.CONFIGURED,
            ]
