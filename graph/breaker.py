"""The circuit breaker of one deployment, replayed from evidence so that the past has one too.

A breaker that opens on the last minutes' failures, waits for a cooldown and closes on the first
success (the pattern of Nygard, "Release It!"); it has no state of its own that could be lost.
Slow answers count by their share, as resilience4j's slow call rate does. The finest grain of the
evidence is a minute: what happens within one is seen together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from graph.evidence import MinuteOutcomes, Observation
from graph.settings import HealthSettings
from graph.sketch import Sketch, value_of
from graph.words import clock, counted, percent


class BreakerState(StrEnum):
    """CLOSED lets requests through, OPEN none, HALF_OPEN a probe."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class BreakerCause(StrEnum):
    """What opened a breaker. A rate limit only pauses: it ends by the clock, without a probe."""

    FAILING = "failing"
    DENIED = "denied"
    SLOW = "slow"
    REPORTED = "reported"
    RATE_LIMITED = "rate_limited"
    BACKEND = "backend"
    """Nothing is wrong with it that is known, but its whole backend fails."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state, the failure it rests on, and from when a probe may pass (None: when told so).

    `since` is when requests first failed so, `failed_probes` how often they failed again after a
    cooldown or after a success, `recovered_at` when an earlier failure of the window was over.
    `reason` has figures and absolute times; it is None where the breaker is closed. `backend` is
    set where the breaker is that of the whole backend.
    """

    state: BreakerState
    failed_at: datetime | None = None
    probe_at: datetime | None = None
    cause: BreakerCause | None = None
    reason: str | None = None
    since: datetime | None = None
    failed_probes: int = 0
    recovered_at: datetime | None = None
    backend: str | None = None

    @property
    def tripped(self) -> bool:
        """Whether it is not closed for a failure, which only a success ends."""
        return self.state is not BreakerState.CLOSED and not self.paused

    @property
    def paused(self) -> bool:
        """Whether it is open for a rate limit, which time alone ends."""
        return self.cause is BreakerCause.RATE_LIMITED


@dataclass(frozen=True, slots=True)
class _Trip:
    """A failure that no success has ended yet."""

    cause: BreakerCause
    words: str
    since: datetime
    failed_at: datetime
    failed_probes: int
    usual_pace_ms: float | None = None


def breaker_of(
    minutes: Sequence[MinuteOutcomes],
    probe: Observation | None,
    *,
    now: datetime,
    budgets: HealthSettings,
) -> Breaker:
    """The breaker at `now`.

    `minutes` are merged and in ascending order, within the traffic window; `probe` is the newest
    fresh sample that tells whether requests get through, or None.
    """
    if probe is not None and says_failing(probe, budgets=budgets):
        since = [cell for cell in minutes if cell.minute > probe.at]
        if not recovered(since, budgets=budgets):
            return _reported(probe)
    trip, recovered_at = _replayed(minutes, budgets=budgets)
    pause = _refusing(minutes, budgets=budgets)
    paused_until = None if pause is None else pause.probe_at
    if trip is None:
        if pause is None or paused_until is None or paused_until <= now:
            return Breaker(BreakerState.CLOSED, recovered_at=recovered_at)
        return replace(pause, recovered_at=recovered_at)
    probe_at = trip.failed_at + cooldown(trip.failed_probes, budgets=budgets)
    if paused_until is not None:
        # The probe itself was refused for a rate limit: it told nothing but when to come again.
        probe_at = max(probe_at, paused_until)
    return Breaker(
        BreakerState.OPEN if now < probe_at else BreakerState.HALF_OPEN,
        failed_at=trip.failed_at,
        probe_at=probe_at,
        cause=trip.cause,
        reason=_reason(trip, probe_at=probe_at),
        since=trip.since,
        failed_probes=trip.failed_probes,
        recovered_at=recovered_at,
    )


def cooldown(failed_probes: int, *, budgets: HealthSettings) -> timedelta:
    """How long to wait after a failure: twice as long for each probe that failed, up to a limit.

    The limit is at most a quarter of the traffic window, so that the failures of the probes
    themselves stay in evidence; else a breaker would close for nothing but silence.
    """
    longest_s = min(budgets.breaker_cooldown_limit_s, 60 * budgets.traffic_window_minutes / 4)
    doubled_s = budgets.breaker_cooldown_s * 2.0 ** min(failed_probes, 32)
    return timedelta(seconds=min(doubled_s, max(longest_s, budgets.breaker_cooldown_s)))


def says_failing(probe: Observation, *, budgets: HealthSettings) -> bool:
    """Whether a sample says that its deployment cannot be used."""
    if probe.available is False:
        return True
    return (
        probe.error_rate is not None
        and probe.error_rate >= budgets.error_rate_down
        and probe.sample_count >= budgets.traffic_minimum
    )


