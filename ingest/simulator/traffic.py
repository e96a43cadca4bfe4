"""Who asks what and when: an hour of arrivals as columns, with day, week and burst shapes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ingest.simulator.arrays import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Draw,
    Floats,
    Ints,
    generator,
    to_time,
)
from ingest.simulator.catalogue import TASKS, TIERS
from ingest.simulator.effects import Effects, LongerPrompts, Newcomer, Surge
from ingest.simulator.fleet import TASK_SHARES, TIER_SHARES, tenant_shares, users
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.shapes import shapes

_TRACE = {
    "reasoning": ("conversation", 1.0, 2.0),
    "coding": ("code", 1.0, 2.5),
    "chat": ("conversation", 1.0, 1.0),
    "summarisation": ("long", 0.4, 0.8),
    "extraction": ("lookup", 0.15, 0.4),
}
"""Which trace a task type's tokens are drawn from; how prompts and completions are scaled."""

_LONGEST_PROMPT = {"premium": 100_000, "standard": 48_000, "free": 12_000}
_WEEKDAYS = np.array([1.08, 1.14, 1.13, 1.1, 1.04, 0.74, 0.77])
_WEEKEND_TASKS = np.array([0.95, 0.6, 1.35, 0.9, 0.8])
_SPIKES_PER_DAY = 0.6
NEWCOMER_USERS = 12
NEWCOMER_INDEX = 100_000_000
SURGE_INDEX = 10 * NEWCOMER_INDEX
NEWCOMER_TIER = 1
NEWCOMER_MAIN_TASK = 0.75


@dataclass(frozen=True, slots=True)
class Arrivals:
    """One hour's requests in order of arrival; places refer to `fleet` and to `tenants`.

    `index` numbers a request within its hour and stream, so that the requests of newcomers and
    surges leave all other identifiers as they were. `difficulty` is added to the quality of any
    answer.
    """

    hour: int
    index: Ints
    at_ms: Ints
    tenant: Ints
    tier: Ints
    task: Ints
    user: Ints
    place: Floats
    prompt_tokens: Ints
    completion_tokens: Ints
    difficulty: Floats

    @property
    def size(self) -> int:
        """How many there are."""
        return self.at_ms.size

    @property
    def minute(self) -> Ints:
        """The minute of the hour in which each arrived."""
        return (self.at_ms - self.hour * HOUR_MS) // MINUTE_MS

    def uniforms(self, draw: np.random.Generator, count: int) -> Floats:
        """`count` numbers in [0, 1) for each request; newcomers' take none from the others'."""
        return self._columns(draw, count, lambda of, shape: of.random(shape))

    def normals(self, draw: np.random.Generator, count: int) -> Floats:
        """`count` standard normal numbers for each; newcomers' take none from the others'."""
        return self._columns(draw, count, lambda of, shape: of.standard_normal(shape))

    def _columns(
        self,
        draw: np.random.Generator,
        count: int,
        numbers: Callable[[np.random.Generator, tuple[int, int]], Floats],
    ) -> Floats:
        usual = self.index < NEWCOMER_INDEX
        if usual.all():
            return numbers(draw, (count, self.size))
        columns = np.empty((count, self.size))
        columns[:, usual] = numbers(draw, (count, int(usual.sum())))
        surging = self.index >= SURGE_INDEX
        others = draw.spawn(1)[0]
        columns[:, ~usual & ~surging] = numbers(others, (count, int((~usual & ~surging).sum())))
        if surging.any():
            columns[:, surging] = numbers(others.spawn(1)[0], (count, int(surging.sum())))
        return columns


def arrivals(plan: SimulationPlan, effects: Effects, *, hour: int) -> Arrivals:
    """The requests that arrive in an hour: the usual ones, newcomers' and those of surges."""
    parts = [_usual(plan, hour=hour)]
    for number, newcomer in enumerate(effects.of(Newcomer)):
        if newcomer.span.overlaps(hour * HOUR_MS, (hour + 1) * HOUR_MS):
            parts.append(_newcomers(plan, newcomer, number=number, hour=hour))
    for number, surge in enumerate(effects.of(Surge)):
        if surge.span.overlaps(hour * HOUR_MS, (hour + 1) * HOUR_MS):
            parts.append(_surging(plan, surge, number=number, hour=hour))
    batch = parts[0] if len(parts) == 1 else _joined(parts)
    return _lengthened(batch, effects)