def recovered(minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings) -> bool:
    """Whether enough requests went well to outweigh a sample that says otherwise."""
    count = sum(cell.told for cell in minutes)
    failed = sum(cell.failed for cell in minutes)
    return count >= budgets.traffic_minimum and failed < budgets.error_rate_degraded * count


def _reported(probe: Observation) -> Breaker:
    words = "reported unavailable"
    if probe.available is not False:
        words = (
            f"reported error rate {percent(probe.error_rate or 0.0)}"
            f" over {counted(probe.sample_count, 'sample')}"
        )
    return Breaker(
        BreakerState.OPEN,
        failed_at=probe.at,
        cause=BreakerCause.REPORTED,
        reason=f"{words} at {clock(probe.at)}, until a sample or requests say otherwise",
        since=probe.at,
    )


def _reason(trip: _Trip, *, probe_at: datetime) -> str:
    words = f"{trip.words}, no success since the failure at {clock(trip.failed_at)}"
    if trip.cause is BreakerCause.SLOW:
        words = f"{trip.words}, no answer at the usual pace since {clock(trip.failed_at)}"
    if trip.failed_probes:
        words += f" ({counted(trip.failed_probes, 'attempt')} to use it again failed)"
    return f"{words}; a probe may pass from {clock(probe_at)}"


def _refusing(minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings) -> Breaker | None:
    """The pause of what refused most of its newest minute's requests for its rate limit.

    A single refusal beside an answer says little.
    """
    newest = next((cell for cell in reversed(minutes) if cell.told), None)
    if newest is None or not newest.rate_limited:
        return None
    few = newest.rate_limited == 1 < newest.told
    if few or newest.rate_limited < budgets.error_rate_down * newest.told:
        return None
    until = newest.last_at + timedelta(seconds=budgets.rate_limit_pause_s)
    words = (
        f"rate limited: {newest.rate_limited} of {counted(newest.told, 'request')} refused"
        f" in the minute from {clock(newest.minute)}; paused until {clock(until)}"
    )
    return Breaker(
        BreakerState.OPEN,
        failed_at=newest.last_at,
        probe_at=until,
        cause=BreakerCause.RATE_LIMITED,
        reason=words,
        since=newest.minute,
    )


def _replayed(
    minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings
) -> tuple[_Trip | None, datetime | None]:
    """The failure that holds after the last minute, and when an earlier one was over."""
    trip: _Trip | None = None
    recovered_at: datetime | None = None
    healed = trips = 0
    paces_ms = [cell.pace.quantile(0.5) for cell in minutes]
    for index, cell in enumerate(minutes):
        if trip is None:
            upto = index + 1
            trip = _tripped(minutes[:upto], paces_ms[:upto], healed=healed, budgets=budgets)
            if trip is not None:
                # What opens again and again is asked more and more seldom.
                trip = replace(trip, failed_probes=trip.failed_probes + trips)
                trips += 1
        elif _heals(cell, trip, budgets=budgets):
            trip, healed, recovered_at = None, index, cell.last_at
        elif cell.broken or (cell.ok and trip.cause is BreakerCause.SLOW):
            waited = cell.last_at >= trip.failed_at + cooldown(trip.failed_probes, budgets=budgets)
            trip = replace(
                trip, failed_at=cell.last_at, failed_probes=trip.failed_probes + int(waited)
            )
            trips += int(waited)
    return trip, recovered_at


def _heals(cell: MinuteOutcomes, trip: _Trip, *, budgets: HealthSettings) -> bool:
    """Whether a minute ends a failure: by a success that most of the minute does not deny."""
    if not cell.ok or cell.broken >= budgets.error_rate_down * cell.judged:
        return False
    if trip.cause is not BreakerCause.SLOW:
        return True
    return _slow_share([cell], usual_ms=trip.usual_pace_ms, budgets=budgets) < (
        budgets.breaker_slow_share
    )


def _tripped(
    minutes: Sequence[MinuteOutcomes],
    paces_ms: Sequence[float | None],
    *,
    healed: int,
    budgets: HealthSettings,
) -> _Trip | None:
    """The failure that the last of these minutes completes, judged by those since `healed`.

    `paces_ms` are the median paces of the minutes.
    """
    latest = minutes[-1]
    since_healed = minutes[healed:]
    short = [
        cell
        for cell in since_healed
        if cell.minute > latest.minute - timedelta(minutes=budgets.breaker_window_minutes)
    ]
    if latest.broken:
        found = _failing(short, budgets=budgets)
        if found is not None:
            return found
        in_vain = _in_vain(since_healed, budgets=budgets)
        found = _failing(since_healed, budgets=budgets, enough=in_vain >= _IN_A_ROW)
        if found is not None:
            return replace(found, failed_probes=max(in_vain - 1, 0))
    if not latest.ok:
        return None
    place = len(minutes) - len(short)
    usual_ms = None
    if _may_be_slow(paces_ms, place=place, budgets=budgets):
        usual_ms = _usual_pace_ms(minutes[:place])
    return _slow(short, usual_ms=usual_ms, budgets=budgets)