def minute_rates(plan: SimulationPlan, *, hour: int) -> Floats:
    """Expected requests in each minute of an hour, spikes included, bursts not."""
    start_ms = hour * HOUR_MS
    start = to_time(start_ms)
    curve = shapes(plan.data).day
    minutes = start.hour * 60 + np.arange(60)
    steps = np.append(curve, curve[0])
    day = np.interp(minutes / 10, np.arange(steps.size), steps)
    rates = plan.per_day / 1440 * day * _WEEKDAYS[start.weekday()]
    return rates * _spikes(plan, day=start_ms // DAY_MS, minutes=minutes)


def surge_cells(plan: SimulationPlan, surge: Surge) -> Floats:
    """Share of the usual traffic that a surge multiplies, by tenant, tier and task type."""
    tenants = _among(surge.tenants, tenant_shares(plan.tenants))
    cells = tenants[:, None, None] * TIER_SHARES[:, None] * _among(surge.tasks, TASK_SHARES)
    if surge.user is None:
        return cells
    everyone = users(plan)
    alone = np.zeros_like(cells)
    alone[everyone.tenant[surge.user], everyone.tier[surge.user]] = cells.sum(axis=(0, 1))
    return alone


def _among(places: tuple[int, ...], shares: Floats) -> Floats:
    """Shares, the last axis only where it is among these places; all where there are none."""
    wanted = np.isin(np.arange(int(shares.shape[-1])), places) if places else True
    return np.where(wanted, shares, 0.0)


def mean_tokens(plan: SimulationPlan, *, task: int) -> tuple[float, float]:
    """Mean prompt and completion tokens of a task type, before the tiers' limits."""
    trace, prompt_scale, completion_scale = _TRACE[TASKS[task]]
    shape = shapes(plan.data).tokens[trace]
    return (
        _mean(shape.prompt) * prompt_scale,
        float(np.mean([_mean(band) for band in shape.completion])) * completion_scale,
    )


def _mean(quantiles: Floats) -> float:
    """Mean of the law with these equally spaced quantiles."""
    return float(((quantiles[1:] + quantiles[:-1]) / 2).mean())


def _spikes(plan: SimulationPlan, *, day: int, minutes: Ints) -> Floats:
    """Factors of a day's spikes: sudden, minutes long, of measured height."""
    draw = generator(plan.seed, Draw.SPIKES, day)
    heights = shapes(plan.data).spikes
    factors = np.ones(minutes.size)
    for _ in range(int(draw.poisson(_SPIKES_PER_DAY))):
        begin, length = int(draw.integers(0, 1410)), int(draw.integers(8, 30))
        height = float(np.interp(draw.random(), np.linspace(0, 1, heights.size), heights))
        factors[(minutes >= begin) & (minutes < begin + length)] *= height
    return factors


def _usual(plan: SimulationPlan, *, hour: int) -> Arrivals:
    draw = generator(plan.seed, Draw.ARRIVALS, hour)
    burst = shapes(plan.data).burst_shape
    rates = minute_rates(plan, hour=hour) * draw.gamma(burst, 1 / burst, size=60)
    at_ms = _times(draw, rates, hour=hour)
    tenant = draw.choice(len(plan.tenants), size=at_ms.size, p=tenant_shares(plan.tenants))
    tier = draw.choice(len(TIERS), size=at_ms.size, p=TIER_SHARES)
    everyone = users(plan)
    user = _users_of(plan, tenant, tier, draw.random(at_ms.size))
    weekend = date.fromordinal(hour // 24 + date(1970, 1, 1).toordinal()).weekday() >= 5
    mix = TASK_SHARES * (_WEEKEND_TASKS if weekend else 1.0)
    edges = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)
    task = np.minimum((draw.random(at_ms.size)[:, None] >= edges[tier]).sum(axis=1), 4)
    return _with_tokens(
        plan, draw, hour=hour, index=np.arange(at_ms.size), at_ms=at_ms, tenant=tenant, tier=tier,
        task=task, user=user, place=everyone.place[user], delta=0.0,
    )  # fmt: skip


def _times(draw: np.random.Generator, rates: Floats, *, hour: int) -> Ints:
    """Sorted arrival times of a Poisson process with these rates by minute."""
    counts = draw.poisson(rates)
    minute = np.repeat(np.arange(60), counts)
    return np.sort(hour * HOUR_MS + minute * MINUTE_MS + draw.integers(0, MINUTE_MS, minute.size))


def _newcomers(plan: SimulationPlan, newcomer: Newcomer, *, number: int, hour: int) -> Arrivals:
    draw = generator(plan.seed, Draw.NEWCOMERS, number, hour)
    at_ms = _times(draw, minute_rates(plan, hour=hour) * newcomer.share, hour=hour)
    at_ms = at_ms[(at_ms >= newcomer.span.start_ms) & (at_ms < newcomer.span.end_ms)]
    size = at_ms.size
    mine = draw.random(size) < NEWCOMER_MAIN_TASK
    task = np.where(mine, newcomer.task, draw.integers(0, len(TASKS), size))
    member = draw.integers(0, NEWCOMER_USERS, size)
    first_user = plan.users + number * NEWCOMER_USERS
    return _with_tokens(
        plan, draw, hour=hour, index=NEWCOMER_INDEX * (number + 1) + np.arange(size), at_ms=at_ms,
        tenant=np.full(size, len(plan.tenants) + number), tier=np.full(size, NEWCOMER_TIER),
        task=task, user=first_user + member, place=(member + 0.5) / NEWCOMER_USERS,
        delta=newcomer.delta,
    )  # fmt: skip


def _surging(plan: SimulationPlan, surge: Surge, *, number: int, hour: int) -> Arrivals:
    draw = generator(plan.seed, Draw.SURGES, number, hour)
    starts = hour * HOUR_MS + np.arange(60) * MINUTE_MS
    cells = surge_cells(plan, surge)
    rates = minute_rates(plan, hour=hour) * cells.sum() * surge.on_top(starts)
    at_ms = _times(draw, rates, hour=hour)
    at_ms = at_ms[(at_ms >= surge.span.start_ms) & (at_ms < surge.span.end_ms)]
    size = at_ms.size
    drawn = draw.choice(cells.size, size=size, p=cells.ravel() / cells.sum())
    tenant, tier, task = np.unravel_index(drawn, cells.shape)
    everyone = users(plan)
    user = np.full(size, surge.user or 0)
    if surge.user is None:
        user = _users_of(plan, tenant, tier, draw.random(size))
    return _with_tokens(
        plan, draw, hour=hour, index=SURGE_INDEX + NEWCOMER_INDEX * number + np.arange(size),
        at_ms=at_ms, tenant=tenant, tier=tier, task=task, user=user, place=everyone.place[user],
        delta=0.0,
    )  # fmt: skip


def _users_of(plan: SimulationPlan, tenant: Ints, tier: Ints, u: Floats) -> Ints:
    """Who asks, by tenant and tier: few users make most requests."""
    everyone = users(plan)
    user = np.zeros(u.size, dtype=np.int64)
    for t in range(len(plan.tenants)):
        for c in range(len(TIERS)):
            chosen = np.flatnonzero((tenant == t) & (tier == c))
            of_cell = everyone.of_cell(t, c)
            edges = np.cumsum(everyone.weight[of_cell])
            user[chosen] = of_cell[np.searchsorted(edges, u[chosen] * edges[-1], side="right")]
    return user


def _with_tokens(
    plan: SimulationPlan,
    draw: np.random.Generator,
    *,
    hour: int,
    index: Ints,
    at_ms: Ints,
    tenant: Ints,
    tier: Ints,
    task: Ints,
    user: Ints,
    place: Floats,
    delta: float,
) -> Arrivals:
    """Give requests their tokens, and the difficulty that long prompts bring."""
    prompt_u, completion_u = draw.random((2, at_ms.size))
    prompt = np.ones(at_ms.size, dtype=np.int64)
    completion = np.ones(at_ms.size, dtype=np.int64)
    for t, name in enumerate(TASKS):
        trace, prompt_scale, completion_scale = _TRACE[name]
        shape = shapes(plan.data).tokens[trace]
        of = task == t
        prompt[of] = np.maximum(4, shape.prompts(prompt_u[of]) * prompt_scale)
        drawn = shape.completions(completion_u[of], prompt_u=prompt_u[of])
        completion[of] = np.maximum(1, drawn * completion_scale)
    longest = np.array([_LONGEST_PROMPT[name] for name in TIERS])
    return Arrivals(
        hour=hour, index=index, at_ms=at_ms, tenant=tenant, tier=tier, task=task, user=user,
        place=place, prompt_tokens=np.minimum(prompt, longest[tier]),
        completion_tokens=completion, difficulty=delta - 0.06 * (prompt_u - 0.5),
    )  # fmt: skip


def _lengthened(batch: Arrivals, effects: Effects) -> Arrivals:
    prompt = batch.prompt_tokens
    for longer in effects.of(LongerPrompts):
        if longer.span.overlaps(batch.hour * HOUR_MS, (batch.hour + 1) * HOUR_MS):
            of = (batch.task == longer.task) & (batch.at_ms >= longer.span.start_ms)
            of &= batch.at_ms < longer.span.end_ms
            if longer.tenants:
                of &= np.isin(batch.tenant, longer.tenants)
            prompt = np.where(of, np.minimum(prompt * longer.factor, 100_000), prompt)
    if prompt is batch.prompt_tokens:
        return batch
    return replace(batch, prompt_tokens=prompt.astype(np.int64))


def _joined(parts: list[Arrivals]) -> Arrivals:
    order = np.argsort(np.concatenate([part.at_ms for part in parts]), kind="stable")
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])[order]
        for name in Arrivals.__dataclass_fields__
        if name != "hour"
    }
    return Arrivals(hour=parts[0].hour, **columns)