_IN_A_ROW = 3
"""Failures without a success between them, each a cooldown after the other, are enough."""


def _in_vain(minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings) -> int:
    """How often it was tried since the last success, a cooldown apart.

    So a breaker stays open on the failures of its probes alone, when those that opened it are no
    longer in evidence.
    """
    tries, last_at = 0, None
    apart = timedelta(seconds=budgets.breaker_cooldown_s)
    for cell in minutes:
        if cell.ok:
            tries, last_at = 0, None
        elif cell.broken and (last_at is None or cell.last_at >= last_at + apart):
            tries, last_at = tries + 1, cell.last_at
    return tries


def _failing(
    minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings, enough: bool = False
) -> _Trip | None:
    """Failures that are enough (or known to be) and a large enough share of what was taken on."""
    judged = sum(cell.judged for cell in minutes)
    broken = sum(cell.broken for cell in minutes)
    denied = sum(cell.denied for cell in minutes)
    if broken < budgets.error_rate_down * judged:
        return None
    # What is denied once is denied to all that follow: fewer are enough.
    by_denial = denied >= budgets.breaker_denied_minimum and 2 * denied >= broken
    if judged < budgets.traffic_minimum and not by_denial and not enough:
        return None
    kinds = (
        (sum(cell.error for cell in minutes), "error"),
        (sum(cell.timeout for cell in minutes), "timeout"),
        (denied, "denial"),
    )
    split = ", ".join(counted(number, kind) for number, kind in kinds if number)
    return _Trip(
        cause=BreakerCause.DENIED if by_denial else BreakerCause.FAILING,
        words=f"{broken} of {counted(judged, 'request')} failed ({split})",
        since=next(cell.minute for cell in minutes if cell.broken),
        failed_at=minutes[-1].last_at,
        failed_probes=0,
    )


def _slow(
    recent: Sequence[MinuteOutcomes], *, usual_ms: float | None, budgets: HealthSettings
) -> _Trip | None:
    """Answers of the last minutes that are mostly slow."""
    if usual_ms is None and budgets.breaker_slow_ms is None:
        return None
    answered = sum(cell.ok for cell in recent)
    if answered < budgets.traffic_minimum:
        return None
    share = _slow_share(recent, usual_ms=usual_ms, budgets=budgets)
    if share < budgets.breaker_slow_share:
        return None
    than = (
        f"{budgets.breaker_slow_factor:g} times the usual {usual_ms:.3g} ms per token"
        if usual_ms is not None
        else f"{budgets.breaker_slow_ms:g} ms"
    )
    return _Trip(
        cause=BreakerCause.SLOW,
        words=f"{percent(share)} of {counted(answered, 'answer')} slower than {than}",
        since=recent[0].minute,
        failed_at=recent[-1].last_at,
        failed_probes=0,
        usual_pace_ms=usual_ms,
    )


_PACES_NEEDED = 20
"""Answers that make a usual pace."""


def _may_be_slow(paces_ms: Sequence[float | None], *, place: int, budgets: HealthSettings) -> bool:
    """Whether minutes from `place` on can be slow beside those before: cheap, and mostly not.

    A merged median lies between those of its parts, so the parts tell when merging is needless.
    """
    before = [ms for ms in paces_ms[:place] if ms is not None]
    recent = [ms for ms in paces_ms[place:] if ms is not None]
    if not before or not recent:
        return False
    return max(recent) > budgets.breaker_slow_factor * min(before)


def _usual_pace_ms(minutes: Sequence[MinuteOutcomes]) -> float | None:
    """The median pace of some minutes; None where too few were answered to tell."""
    merged = Sketch()
    for cell in minutes:
        merged.merge(cell.pace)
    return merged.quantile(0.5) if merged.count >= _PACES_NEEDED else None


def _slow_share(
    minutes: Sequence[MinuteOutcomes], *, usual_ms: float | None, budgets: HealthSettings
) -> float:
    """The share of slow requests: by their pace, or by their latency, whichever is larger."""
    shares = [0.0]
    if usual_ms is not None:
        limit_ms = budgets.breaker_slow_factor * usual_ms
        shares.append(_share_above([cell.pace for cell in minutes], limit_ms))
    if budgets.breaker_slow_ms is not None:
        shares.append(_share_above([cell.latency for cell in minutes], budgets.breaker_slow_ms))
    return max(shares)


def _share_above(sketches: Sequence[Sketch], limit_ms: float) -> float:
    count = sum(sketch.count for sketch in sketches)
    above = sum(
        number
        for sketch in sketches
        for index, number in sketch.bins.items()
        if value_of(index) > limit_ms
    )
    return above / count if count else 0.0
